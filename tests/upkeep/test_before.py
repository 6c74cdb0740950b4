"""What the first round wrote still opens: an index, settings, conversations, an exported library.

tests/data/first-round.zip was made by the code before the rooms, over the two documents in it, with an encoder that
hashes words.
"""

import shutil
import zipfile
from pathlib import Path

import pytest

from app.ask.assistant import Assistant
from app.llm.states import is_whole
from app.memory import Memory
from app.settings import load_settings
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync
from ingest.upkeep.repair import check
from ingest.upkeep.unpack import import_library

from libraries import Words, everything

QUESTION = "When does the depot in Marlow open?"


class Hashed(Words):
    def encode_queries(self, texts):
        return self.encode(texts)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    with zipfile.ZipFile(Path(__file__).parents[1] / "data/first-round.zip") as kept:
        kept.extractall(tmp_path)
    return tmp_path


def test_an_index_of_before_answers_and_is_whole(before, scripted):
    assert check(before / "index", is_whole, deep=False).is_whole
    assistant = Assistant(before / "index", Hashed(), lambda: scripted("The depot in Marlow opens at 06:30."))
    (hit, *_) = assistant.search(QUESTION)
    assert hit.file == "depot.txt"
    answer = assistant.ask(QUESTION).answer
    assert [one.quote for one in answer.citations] == ["The depot in Marlow opens at 06:30."]


def test_a_run_over_it_ends_as_a_clean_build_does(before, tmp_path):
    sync(before / "docs", before / "index", Hashed())
    shutil.copytree(before / "docs", tmp_path / "again")
    sync(tmp_path / "again", tmp_path / "clean", Hashed())
    assert everything(before / "index") == everything(tmp_path / "clean")


def test_settings_and_conversations_of_before(before, monkeypatch):
    monkeypatch.setenv("DOCENT_HOME", str(before / "home"))
    settings = load_settings()
    assert (settings.boldness, settings.passages, settings.kv_gb) == ("careful", 3, 2.5)
    memory = Memory(settings.threads_db)
    (thread,) = memory.threads("docs")
    (turn,) = memory.turns(thread.id)
    memory.close()
    assert turn.question == QUESTION and turn.answer.status == "answered"
    index = LocalIndex(before / "index")
    (cited,) = turn.answer.citations
    document = next(one for one in index.documents() if one.path == cited.file)
    assert index.text(document.id, cited.start, cited.end) == cited.quote
    index.close()


def test_an_exported_library_of_before_is_taken_in(before, tmp_path):
    import_library(before / "library.docent", tmp_path / "taken", tmp_path / "its-docs", "words")
    assistant = Assistant(tmp_path / "taken", Hashed(), lambda: None)
    assert assistant.search(QUESTION)[0].file == "depot.txt"
    assistant.close()

"""Reading ahead: hottest first, within the budget, given up at once, and a first word that has nothing left to read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.ahead import Ahead, read_ahead
from app.ask.assistant import Assistant
from app.ask.write.prompt import rules_of
from app.datatypes import Turn
from app.settings import Settings
from ingest.encoder.embed import SentenceEncoder
from ingest.sync.sync import sync


@pytest.fixture
def docent(index_dir: Path, encoder: SentenceEncoder, reading) -> Callable[..., Assistant]:
    llm = reading("The filter is cleaned every 11 weeks.")

    def make(**settings) -> Assistant:
        return Assistant(index_dir, encoder, lambda: llm, Settings(**settings))

    return make


def test_everything_is_read_once_and_then_nothing(docent):
    assistant = docent()
    told: list[Ahead] = []
    ahead = read_ahead(assistant, on_progress=told.append)
    assert ahead and ahead.read == ahead.total == len(assistant.index) and not ahead.full
    assert told[-1] == ahead and [one.read for one in told] == sorted(one.read for one in told)
    n = len(assistant.load_llm().read)
    assert read_ahead(assistant) == ahead and len(assistant.load_llm().read) == n


def test_after_that_a_question_reads_none_of_its_passages(docent):
    assistant = docent()
    read_ahead(assistant)
    stream = assistant.ask("How often is the filter cleaned?")
    assert stream.answer.status == "answered"
    names = [segment.name for segment in stream.prompt.segments]
    passages = sum(name.startswith("passage") for name in names)
    assert passages == len(stream.found) and len(stream.prompt.hits) == passages
    assert len(assistant.load_llm().kept) >= passages + 2  # the label, and at least one key sentence


def test_what_was_asked_for_is_read_first(docent):
    assistant = docent()
    answer = assistant.ask("When does the depot in Marlow open?").answer
    assistant.composer.store.forget_all_but([])
    llm = assistant.load_llm()
    llm.read.clear()
    read_ahead(assistant, [[Turn(1, "When does the depot in Marlow open?", answer)]])
    first = next(text for text in llm.read if text.startswith("["))
    assert first.startswith(f"[{answer.hits[0].file}, page {answer.hits[0].page}")


def test_a_conversation_s_turns_are_read_for_its_next_question(docent):
    assistant = docent()
    turn = Turn(1, "How often is the filter cleaned?", assistant.ask("How often is the filter cleaned?").answer)
    read_ahead(assistant, [[turn]])
    stream = assistant.ask("And with what?", [turn])
    assert stream.answer
    start = 0
    for segment in stream.prompt.segments:
        if segment.name == "history":
            break
        start += len(segment.tokens)
    assert segment.name == "history" and start in {kept.start for kept in assistant.load_llm().kept}


def test_it_stops_between_and_within_passages_and_goes_on_later(docent):
    assistant = docent()
    llm = assistant.load_llm()
    assert read_ahead(assistant, should_stop=lambda: len(llm.read) >= 3) is None and len(llm.read) == 3
    ahead = read_ahead(assistant)
    assert ahead and ahead.read == ahead.total and len(llm.read) == ahead.total + 1  # the label


def test_reading_ahead_leaves_room_for_what_is_asked(docent):
    assistant = docent(kv_gb=6e-7)  # 600 bytes
    ahead = read_ahead(assistant)
    assert ahead and ahead.full and ahead.read < ahead.total and ahead.size <= 600


def test_nothing_is_kept_where_it_is_not_wanted_or_cannot_be(docent, assistant):
    assert read_ahead(docent(kv_gb=0.0)) is None
    unable = assistant("x")
    assert unable.composer is None and read_ahead(unable) is None
    stream = unable.ask("How often is the filter cleaned?")
    assert stream.answer and sum(s.name.startswith("passage") for s in stream.prompt.segments) == len(stream.found)


def test_an_unread_question_reads_what_it_can_wait_for_and_skims_the_rest(docent, monkeypatch):
    monkeypatch.setattr("app.ask.attempt.AT_ONCE", 40)
    assistant = docent()
    stream = assistant.ask("How often is the filter cleaned?")
    assert stream.answer.status == "answered"
    assert 0 < len(stream.prompt.hits) < len(stream.found)
    assert "The filter is cleaned every 11 weeks." in stream.prompt.text


def test_a_passage_too_long_to_be_kept_is_read_each_time(docent):
    assistant = docent()
    llm = assistant.load_llm()
    llm.n_behind = len(rules_of(llm).tokens) + 20
    ahead = read_ahead(assistant)
    assert ahead and ahead.read == ahead.total and len(assistant.composer.store) < ahead.total
    stream = assistant.ask("How often is the filter cleaned?")
    assert stream.answer.status == "answered" and len(stream.prompt.hits) == len(stream.found)


def test_states_go_with_their_document(docent, folder: Path, index_dir: Path, encoder: SentenceEncoder):
    assistant = docent()
    read_ahead(assistant)
    kept = {int(place.name) for place in (index_dir / "kv").iterdir()}
    gone = next(document for document in assistant.index.documents() if document.path == "notes.txt")
    (folder / "notes.txt").unlink()
    (folder / "warranty.md").write_text("# Warranty\n\nThe compressor is covered for 9 years.\n")
    changed = next(document for document in assistant.index.documents() if document.path == "warranty.md")
    sync(folder, index_dir, encoder)
    left = {int(place.name) for place in (index_dir / "kv").iterdir()}
    assert {gone.id, changed.id} <= kept and left == kept - {gone.id, changed.id}
    assert b"Marlow" not in b"".join(file.read_bytes() for file in (index_dir / "kv").rglob("*.kv"))

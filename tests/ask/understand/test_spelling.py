"""Mistyped words are read as the documents' own; everything else stays as it was typed."""

import pytest

from app.ask.understand.spelling import spelled
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync

from libraries import Words


class Pieces:
    """An encoder whose vocabulary is a few words: it cuts all others into letters."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def token_ends(self, texts):
        return [[len(text)] if text in self.known else list(range(1, len(text) + 1)) for text in texts]


@pytest.fixture
def library(tmp_path):
    said = "The condensate pipe has a fall.\n\nThe condensate pipe is often checked. Open it.\n\n"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/pipe.md").write_text(said * 2)
    sync(tmp_path / "docs", tmp_path / "index", Words())
    return LocalIndex(tmp_path / "index")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("where is the condensat pype", "where is the condensate pipe"),
        ("Condensaet?", "Condensate?"),
        ("how ofen", "how often"),  # a letter left out comes before a wrong one: not 'open'
        ("is it chekced", "is it checked"),
    ],
)
def test_the_nearest_word_of_the_documents_is_taken(library, typed, read):
    assert spelled(typed, library, Pieces("where", "the")).text == read


@pytest.mark.parametrize("typed", ["condensate", "What does Pyper say?", "TL-14T", "x@pype.org", "", "zzzzzz", "pip3"])
def test_what_is_no_mistake_stays(library, typed):
    spelling = spelled(typed, library, Pieces())
    assert (spelling.text, spelling.said) == (typed, "")


def test_a_word_that_the_encoder_knows_is_none_to_mend(library):
    assert spelled("the pine", library, Pieces("pine", "the")).text == "the pine"
    assert spelled("the pipen", library, Pieces("the")).said == "Read 'pipen' as 'pipe'."

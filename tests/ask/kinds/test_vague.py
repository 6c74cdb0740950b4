"""A word or two gets an overview of what is there; a question about a fact never does."""

import pytest

from app.ask.assistant import Assistant
from app.datatypes import Turn
from ingest.sync.sync import sync

FILES = {
    "boiler.md": "# Boiler manual\n\n## Safety valve\n\nThe safety valve opens at 3 bar. It is tested each year.\n\n"
    "## Cleaning\n\nThe boiler is cleaned with warm water and a soft brush.\n",
    "lease.md": "# Lease\n\n## Insurance\n\nThe tenant insures the boiler against frost at his own cost.\n\n"
    "## Noise\n\nBetween ten and six nothing may be louder than a voice.\n",
    "list.csv": "Part,Price\nsafety valve,40\nbrush,6\n",
}


@pytest.fixture(scope="module")
def at(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("vague")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    sync(folder, folder.parent / "vague-index", encoder)
    return folder.parent / "vague-index"


@pytest.fixture
def docent(at, encoder, scripted):
    return Assistant(at, encoder, scripted)


def overview(docent, question, history=(), kind=None):
    stream = docent.ask(question, history, kind=kind)
    return stream.answer if stream.computed and stream.computed.plan.kind == "vague" else None


@pytest.mark.parametrize(
    "question",
    ["boiler", "Boiler?", "the boiler", "tell me about the boiler", "What about the boiler?",
     "Tell me more about the boiler.",
     "what do you know about the boiler", "information on the boiler", "I have a question about the boiler",
     "give me an overview of the boiler", "What do the documents say about the boiler?", "everything about the boiler",
     "I need help with the boiler", "Was weißt du über boiler?"],
)  # fmt: skip
def test_an_overview_names_the_places_with_their_words(docent, question):
    answer = overview(docent, question, kind="vague")  # a summary of what is called so may go before
    assert answer.status == "answered" and answer.reason
    assert {one.file for one in answer.citations} >= {"boiler.md", "lease.md"}
    ids = {document.path: document.id for document in docent.index.documents()}
    for one in answer.citations:
        assert docent.index.text(ids[one.file], one.start, one.end) == one.quote and one.claim in answer.text
    assert "2 of 3 Dokumenten" in answer.text or "2 of 3 documents" in answer.text or "2 von 3" in answer.text


def test_sections_called_so_come_first(docent):
    lines = overview(docent, "safety valve?").text.splitlines()
    assert "Safety valve" in lines[1] and "opens at 3 bar" in lines[1]
    assert overview(docent, "noise").text.splitlines()[1].startswith("- **Lease › Noise**")


def test_what_is_nowhere_is_not_called_an_answer(docent):
    answer = overview(docent, "zeppelins")
    assert answer is None or (answer.status == "unsure" and "No document mentions “zeppelins”" in answer.text)


def test_behind_an_answer_two_words_lean_on_it(docent):
    first = docent.ask("boiler").answer
    history = [Turn(1, "boiler", first)]
    assert overview(docent, "what about noise?", history) is None
    assert overview(docent, "noise", history) is None
    assert overview(docent, "tell me about the insurance", history, "vague") is not None


@pytest.mark.parametrize(
    "question",
    """
    How hot is the boiler? | At what pressure does the safety valve open? | Which brush? | E-104 | boiler 3
    What is the price of a brush? | price = 40 | Is it loud? | Explain the safety valve | summarise lease | list parts
    how clean | reset boiler please | Tell me about it | What about this? | boiler, valve | compare boilers
    Tell me about the price of the safety valve of the boiler in the year after the frost | What does the boiler cost?
    """.replace("\n", "|").split("|"),
)
def test_a_question_about_a_fact_is_never_taken_for_it(docent, question):
    if question.strip():
        assert overview(docent, question.strip()) is None

"""Questions about the documents themselves: what is told equals what is in the files, and content stays content."""

import os
import re
from datetime import datetime

import pytest

from app.ask.assistant import Assistant
from app.datatypes import Turn
from ingest.sync.sync import sync

POLICY = """# Garden policy {0}

Edition {0}. Written by {1}.

## Hedges

Hedges are cut in {2} with care. The lawn is mown each week from spring to autumn, and never when it is wet. Leaves are
raked, composted behind the shed and spread on the beds in winter.
"""
FILES = {
    "mill-lease.md": "# Lease of the mill\n\n14 August 2023\n\n## Deposit\n\nOak floors are waxed.\n",
    "garden-policy-2023.md": POLICY.format("2023", "Barnaby Skeet", "March"),
    "garden-policy-2025.md": POLICY.format("2025", "Edda Thorne", "April"),
    "minutes-2025-04-09.txt": "MINUTES OF THE BOARD, 9 April 2025\n\nMinutes: Quill Marsh.\n\nAn oak table was sold.\n",
    "minutes-2025-05-07.txt": "MINUTES OF THE BOARD, 7 May 2025\n\nMinutes: Edda Thorne.\n\nA dust fan was bought.\n",
    "stock.csv": "Article,Wood,Pieces\nchair,oak,4\nstool,ash,9\nfan of dust,none,1\n",
    "broken.pdf": "%PDF-1.4 nothing",
}


@pytest.fixture(scope="module")
def at(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("library")
    for name, text in FILES.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    os.utime(folder / "stock.csv", (1_750_000_000, 1_750_000_000))
    sync(folder, folder.parent / "library-index", encoder)
    return folder.parent / "library-index"


@pytest.fixture
def docent(at, encoder, scripted):
    return Assistant(at, encoder, scripted)


def asked(docent, question, history=()):
    """The answer, where code gave one as of the library; every quote is checked."""
    stream = docent.ask(question, history)
    if not stream.computed or stream.computed.plan.kind != "library":
        return None
    answer = stream.answer
    ids = {document.path: document.id for document in docent.index.documents()}
    for one in answer.citations:
        assert docent.index.text(ids[one.file], one.start, one.end) == one.quote and one.claim in answer.text
    assert answer.plan.said.endswith(".") and (answer.text or answer.reason)
    return answer


def named(answer):
    """The files that the lines of a list name."""
    lines = [line for line in answer.text.splitlines() if line.startswith("- ")]
    return {name for line in lines for name in FILES if name in line}


def holding(*words):
    return {name for name, text in FILES.items() if any(re.search(rf"\b{w}", text, re.I) for w in words)} - {
        "broken.pdf"
    }


@pytest.mark.parametrize(
    "question",
    ["How many documents do you have?", "how many files are in this library", "Number of documents?",
     "How many documents?", "Hi, how many documents are there?", "can you tell me how many files are there",
     "How many documents can you search?", "how big is the library?"],
)  # fmt: skip
def test_how_many(docent, question):
    answer = asked(docent, question)
    assert answer.status == "answered" and "6 documents" in answer.text and "1 file could not be read" in answer.reason


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("Which documents mention oak?", "oak"), ("In which files does oak occur?", "oak"),
        ("do you have anything on oak", "oak"), ("Find documents about oak", "oak"), ("Where is oak mentioned?", "oak"),
        ("Is oak mentioned anywhere?", "oak"), ("how many documents mention oak?", "oak"),
        ("Show me all documents that mention oak", "oak"), ("Which documents talk about Edda Thorne?", "Edda Thorne"),
        ("Which documents mention hedges?", "hedge"),
        ("In welchen Dokumenten kommt oak vor?", "oak"), ("Gibt es Dokumente über oak?", "oak"),
        ("which documents mention the hedge or the fan?", ("hedge", "fan")),
    ],
)  # fmt: skip
def test_which_documents_mention_it(docent, question, what):
    answer = asked(docent, question)
    assert named(answer) == holding(*([what] if isinstance(what, str) else what))
    assert {one.file for one in answer.citations} == named(answer)
    assert answer.status == "unsure" and "could not be read" in answer.reason, (
        "a file that was not searched may hold it"
    )
    assert "6 of 7 files" in answer.plan.said


def test_words_that_stand_apart_are_told_from_the_phrase(docent):
    answer = asked(docent, "Which documents mention the dust fan?")
    beside, apart = answer.text.split("\n\n")
    assert "minutes-2025-05-07.txt" in beside and "stock.csv" in apart and "not side by side" in apart


def test_what_stands_nowhere_is_not_claimed(docent):
    for question in ("Which documents mention zeppelins?", "Do you have anything about zeppelins?"):
        answer = asked(docent, question)
        assert answer.status in ("abstained", "unsure") and not answer.text.startswith("Yes")
        assert "No document mentions “zeppelins”" in answer.text + answer.reason


def test_a_search_in_some_documents_says_so(docent):
    assert named(asked(docent, "Which minutes mention oak?")) == {"minutes-2025-04-09.txt"}
    assert named(asked(docent, "Which documents mention oak in 2023?")) == {"mill-lease.md"}
    assert "6 documents" in docent.ask("How many documents do you have?", file="stock.csv").answer.text
    own = docent.ask("Which documents mention oak?", file="stock.csv").answer
    assert {one.file for one in own.citations} == {"stock.csv"}


@pytest.mark.parametrize(
    ("question", "file", "who"),
    [
        ("Who wrote the 2025 edition of the garden policy?", "garden-policy-2025.md", "Edda Thorne"),
        ("who is the author of garden-policy-2023.md", "garden-policy-2023.md", "Barnaby Skeet"),
        ("By whom was the garden policy 2023 written?", "garden-policy-2023.md", "Barnaby Skeet"),
        ("Who wrote the minutes of 2025-05-07?", "minutes-2025-05-07.txt", "Edda Thorne"),
    ],
)
def test_who_wrote_it(docent, question, file, who):
    answer = asked(docent, question)
    assert who in answer.text and [one.file for one in answer.citations] == [file] and who in answer.citations[0].quote


def test_newest_oldest_and_by_year(docent):
    newest = asked(docent, "What is the newest document?")
    assert "7 May 2025" in newest.text and newest.citations[0].file == "minutes-2025-05-07.txt"
    assert newest.status == "unsure" and "no date" in newest.reason, "one shows no date"
    assert "garden-policy-2023.md" in asked(docent, "Which document is the oldest?").text
    assert named(asked(docent, "Which documents are from 2025?")) == {name for name in FILES if "2025" in name}
    edition = asked(docent, "What is the latest version of the garden policy?")
    assert edition.text.startswith("Garden policy 2025") or "garden-policy-2025.md" in edition.text.split("\n")[0]


def test_dates_of_files_are_those_of_the_files(docent):
    changed = asked(docent, "When was stock.csv last changed?")
    day = datetime.fromtimestamp(1_750_000_000)
    assert f"{day.day} {day:%B} {day.year}" in changed.text
    assert "stock.csv" in asked(docent, "Which document was changed last?").text
    assert named(asked(docent, "Which files were changed since 2025?")) == {"stock.csv"}
    assert asked(docent, "Which files were changed today?").text == "No file was changed then."


def test_kinds_lengths_languages_and_what_is_wrong(docent):
    assert named(asked(docent, "List all documents")) == set(FILES) - {"broken.pdf"}
    assert named(asked(docent, "How many spreadsheets do you have?")) == {"stock.csv"}
    assert asked(docent, "Do you have any presentations?").text.startswith("No")
    assert "has 1 page" in asked(docent, "How many pages does the mill lease have?").text
    assert "text: 5" in asked(docent, "Which file types are there?").text.replace(" file", "")
    assert "English" in asked(docent, "Which languages are the documents in?").text
    assert named(asked(docent, "Which documents could not be read?")) == {"broken.pdf"}
    assert named(asked(docent, "Which documents are outdated?")) >= {"garden-policy-2023.md"}
    assert "6 Dokumente" in asked(docent, "Wie viele Dokumente hast du?").text
    assert "duplicate" in asked(docent, "Are there any duplicates?").text
    assert asked(docent, "which is the longest document?") and asked(docent, "Which file is the largest?")


def test_this_document_is_the_one_the_last_answer_is_from(docent):
    first = asked(docent, "Who wrote the garden policy 2023?")
    history = [Turn(1, "Who wrote the garden policy 2023?", first)]
    answer = asked(docent, "How many pages does it have?", history)
    assert answer and "garden-policy-2023.md" in answer.text
    assert asked(docent, "How many pages does it have?") is None


@pytest.mark.parametrize(
    "question",
    """
    How many pages does the printer print? | Who wrote the letter to the tenant? | How long is the lease?
    How many tickets are in the library? | Which employees mention oak? | When was the lease signed?
    Which articles are made of oak? | What is the newest machine? | Which document says that hedges are cut in April?
    What documents must be handed in? | How many chairs are there? | Which files does the program write?
    Which is the newest? | In which year was the mill built?
    | How long is the fence? | Which wood is the oldest? | Who wrote the order?
    What language does the landlord speak? | Which documents does the tenant hand over? | Who is the author of the plan?
    Wer hat den Zaun gebaut? | Wie viele Seiten druckt der Drucker? | Do you have it? | Which documents mention it?
    """.replace("\n", "|").split("|"),
)
def test_questions_about_content_are_left_alone(docent, question):
    if question.strip():
        assert asked(docent, question.strip()) is None

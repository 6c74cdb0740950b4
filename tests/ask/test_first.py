"""The first questions are made of what is there, and can be answered."""

import re

import pytest

from app.ask.assistant import Assistant
from app.ask.first import first_questions, holdings
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync


@pytest.fixture
def index(tmp_path, encoder):
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "lease.md").write_text(
        "# Lease of the mill\n\n## 1 Premises\n\nMill and yard are let.\n\n## 2 Deposit\n\nThe deposit is 900 euros.\n"
    )
    (folder / "handbook-2023.md").write_text(
        "# Handbook 2023\n\n## Deposit slips\n\nSlips go to Anna. Old rules hold.\n"
    )
    (folder / "handbook-2024.md").write_text(
        "# Handbook 2024\n\n## Deposit slips\n\nSlips go to Bert. New rules hold.\n"
    )
    (folder / "stock.csv").write_text("Article,Pieces\nbolt,120\nnut,80\nwasher,200\n")
    sync(folder, tmp_path / "at", encoder)
    return LocalIndex(tmp_path / "at")


def test_they_name_what_this_index_holds(index):
    questions = first_questions(index, 8)
    assert len(questions) == len(set(questions)) and "How many documents do you have?" in questions
    names = {name for document in index.documents() for name in (document.path, document.title)}
    named = [name for question in questions for name in re.findall(r"“([^”]+)”|([\w-]+\.\w+)", question)]
    assert named and {one or other for one, other in named} <= names
    headings = " ".join(text.lower() for (text,) in index.store.rows("SELECT text FROM headings"))
    about = [found[1] for q in questions if (found := re.search(r"say about (.+)\?", q))]
    assert about and all(one.lower() in headings for one in about)
    assert "What is the highest Pieces in stock.csv?" in questions


def test_those_about_the_library_are_answered_without_a_model(index, encoder, scripted):
    docent = Assistant(index.folder, encoder, scripted)
    own = [q for q in first_questions(index, 8) if q.startswith(("How many", "Which documents"))]
    assert own and all(docent.ask(question).answer.status == "answered" for question in own)


def test_none_where_nothing_was_read(tmp_path, encoder):
    (tmp_path / "none").mkdir()
    (tmp_path / "none/broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    sync(tmp_path / "none", tmp_path / "at", encoder)
    assert first_questions(LocalIndex(tmp_path / "at")) == []


def test_german_documents_are_asked_in_german(tmp_path, encoder):
    folder = tmp_path / "regal"
    folder.mkdir()
    text = (
        "Der Mieter zahlt die Kaution vor dem Einzug auf das Konto des Vermieters und erhält die Schlüssel der Wohnung."
    )
    for name in ("mietvertrag", "hausordnung"):
        (folder / f"{name}.md").write_text(f"# {name.capitalize()}\n\n## Kaution und Schlüssel\n\n{text} ({name})\n")
    sync(folder, tmp_path / "at", encoder)
    questions = first_questions(LocalIndex(tmp_path / "at"))
    assert "Wie viele Dokumente hast du?" in questions and any("Kaution" in question for question in questions)


def test_what_is_held_adds_up(index):
    assert holdings(index.documents()) == "4 documents with 4 pages: 3 text files, 1 spreadsheet"

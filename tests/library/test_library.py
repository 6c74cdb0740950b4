"""Every file, page and table is searchable or named with the reason."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.library.asked import MOST, Questions
from app.library.survey import survey
from app.settings import load_settings
from app.ui.desk import Desk
from ingest.errors import IndexMissing, StorageError
from ingest.store.store import Store
from ingest.sync.scan import passed_over, scan
from ingest.sync.sync import sync


@pytest.fixture
def trouble(folder: Path, make_pdf) -> Path:
    """The small domain with all kinds of trouble in it."""
    make_pdf(folder / "blank.pdf", [["The first page says something of valves."], [], [], ["And so does the fourth."]])
    make_pdf(folder / "locked.pdf", [["Nobody may read this."]], password="secret")
    make_pdf(folder / "nothing.pdf", [[], []])
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "spaces.txt").write_text("  \n \n")
    (folder / "binary.md").write_bytes(b"\0\1\2" * 99)
    (folder / "film.mkv").write_bytes(b"not words")
    (folder / "noending").write_text("words")
    (folder / "domain.toml").write_text('title = "Trouble"\n')
    (folder / ".hidden.txt").write_text("hidden")
    (folder / ".git").mkdir()
    (folder / ".git/config.txt").write_text("hidden too")
    (folder / "deep/deeper").mkdir(parents=True)
    (folder / "deep/deeper/note.txt").write_text("The deep note is about gaskets.")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.txt").symlink_to(folder / "gone.txt")
    os.mkfifo(folder / "pipe.txt")
    return folder


def test_every_file_page_and_table_is_searchable_or_named_with_the_reason(trouble, tmp_path, encoder):
    sync(trouble, tmp_path / "index", encoder)
    told = survey(tmp_path / "index")
    named = {file.path: file for file in told.files}
    for parent, folders, names in os.walk(trouble):
        here = Path(parent).relative_to(trouble)
        for name in names:
            above = [f"{folder.as_posix()}/" for folder in (here / name).parents if folder != Path()]
            assert (here / name).as_posix() in named or any(folder in named for folder in above)
        for name in folders:
            assert not (Path(parent) / name).is_symlink() or f"{(here / name).as_posix()}/" in named
    with closing(Store(tmp_path / "index")) as store:
        searchable = set(store.rows("SELECT doc_id, page FROM chunks"))
        for document in store.documents():
            file = named[document.path]
            gaps = {gap.page for gap in file.gaps if gap.kind == "page"}
            pages = {page.number for page in store.pages(document.id)}
            assert pages == gaps | {page for doc_id, page in searchable if doc_id == document.id}
            assert file.pages == file.searchable_pages + len(gaps)
            assert len(pages) == document.n_pages
            assert file.searchable_tables + sum(gap.kind == "table" for gap in file.gaps) == file.tables
    for file in told.files:
        assert file.state == "read" or file.why, file.path
        assert (
            file.to_do or file.state in ("read", "recognised") or file.why.startswith(("a hidden", "Docent", "no file"))
        )


def test_states_say_what_happened(trouble, tmp_path, encoder):
    sync(trouble, tmp_path / "index", encoder)
    (trouble / "late.txt").write_text("Later.")
    (trouble / "notes.txt").unlink()
    (trouble / "warranty.md").write_text("# Warranty\n\nNine years, from now on.\n")
    files = {file.path: file for file in survey(tmp_path / "index").files}
    states = {path: file.state for path, file in files.items()}
    assert {path for path, state in states.items() if state == "not read"} == {
        "locked.pdf", "nothing.pdf", "broken.pdf", "empty.txt", "spaces.txt", "binary.md", "nowhere.txt"
    }  # fmt: skip
    assert states["late.txt"] == "waiting" and states["notes.txt"] == "gone" and states["warranty.md"] == "changed"
    assert states["pump.pdf"] == states["deep/deeper/note.txt"] == "read"
    assert states["blank.pdf"] == "partly read" and files["blank.pdf"].why == "pages 2 to 3: no text"
    assert files["pump.pdf"].read_by == {"pdfium": 3} and files["pump.pdf"].passages >= 3
    others = {path for path, state in states.items() if state == "not a document"}
    assert others == {"film.mkv", "noending", "domain.toml", ".hidden.txt", ".git/", "loop/", "pipe.txt"}
    assert "'.mkv'" in files["film.mkv"].why and files["film.mkv"].to_do


def test_pages_that_wait_and_tables_that_no_passage_holds_are_named(index_dir):
    with closing(Store(index_dir)) as store:
        ids = {document.path: document.id for document in store.documents()}
        with store.transaction() as db:
            end = len(store.text(ids["notes.txt"]))
            db.execute("UPDATE pages SET unread = 1 WHERE doc_id = ? AND number = 2", (ids["pump.pdf"],))
            db.execute("DELETE FROM chunks WHERE doc_id = ? AND page = 2", (ids["pump.pdf"],))
            db.execute(
                "UPDATE pages SET reader = 'ocr', confidence = 0.8 WHERE doc_id = ? AND number = 3", (ids["pump.pdf"],)
            )
            rows = [(ids["notes.txt"], 0, 1, 0, end, "Keys"), (ids["notes.txt"], 1, 1, end + 5, end + 9, "Lost")]
            db.executemany("INSERT INTO tables VALUES (?,?,?,?,?,?,'[]','')", rows)
            db.execute("INSERT INTO flags VALUES (?,'hidden',1,'white on white')", (ids["notes.txt"],))
            db.execute("INSERT INTO notes VALUES (?,'a picture was left out')", (ids["notes.txt"],))
    told = survey(index_dir)
    files = {file.path: file for file in told.files}
    pump, notes = files["pump.pdf"], files["notes.txt"]
    assert (pump.state, pump.why) == ("partly read", "page 2: a picture of text, still to be recognised")
    assert (pump.recognised, pump.confidence, pump.searchable_pages) == (1, 0.8, 2)
    assert pump.read_by == {"pdfium": 1, "ocr": 1}
    assert (notes.tables, notes.searchable_tables) == (2, 1) and notes.gaps[0].named == "table on page 1 (Lost)"
    assert notes.flags[0].text == "white on white" and notes.notes == ("a picture was left out",)
    data = json.loads(json.dumps(told.as_json()))
    assert data["summary"]["tables"] == 2 and data["summary"]["recognised"] == 1
    assert data["summary"]["states"] == {"partly read": 2, "read": 1}


def test_without_its_folder_the_index_is_told_of_all_the_same(folder, index_dir):
    shutil.move(folder, folder.with_name("elsewhere"))
    told = survey(index_dir)
    assert told.missing_folder and {file.state for file in told.files} == {"read"}
    assert survey(index_dir, folder.with_name("elsewhere")).missing_folder == ""
    with pytest.raises(IndexMissing):
        survey(folder)


# -- what was asked


def test_passages_never_found_and_questions_that_found_nothing(index_dir, assistant):
    log, one = Questions(index_dir), assistant("It is cleaned every 11 weeks.")
    for question in ("How often is the filter cleaned?", "What does fault code E-999 mean?"):
        stream = one.ask(question)
        log.keep_answer(question, stream.answer, stream.found)
    log.keep_search("depot in Marlow", one.search("depot in Marlow", 1))
    told = survey(index_dir)
    assert told.questions == 3 and [asked.question for asked in told.empty] == ["What does fault code E-999 mean?"]
    assert 0 < told.count("found") <= told.count("passages")
    assert {file.path for file in told.files if file.found} >= {"pump.pdf", "notes.txt"}
    assert [asked.outcome for asked in log.asked()] == ["searched", "refused", "answered"]
    log.forget()
    assert survey(index_dir).questions == 0 and not list(index_dir.glob("asked.db*"))


def test_the_page_keeps_what_was_asked_unless_told_not_to(folder, index_dir, encoder, scripted):
    for keep in (True, False):
        settings = load_settings(keep_questions=keep)
        desk = Desk(folder, index_dir, settings, lambda settings: encoder, lambda settings: scripted("11 weeks."))
        thread = desk.ask("How often is the filter cleaned?")
        desk.answers[thread].wait(60)
        assert len(desk.questions.asked()) == 1
    (asked,) = desk.questions.asked()
    assert asked.outcome == "answered" and asked.nearest == "pump.pdf" and asked.n_found == len(desk.questions.found())


def test_the_log_is_bounded_and_never_in_the_way(tmp_path):
    log = Questions(tmp_path)
    log.keep("first", "answered", "", [7], "a.pdf")
    with closing(sqlite3.connect(log.path)) as db:
        db.execute("UPDATE questions SET id = 1")
        db.execute("INSERT INTO questions SELECT ?, at, 'later', outcome, '', 1, '' FROM questions", (MOST,))
        db.commit()
    log.keep("newest", "refused", "", [8], "")
    assert [asked.question for asked in log.asked()] == ["newest", "later"] and log.found() == {8: 1}
    Questions(tmp_path / "nowhere").keep("lost", "answered", "", [], "")
    assert not (tmp_path / "nowhere").exists() and Questions(tmp_path / "nowhere").asked() == []
    log.path.write_bytes(b"no database" * 999)
    log.keep("lost", "answered", "", [], "")
    with pytest.raises(StorageError):
        log.asked()


# -- the command


def test_docent_report_in_words_and_json(trouble, tmp_path, encoder):
    sync(trouble, tmp_path / "index", encoder)
    Questions(tmp_path / "index").keep("What is a gizmo?", "refused", "", [], "")
    shown = CliRunner().invoke(main, ["report", "--index", str(tmp_path / "index")])
    assert shown.exit_code == 0, shown.output
    for words in ("19 files", "7 not read", "not a kind that is read", "→ ", "What is a gizmo?", "pages searchable"):
        assert words in shown.output
    data = json.loads(CliRunner().invoke(main, ["report", "--index", str(tmp_path / "index"), "--json"]).output)
    assert len(data["files"]) == data["summary"]["files"] == 19 and data["summary"]["questions"] == 1
    assert CliRunner().invoke(main, ["report", "--index", str(tmp_path / "none")]).exit_code == 1
    forgot = CliRunner().invoke(main, ["report", "--index", str(tmp_path / "index"), "--forget-questions", "--json"])
    assert json.loads(forgot.output)["questions"] == 0


def test_what_is_passed_over_is_what_the_scan_leaves(trouble):
    read = {one.path for one in scan(trouble)}
    others = {one.path for one in passed_over(trouble, scan(trouble))}
    assert not read & others and "pump.pdf" in read and "film.mkv" in others

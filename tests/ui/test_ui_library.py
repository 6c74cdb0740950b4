"""The Library page, and the file that stands alone: the same facts, nothing of a document's as markup."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from app.cli import main
from app.library import plots
from app.library.asked import Questions
from app.library.page import page as report_page
from app.library.report import FileReport, Gap, Library, in_words
from app.library.survey import states_of, survey
from app.settings import load_settings
from app.ui.desk import Desk
from app.ui.report import matching
from ingest.encoder.embed import SentenceEncoder
from ingest.store.store import Store
from ingest.sync.sync import sync

MakeDesk = Callable[[], Desk]


@pytest.fixture
def desk(folder: Path, tmp_path: Path, encoder: SentenceEncoder, scripted: Any, make_pdf: Any) -> MakeDesk:
    """Over a small domain in which something went wrong."""
    make_pdf(folder / "half.pdf", [["The valve is opened by hand."], [], ["And closed with the key."]])
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "film<b>.mkv").write_bytes(b"x")
    sync(folder, tmp_path / "index", encoder)
    return lambda: Desk(folder, tmp_path / "index", load_settings(), lambda s: encoder, lambda s: scripted("11 weeks."))


def drawn(desk: Desk, name: str = "library") -> AppTest:
    def script(desk, name):
        import streamlit as st

        from app.ui import documents, report

        st.session_state["pages"] = {page: st.Page(lambda: None, title=page, url_path=page) for page in ("documents",)}
        {"library": report, "documents": documents}[name].page(desk)

    return AppTest.from_function(script, args=(desk, name), default_timeout=120).run()


def opened(desk: Desk) -> AppTest:
    page = drawn(desk)
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def test_the_page_tells_of_every_file_and_can_be_filtered(desk: MakeDesk) -> None:
    page = opened(desk())
    text = shown(page)
    for words in ("pages can be found", "half.pdf", "page 2: no text", "not read", "film&lt;b&gt;.mkv", "lib-do"):
        assert words in text
    assert "Check the folder now" not in [button.label for button in page.button], "nothing has changed"
    (pills,) = page.get("button_group")
    page = pills.set_value("not read").run()
    assert "broken.pdf" in shown(page) and "half.pdf" not in shown(page)


def test_what_changed_is_one_click_from_being_read(desk: MakeDesk) -> None:
    made = desk()
    (made.folder / "late.txt").write_text("Late.")
    page = opened(made)
    assert "1 waiting" in shown(page) and "Check the folder now" in [button.label for button in page.button]


def test_what_was_asked_is_shown_and_forgotten(desk: MakeDesk) -> None:
    made = desk()
    made.questions.keep("Where is <script>alert(1)</script>?", "refused", "No document says.", [], "")
    page = opened(made)
    assert "&lt;script&gt;" in shown(page) and "<script>" not in shown(page)
    (forget,) = [button for button in page.button if button.label == "Forget them"]
    page = forget.click().run()
    assert not page.exception and made.questions.asked() == [] and "alert" not in shown(page)


def test_the_documents_page_shows_states_and_filters_by_them(desk: MakeDesk) -> None:
    page = drawn(desk(), "documents")
    assert not page.exception
    text = shown(page)
    assert 'class="lib-state partly-read"' in text and 'class="lib-state not-read"' in text
    (pills,) = page.get("button_group")
    page = pills.set_value("partly read").run()
    rows = [body for body in shown(page).split("\n") if 'class="doc"' in body]
    assert len(rows) == 1 and "half.pdf" in rows[0]


def test_states_are_those_of_the_report(desk: MakeDesk) -> None:
    made = desk()
    with closing(Store(made.index_dir)) as store:
        documents = store.documents()
        found = states_of(store, documents)
    files = {file.path: file.state for file in survey(made.index_dir).files}
    assert {document.path: found[document.id] for document in documents} == {d.path: files[d.path] for d in documents}


def test_before_anything_was_read(folder: Path, tmp_path: Path, encoder: SentenceEncoder, scripted: Any) -> None:
    desk = Desk(folder, tmp_path / "none", load_settings(), lambda s: encoder, lambda s: scripted())
    page = drawn(desk)
    assert "Nothing was read yet" in shown(page)


# -- the file


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "input"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_file_stands_alone_and_is_well_formed(desk: MakeDesk, tmp_path: Path) -> None:
    made = desk()
    made.questions.keep("Where?", "refused", "", [], "")
    with closing(Store(made.index_dir)) as store, store.transaction() as db:
        db.execute("INSERT INTO flags SELECT id, 'orders', 1, '<img src=x onerror=alert(1)>' FROM documents")
        db.execute("UPDATE documents SET title = '<script>alert(2)</script>'")
    done = CliRunner().invoke(main, ["report", "--index", str(made.index_dir), "--html", str(tmp_path / "out.html")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "out.html").read_text()
    parser = Tags()
    parser.feed(text)
    assert parser.open == [] and parser.links == []
    assert "<img" not in text and "<script>alert" not in text and "http" not in text
    for file in survey(made.index_dir).files:
        assert file.path.replace("<b>", "&lt;b&gt;") in text


def test_strips_add_up() -> None:
    gaps = tuple(Gap("page", n, f"page {n}", "no text", "") for n in (3, 7, 8, 9))
    runs = (("searchable", 2), ("empty", 1), ("recognised", 3), ("empty", 3))
    file = FileReport(
        "a.pdf", "partly read", pages=9, searchable_pages=5, runs=runs, gaps=gaps, passages=3, warmth=(0, 9)
    )
    assert in_words(gaps) == [("pages 3, 7 to 9", "no text")]
    strip = plots.page_strip(file)
    assert [int(part.split('"')[0]) for part in strip.split("flex:")[1:]] == [2, 1, 3, 3]
    assert "pages 4 to 6: recognised in pictures" in strip and "heat-5" in plots.passage_strip(file)
    told = Library("f", "i", (file, FileReport("b.txt", "not read", why="is <empty>")))
    assert "5 of 9 pages" in plots.headline(told) and "is &lt;empty&gt;" in report_page(told)
    assert matching(told.files, None, "A.PDF") == [file] and matching(told.files, "not read", "a.pdf") == []


def test_a_very_large_library_is_a_page_of_bounded_length() -> None:
    files = tuple(FileReport(f"{n}.txt", "read", pages=1, runs=(("searchable", 1),)) for n in range(3000))
    text = report_page(Library("f", "i", files))
    assert "And 1000 more" in text and text.count("lib-file") < 2100
    assert Questions(Path("nowhere")).asked() == []

"""A protected document is asked for, read once its password is given, and the password is kept nowhere."""

from __future__ import annotations

import io
import json
import threading
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from PIL import Image
from streamlit.testing.v1 import AppTest

from app.commands.ingest import ingest
from app.datatypes import Sentence
from app.settings import Settings
from app.ui.desk import Desk
from app.ui.place import places, view_page
from ingest.children.render import Drawing, draw_page, render_page
from ingest.errors import NEEDS_PASSWORD, ReadError
from ingest.store.store import Store
from ingest.sync.sync import sync

WORDS = ["The vault opens at 06:30.", "It closes when the green door does."]


@pytest.fixture
def secret(folder: Path, make_pdf) -> Path:
    return make_pdf(folder / "secret.pdf", [WORDS, ["A second page."]], password="swordfish")


def state_of(index: Path, name: str = "secret.pdf"):
    with closing(Store(index)) as store:
        (document,) = [d for d in store.documents() if d.path == name]
        return document, store.text(document.id)


def check_it_is_nowhere(place: Path, password: str = "swordfish") -> None:
    for file in place.rglob("*"):
        assert not file.is_file() or password.encode() not in file.read_bytes()


@pytest.mark.slow
def test_a_run_that_is_given_it_reads_the_file_and_stores_no_password(secret, folder, tmp_path, encoder):
    index = tmp_path / "index"
    report = sync(folder, index, encoder)
    assert [(f.file, f.error) for f in report.failed] == [("secret.pdf", NEEDS_PASSWORD)]
    wrong = sync(folder, index, encoder, passwords={"secret.pdf": "Swordfish"})
    assert [f.file for f in wrong.failed] == ["secret.pdf"] and wrong.changed == []
    opened = sync(folder, index, encoder, passwords={"secret.pdf": "swordfish", "gone.pdf": "x"})
    assert opened.changed == ["secret.pdf"] and opened.failed == []
    assert " ".join(WORDS) in " ".join(state_of(index)[1].split())
    check_it_is_nowhere(tmp_path / "index")
    again = sync(folder, index, encoder)  # it is not asked for again while the file is the same
    assert again.failed == [] and again.unchanged == 4


@pytest.mark.slow
def test_another_file_of_that_name_is_asked_for_anew(secret, folder, tmp_path, encoder, make_pdf):
    index, passwords = tmp_path / "index", {"secret.pdf": "swordfish"}
    sync(folder, index, encoder, passwords=passwords)
    make_pdf(secret, [["Another secret."]], password="marlin")
    assert [f.error for f in sync(folder, index, encoder, passwords=passwords).failed] == [NEEDS_PASSWORD]
    assert state_of(index)[1] == "", "nothing of the old one is left"
    assert sync(folder, index, encoder, passwords={"secret.pdf": "marlin"}).changed == ["secret.pdf"]


@pytest.mark.model
def test_the_terminal_asks_without_showing_it(secret, folder, tmp_path):
    command = [str(folder), "--index", str(tmp_path / "index"), "--ask-passwords", "--json"]
    done = CliRunner().invoke(ingest, command, input="wrong\nswordfish\n")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["failed"] == [] and "secret.pdf" in report["added"] + report["changed"] and len(report["added"]) >= 3
    assert done.stderr.count("Password of secret.pdf") == 2
    assert "swordfish" not in done.output and "wrong" not in done.stderr
    left = CliRunner().invoke(ingest, [*command, "--rebuild"], input="\n")
    assert [f["file"] for f in json.loads(left.stdout)["failed"]] == ["secret.pdf"]


# -- the pages


def drawn(desk: Desk, name: str = "documents") -> AppTest:
    def script(at, name):
        import streamlit as st

        from app.ui import documents, viewer

        pages = {page: st.Page(lambda: None, title=page, url_path=page) for page in ("documents", "settings")}
        st.session_state["pages"] = pages
        if name == "documents":
            documents.page(at)
        else:
            viewer.viewer(at)

    return AppTest.from_function(script, args=(desk, name), default_timeout=60)


@pytest.fixture
def desk(secret, folder, tmp_path, encoder, scripted) -> Desk:
    index = tmp_path / "index"
    sync(folder, index, encoder)
    return Desk(folder, index, Settings(), lambda settings: encoder, lambda settings: scripted())


@pytest.mark.slow
def test_the_documents_page_asks_for_it_beside_the_document(desk):
    page = drawn(desk).run()
    assert not page.exception
    (field,) = page.text_input
    assert field.label == "Password of secret.pdf" and field.proto.type == field.proto.PASSWORD
    field.set_value("wrong")
    page.button(key=next(b.key for b in page.button if b.label == "Open")).click().run()
    desk.ingesting.wait(60)
    page.run()
    assert "does not open it" in "\n".join(str(element.proto.body) for element in page.get("html"))
    page.text_input[0].set_value("swordfish")
    page.button(key=next(b.key for b in page.button if b.label == "Open")).click().run()
    desk.ingesting.wait(60)
    page.run()
    assert not page.exception and list(page.text_input) == []
    assert "The vault opens" in state_of(desk.index_dir)[1]
    check_it_is_nowhere(desk.index_dir)


@pytest.mark.slow
def test_its_page_is_drawn_only_with_the_password(desk, secret, folder):
    sync(folder, desk.index_dir, desk.encoder, passwords={"secret.pdf": "swordfish"})
    with pytest.raises(ReadError, match=NEEDS_PASSWORD):
        render_page(Drawing(secret, 1))
    picture = render_page(Drawing(secret, 1, [0, 1, 2], 400, password="swordfish"))
    assert picture.png == draw_page(Drawing(secret, 1, [0, 1, 2], 400, password="swordfish")).png and picture.mark > 0
    text = state_of(desk.index_dir)[1]
    (place,) = places([Sentence("secret.pdf", 1, 0, 9, text[:9])])
    page = drawn(desk, "viewer")
    page.session_state["open"], page.session_state["open_page"] = place, 1
    page.run()
    assert not page.exception and "The vault" in "".join(str(e.proto.body) for e in page.get("html"))  # its text
    page.text_input[0].set_value("swordfish")
    page.button(key=next(b.key for b in page.button if b.label == "Open")).click().run()
    shown = "".join(str(element.proto.body) for element in page.get("html"))
    assert not page.exception and list(page.text_input) == [] and 'class="sheet"' not in shown


def test_it_is_in_no_command_line(secret):
    """Anyone on the machine may look at those."""
    seen: list[str] = []
    drawn = threading.Event()

    def look() -> None:
        while not drawn.is_set():
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    seen.append(" ".join([*child.cmdline(), *child.environ().values()]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        render_page(Drawing(secret, 1, password="swordfish"))
    finally:
        drawn.set()
        watcher.join()
    assert any("ingest.children.render" in line for line in seen) and not any("swordfish" in line for line in seen)


# -- pictures of pages that were recognised


def test_shares_are_marked_where_they_are(tmp_path):
    Image.new("RGB", (1000, 500), "white").save(tmp_path / "a.png")
    marked = Image.open(io.BytesIO(render_page(Drawing(tmp_path / "a.png", 1, (), 400, [(0.5, 0.2, 0.75, 0.4)])).png))
    assert marked.size == (400, 200)
    assert marked.getpixel((250, 60))[2] < 120 and marked.getpixel((100, 60)) == (255, 255, 255)
    assert marked.getpixel((250, 150)) == (255, 255, 255)


@pytest.mark.slow
def test_a_place_on_a_recognised_page_is_marked_by_its_lines(folder, tmp_path, encoder):
    from ingest.readers.ocr import why_unavailable

    from scans import scan

    if why_unavailable():
        pytest.skip(why_unavailable())
    scan(["The depot in Marlow opens at 06:30.", "Keys hang behind the door."]).save(folder / "sign.png")
    index = tmp_path / "index"
    sync(folder, index, encoder)
    text = state_of(index, "sign.png")[1]
    start = text.index("Keys")
    (place,) = places([Sentence("sign.png", 1, start, start + 9, text[start : start + 9], confidence=0.9)])
    view = view_page(folder, index, place, 1)
    assert view.drawable and view.raw_indexes == () and "recognised" in view.origin
    ((left, top, right, bottom),) = view.shares
    assert 0.03 < left < 0.1 and right < 0.4 and 0.25 < top < bottom < 0.5
    picture = render_page(Drawing(view.file, 1, (), 600, view.shares))
    assert picture.mark == pytest.approx(top, abs=0.02)

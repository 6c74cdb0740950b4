"""The pages without a browser: what is safe to show and to save, what the desk does, what Streamlit draws."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.datatypes import Sentence
from app.settings import load_settings
from app.ui.desk import Desk
from app.ui.place import Place, Quote, places, view_page
from app.ui.text import highlighted, label, short_name, to_html
from app.ui.uploads import keep, safe_name
from ingest.encoder.embed import SentenceEncoder
from ingest.errors import InvalidInput
from ingest.store.store import Store

from desks import MakeDesk, answered, desk, drawn, finished, shown

__all__ = ["desk"]  # fixtures

UI = Path(__file__).parents[2] / "app/ui"


# -- safe to show


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![](http://evil.example/x.png)",
        "[click](http://evil.example) and http://evil.example and <http://evil.example>",
        "[a]: http://evil.example\n[a]",
        '# <b onmouseover="x">big</b>',
        "- **<i>x</i>**\n1. `</code><script>`",
        "$$\\href{http://evil.example}{x}$$",
        "*a <u>b* c</u>\n\n<style>*{display:none}</style>",
        "\ue0001\ue001<b>\ue0002,3",
    ],
)
def test_only_our_own_tags_come_out(hostile: str) -> None:
    shown = to_html(hostile, [(hostile[:5], [1])])
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z]+)([^>]*)>", shown))
    assert {name for name, _ in tags} <= {"p", "br", "strong", "em", "code", "ul", "ol", "li", "sup"}
    assert {attributes for _, attributes in tags} <= {"", ' class="source"'}


def test_safe_markdown_is_formatted() -> None:
    text = "# Steps\nUse **2 bar** and *no* `glycol`.\n- open\n- close\n\n1. first\n2. second"
    assert to_html(text) == (
        "<p><strong>Steps</strong></p><p>Use <strong>2 bar</strong> and <em>no</em> <code>glycol</code>.</p>"
        "<ul><li>open</li><li>close</li></ul><ol><li>first</li><li>second</li></ol>"
    )
    assert to_html("5 * 3 * 2 = 30 & a_b") == "<p>5 * 3 * 2 = 30 &amp; a_b</p>"


def test_sources_stand_behind_their_sentence() -> None:
    shown = to_html("Seven years. Not frost.", [("Seven years.", [1, 3]), ("Not there.", [9])])
    assert shown == '<p>Seven years.<sup class="source">1</sup><sup class="source">3</sup> Not frost.</p>'


def test_marks_and_labels_are_escaped() -> None:
    assert highlighted("a <b> & c", [(2, 5), (4, 99)]) == "a <mark>&lt;b&gt;</mark><mark> &amp; c</mark>"
    assert label("a\n![x](http://e) :red[y] $z$") == r"a \!\[x\]\(http\://e\) \:red\[y\] \$z\$"
    assert short_name("folder/" + "a" * 40 + "-2024.pdf").endswith("a-2024.pdf")


def test_no_page_shadows_a_module_of_python() -> None:
    """Streamlit puts the script's folder first on sys.path."""
    assert not {file.stem for file in UI.glob("*.py")} & set(sys.stdlib_module_names)


# -- safe to save


@pytest.mark.parametrize(
    ("given", "saved"),
    [
        ("manual.PDF", "manual.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\a b.md", "a b.md"),
        ("..pdf", "document.pdf"),
        (".hidden.txt", "hidden.txt"),
        ("a\x00b\n\u202efdp.pdf", "abfdp.pdf"),
        ("..\\..//etc/cron.d/x\u200b\U000e0041\ufeff.txt", "x.txt"),
        ("/abs/olute.md", "olute.md"),
        ("Wärmepumpe 🔥 手册.pdf", "Wärmepumpe 🔥 手册.pdf"),
        ("👩‍🔧.pdf", "👩‍🔧.pdf"),
        ("CON.txt", "_CON.txt"),
        ('w<h>a:t|?"*.pdf', "w_h_a_t____.pdf"),
        ("lone\ud800.txt", "lone_.txt"),
    ],
)
def test_names_are_made_safe(given: str, saved: str) -> None:
    assert safe_name(given) == saved


@pytest.mark.parametrize("letter", ["x", "ü", "🔥"])
def test_long_names_fit_the_file_system(letter: str, tmp_path: Path) -> None:
    for _ in range(2):
        kept = keep(tmp_path, letter * 300 + ".pdf", str(time.time_ns()).encode(), "number")
        assert len(kept.name.encode()) <= 255 and kept.name.endswith(".pdf") and kept.state == "saved"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["virus.exe", "noending", "", "...", "a.pdf.zip"])
def test_other_kinds_of_files_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        keep(tmp_path, name, b"x")
    assert "PDF" in raised.value.hint and not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    assert keep(tmp_path, "a.txt", b"one").state == "saved"
    assert keep(tmp_path, "b.txt", b"one") == keep(tmp_path, "a.txt", b"one")
    assert keep(tmp_path, "b.txt", b"one").name == "a.txt", "the same content is there under another name"
    assert keep(tmp_path, "a.txt", b"two").state == "differs"
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    assert keep(tmp_path, "a.txt", b"two", "number").name == "a (2).txt"
    assert keep(tmp_path, "a.txt", b"three", "replace").name == "a.txt"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"a.txt": b"three", "a (2).txt": b"two"}


# -- the page of a quote


def test_a_place_finds_its_page_and_marks(folder: Path, index_dir: Path) -> None:
    with closing(Store(index_dir)) as store:
        pump = next(document for document in store.documents() if document.path == "pump.pdf")
        text = store.text(pump.id)
    start = text.index("Fault code")
    quote = Sentence("pump.pdf", 2, start, start + 16, text[start : start + 16])
    (place,) = places([quote, quote])
    view = view_page(folder, index_dir, place, 2)
    assert view.drawable and len(view.raw_indexes) == 16 and view.n_pages == 3 and not view.note
    assert view.html.startswith("<mark>Fault code E-104</mark>")
    assert view_page(folder, index_dir, place, 1).raw_indexes == ()


def test_what_changed_since_is_told(folder: Path, index_dir: Path) -> None:
    other = Place("pump.pdf", 1, (Quote(0, 9, "Not there"),))
    assert "no longer stands here" in view_page(folder, index_dir, other, 1).note
    (folder / "pump.pdf").write_bytes(b"%PDF other")
    assert not (view := view_page(folder, index_dir, other, 1)).drawable and "changed" in view.note
    with pytest.raises(InvalidInput, match="no longer among"):
        view_page(folder, index_dir, Place("gone.pdf", 1), 1)
    assert not view_page(folder, index_dir, Place("notes.txt", 1), 1).drawable


# -- the desk


def test_an_answer_is_kept_whoever_watches(desk: MakeDesk) -> None:
    at = desk("The filter is cleaned every 11 weeks.")
    thread = at.ask("How often is the filter cleaned?")
    at.answers[thread].wait(30)
    (turn,) = at.memory.turns(thread)
    assert at.answers[thread].stage == "done" and turn.answer.status == "answered"
    assert turn.answer.citations[0].file == "pump.pdf"
    at.ask("How often is the filter cleaned?", thread, replaces=turn.id)
    at.answers[thread].wait(30)
    (again,) = at.memory.turns(thread)
    assert again.id != turn.id
    at.delete_thread(thread)
    assert not at.memory.threads(str(at.folder))


def test_stop_ends_it_and_keeps_what_stands(desk: MakeDesk) -> None:
    at = desk("The filter is cleaned every 11 weeks. " * 2000)
    at.llm().stream = slowly(at.llm().stream)  # type: ignore[method-assign]
    at.settings = at.settings.model_copy(update={"max_tokens": 2048})
    thread = at.ask("How often is the filter cleaned?")
    live = at.answers[thread]
    wait_until(lambda: len(live.text) > 100)
    live.stop()
    length = len(live.text)
    live.wait(5)
    assert live.stage == "done" and len(live.text) < length + 20
    assert at.memory.turns(thread)[0].answer.stopped


def test_evidence_and_words_are_told_as_they_come(desk: MakeDesk) -> None:
    at = desk("The filter is cleaned every 11 weeks.")
    may_write = threading.Event()
    at.llm().stream = held_until(may_write, at.llm().stream)  # type: ignore[method-assign]
    live = at.answers[at.ask("How often is the filter cleaned?")]
    live.wait_evidence(30)
    assert live.evidence and not live.text and live.running
    wait_until(lambda: live.stage == "reading")
    seen = live.wait_news(0, 30)
    assert seen > 0 and live.wait_news(seen, 0.0) == seen, "nothing new is no news"
    may_write.set()
    seen, texts = 0, set()
    while live.running:
        seen = live.wait_news(seen, 30)
        texts.add(live.text)
    assert max(texts, key=len) == "The filter is cleaned every 11 weeks." and live.stage == "done"


def test_waiting_for_evidence_ends_with_a_failure(desk: MakeDesk) -> None:
    live = (at := desk("x")).answers[at.ask("…?!")]
    live.wait_evidence(30)
    assert live.stage == "failed" and not live.evidence


def test_failures_are_told_with_their_hint(desk: MakeDesk) -> None:
    at = desk("x")
    for question, hint in (("…?!", "Ask in a few words"), ("long " * 4000, "one thing at a time")):
        thread = at.ask(question)
        at.answers[thread].wait(30)
        error = at.answers[thread].error
        assert error and hint in error.hint


def test_documents_come_and_go(desk: MakeDesk) -> None:
    at = desk("NOT FOUND")
    keep(at.folder, "new.txt", b"The spare key hangs in the boiler room of house nine.")
    at.ingest()
    at.ingest()  # asked again while it runs: it looks again, and nothing breaks
    finished(at)
    assert "new.txt" in {document.path for document in at.documents()}
    at.delete_document("new.txt")
    finished(at)
    assert "new.txt" not in {document.path for document in at.documents()} and not (at.folder / "new.txt").exists()
    at.delete_document("never/there.txt")
    finished(at)


@pytest.mark.slow
def test_reading_is_paused_and_stopped_from_the_page(desk: MakeDesk, encoder: SentenceEncoder) -> None:
    at = desk("NOT FOUND")
    may_embed = threading.Event()
    at._encoder = Held(encoder, may_embed)
    (at.folder / "new.txt").write_text("The spare key hangs in the boiler room of house nine.")
    at.ingest()
    wait_until(lambda: at.ingesting.progress is not None and at.ingesting.progress.stage == "embedding")
    page = drawn(at, "documents")
    page.button(key="hold").click().run()
    assert at.keeping.paused and page.button(key="hold").label == "Go on" and not page.exception
    page.button(key="hold").click().run()
    assert not at.keeping.paused
    page.button(key="stop_reading").click().run()
    may_embed.set()
    finished(at)
    assert at.ingesting.result.stopped
    assert "Stopped: 1 added, 0 files left" in shown(page.run()), "what was being embedded is kept"
    page.button(key="check").click().run()
    finished(at)
    assert "new.txt" in {document.path for document in at.documents()}


class Held:
    """An encoder that embeds nothing until it may."""

    def __init__(self, encoder: SentenceEncoder, may_embed: threading.Event) -> None:
        self._encoder, self._may_embed = encoder, may_embed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, texts: Any) -> Any:
        self._may_embed.wait(30)
        return self._encoder.encode(texts)


def test_a_damaged_index_can_be_built_again(desk: MakeDesk) -> None:
    at = desk("The filter is cleaned every 11 weeks.")
    (at.index_dir / "store.db").write_bytes(b"not a database at all" * 100)
    at.ingest(rebuild=True)
    finished(at)
    assert not at.ingesting.error and len(at.documents()) == 3


# -- the pages, drawn by Streamlit's test runner


@pytest.mark.slow
def test_the_walk(desk: MakeDesk) -> None:
    at = desk("The filter is cleaned every 11 weeks.", "NOT FOUND", "NOT FOUND")
    page = drawn(at)
    assert not page.exception and "3 documents" in shown(page)
    page.chat_input[0].set_value("How often is the filter cleaned? <script>").run()
    answered(at, page)
    assert "every 11 weeks" in shown(page) and "&lt;script&gt;" in shown(page) and "<script>" not in shown(page)
    chip = next(button for button in page.button if "pump" in button.label)
    chip.click().run()
    assert "Page 3 of 3" in shown(page) and not page.exception
    page.button(key="viewer_close").click().run()
    next(button for button in page.button if (button.key or "").startswith("vote_off_thumb_up")).click().run()
    assert at.memory.turns(page.session_state["thread"])[0].vote == 1
    page.chat_input[0].set_value("What does it weigh?").run()
    answered(at, page)
    assert "Not in your documents" in shown(page)
    wider = next(button for button in page.button if button.label == "Search wider")
    wider.click().run()
    answered(at, page)
    assert len(at.memory.turns(page.session_state["thread"])) == 2 and not page.exception


@pytest.mark.slow
def test_what_is_kept_of_reading_is_set_on_the_settings_page(desk: MakeDesk) -> None:
    at = desk("x")
    page = drawn(at, "settings")
    next(field for field in page.number_input if field.label.startswith("Disk")).set_value(2.5)
    for name, value in (("What was read is kept as", "q8_0"), ("Read documents ahead", False)):
        next(field for field in page.selectbox if field.label == name).set_value(value)
    page = next(button for button in page.button if button.label == "Save").click().run()
    assert not page.exception and "Saved." in shown(page)
    for settings in (at.settings, load_settings()):
        assert (settings.kv_gb, settings.kv_type, settings.read_ahead) == (2.5, "q8_0", False)


def test_an_empty_folder_says_what_to_do(tmp_path: Path, encoder: SentenceEncoder, scripted: Any) -> None:
    (tmp_path / "empty").mkdir()
    at = Desk(tmp_path / "empty", tmp_path / "i", load_settings(), lambda s: encoder, lambda s: scripted())
    page = drawn(at)
    assert "nothing to answer from yet" in shown(page) and not page.exception
    for name in ("documents", "settings"):
        assert not (page := drawn(at, name)).exception
    assert "this machine" in shown(page)


def slowly(stream: Any) -> Any:
    def paced(*given: Any) -> Any:
        for piece in stream(*given):
            time.sleep(0.002)
            yield piece

    return paced


def held_until(event: threading.Event, stream: Any) -> Any:
    def held(*given: Any) -> Any:
        event.wait(30)
        yield from stream(*given)

    return held


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.005)

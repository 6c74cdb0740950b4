"""The whole walk in a real browser, with the real encoder and the real default model, as a new user would take it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.models import find, installed
from app.settings import load_settings

pytestmark = pytest.mark.slow
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
ANSWER, READ = 240_000, 180_000  # milliseconds at most: a slow and busy machine still gets there

PUMP = [
    [
        "1 Filling",
        "The Brusk pump is filled to 2.1 bar before the first start.",
        "It must never run dry for longer than 40 seconds.",
    ],
    [
        "2 Care",
        "The intake filter of the Brusk pump is cleaned every 11 weeks.",
        "Clean the intake filter with lukewarm water only; solvents attack the blue seal.",
    ],
]
KIT = [
    [
        "Tool kit of the Brusk pump",
        "The tool kit holds a torque wrench, a strap wrench, a feeler gauge, a hand lamp, a mirror on a rod,",
        "a wire brush, a soft brush, a scraper, a grease gun, a set of hex keys, a set of screwdrivers,",
        "a pair of pliers, a pair of side cutters, a rubber mallet, a spirit level, a folding rule,",
        "a marking pen, a roll of tape, a bag of seals, a bag of clamps, a funnel, a bucket and a towel.",
    ]
]
DEPOT = [["Depots", "The depot in Marlow opens at 06:30 and closes at 17:15. The depot in Thorne is closed."]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, make_pdf: Callable[..., Path]) -> Iterator[tuple[str, Path]]:
    """Its address and its folder."""
    place = tmp_path_factory.mktemp("walk")
    make_pdf(place / "docs/brusk-manual.pdf", PUMP, title="Brusk manual")
    make_pdf(place / "docs/tool-kit.pdf", KIT, title="Tool kit")
    with serving(place) as address:
        yield address, place / "docs"


@contextmanager
def serving(place: Path) -> Iterator[str]:
    """The pages of `place`/docs. Threads and settings are its own; the models are the user's."""
    models = load_settings().models_dir
    settings = load_settings()
    for name in (settings.model, settings.encoder):
        if not installed(find(name, models), models):
            pytest.fail(f"The model {name} is missing. Run: docent models pull")
    (place / "home/models").mkdir(parents=True)
    for file in models.iterdir():
        if not file.name.endswith(".json"):  # what was verified where is each folder's own to note
            (place / "home/models" / file.name).symlink_to(file)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DOCENT_HOME": str(place / "home")}
    options = ["--folder", str(place / "docs"), "--index", str(place / "index"), "--port", str(port)]
    with (place / "log").open("wb") as log:
        command = [sys.executable, "-m", "app.cli", "ui", *options]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            address = f"http://localhost:{port}"
            _wait_for(address, process, place / "log")
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        reason = f"No browser found (looked for {', '.join(BROWSERS)})."
        if os.environ.get("DOCENT_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=quiet)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, server: tuple[str, Path]) -> Iterator[Any]:
    """A fresh visit. Whatever it asks for elsewhere, and every alert, is an error."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, permissions=["clipboard-read"])
    opened = context.new_page()
    elsewhere: list[str] = []
    allowed = (server[0], server[0].replace("http", "ws"), "data:", "blob:")
    opened.on("request", lambda asked: None if asked.url.startswith(allowed) else elsewhere.append(asked.url))
    opened.on("websocket", lambda asked: None if asked.url.startswith(allowed) else elsewhere.append(asked.url))
    opened.on("dialog", lambda dialog: elsewhere.append(f"alert: {dialog.message}"))
    opened.set_default_timeout(30_000)
    opened.goto(server[0])
    yield opened
    context.close()
    assert not elsewhere


def test_a_new_user(page: Any, server: tuple[str, Path], tmp_path: Path, make_pdf: Callable[..., Path]) -> None:
    # Nothing was read yet: the page says so and offers it.
    page.get_by_role("button", name="Read the folder now").click()
    page.get_by_text("2 documents").wait_for(timeout=READ)

    # Ask: the evidence comes first, then the answer with its chip.
    ask(page, "How often is the intake filter of the Brusk pump cleaned? <img src=x onerror=alert(1)>")
    page.locator(".found").first.wait_for()
    assert page.locator(".meta").count() == 0, "evidence is there before the answer"
    answered(page, 1)
    assert "11 weeks" in page.locator(".answer").inner_text()

    # A chip opens the page with the quote marked on it; its pages can be turned.
    chip(page, "brusk-manual.pdf · p. 2").click()
    page.locator(".st-key-viewer img").wait_for()
    assert "Page 2 of 2" in page.locator(".viewer-title").inner_text()
    assert "every 11 weeks" in page.locator(".quotes").inner_text()
    assert marked(page), "the quote is marked in the picture"
    page.get_by_test_id("stMain").get_by_role("button").filter(has_text="chevron_left").click()
    page.get_by_text("Page 1 of 2").wait_for()
    page.get_by_test_id("stMain").get_by_role("button").filter(has_text="close").click()
    page.locator(".st-key-viewer").wait_for(state="detached")

    # A follow-up leans on what was said.
    ask(page, "And what is it cleaned with?")
    answered(page, 2)
    assert "water" in page.locator(".answer").last.inner_text()

    # It survives a reload, and can be voted on and copied.
    page.reload()
    answered(page, 2)
    page.locator("[class*=st-key-vote_off_thumb_up] button").first.click()
    page.locator("[class*=st-key-vote_on_thumb_up]").wait_for()
    page.get_by_label("Copy the answer").first.click()
    assert "brusk-manual.pdf, page 2" in page.evaluate("navigator.clipboard.readText()")

    # Drop a document in, and ask about it.
    make_pdf(tmp_path / "depots.pdf", DEPOT, title="Depots")
    to(page, "Documents")
    page.locator("input[type=file]").set_input_files(tmp_path / "depots.pdf")
    page.locator(".doc", has_text="depots.pdf").wait_for(timeout=READ)
    assert (server[1] / "depots.pdf").read_bytes() == (tmp_path / "depots.pdf").read_bytes()
    to(page, "Chat")
    new_conversation(page)
    ask(page, "When does the depot in Marlow open?")
    answered(page, 1)
    assert "06:30" in page.locator(".answer").inner_text()
    chip(page, "depots.pdf · p. 1").wait_for()

    # Delete it, and be told that it is not there.
    to(page, "Documents")
    page.locator("[class*=st-key-row_]", has_text="depots.pdf").get_by_role("button").first.click()
    page.get_by_role("button", name="Delete the file").click()
    page.get_by_text("2 documents").wait_for(timeout=READ)
    assert not (server[1] / "depots.pdf").exists()
    to(page, "Chat")
    new_conversation(page)
    ask(page, "When does the depot in Marlow open?")
    answered(page, 1)
    page.get_by_text("Not in your documents").wait_for()


def test_stop_and_leave(page: Any) -> None:
    page.get_by_text("documents ·").wait_for(timeout=READ)
    ask(page, "Name every single tool that the tool kit holds.")
    page.locator(".answer.draft").wait_for(timeout=ANSWER)
    to(page, "Settings")  # leaving the page does not lose the answer
    to(page, "Chat")
    stop = page.locator(".st-key-stop button")
    if stop.count():
        began = time.monotonic()
        stop.click()
        answered(page, 1)
        assert time.monotonic() - began < 10
    answered(page, 1)


def test_reading_ahead_is_seen_paused_forgotten_and_begun_again(page: Any) -> None:
    to(page, "Documents")
    row = page.locator(".st-key-ahead")
    done = re.compile(r"(\d+) of \1 passages read ahead")
    row.get_by_text(done).wait_for(timeout=ANSWER)
    row.get_by_role("button").filter(has_text="pause").click()
    row.get_by_text("· paused").wait_for()
    row.get_by_role("button").filter(has_text="ink_eraser").click()
    page.get_by_role("button", name="Forget it").click()
    row.get_by_text(re.compile("^0 of")).wait_for()
    row.get_by_role("button").filter(has_text="play_arrow").click()
    row.get_by_text(done).wait_for(timeout=ANSWER)
    row.get_by_role("button").filter(has_text="tune").click()
    page.get_by_text("Disk for what was read").wait_for()


def test_an_evaluation_of_ones_own(page: Any, server: tuple[str, Path]) -> None:
    page.get_by_text("documents ·").or_(page.get_by_role("button", name="Read the folder now")).first.wait_for()
    if page.get_by_role("button", name="Read the folder now").count():  # where this test runs alone
        page.get_by_role("button", name="Read the folder now").click()
        page.get_by_text("2 documents").wait_for(timeout=READ)
    file = server[1] / "eval.jsonl"
    to(page, "Evaluation")
    page.get_by_text("no questions to test with yet").wait_for()

    # Questions are drafted in the background and come as cards; one is looked at and accepted.
    page.get_by_role("button", name="Draft questions").click()
    to(page, "Settings")  # leaving the page does not end it
    to(page, "Evaluation")
    page.locator("[class*=st-key-draft_main_]").first.wait_for(timeout=ANSWER)
    if page.locator(".st-key-stop_draft button").count():
        page.locator(".st-key-stop_draft button").click()
    page.locator(".told", has_text="drafted from").wait_for(timeout=ANSWER)
    card = page.locator("[class*=st-key-draft_main_]").first
    question = card.locator("strong").inner_text()
    card.locator("[class*=st-key-chip_] button").first.click()
    page.locator(".st-key-viewer img").wait_for()
    assert marked(page), "the passage that the draft is made of is marked"
    page.locator(".st-key-viewer").get_by_role("button").filter(has_text="close").click()
    page.locator(".st-key-viewer").wait_for(state="detached")
    assert not file.exists(), "nothing is kept before someone said so"
    card.get_by_role("button", name="Accept").click()
    page.locator(".st-key-cases .case", has_text=question).wait_for()
    assert json.loads(file.read_text().splitlines()[0])["question"] == question

    # One is written by hand.
    page.get_by_role("button", name="Write one yourself").click()
    page.get_by_label("Question", exact=True).fill("How often is the intake filter of the pump cleaned?")
    page.get_by_role("textbox", name="Right answer").fill("11 weeks")
    page.get_by_role("button", name="Save").click()
    page.locator(".st-key-cases .case", has_text="How often is the intake filter of the pump cleaned?").wait_for()
    assert len(file.read_text().splitlines()) == 2

    # The search alone is measured, and a question looked at closely.
    page.get_by_test_id("stMain").get_by_text("Results", exact=True).click()
    page.locator(".st-key-run_mode input").click()
    page.get_by_role("option", name="Search only").click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".verdict").wait_for(timeout=ANSWER)
    assert "among the first five" in page.locator(".verdict").inner_text()
    page.locator("[class*=st-key-look_] button").first.click()
    page.locator(".passage.gold").first.wait_for()
    page.locator("[class*=st-key-passage_] button").first.click()
    page.locator(".st-key-viewer img").wait_for()
    assert list((server[1].parent / "home/runs").rglob("*.jsonl")), "the run is on disk"


# -- steps


def ask(page: Any, question: str) -> None:
    line = page.get_by_test_id("stChatInputTextArea")
    line.fill(question)
    line.press("Enter")


def new_conversation(page: Any) -> None:
    page.get_by_role("button", name="New conversation").click()
    page.locator(".hello").wait_for()


def answered(page: Any, turns: int) -> None:
    page.locator(".meta").nth(turns - 1).wait_for(timeout=ANSWER)
    page.locator(".status").wait_for(state="detached")


def chip(page: Any, label: str) -> Any:
    return page.locator("[class*=st-key-chip_] button", has_text=label).first


def to(page: Any, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()


def marked(page: Any) -> bool:
    """Whether the picture holds the marker's yellow."""
    return bool(
        page.locator(".st-key-viewer img").evaluate(
            """async image => {
                await image.decode();
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
                const pen = canvas.getContext("2d");
                pen.drawImage(image, 0, 0);
                const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
                for (let i = 0; i < data.length; i += 4)
                    if (data[i] > 240 && data[i + 1] > 200 && data[i + 2] < 120) return true;
                return false;
            }"""
        )
    )


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(120):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"The page does not start:\n{log.read_text()}")

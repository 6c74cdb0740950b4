"""A real browser before a real server."""

from __future__ import annotations

import os
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

from app.models.store import find, installed
from app.settings import load_settings

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

"""A real browser before a locked server over hostile documents: no script of theirs runs, nothing is fetched."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.encoder.embed import SentenceEncoder
from ingest.sync.sync import sync

pytestmark = pytest.mark.browser
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
DOCS = Path(__file__).parents[2] / "docs"
PASSWORD = "four plain words here"


@pytest.fixture
def server(tmp_path: Path, encoder: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Over the whole hostile set, without models: pages are drawn, answers are not given."""
    monkeypatch.syspath_prepend(DOCS / "measure")
    hostile = importlib.import_module("hostile")
    hostile.build(hostile.load(), tmp_path / "docs")
    sync(tmp_path / "docs", tmp_path / "index", encoder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app.cli", "ui", "--port", str(port), "--folder", str(tmp_path / "docs")]
    given = {**os.environ, "DOCENT_HOME": str(tmp_path / "home"), "DOCENT_PASSWORD": PASSWORD}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--index", str(tmp_path / "index")], env=given, stdout=log, stderr=log)
    address = f"http://localhost:{port}"
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def test_hostile_documents_behind_a_password(server: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        if os.environ.get("DOCENT_REQUIRE_BROWSER") == "1":
            pytest.fail("No browser found.")
        pytest.skip("No browser found.")
    seen: list[str] = []
    allowed = (server, server.replace("http", "ws"), "data:", "blob:")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page: Any = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.on("request", lambda asked: None if asked.url.startswith(allowed) else seen.append(asked.url))
        page.on("dialog", lambda dialog: seen.append(f"alert: {dialog.message}"))
        page.set_default_timeout(60_000)

        page.goto(f"{server}/documents")
        assert page.locator("[data-testid=stApp]").count() == 0, "nothing of the pages before the password"
        for said in ("not this one, sorry", PASSWORD):
            page.locator("#password").fill(said)
            page.get_by_role("button", name="Open").click()
        page.get_by_test_id("stSidebarNav").wait_for()

        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Documents").click()
        row = page.locator(".doc", has_text="<img src=x onerror=alert(1)> quarry.txt")
        row.wait_for()
        page.get_by_label("Filter").fill("<script>alert(1)</script>")
        page.get_by_label("Filter").press("Enter")
        page.get_by_text("No document matches").wait_for()
        assert page.evaluate("document.title") != "PWNED"
        assert page.locator("[data-testid=stMain] iframe, [data-testid=stMain] a[href*='evil']").count() == 0
        # What a page could do if it held a script of its own: the policy lets none of it out.
        assert page.evaluate("fetch('https://evil.example/').then(() => 'sent', () => 'refused')") == "refused"
        assert page.evaluate(
            "new Promise(done => { const i = new Image(); i.onload = () => done('loaded');"
            "i.onerror = () => done('refused'); i.src = 'https://evil.example/x.png'; })"
        ) == "refused"  # fmt: skip
        assert [one for one in seen if "evil.example" not in one] == []

        page.get_by_text("Log out").click()
        page.locator("#password").wait_for()
        page.goto(f"{server}/documents")
        assert page.locator("#password").count() == 1
        browser.close()

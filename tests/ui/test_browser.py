"""The whole walk in a real browser, with the real encoder and the real default model, as a new user would take it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browsing import (
    ANSWER,
    READ,
    answered,
    ask,
    browser,
    chip,
    marked,
    new_conversation,
    page,
    server,
    to,
)

__all__ = ["browser", "page", "server"]  # fixtures

pytestmark = pytest.mark.browser

DEPOT = [["Depots", "The depot in Marlow opens at 06:30 and closes at 17:15. The depot in Thorne is closed."]]


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

"""The walk of someone who drops in all kinds of files at once: a Word file, a scan, a broken PDF and a locked one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from PIL import Image, ImageDraw, ImageFont

from browsing import READ, answered, ask, browser, chip, marked, new_conversation, page, serving, to

pytestmark = pytest.mark.browser
__all__ = ["browser", "page"]  # fixtures

SCAN = (
    "Calibration record",
    "",
    "The torque wrench of bay four was calibrated on 12 May.",
    "Its next calibration is due in 14 months.",
)
LOCKED = [["Access codes", "The gate of the Thorne yard opens with the code 7291."]]
PASSWORD = "three blue seals"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, make_pdf: Callable[..., Path]) -> Iterator[tuple[str, Path]]:
    place = tmp_path_factory.mktemp("library")
    make_pdf(place / "docs/hours.pdf", [["Opening hours", "The Thorne yard opens at 07:45 on weekdays."]])
    with serving(place) as address:
        yield address, place / "docs"


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory, make_pdf: Callable[..., Path]) -> list[Path]:
    place = tmp_path_factory.mktemp("dropped")
    letter = Document()
    letter.add_heading("Lubrication of the Kestrel winch", 1)
    letter.add_paragraph("The drum bearing of the Kestrel winch is greased every 250 operating hours.")
    table = letter.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Part", "Grease"
    for part, grease in (("Drum bearing", "LX-2"), ("Rope guide", "Dry wax")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = part, grease
    letter.save(str(place / "winch.docx"))
    picture = Image.new("L", (1240, 1754), "white")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(SCAN):
        pen.text((110, 160 + 70 * number), line, "black", ImageFont.load_default(34))
    picture.save(place / "calibration-scan.pdf", resolution=150)
    (place / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >>\n" + b"\0garbage" * 200)
    make_pdf(place / "codes.pdf", LOCKED, password=PASSWORD)
    return [place / name for name in ("winch.docx", "calibration-scan.pdf", "broken.pdf", "codes.pdf")]


def test_all_kinds_of_files_at_once(page: Any, server: tuple[str, Path], dropped: list[Path]) -> None:
    to(page, "Documents")
    page.get_by_role("button", name="Check the folder now").click()
    page.locator(".doc", has_text="hours.pdf").wait_for(timeout=READ)
    page.locator("input[type=file]").set_input_files(dropped)

    # Each is there, or named with its reason.
    row(page, "winch.docx").get_by_text("passage").wait_for(timeout=READ)
    row(page, "broken.pdf").get_by_text("not read").wait_for(timeout=READ)
    row(page, "codes.pdf").get_by_text("protected by a password").wait_for(timeout=READ)
    page.locator(".told", has_text="Took").wait_for(timeout=READ)
    row(page, "calibration-scan.pdf").get_by_text("passage").first.wait_for(timeout=READ)

    # The locked one opens with its password.
    page.get_by_label("Password of codes.pdf").fill(PASSWORD)
    page.get_by_role("button", name="Open", exact=True).click()
    row(page, "codes.pdf").get_by_text("1 passage").wait_for(timeout=READ)

    # The report accounts for every file.
    to(page, "Library")
    main = page.get_by_test_id("stMain")
    for name in ("hours.pdf", *(file.name for file in dropped)):
        main.get_by_text(name, exact=True).first.wait_for()
    assert "recognised" in main.inner_text()

    # Each is asked about.
    to(page, "Chat")
    for question, wanted, where in (
        ("How often is the drum bearing of the Kestrel winch greased?", "250", "winch.docx"),
        ("When is the next calibration of the torque wrench of bay four due?", "14 months", "calibration-scan.pdf"),
        ("With which code does the gate of the Thorne yard open?", "7291", "codes.pdf"),
    ):
        new_conversation(page)
        ask(page, question)
        answered(page, 1)
        assert wanted in page.locator(".answer").inner_text(), question
        chip(page, where).click()
        page.locator(".st-key-viewer .quotes").wait_for()
        if where.endswith(".pdf"):
            page.locator(".st-key-viewer img").wait_for()
            assert marked(page), f"the quote is marked on the page of {where}"
        page.locator(".st-key-viewer").get_by_role("button").filter(has_text="close").click()

    # One is deleted, and asked about again.
    to(page, "Documents")
    row(page, "codes.pdf").get_by_role("button").first.click()
    page.get_by_role("button", name="Delete the file").click()
    page.locator(".doc", has_text="codes.pdf").wait_for(state="detached", timeout=READ)
    assert not (server[1] / "codes.pdf").exists()
    to(page, "Chat")
    new_conversation(page)
    ask(page, "With which code does the gate of the Thorne yard open?")
    answered(page, 1)
    assert "7291" not in page.get_by_test_id("stMain").inner_text()


def row(page: Any, name: str) -> Any:
    return page.locator("[class*=st-key-row_]", has_text=name)

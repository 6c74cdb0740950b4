"""The quote is marked where it stands: the text under the boxes is the quote."""

from __future__ import annotations

import ctypes
import io
import re
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from PIL import Image, ImageChops
from reportlab.pdfgen.canvas import Canvas

from ingest.children.render import Box, Drawing, _continues, draw_page, quote_boxes, render_page
from ingest.errors import ReadError
from ingest.pdf.pdf import read_pdf

LEFT = [
    "The condenser of the Brusk pump is rinsed with clear",
    "water at no more than 3 bar, after the fuse has been",
    "taken out and the fan stands still. Wait two minutes.",
    "A bent fin is straight-",
    "ened with a comb of 1.8 mm.",
]
RIGHT = ["Only the second column speaks of salt:", "within 800 m of the sea the coil", "is rinsed every month."]


SIZE = (1000, 1000)


@pytest.fixture(params=["upright", "turned", "cropped"])
def columns(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A page of two columns; turned, as scanned landscape pages and wide tables are, and with a part cut away."""
    canvas = Canvas(str(tmp_path / "columns.pdf"), pagesize=(900, 900))
    if request.param == "turned":
        canvas.setPageRotation(90)  # what is written upwards is then seen upright
        canvas.translate(900, 0)
        canvas.rotate(90)
    if request.param == "cropped":
        canvas.setCropBox((40, 100, 880, 800))
    canvas.setFont("Times-Roman", 10)
    for x, lines in ((60, LEFT), (330, RIGHT)):
        for number, line in enumerate(lines):
            canvas.drawString(x, 700 - 15 * number, line)
    canvas.save()
    return tmp_path / "columns.pdf"


@pytest.mark.parametrize(
    ("quote", "lines"),
    [
        ("The condenser of the Brusk pump", 1),
        ("after the fuse has been taken out and the fan stands still.", 2),
        ("A bent fin is straightened with a comb of 1.8 mm.", 2),
        ("Only the second column speaks of salt: within 800 m of the sea the coil is rinsed every month.", 3),
    ],
)
def test_the_text_under_the_boxes_is_the_quote(columns: Path, quote: str, lines: int) -> None:
    (page,) = read_pdf(columns).pages
    marked = indexes(page.text, quote, page.raw_index)
    drawn = pdfium.PdfDocument(columns)[0]
    boxes = quote_boxes(drawn, drawn.get_textpage(), marked, SIZE)
    assert len(boxes) == lines
    under = "".join(text_under(drawn, box) for box in boxes)
    assert plain(under) == plain(quote)


def test_the_mark_is_drawn_there_and_nowhere_else(columns: Path) -> None:
    (page,) = read_pdf(columns).pages
    marked = indexes(page.text, "within 800 m of the sea the coil", page.raw_index)
    before, after = (Image.open(io.BytesIO(draw_page(Drawing(columns, 1, r, 800)).png)) for r in ([], marked))
    changed = ImageChops.difference(before, after).getbbox()
    assert changed and after.size == before.size
    left, top, right, bottom = changed
    long_side, short_side = max(right - left, bottom - top), min(right - left, bottom - top)
    assert 100 < long_side < 300 and 8 < short_side < 40  # one line of one column
    assert after.getpixel(((left + right) // 2, top + 2))[2] < 120 < after.getpixel((left + 3, top + 2))[0]
    assert draw_page(Drawing(columns, 1, marked, 800)).mark == pytest.approx(top / after.height, abs=0.01)


def test_table_cells_and_other_lines_begin_a_box_of_their_own() -> None:
    line = Box(100, 500, 140, 512)
    assert _continues(line, Box(142, 501, 150, 513))
    assert not _continues(line, Box(300, 500, 310, 512)), "another cell"
    assert not _continues(line, Box(100, 516, 110, 528)), "the next line"


def test_characters_the_page_does_not_have_are_passed_over(columns: Path) -> None:
    page = pdfium.PdfDocument(columns)[0]
    assert quote_boxes(page, page.get_textpage(), [-1, 10**6], SIZE) == []


@pytest.mark.slow
def test_a_child_process_draws_the_same(columns: Path) -> None:
    apart, here = render_page(Drawing(columns, 1, [3, 4, 5], 400)), draw_page(Drawing(columns, 1, [3, 4, 5], 400))
    assert apart.png == here.png and apart.mark == pytest.approx(here.mark, abs=1e-3)


@pytest.mark.slow
def test_a_page_that_cannot_be_drawn_is_explained(columns: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(columns.read_bytes()[:300])
    for path, number in ((broken, 1), (columns, 9), (tmp_path / "gone.pdf", 1)):
        with pytest.raises(ReadError, match="cannot be drawn") as raised:
            render_page(Drawing(path, number))
        assert raised.value.hint


def test_a_huge_page_gives_a_picture_of_bounded_size(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "poster.pdf"), pagesize=(600, 14_000))
    canvas.drawString(50, 50, "a long strip")
    canvas.save()
    wide, high = Image.open(io.BytesIO(draw_page(Drawing(tmp_path / "poster.pdf", 1)).png)).size
    assert wide * high < 6_100_000


def text_under(page: pdfium.PdfPage, box: Box) -> str:
    """pdfium's own text of the box's middle, so that the lines above and below do not count."""
    corners = []
    middle = box.height // 4
    for across, down in ((box.left, box.top + middle), (box.right, box.bottom - middle)):
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDF_DeviceToPage(page.raw, 0, 0, *SIZE, 0, across, down, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    return page.get_textpage().get_text_bounded(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def indexes(text: str, quote: str, raw_index: object) -> list[int]:
    found = re.search(r"\s+".join(map(re.escape, quote.split())), text)
    assert found, text
    return [int(i) for i in raw_index[found.start() : found.end()]]


def plain(text: str) -> str:
    """Without white space, and without the hyphen of a broken word, which the quote has joined."""
    return "".join(c for c in text if c.isalnum() or c in ".:,")

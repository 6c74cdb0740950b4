"""Draws a page as a picture with the quote marked.

A child process runs this module: pdfium works in one thread at a time, and a hostile page that crashes it or hangs it
must not take the chat with it.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.errors import NEEDS_PASSWORD, ReadError
from ingest.readers.pictures import is_picture, page_picture

Shares = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the page as it is seen

_MARKER = (255, 226, 92)  # multiplied with the page, so that the letters stay as dark as they are
_MAX_PIXELS = 6_000_000
_TIMEOUT = 20.0  # seconds
_HINT = "The page's text is shown instead. The file itself can be opened in a PDF viewer."


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture, measured from its top left, on the page as it is seen."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as PNG. `mark` is the top of the first mark, as a share of the height from above; 0 without marks."""

    png: bytes
    mark: float = 0.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """What to draw: page `number` (1-based), `width` pixels wide, with the characters at `raw_indexes` and the
    rectangles `shares` marked."""

    path: Path
    number: int
    raw_indexes: Sequence[int] = ()
    width: int = 1200
    shares: Sequence[Shares] = ()
    password: str = ""


def render_page(drawing: Drawing) -> Picture:
    """Draws a page in a child process.

    Raises ReadError when the page cannot be drawn, crashes the child or takes too long; with NEEDS_PASSWORD where only
    the password is missing. The password goes through a pipe, as anyone may see a command's arguments.
    """
    order = json.dumps(asdict(drawing), default=str)  # the path is none of JSON's types
    command = [sys.executable, "-P", "-m", "ingest.children.render"]
    try:
        done = subprocess.run(command, input=order.encode(), capture_output=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"Page {drawing.number} takes too long to draw.", _HINT) from error
    mark, _, png = done.stdout.partition(b"\n")
    if mark == b"password":
        raise ReadError(NEEDS_PASSWORD, _HINT)
    if done.returncode or not png.startswith(b"\x89PNG"):
        raise ReadError(f"Page {drawing.number} cannot be drawn.", _HINT)
    return Picture(png, float(mark))


def draw_page(drawing: Drawing) -> Picture:
    """Does what `render_page` does, but in this process. Raises pdfium's own errors, and ReadError."""
    if is_picture(drawing.path):
        picture = page_picture(drawing.path, drawing.number)
        scale = min(drawing.width / picture.width, math.sqrt(_MAX_PIXELS / (picture.width * picture.height)))
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
        return _marked(picture, [_of_shares(share, picture.size) for share in drawing.shares])
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(drawing.path, password=drawing.password or None)
    page = document[drawing.number - 1]
    points_wide, points_high = page.get_size()
    scale = min(drawing.width / points_wide, math.sqrt(_MAX_PIXELS / (points_wide * points_high)))
    picture = page.render(scale=scale).to_pil().convert("RGB")
    textpage = page.get_textpage()
    boxes = quote_boxes(page, textpage, drawing.raw_indexes, picture.size)
    for opened in (textpage, page, document):
        opened.close()
    return _marked(picture, [*boxes, *(_of_shares(share, picture.size) for share in drawing.shares)])


def _of_shares(share: Shares, size: tuple[int, int]) -> Box:
    left, top, right, bottom = share
    return Box(round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1]))


def _marked(picture: Any, boxes: Sequence[Box]) -> Picture:
    from PIL import Image, ImageChops, ImageDraw

    marker = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(marker)
    for box in boxes:
        draw.rounded_rectangle((box.left - 2, box.top - 1, box.right + 2, box.bottom + 1), radius=3, fill=_MARKER)
    out = io.BytesIO()
    ImageChops.multiply(picture, marker).save(out, "PNG")
    return Picture(out.getvalue(), min((box.top for box in boxes), default=0) / picture.height)


def quote_boxes(page: Any, textpage: Any, raw_indexes: Iterable[int], size: tuple[int, int]) -> list[Box]:
    """Returns one box for each run of characters on a line, in pixels of a picture of `size`. `page` and `textpage` are
    pdfium's.

    Indexes that the page does not have are skipped, such as the -1 of characters that cleaning inserted.
    """
    boxes: list[Box] = []
    count = textpage.count_chars()
    for index in raw_indexes:
        if not 0 <= index < count:
            continue
        left, bottom, right, top = textpage.get_charbox(index, loose=True)
        if right <= left or top <= bottom:  # pdfium's own spaces and line ends have no extent
            continue
        box = _on_picture(page, (left, bottom), (right, top), size)
        if boxes and _continues(boxes[-1], box):
            boxes[-1] = _around(boxes[-1], box)
        else:
            boxes.append(box)
    return boxes


def _continues(line: Box, box: Box) -> bool:
    """Whether a box continues the line: no further away than a wide space. Table cells and columns get boxes of their
    own."""
    overlap = min(line.bottom, box.bottom) - max(line.top, box.top)
    gap = max(box.left - line.right, line.left - box.right)
    return overlap > 0.5 * min(line.height, box.height) and gap < 1.5 * max(line.height, box.height)


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def _on_picture(page: Any, a: tuple[float, float], b: tuple[float, float], size: tuple[int, int]) -> Box:
    """Returns the rectangle between two corners given in points. pdfium takes the page's rotation and crop box into
    account."""
    import ctypes

    import pypdfium2.raw as raw

    across, down = [], []
    for x, y in (a, b):
        right, below = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, right, below)
        across.append(right.value)
        down.append(below.value)
    return Box(min(across), min(down), max(across), max(down))


def main() -> None:
    """Draws the page that stdin describes, and writes its mark and PNG to stdout."""
    from ingest.children.confine import confine

    confine()
    order = json.loads(sys.stdin.buffer.read())
    drawing = Drawing(**{**order, "path": Path(order["path"])})
    try:
        picture = draw_page(drawing)
    except Exception as error:
        if "password" in str(error).lower():  # as pdfium says it
            sys.stdout.buffer.write(b"password\n")
            return
        raise
    sys.stdout.buffer.write(f"{picture.mark:.4f}\n".encode() + picture.png)


if __name__ == "__main__":
    main()

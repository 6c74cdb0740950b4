"""A PDF page as a picture, with the quote marked where it stands.

Drawn in a child process (`python -m ingest.render`): pdfium takes one thread at a time, and a hostile page that
crashes it or hangs it must not take the chat with it.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ReadError

_MARKER = (255, 226, 92)  # multiplied with the page, so that the letters stay as dark as they are
_MAX_PIXELS = 6_000_000
_TIMEOUT = 20.0  # seconds
_HINT = "The page's text is shown instead. The file itself can be opened in a PDF viewer."


@dataclass(frozen=True, slots=True)
class Box:
    """In points, from the page's bottom left."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


def render_page(path: Path, number: int, raw_indexes: Sequence[int] = (), width: int = 1200) -> bytes:
    """Page `number` (1-based) as PNG, `width` pixels wide, with the characters at `raw_indexes` marked.

    Raises ReadError when the page cannot be drawn, also when it crashes the reader or takes too long.
    """
    order = json.dumps({"path": str(path), "number": number, "raw_indexes": list(raw_indexes), "width": width})
    command = [sys.executable, "-m", "ingest.render"]
    try:
        done = subprocess.run(command, input=order.encode(), capture_output=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"Page {number} takes too long to draw.", _HINT) from error
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise ReadError(f"Page {number} cannot be drawn.", _HINT)
    return done.stdout


def draw_page(path: Path, number: int, raw_indexes: Sequence[int] = (), width: int = 1200) -> bytes:
    """What `render_page` does, in this process. Raises pdfium's own errors."""
    import pypdfium2 as pdfium
    from PIL import Image, ImageChops, ImageDraw

    document = pdfium.PdfDocument(path)
    page = document[number - 1]
    points_wide, points_high = page.get_size()
    scale = min(width / points_wide, math.sqrt(_MAX_PIXELS / (points_wide * points_high)))
    picture = page.render(scale=scale).to_pil().convert("RGB")
    marker = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(marker)
    textpage = page.get_textpage()
    for box in quote_boxes(textpage, raw_indexes):
        left, top, right, bottom = _on_picture(page, box, picture.size)
        draw.rounded_rectangle((left - 2, top - 1, right + 2, bottom + 1), radius=3, fill=_MARKER)
    for opened in (textpage, page, document):
        opened.close()
    out = io.BytesIO()
    ImageChops.multiply(picture, marker).save(out, "PNG")
    return out.getvalue()


def quote_boxes(textpage: Any, raw_indexes: Iterable[int]) -> list[Box]:
    """One box per run of characters on a line. `textpage` is pdfium's; -1 stands for characters it does not have."""
    boxes: list[Box] = []
    count = textpage.count_chars()
    for index in raw_indexes:
        if not 0 <= index < count:
            continue
        box = Box(*textpage.get_charbox(index, loose=True))
        if box.right <= box.left or box.height <= 0:  # pdfium's own spaces and line ends have no extent
            continue
        if boxes and _continues(boxes[-1], box):
            boxes[-1] = _around(boxes[-1], box)
        else:
            boxes.append(box)
    return boxes


def _continues(line: Box, box: Box) -> bool:
    """Same line, and no further away than a wide space: table cells and columns get boxes of their own."""
    overlap = min(line.top, box.top) - max(line.bottom, box.bottom)
    gap = max(box.left - line.right, line.left - box.right)
    return overlap > 0.5 * min(line.height, box.height) and gap < 1.5 * max(line.height, box.height)


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.left, b.left), min(a.bottom, b.bottom), max(a.right, b.right), max(a.top, b.top))


def _on_picture(page: Any, box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels. pdfium knows the page's rotation and crop box; we need not."""
    import ctypes

    import pypdfium2.raw as raw

    corners = []
    for x, y in ((box.left, box.bottom), (box.right, box.top)):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
        corners.append((across.value, down.value))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def main() -> None:
    from .worker import limit_memory

    limit_memory()
    order = json.loads(sys.stdin.buffer.read())
    png = draw_page(Path(order["path"]), order["number"], order["raw_indexes"], order["width"])
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()

"""Reads picture files: each frame is a page, whose text is recognised later. Also draws a page of any file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ingest.datatypes import OnPage, Page, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})
_MOST_PIXELS = 200_000_000  # of a frame as it is stored: an A0 sheet at 300 dpi has 140 million
_MOST_FRAMES = 10_000
_SEEN_PIXELS = 12_000_000  # as it is looked at: more only takes longer
_DPI = 200  # of a PDF page; letters of 8 points are then 22 pixels high
_HINT = "Open it in a picture viewer and save it as PNG."


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


def read_picture(path: Source, on_page: OnPage | None = None) -> ReadResult:
    """Returns an unread page for each frame. Raises ReadError for what is no picture, or too large."""
    if not isinstance(path, Path):
        raise ReadError("is a picture, which is only recognised as a file of its own", "Save it into the folder.")
    opened = _opened(path)
    count = min(int(getattr(opened, "n_frames", 1)), _MOST_FRAMES)
    pages = tuple(Page(n, n - 1, "", reader="picture", unread=True) for n in range(1, count + 1))
    for number in range(1, count + 1):
        if on_page:
            on_page(number, count)
    opened.close()
    return ReadResult(title_of(path), pages)


def page_picture(path: Path, number: int, password: str = "") -> Any:
    """Returns page `number` (1-based) as it is seen, as a Pillow image in RGB. Raises ReadError when it cannot be
    drawn."""
    return _frame(path, number) if is_picture(path) else _drawn(path, number, password)


def _opened(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS // 2  # Pillow only warns up to twice that
    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise ReadError("is a picture too large to look at", "Make it smaller, or cut it into parts.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise ReadError("is not a picture, or is damaged", _HINT) from error


def _frame(path: Path, number: int) -> Any:
    from PIL import Image, ImageOps

    try:
        with _opened(path) as opened:
            opened.seek(number - 1)
            shrink = math.sqrt(_SEEN_PIXELS / max(1, opened.width * opened.height))
            if shrink < 1 and opened.format == "JPEG":
                opened.draft("RGB", (int(opened.width * shrink), int(opened.height * shrink)))
            frame = ImageOps.exif_transpose(opened)
            if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
                frame = frame.convert("RGBA")
                frame = Image.alpha_composite(Image.new("RGBA", frame.size, "white"), frame)
            if frame.mode in ("I;16", "I", "F"):  # Pillow would cut off what is above 255
                levels = np.asarray(frame, dtype=np.float32)
                low, high = float(levels.min()), float(levels.max())
                frame = Image.fromarray(((levels - low) * 255 / max(1.0, high - low)).astype(np.uint8))
            frame = frame.convert("RGB")
            shrink = math.sqrt(_SEEN_PIXELS / (frame.width * frame.height))
            if shrink < 1:
                frame = frame.resize((max(1, int(frame.width * shrink)), max(1, int(frame.height * shrink))))
            return frame
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ReadError(f"has a picture on page {number} that is damaged", _HINT) from error


def _drawn(path: Path, number: int, password: str) -> Any:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path, password=password or None)
        try:
            page = document[number - 1]
            wide, high = page.get_size()
            scale = min(_DPI / 72, math.sqrt(_SEEN_PIXELS / max(1.0, wide * high)))
            return page.render(scale=scale).to_pil().convert("RGB")
        finally:
            document.close()
    except (pdfium.PdfiumError, ValueError, OSError) as error:
        raise ReadError(f"has a page {number} that cannot be drawn", _HINT) from error

"""Reads the lines of a PDF page with pdfium, with a box for every character."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import NEEDS_PASSWORD, ReadError
from ingest.files import Source
from ingest.pdf.hidden import Inspection, inspect_page
from ingest.text.clean import CELL, MIRRORED, Line, RawPage, is_row
from ingest.text.columns import CELL_GAP, NUMBER_GAP, merge_pieces, split_columns
from ingest.text.quality import is_scattered

DAMAGED_HINT = "Open it in a PDF viewer and print it to a new PDF, or get an intact copy."
MOST_CHARACTERS = 500_000  # of one page; a dense one has 10,000
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SAMPLED = 200  # characters of a page that are asked whether their font gives them a meaning

Frame = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True, slots=True)
class PdfiumPage:
    """A page as pdfium reads it. `unmapped` is the share of characters that the page's fonts map to no Unicode
    character; `cut` says that the page has more than MOST_CHARACTERS."""

    raw: RawPage
    seen: Inspection
    unmapped: float = 0.0
    cut: bool = False


def open_pdf(path: Source, password: str) -> Any:
    """Opens a PDF with pdfium. Raises ReadError when it cannot be opened or has no pages."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path if isinstance(path, Path) else path.open(), password=password or None)
        count = len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise ReadError(
                NEEDS_PASSWORD,
                "Give the password on the Documents page, or with: docent ingest --ask-passwords. It is not stored.",
            ) from error
        with path.open("rb") as file:
            if b"%PDF" not in file.read(1024):
                raise ReadError("is not a PDF, or its beginning is damaged", DAMAGED_HINT) from error
        raise ReadError("is damaged: no PDF reader here can open it", DAMAGED_HINT) from error
    if count == 0:
        raise ReadError("is damaged: it has no pages", DAMAGED_HINT)
    return document


def pdfium_page(document: Any, number: int) -> PdfiumPage | None:
    """Reads page `number` (1-based); None where pdfium cannot load it.

    The raw index of a character is pdfium's own, as FPDFText_GetCharBox takes it.
    """
    import pypdfium2 as pdfium

    try:
        page = document[number - 1]
        try:
            textpage = page.get_textpage()
            try:
                return _read(page, textpage)
            finally:
                textpage.close()
        finally:
            page.close()
    except (pdfium.PdfiumError, ValueError, OSError, MemoryError, RecursionError):
        return None


def _read(page: Any, textpage: Any) -> PdfiumPage:
    import pypdfium2.raw as raw

    count = textpage.count_chars()
    cut = count > MOST_CHARACTERS
    text = textpage.get_text_range(0, min(count, MOST_CHARACTERS)) if count > 0 else ""
    if len(text) != min(count, MOST_CHARACTERS):  # characters that it counts but does not print: one by one
        codes = (raw.FPDFText_GetUnicode(textpage.raw, i) for i in range(max(0, min(count, MOST_CHARACTERS))))
        text = "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)
    seen, text = inspect_page(page, textpage, text)
    frame: Frame = page.get_bbox()
    lines = [_line(textpage, found, frame) for found in re.finditer(r"[^\s](?:[^\r\n]*[^\s])?", text)]
    if any(line.turn for line in lines):  # of those, pdfium takes the cells of a row apart
        lines = merge_pieces(lines)
    turned = sum(len(line.text) for line in lines if line.turn % 180 == 90)
    across = 2 * turned > sum(len(line.text) for line in lines)
    sampled = range(0, len(text), max(1, len(text) // _SAMPLED))
    unmapped = sum(raw.FPDFText_HasUnicodeMapError(textpage.raw, i) == 1 for i in sampled) / max(1, len(sampled))
    return PdfiumPage(
        RawPage(tuple(split_columns(lines)), frame[2] - frame[0] if across else frame[3] - frame[1]),
        seen,
        unmapped,
        cut,
    )


def _line(textpage: Any, found: re.Match[str], frame: Frame) -> Line:
    import pypdfium2.raw as raw

    first, last = found.start(), found.end() - 1
    angle = raw.FPDFText_GetCharAngle(textpage.raw, first)
    turn = -round(math.degrees(angle)) % 360 if angle > 0.01 else 0
    if turn == 0 and _RIGHT_TO_LEFT.search(found.group()):
        turn = MIRRORED if textpage.get_charbox(first)[0] > textpage.get_charbox(last)[0] else 0
    left, bottom, _, top = _box(textpage, first, turn, frame)
    right = _box(textpage, last, turn, frame)[2]
    height = top - bottom
    gaps: list[tuple[int, float, float]] = []
    written = found.group()
    if is_scattered(written):
        written = _gathered(textpage, found, turn, frame)
    gap = (NUMBER_GAP if is_row(written) else CELL_GAP) * height
    letters = list(written)
    for before, after in _spaces(written):
        ends = _box(textpage, first + before, turn, frame, loose=False)[2]
        begins = _box(textpage, first + after, turn, frame, loose=False)[0]
        if begins - ends > gap:
            letters[before + 1] = CELL
            gaps.append((before + 1, ends, begins))
    bold = _is_bold(raw, textpage.raw, first)
    return Line("".join(letters), range(first, last + 1), left, bottom, right, top, bold, turn, tuple(gaps))


def _spaces(text: str) -> Iterator[tuple[int, int]]:
    """Yields, for each run of spaces, the offset of the character before it and of the one behind it."""
    for space in re.finditer(r"(?<=\S) +(?=\S)", text):
        yield space.start() - 1, space.end()


def _gathered(textpage: Any, found: re.Match[str], turn: int, frame: Frame) -> str:
    """Returns a letter-spaced line in which only wide spaces separate words; narrow ones become zero-width spaces."""
    spaces = list(_spaces(found.group()))
    widths = [
        _box(textpage, found.start() + after, turn, frame)[0] - _box(textpage, found.start() + before, turn, frame)[2]
        for before, after in spaces
    ]
    narrow = sorted(widths)[len(widths) // 4]
    letters = list(found.group())
    for (before, after), width in zip(spaces, widths, strict=True):
        if width < 1.7 * max(narrow, 0.1):
            letters[before + 1 : after] = "\u200b" * (after - before - 1)  # cleaning takes it out
    return "".join(letters)


def _box(textpage: Any, index: int, turn: int, frame: Frame, loose: bool = True) -> Frame:
    """Returns left, bottom, right, top of a character in the frame of its line. A loose box is as high as the font."""
    left, bottom, right, top = textpage.get_charbox(index, loose=loose)
    left, right, bottom, top = left - frame[0], right - frame[0], bottom - frame[1], top - frame[1]
    wide, high = frame[2] - frame[0], frame[3] - frame[1]
    if turn == 0:
        return left, bottom, right, top
    if turn == MIRRORED:
        return wide - right, bottom, wide - left, top
    if turn == 90:
        return bottom, wide - right, top, wide - left
    if turn == 180:
        return wide - right, high - top, wide - left, high - bottom
    if turn == 270:
        return high - top, left, high - bottom, right
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    x, y = (left + right) / 2, (bottom + top) / 2
    half = min(right - left, top - bottom) / 2  # of the box around a letter that stands aslant
    along, up = x * cos + y * sin, y * cos - x * sin
    return along - half, up - half, along + half, up + half


def _is_bold(raw: Any, textpage: Any, index: int) -> bool:
    import ctypes

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, index, name, 128, flags)
    return b"bold" in name.value.lower() or b"black" in name.value.lower()

"""PDF pages: pdfium's text, where each character has a box; pypdf's structure, and its text where that looks wrong."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np

from .clean import CELL, CleanPage, Line, RawPage, clean_pages, is_row
from .datatypes import Heading, OnPage, Page, ReadResult
from .errors import ReadError
from .files import title_of

NEEDS_PASSWORD = "is protected by a password"
_CELL_GAP = 1.3  # of the line's height: no justified prose stretches a space that far
_NUMBER_GAP = 0.8  # the same in a line of numbers, which is not prose
_CAPTION = re.compile(rf"^((?:Table|Tab\.|Tabelle|Tableau|Tabla) ?\d.{{0,110}})\n(?=[^\n]*{CELL})", re.MULTILINE)
_DAMAGED_HINT = "Open it in a PDF viewer and print it to a new PDF, or get an intact copy."


def read_pdf(path: Path, password: str = "", on_page: OnPage | None = None) -> ReadResult:
    """Raises ReadError when no page's text can be had: password, damage, or no text layer."""
    structure = _Structure(path, password)
    try:
        raw, failed = _pdfium_pages(path, password, on_page)
    except ReadError as error:
        if str(error) == NEEDS_PASSWORD or not structure.n_pages:
            raise
        raw, failed = (
            [RawPage((), 1.0)] * structure.n_pages,
            [],
        )  # pypdf alone: each page's text comes from it below
    if structure.n_pages != len(raw):
        structure.forget_pages()
    cleaned = clean_pages(raw)
    pages: list[Page] = []
    notes: list[str] = []
    start = 0
    empty: list[int] = []
    for number, page in enumerate(cleaned, 1):
        text, index, reader = page.text, page.raw_index, "pdfium"
        if quality(text) < 0.5:
            if quality(second := structure.page_text(number)) > quality(text):
                text, index, reader = second, None, "pypdf"  # type: ignore[assignment]
            if on_page:  # pypdf takes its time: a sign of life after each page
                on_page(len(raw), len(raw))
        if not text.strip():
            empty.append(number)
        pages.append(Page(number, start, text, structure.label(number), reader, index))
        start += len(text) + 1
    if not any(page.text.strip() for page in pages):
        raise ReadError(
            f"has no text layer ({len(pages)} page{'s' * (len(pages) != 1)} of pictures)",
            "It is probably a scan. Run it through text recognition (OCR) first, then ingest it again.",
        )
    if failed := [number for number in failed if number in empty]:
        notes.append(f"could not be read and were left out: {_listed('page', failed)}")
    if empty := [number for number in empty if number not in failed]:
        notes.append(f"without any text: {_listed('page', empty)}")
    headings = _outline_headings(structure, cleaned, pages) or _typographic_headings(cleaned, pages)
    headings = tuple(sorted((*headings, *_captions(pages)), key=lambda heading: (heading.start, heading.level)))
    return ReadResult(structure.title or _title(path, cleaned), tuple(pages), headings, tuple(notes))


def quality(text: str) -> float:
    """0 to 1: how much a page's text looks like writing. Low for nothing, for broken encodings, for glued words."""
    if len(text) < 20:
        return 0.0 if not text.strip() else 0.4
    bad = sum(1 for c in text if c == "\ufffd" or (not c.isprintable() and c not in "\n\t"))
    words = text.split()
    glued = sum(len(word) for word in words if len(word) > 45)
    letters = sum(1 for c in text if c.isalnum())
    return max(0.0, min(1.0, 2 * letters / len(text)) - 5 * bad / len(text) - glued / len(text))


def _pdfium_pages(path: Path, password: str, on_page: OnPage | None) -> tuple[list[RawPage], list[int]]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path, password=password or None)
        count = len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise ReadError(NEEDS_PASSWORD, "Save a copy without the password and put that into the folder.") from error
        if not _looks_like_pdf(path):
            raise ReadError("is not a PDF, or its beginning is damaged", _DAMAGED_HINT) from error
        raise ReadError("is damaged: no PDF reader here can open it", _DAMAGED_HINT) from error
    if count == 0:
        raise ReadError("is damaged: it has no pages", _DAMAGED_HINT)
    pages: list[RawPage] = []
    failed: list[int] = []
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
            pages.append(_raw_page(page))
            page.close()
        except (pdfium.PdfiumError, ValueError, OSError):
            pages.append(RawPage((), 1.0))
            failed.append(number)
        if on_page:
            on_page(number, count)
    document.close()
    return pages, failed


def _looks_like_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF" in file.read(1024)


def _raw_page(page: Any) -> RawPage:
    """Lines with their boxes. Indexes are pdfium's character indexes, which FPDFText_GetCharBox takes."""
    import pypdfium2.raw as raw

    textpage = page.get_textpage()
    count = textpage.count_chars()
    text = textpage.get_text_range() if count > 0 else ""
    if len(text) != count:  # characters that pdfium counts but does not print: take them one by one
        codes = (raw.FPDFText_GetUnicode(textpage.raw, i) for i in range(max(0, count)))
        text = "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)
    lines = []
    for found in re.finditer(r"[^\s](?:[^\r\n]*[^\s])?", text):
        first, last = found.start(), found.end() - 1
        left, bottom, _, top = textpage.get_charbox(first, loose=True)
        right = textpage.get_charbox(last, loose=True)[2]
        bold = _is_bold(raw, textpage.raw, first)
        gap = (_NUMBER_GAP if is_row(found.group()) else _CELL_GAP) * (top - bottom)
        written = _with_cells(textpage, found, gap)
        lines.append(Line(written, range(first, last + 1), left, bottom, right, top, bold))
    result = RawPage(tuple(lines), page.get_height())
    textpage.close()
    return result


def _with_cells(textpage: Any, found: re.Match[str], gap: float) -> str:
    """The line, with a tab for each space wider than `gap` points: that is how a table's cells come apart."""
    written = list(found.group())
    for space in re.finditer(r"(?<=\S) +(?=\S)", found.group()):
        before, after = found.start() + space.start() - 1, found.start() + space.end()
        if textpage.get_charbox(after)[0] - textpage.get_charbox(before)[2] > gap:
            written[space.start()] = CELL
    return "".join(written)


def _is_bold(raw: Any, textpage: Any, index: int) -> bool:
    import ctypes

    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, index, name, 128, flags)
    return b"bold" in name.value.lower() or b"black" in name.value.lower()


class _Structure:
    """What pypdf knows of a file. Whatever it cannot tell stays empty: pdfium may still read the text."""

    def __init__(self, path: Path, password: str) -> None:
        import pypdf

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its findings are ours to report
        self.title = ""
        self.outline: list[tuple[int, int, str]] = []  # page, level, title
        self._labels: list[str] = []
        self._pages: Any = ()
        try:
            reader = pypdf.PdfReader(path, password=password or None)
            self._pages = reader.pages
            title = reader.metadata.get("/Title") if reader.metadata else None
            self.title = " ".join(str(title).split())[:200] if title and _is_title(str(title)) else ""
            self._labels = [str(label) for label in reader.page_labels]
            self._walk(reader, reader.outline, 1)
        except Exception:  # pypdf raises nearly anything on broken files; none of it is fatal here
            return

    def _walk(self, reader: Any, items: Any, level: int) -> None:
        for item in items:
            if isinstance(item, list):
                if level < 6:
                    self._walk(reader, item, level + 1)
            elif len(self.outline) < 5000:
                number = reader.get_destination_page_number(item)
                title = " ".join(str(item.title or "").split())
                if number is not None and number >= 0 and title:
                    self.outline.append((number + 1, level, title))

    @property
    def n_pages(self) -> int:
        try:
            return len(self._pages)
        except Exception:
            return 0

    def forget_pages(self) -> None:
        """pypdf found other pages than pdfium: what it calls page 3 is not page 3."""
        self._pages, self._labels, self.outline = (), [], []

    def label(self, number: int) -> str:
        label = self._labels[number - 1] if number <= len(self._labels) else ""
        return "" if label == str(number) else label

    def page_text(self, number: int) -> str:
        try:
            lines = self._pages[number - 1].extract_text().splitlines()
        except Exception:
            return ""
        raw = RawPage(tuple(Line(line, range(len(line))) for line in lines if line.strip()), 1.0)
        return clean_pages([raw])[0].text if raw.lines else ""


def _listed(noun: str, numbers: list[int]) -> str:
    """'pages 3, 7, 9 and 12 more'"""
    shown = ", ".join(str(number) for number in numbers[:8])
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"{noun}{'s' * (len(numbers) > 1)} {shown}{more}"


def _is_title(text: str) -> bool:
    return sum(c.isalpha() for c in text) > max(3, len(text) / 3) and not re.search(
        r"\.(docx?|indd|pdf|dvi|tex|qxd|pm\d?)$|^(untitled|microsoft word|document\d*)", text, re.I
    )


def _title(path: Path, cleaned: list[CleanPage]) -> str:
    """Without metadata: the largest line of the first page, else the file's name."""
    lines = [entry.line for entry in cleaned[0].lines if 4 <= len(entry.line.text) <= 120] if cleaned else []
    if lines and (largest := max(lines, key=lambda line: line.height)).height > 1.3 * np.median(
        [x.height for x in lines]
    ):
        return " ".join(largest.text.split())
    return title_of(path)


def _outline_headings(structure: _Structure, cleaned: list[CleanPage], pages: list[Page]) -> tuple[Heading, ...]:
    found = []
    for number, level, title in structure.outline:
        if number <= len(pages):
            words = re.escape(title).replace(r"\ ", r"\s+")
            place = re.search(words, pages[number - 1].text, re.I)
            found.append(Heading(pages[number - 1].start + (place.start() if place else 0), level, title))
    return tuple(sorted(found, key=lambda heading: (heading.start, heading.level))) if len(found) >= 3 else ()


def _captions(pages: list[Page]) -> list[Heading]:
    """Table captions, as the narrowest headings: a table's later rows say nothing without it."""
    return [
        Heading(page.start + found.start(), 7, " ".join(found.group(1).split()))
        for page in pages
        for found in _CAPTION.finditer(page.text)
    ]


def _typographic_headings(cleaned: list[CleanPage], pages: list[Page]) -> tuple[Heading, ...]:
    """Lines that stand out from the body by size, or by weight where the body is not bold."""
    lines = [
        (page, entry)
        for page, entries in zip(pages, cleaned, strict=True)
        if page.reader == "pdfium"
        for entry in entries.lines
    ]
    if not lines:
        return ()
    sizes = np.array([round(entry.line.height, 1) for _, entry in lines])
    weights = np.array([len(entry.line.text) for _, entry in lines])
    values, inverse = np.unique(sizes, return_inverse=True)
    body = values[np.argmax(np.bincount(inverse, weights=weights))]
    body_is_bold = sum(len(e.line.text) for _, e in lines if e.line.bold) > weights.sum() / 2
    headings = []
    for page, entry in lines:
        text = " ".join(entry.line.text.split())
        larger = entry.line.height > 1.15 * body
        standout = larger or (entry.line.bold and not body_is_bold and entry.line.height >= 0.95 * body)
        if (
            standout
            and 2 < len(text) <= 100
            and sum(c.isalpha() for c in text) > len(text) / 2
            and text[-1] not in ".;,"
        ):
            headings.append((page.start + entry.start, round(entry.line.height, 1), text))
    ranks = {size: min(rank, 6) for rank, size in enumerate(sorted({h for _, h, _ in headings}, reverse=True), 1)}
    return tuple(Heading(start, ranks[size], text) for start, size, text in headings)

"""A file to pages of text. One function for every format; each reader says what it lost."""

from __future__ import annotations

import re
from pathlib import Path

from .datatypes import Heading, OnPage, Page, ReadResult
from .errors import ReadError
from .files import title_of
from .hostile import flagged, hidden_flags

SUFFIXES = frozenset({".pdf", ".txt", ".md", ".markdown"})
_PAGE_CHARACTERS = 3000  # plain text has no pages; a citation still needs a place one can find


def read_file(path: Path, password: str = "", on_page: OnPage | None = None) -> ReadResult:
    """Reads one file whole, and flags what in it gives orders to a model.

    Raises ReadError, with words and a hint for people, for anything that keeps its text from being read.
    """
    check_readable(path)
    if path.suffix.lower() == ".pdf":
        from .pdf import read_pdf

        return read_pdf(path, password, on_page)
    return flagged(read_text(path), path.name)


def check_readable(path: Path) -> None:
    """Raises ReadError when there is nothing to read, or no right to."""
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise ReadError(
            f"cannot be opened: {error.strerror}", "Check that the file is there and may be read."
        ) from error
    if not head:
        raise ReadError("is empty (zero bytes)", "Copy the file again from where it came from.")


def read_text(path: Path) -> ReadResult:
    """Plain text and Markdown. Pages are cut at paragraph ends, about 3,000 characters each."""
    data = path.read_bytes()
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ReadError("is not a text file", "Give it the ending of its real format, or take it out of the folder.")
    text, notes = _decode(data)
    flags = tuple(hidden_flags(text, 0))
    text = re.sub(r"[^\S\n]+", " ", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
    text = "".join(c for c in text if c == "\n" or c.isprintable()).strip()
    if not text:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    is_markdown = path.suffix.lower() != ".txt"
    pages = []
    start = 0
    for number, piece in enumerate(_cut(text), 1):
        pages.append(Page(number=number, start=start, text=piece))
        start += len(piece) + 1
    headings = tuple(
        Heading(page.start + found.start(), len(found.group(1)), found.group(2).strip("# "))
        for page in pages
        if is_markdown
        for found in re.finditer(r"^(#{1,6}) +(.+)$", page.text, re.MULTILINE)
    )
    title = headings[0].text if headings and headings[0].level == 1 else title_of(path)
    return ReadResult(title, tuple(pages), headings, notes, flags=flags)


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), ("not UTF-8; read as Windows-1252",)


def _cut(text: str) -> list[str]:
    """Pieces joined by one character (the paragraph break that the form feed replaces) give the text again."""
    pieces = []
    while len(text) > _PAGE_CHARACTERS:
        cut = text.rfind("\n", _PAGE_CHARACTERS // 2, _PAGE_CHARACTERS)
        if cut < 0:
            cut = text.find("\n", _PAGE_CHARACTERS)
        if cut < 0:
            break
        pieces.append(text[:cut])
        text = text[cut + 1 :]
    return [*pieces, text]

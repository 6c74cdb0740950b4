"""Reads a file of any supported format into pages of text. Each reader notes what it could not read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source
from ingest.readers.pictures import PICTURES, read_picture
from ingest.text.hostile import flagged

_READERS = {  # by ending: the module that reads it, imported at its first use, and its function
    ".csv": "delimited:read",
    ".docx": "word:read",
    ".eml": "mail:read",
    ".epub": "book:read",
    ".htm": "web:read",
    ".html": "web:read",
    ".jsonl": "records:read",
    ".ndjson": "records:read",
    ".pptx": "slides:read",
    ".tsv": "delimited:read",
    ".xhtml": "web:read",
    ".xlsx": "sheets:read",
    ".txt": "text:read",
    ".md": "text:read_markdown",
    ".markdown": "text:read_markdown",
}
_OFFICE = frozenset({".docx", ".pptx", ".xlsx"})
_DAMAGED_HINT = "Open it in the program it was made with, save it again, and put that into the folder."
SUFFIXES = frozenset({".pdf", *_READERS, *PICTURES})
KINDS = "PDF, Word, PowerPoint, Excel, web pages, books (EPUB), e-mails, tables (CSV), text, Markdown and pictures"


def read_file(path: Source, password: str = "", on_page: OnPage | None = None) -> ReadResult:
    """Reads one whole file, and flags text in it that gives orders to a model.

    Raises ReadError, with words and a hint for people, when its text cannot be read.
    """
    check_readable(path)
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return read_picture(path, on_page)
    if suffix not in _READERS:
        from ingest.pdf.pdf import read_pdf

        return read_pdf(path, password, on_page)
    module, _, name = _READERS[suffix].partition(":")
    read: Callable[[Source, OnPage | None], ReadResult] = getattr(import_module(f".{module}", __package__), name)
    try:
        if suffix in _OFFICE:
            from ingest.readers.locked import decrypted

            path = decrypted(path, password)
        return flagged(read(path, on_page), path.name)
    except (ReadError, MemoryError, RecursionError):
        raise
    except Exception as error:  # the libraries raise nearly anything on broken files
        raise ReadError(f"is damaged ({type(error).__name__}: {error})"[:200], _DAMAGED_HINT) from error


def check_readable(path: Source) -> None:
    """Raises ReadError when the file is empty or may not be opened."""
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise ReadError(
            f"cannot be opened: {error.strerror}", "Check that the file is there and may be read."
        ) from error
    if not head:
        raise ReadError("is empty (zero bytes)", "Copy the file again from where it came from.")

"""A file to pages of text. One function for every format; each reader says what it lost."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from .datatypes import OnPage, ReadResult
from .errors import ReadError
from .files import Source
from .hostile import flagged
from .pictures import PICTURES, read_picture

_READERS = {  # by ending: the module that reads it, imported at its first use, and its function
    ".csv": "readers.delimited:read",
    ".docx": "readers.word:read",
    ".eml": "readers.mail:read",
    ".epub": "readers.book:read",
    ".htm": "readers.web:read",
    ".html": "readers.web:read",
    ".jsonl": "readers.records:read",
    ".ndjson": "readers.records:read",
    ".pptx": "readers.slides:read",
    ".tsv": "readers.delimited:read",
    ".xhtml": "readers.web:read",
    ".xlsx": "readers.sheets:read",
    ".txt": "readers.text:read",
    ".md": "readers.text:read_markdown",
    ".markdown": "readers.text:read_markdown",
}
_OFFICE = frozenset({".docx", ".pptx", ".xlsx"})
_DAMAGED_HINT = "Open it in the program it was made with, save it again, and put that into the folder."
SUFFIXES = frozenset({".pdf", *_READERS, *PICTURES})
KINDS = "PDF, Word, PowerPoint, Excel, web pages, books (EPUB), e-mails, tables (CSV), text, Markdown and pictures"


def read_file(path: Source, password: str = "", on_page: OnPage | None = None) -> ReadResult:
    """Reads one file whole, and flags what in it gives orders to a model.

    Raises ReadError, with words and a hint for people, for anything that keeps its text from being read.
    """
    check_readable(path)
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return read_picture(path, on_page)
    if suffix not in _READERS:
        from .pdf import read_pdf

        return read_pdf(path, password, on_page)
    module, _, name = _READERS[suffix].partition(":")
    read: Callable[[Source, OnPage | None], ReadResult] = getattr(import_module(f".{module}", __package__), name)
    try:
        if suffix in _OFFICE:
            from .readers.locked import unlocked

            path = unlocked(path, password)
        return flagged(read(path, on_page), path.name)
    except (ReadError, MemoryError, RecursionError):
        raise
    except Exception as error:  # the libraries raise nearly anything on broken files
        raise ReadError(f"is damaged ({type(error).__name__}: {error})"[:200], _DAMAGED_HINT) from error


def check_readable(path: Source) -> None:
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

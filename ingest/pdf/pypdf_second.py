"""Reads a PDF with pypdf: title, outline and page labels, and the text of pages where pdfium's looks wrong."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ingest.files import Source
from ingest.text.clean import Line, RawPage

_MOST_LABELS = 20_000  # pages; each label is looked up from the first
_MOST_ENTRIES = 5000

Entry = tuple[int, int, str]  # page (1-based), level, title


@dataclass(frozen=True, slots=True)
class Structure:
    """What a file's metadata says: title, outline and page labels."""

    title: str = ""
    outline: tuple[Entry, ...] = ()
    labels: tuple[str, ...] = ()


class SecondReader:
    """Opens the file with pypdf when it is first needed. Whatever pypdf cannot read stays empty."""

    def __init__(self, path: Source, password: str) -> None:
        self._path, self._password = path, password
        self._file: Any = None
        self._opened: Any = None
        self._count = -1  # until it is asked for: a broken file takes its time

    def __enter__(self) -> SecondReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    @property
    def n_pages(self) -> int:
        if self._count < 0:
            try:
                self._count = len(self._reader.pages)
            except Exception:  # pypdf raises nearly anything on broken files; none of it is fatal here
                self._count = 0
        return self._count

    def page(self, number: int) -> RawPage:
        """Returns a page's lines, without boxes. Raises whatever pypdf raises."""
        lines = str(self._reader.pages[number - 1].extract_text()).splitlines()
        return RawPage(tuple(Line(line, range(len(line))) for line in lines if line.strip()), 1.0)

    def structure(self, n_pages: int) -> Structure:
        """Returns title, outline and labels. `n_pages` is pdfium's count; where pypdf counts differently, page numbers
        would not match, and outline and labels stay empty."""
        title, labels = "", tuple[str, ...]()
        outline: list[Entry] = []
        try:
            reader = self._reader
            found = reader.metadata.get("/Title") if reader.metadata else None
            title = " ".join(str(found).split())[:200] if found and _is_title(str(found)) else ""
            if n_pages == len(reader.pages) <= _MOST_LABELS:
                labels = tuple("" if label == str(n) else str(label) for n, label in enumerate(reader.page_labels, 1))
                outline = _walk(reader, reader.outline, 1, [])
        except Exception:
            pass
        return Structure(title, tuple(outline), labels if any(labels) else ())

    @property
    def _reader(self) -> Any:
        if self._opened is None:
            import pypdf

            logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its findings are ours to report
            self._file = self._path.open("rb")  # given a path, it would take the whole file into memory
            self._opened = pypdf.PdfReader(self._file, password=self._password or None)
        return self._opened


def _walk(reader: Any, items: Sequence[Any], level: int, found: list[Entry]) -> list[Entry]:
    for item in items:
        if isinstance(item, list):
            if level < 6:
                _walk(reader, item, level + 1, found)
        elif len(found) < _MOST_ENTRIES:
            number = reader.get_destination_page_number(item)
            title = " ".join(str(item.title or "").split())
            if number is not None and number >= 0 and title:
                found.append((number + 1, level, title))
    return found


def _is_title(text: str) -> bool:
    return sum(c.isalpha() for c in text) > max(3, len(text) / 3) and not re.search(
        r"\.(docx?|indd|pdf|dvi|tex|qxd|pm\d?)$|^(untitled|microsoft word|document\d*)", text, re.I
    )

"""Reads CSV and TSV: detects the delimiter and the encoding, and numbers rows as a spreadsheet does."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from ingest.datatypes import OnPage, ReadResult
from ingest.files import Source, title_of
from ingest.readers.decode import read_whole
from ingest.readers.grids import Row, items_of
from ingest.text.layout import MOST_COLUMNS, Part, alive, lay_out

MOST_CELLS = 4_000_000
_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 16
_LONGEST_CELL = 1 << 20
_MOST_LINES = 200  # of one cell


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    text, notes = read_whole(path)
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else delimiter_of(text[:_SAMPLE])
    has_quotes = _quotes_match(text, delimiter)
    if not has_quotes:
        notes.append("its quotation marks do not match: each line was taken for a row")
    csv.field_size_limit(len(text) + 1)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE
    rows = _rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting), notes)
    return lay_out(title_of(path), [Part("", items_of(alive(rows, on_page)), "row")], "csv", notes, on_page)


def _quotes_match(text: str, delimiter: str) -> bool:
    """Whether the quotation marks are balanced: one that is never closed makes a single cell of half the file."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    try:
        for _ in reader:
            if reader.line_num - before > _MOST_LINES:
                return False
            before = reader.line_num
    except csv.Error:
        return False
    return True


def delimiter_of(sample: str) -> str:
    """Returns the delimiter that gives the most rows the same number of cells, more than one."""

    def agreement(delimiter: str) -> tuple[float, int]:
        lines = sample.splitlines()[:100]
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        if not widths:
            return 0.0, 0
        (width, count), *_ = widths.most_common(1)
        return (count / widths.total() if width > 1 else 0.0), width

    csv.field_size_limit(len(sample) + 1)
    return max(_DELIMITERS, key=agreement)


def _rows(reader: Iterator[list[str]], notes: list[str]) -> Iterator[Row]:
    cells = 0
    widest = 0
    for number, row in enumerate(reader, 1):
        if len(row) > max(MOST_COLUMNS, widest):
            widest = len(row)
        row = row[:MOST_COLUMNS]
        cells += len(row)
        if cells > MOST_CELLS:
            notes.append(f"only its first {number - 1:,} rows were read: split it into smaller files")
            break
        yield number, row
    if widest:
        notes.append(f"only the first {MOST_COLUMNS:,} of its {widest:,} columns were read")

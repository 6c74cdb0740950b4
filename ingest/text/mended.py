"""Tables of PDFs whose cells run over several lines: the rows put together again. Pure.

A reader that finds only lines takes each for a row, and a line that holds one cell for the table's end. Where the first
column holds codes of one shape, such as F-17, each code begins a row and what follows up to the next one is of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.datatypes import Page, Table
from ingest.text.clean import CELL
from ingest.text.tables import cells

_CAPTION = re.compile(r"(?:table|figure|tabelle|abbildung|tableau)\s+\w+\s*[:.]", re.IGNORECASE)
_SECTION = re.compile(r"\d+(?:\.\d+)*\s+[A-Z]")
_LONGEST_LINE = 110  # characters; longer ones are prose
_LEAST = 3  # rows
_LEAST_VALUE = 4  # letters
_MOST_PAGES = 20
_WHOLE = 0.7  # share of the rows that have all cells but one


@dataclass(frozen=True, slots=True)
class Mended:
    """`spans` are where its rows stand in the document's text."""

    table: Table
    spans: tuple[tuple[int, int], ...]


def mended(pages: Sequence[Page], table: Table) -> Mended | None:
    """The table with its rows put together; None where that is not needed or not certain. `pages` are the one that it
    begins on and those behind, on which it may go on."""
    names = [name for name in table.columns if name]
    width = len(names)
    if width < 2 or not any(row and not all(row) for row in table.rows):
        return None
    lines = _lines(pages, table)
    shape = _shape_of_keys(lines)
    if not shape:
        return None
    records: list[list[tuple[int, str]]] = []
    for at, line in lines:
        if _shape(cells(line)[0] if cells(line) else "") == shape:
            records.append([])
        if not records:
            return None
        records[-1].append((at, line))
    rows = _parted([_row([line for _, line in record], width) for record in records])
    whole = sum(sum(map(bool, row)) >= width - 1 for row in rows)
    if len(rows) < _LEAST or whole < _WHOLE * len(rows):
        return None
    spans = tuple(_span(pages, record) for record in records)
    made = Table(
        table.page, table.start, records[-1][-1][0] + len(records[-1][-1][1]), table.caption, tuple(names), tuple(rows)
    )
    return Mended(made, spans)


def _span(pages: Sequence[Page], record: list[tuple[int, str]]) -> tuple[int, int]:
    """On one page: what stands on the next is not quoted."""
    start = record[0][0]
    page_end = next((p.start + len(p.text) for p in pages if p.start <= start <= p.start + len(p.text)), start)
    return start, max(at + len(line.rstrip()) for at, line in record if at <= page_end)


def _lines(pages: Sequence[Page], table: Table) -> list[tuple[int, str]]:
    """The lines behind the header, with their offsets in the document, up to what is no longer the table."""
    found: list[tuple[int, str]] = []
    head = CELL.join(table.columns)
    for n, page in enumerate(pages[:_MOST_PAGES]):
        at = page.start if n else table.start
        lines = page.text[at - page.start :].split("\n")
        for number, line in enumerate(lines):
            is_head = number == 0 and (n == 0 or line == head)
            is_over = not line.strip() or _CAPTION.match(line) or (CELL not in line and _SECTION.match(line))
            if not is_head and (is_over or (CELL not in line and len(line) > _LONGEST_LINE)):
                return found
            if not is_head:
                found.append((at, line))
            at += len(line) + 1
    return found


def _parted(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Where two cells ran together: cut before a value that the second's column often holds, such as 'by hand'."""
    width = len(rows[0])
    for place in range(2, width):
        often = [v for v, n in Counter(row[place] for row in rows).items() if n >= _LEAST and len(v) >= _LEAST_VALUE]
        for number, row in enumerate(rows):
            before = row[place - 1]
            value = next((v for v in often if f" {v}" in before), "")
            if not value or row[place].startswith(tuple(often)):
                continue
            at = before.index(f" {value}")
            cut, rest = before[:at], before[at + 1 :]
            if row[-1]:
                made = (*row[: place - 1], cut, f"{rest} {row[place]}".strip(), *row[place + 1 :])
            else:
                made = (*row[: place - 1], cut, rest, *row[place:-1])
            rows[number] = made
    return rows


def _shape(text: str) -> str:
    """'A-9' of 'F-17'; '' where it is no code."""
    if not re.fullmatch(r"[A-Z]{0,4}[-./]?\d{1,6}[A-Za-z]?", text) or len(text) < 2:
        return ""
    return re.sub(r"\d+", "9", re.sub(r"[A-Z]", "A", text))


def _shape_of_keys(lines: Sequence[tuple[int, str]]) -> str:
    shapes = Counter(_shape(cells(line)[0]) for _, line in lines if cells(line))
    shapes.pop("", None)
    (shape, times) = shapes.most_common(1)[0] if shapes else ("", 0)
    return shape if times >= _LEAST and any(c.isalpha() for c in shape) else ""


def _row(lines: Sequence[str], width: int) -> tuple[str, ...]:
    """A line's first cell goes on with the last one, if then the others fit, or if it does not begin as a cell does."""
    row: list[str] = []
    for line in lines:
        found = cells(line)
        while found and not found[-1]:
            found.pop()
        if row and found:
            goes_on = (
                len(row) + len(found) > width
                or (len(row) - 1 + len(found) == width and len(found) > 1)
                or ((len(row) + len(found) < width or len(found) == 1) and not found[0][:1].isupper())
            )
            if goes_on:
                row[-1] = f"{row[-1]} {found.pop(0)}"
        row += found
    if len(row) > width:
        row[width - 1 :] = [" ".join(row[width - 1 :])]
    return (*row, *[""] * (width - len(row)))

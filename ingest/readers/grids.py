"""Turns rows of cells into tables: where a table begins and ends, and whether its first row names the columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.text.layout import MOST_COLUMNS, Block, Grid, Item

Row = tuple[int, list[str]]  # its number, its cells

_VALUE = re.compile(r"^[^\w]*\d[\d.,:/\s%€$£'’+-]*(?:[a-zA-Z°%€$£]{1,3})?$|^(?:true|false|yes|no)$", re.IGNORECASE)
_NUMBERED = frozenset({"no"})
_LONGEST_NAME = 80  # of a column
_SAMPLE = 200  # rows that are looked at


def items_of(rows: Iterable[Row]) -> Iterator[Item]:
    """Yields the tables and lines of a sheet. Empty rows and empty columns separate tables; single cells above one are
    its title.

    A table that goes on below an empty row keeps its header.
    """
    last: Sequence[str] = ()
    above: list[tuple[int, str]] = []  # the line that may be the title of the next table
    for region in _regions(rows):
        for block in _side_by_side(region):
            titles, body = _titles(block)
            titles, above = [*above, *titles], []
            if not body and len(titles) == 1:
                above = titles
                continue
            for number, text in titles[:-1] if body else titles:
                yield Block(text, number=number)
            if not body:
                continue
            number, caption = titles[-1] if titles else (0, "")
            header = has_header([row for _, row in body])
            width = max(len(row) for _, row in body)
            if not header and len(last) == width and not titles:
                body, header = [(0, list(last)), *body], True
            if header:
                last = body[0][1]
            yield Grid([row for _, row in body], [n for n, _ in body], caption, header)
    for number, text in above:
        yield Block(text, number=number)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: most of its cells are filled, and these are short, distinct and not
    values. Years may be among them, but not alone."""
    if len(rows) < 2:
        return False
    names = [cell.strip() for cell in rows[0]]
    filled = [name for name in names if name]
    if (
        2 * len(filled) < len(names)
        or len(set(filled)) < len(filled)
        or any(len(name) > _LONGEST_NAME for name in names)
    ):
        return False
    values = [name for name in filled if _VALUE.match(name) and not _is_year(name)]
    if values and names[0] == values[0] and names[0].lower() in _NUMBERED and len(filled) > 1:
        values = values[1:]  # 'No' above the first column is short for number
    return not values and not all(map(_is_year, filled))


def expand_spans(rows: Iterable[Iterable[tuple[str, int, int]]]) -> list[list[str]]:
    """Builds a full grid from cells given as (text, number of columns, number of rows) that they span. A cell over
    several rows is repeated in each. One over several columns is put into the first, but in the first row, where it
    names them, into each."""
    grid: list[list[str]] = []
    down: dict[int, tuple[str, int]] = {}  # column -> text, rows still to fill
    for number, row in enumerate(rows):
        line: list[str] = []

        def fill(line: list[str] = line) -> None:
            while len(line) in down and len(line) < MOST_COLUMNS:
                text, left = down.pop(len(line))
                if left > 1:
                    down[len(line)] = text, left - 1
                line.append(text)

        fill()
        for text, across, deep in row:
            for n in range(max(1, min(across, MOST_COLUMNS - len(line)))):
                said = text if n == 0 or number == 0 else ""
                if deep > 1:
                    down[len(line)] = said, deep - 1
                line.append(said)
            fill()
        grid.append(line)
    return grid


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d", text))


def _regions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    region: list[Row] = []
    for number, row in rows:
        if any(cell.strip() for cell in row):
            region.append((number, row))
        elif region:
            yield region
            region = []
    if region:
        yield region


def _side_by_side(region: list[Row]) -> Iterator[list[Row]]:
    """Cuts a region where a whole column is empty, and trims empty edges. A region without such a column keeps all its
    rows."""
    width = max(len(row) for _, row in region)
    used = [False] * width
    for _, row in region:
        for i, cell in enumerate(row):
            used[i] = used[i] or bool(cell.strip())
    spans: list[tuple[int, int]] = []
    for i, is_used in enumerate(used):
        if is_used and spans and spans[-1][1] == i:
            spans[-1] = spans[-1][0], i + 1
        elif is_used:
            spans.append((i, i + 1))
    if any(end - start < 2 for start, end in spans):  # a single column is no table of its own
        spans = [(spans[0][0], spans[-1][1])]
    for start, end in spans:
        cut = [(number, row[start:end]) for number, row in region]
        yield [(number, row) for number, row in cut if any(cell.strip() for cell in row)]


def _titles(block: list[Row]) -> tuple[list[tuple[int, str]], list[Row]]:
    """Splits a block into the one-cell rows above its table, and the table. A block of such rows only has no table."""
    above = 0
    while above < len(block) and sum(bool(cell.strip()) for cell in block[above][1]) == 1:
        above += 1
    if len(block[0][1]) == 1 and len(block) > 3:  # a list, whose first line may name it
        return [], block
    titles = [(number, next(cell.strip() for cell in row if cell.strip())) for number, row in block[:above]]
    return titles, block[above:]

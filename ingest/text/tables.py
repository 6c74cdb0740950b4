"""Finds tables in a page's text, where a row is a line whose cells are separated by CELL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.datatypes import Page, Table
from ingest.text.clean import CELL

_LONGEST_CAPTION = 120
_DECORATION = {"$", "€", "£", "%", ")", "(", "|"}  # that some typesetters give a cell of its own

Row = tuple[int, str]  # offset in the page's text, the line


def runs(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Yields each run of at least two lines that have cells, with the line above it, which may be the caption."""
    rows: list[Row] = []
    above = ""
    start = 0
    for line in [*text.split("\n"), ""]:
        if CELL in line:
            rows.append((start, line))
        else:
            if len(rows) > 1:
                yield above if len(above) <= _LONGEST_CAPTION else "", rows
            rows, above = [], line.strip() or ("" if rows else above)
        start += len(line) + 1


def cells(line: str) -> list[str]:
    """Splits a row into its cells, also empty ones. Cells that only hold a currency sign, bracket or percent sign are
    dropped."""
    found = [" ".join(cell.split()) for cell in line.split(CELL)]
    return [cell for cell in found if cell not in _DECORATION]


def aligned(header: Sequence[str], row: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns header and row with equally many cells where it is clear which cells belong together, else unchanged."""
    if len(header) == len(row):
        return list(header), list(row)
    filled = [cell for cell in row if cell]
    names = [name for name in header if name]
    if len(names) == len(filled) - 1:  # the first column, which names the rows, has no name itself
        names = ["", *names]
    return (names, filled) if len(names) == len(filled) else (list(header), list(row))


@dataclass(frozen=True, slots=True)
class _Found:
    """A table on one page: its rows with their offsets, and whether it touches the page's beginning or end."""

    page: Page
    caption: str
    rows: list[Row]
    ends_page: bool
    begins_page: bool

    @property
    def head(self) -> list[str]:
        return cells(self.rows[0][1])

    @property
    def end(self) -> int:
        start, line = self.rows[-1]
        return self.page.start + start + len(line)


def tables_in(pages: Sequence[Page]) -> tuple[Table, ...]:
    """Finds the tables in the pages' texts, for readers that only find lines, such as those of PDFs.

    A table that ends a page and goes on at the top of the next with the same header is one table.
    """
    found = [_found(page, caption, rows) for page in pages if CELL in page.text for caption, rows in runs(page.text)]
    tables: list[Table] = []
    group: list[_Found] = []
    for one in found:
        if group and _goes_on(group[-1], one):
            group.append(one)
            continue
        if group:
            tables.append(_table(group))
        group = [one]
    return (*tables, *([_table(group)] if group else []))


def _found(page: Page, caption: str, rows: list[Row]) -> _Found:
    start, line = rows[-1]
    above = page.text[: rows[0][0]].strip()
    return _Found(page, caption, rows, not page.text[start + len(line) :].strip(), not above or above == caption)


def _goes_on(one: _Found, other: _Found) -> bool:
    return other.page.number == one.page.number + 1 and one.ends_page and other.begins_page and one.head == other.head


def _table(group: Sequence[_Found]) -> Table:
    """Builds a table as wide as most of its rows. A row that is too long gets its last cells joined."""
    first = group[0]
    rows = [cells(line) for one in group for _, line in one.rows[1:]]
    (width, _), *_ = Counter(map(len, rows)).most_common(1)
    head = first.head
    columns = ["", *head] if len(head) == width - 1 else head
    width = max(width, len(columns))
    start = first.page.start + first.rows[0][0]
    return Table(
        first.page.number, start, group[-1].end, first.caption, _fitted(columns, width),
        tuple(_fitted(row, width) for row in rows),
    )  # fmt: skip


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    if len(row) > width:
        return (*row[: width - 1], " ".join(row[width - 1 :]))
    return (*row, *[""] * (width - len(row)))

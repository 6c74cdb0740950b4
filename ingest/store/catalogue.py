"""The tables of an index, typed: what each column is, which values it has, which rows are sums of others.

The store holds each table's cells; what they are is worked out when first asked for, and kept with the open index. A
column's kind takes a sample of its cells, so that a sheet of 100,000 rows is known in well under a second, and indexes
made before there was a catalogue need no change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from weakref import WeakKeyDictionary

from ingest.datatypes import Document, Table
from ingest.store.index import LocalIndex
from ingest.text.layout import letters
from ingest.text.mended import Mended, mended
from ingest.text.typed import ColumnKind, Writing, date_of, is_total, kind_of, number_of

_MOST_VALUES = 2000  # distinct ones of a column, up to which their words are looked into
_MOST_TURNED, _MOST_TURNED_COLUMNS = 60, 40  # rows and columns of a table that may be read column by column
_MOST_PARTS = 60  # tables with the same columns that are taken together
_ALIKE = 0.85  # share of a row's cells that are of one kind, where things stand side by side


@dataclass(frozen=True)
class Column:
    """One of a table's. `place` counts from 0; `cells` are its cells, row by row."""

    name: str
    place: int
    cells: tuple[str, ...]

    @cached_property
    def _typed(self) -> tuple[ColumnKind, Writing]:
        return kind_of(self.cells)

    @property
    def kind(self) -> ColumnKind:
        return self._typed[0]

    @cached_property
    def values(self) -> dict[str, int]:
        """Each different cell that is not empty, and how often it is there."""
        found = dict(Counter(self.cells))
        found.pop("", None)
        return found

    @property
    def is_short(self) -> bool:
        return len(self.values) <= _MOST_VALUES

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Those that at least a third of its numbers stand in, the most frequent first."""
        counts: dict[str, int] = {}
        for cell, times in self.values.items():
            if (found := number_of(cell, self._typed[1].comma_decimal)) and found[1]:
                counts[found[1]] = counts.get(found[1], 0) + times
        numbers = sum(times for cell, times in self.values.items() if self.number(cell) is not None)
        often = [unit for unit, times in counts.items() if 3 * times >= numbers]
        return tuple(sorted(often, key=lambda unit: -counts[unit]))

    @cached_property
    def is_mixed(self) -> bool:
        """Whether its numbers stand in so many units that they cannot be compared."""
        units = {unit for cell in list(self.values)[:500] if (unit := self.unit(cell))}
        return len(units) > 2 and not self.units

    @property
    def is_key(self) -> bool:
        """Whether its cells tell the rows apart."""
        return len(self.values) == len(self.cells) and len(self.cells) > 0

    def number(self, cell: str) -> float | None:
        found = number_of(cell, self._typed[1].comma_decimal)
        return found[0] if found else None

    def unit(self, cell: str) -> str:
        found = number_of(cell, self._typed[1].comma_decimal)
        return found[1] if found else ""

    def date(self, cell: str) -> str | None:
        return date_of(cell, self._typed[1].month_first)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table that can be asked. `is_turned`: it is read column by column, its first column names the columns then.

    `totals` are the rows that sum others up."""

    document: Document
    number: int  # among the document's tables
    table: Table
    columns: tuple[Column, ...]
    totals: frozenset[int]
    place: str = ""  # what its first page is called: 'Prices, rows 1 to 40'
    is_turned: bool = False
    lines: tuple[tuple[int, int], ...] = ()  # where its rows stand, where they were put together of several lines
    parts: tuple[Sheet, ...] = ()  # the tables of the same columns that it is made of

    @property
    def n_rows(self) -> int:
        return len(self.columns[0].cells)

    @property
    def called(self) -> str:
        """What people know it by."""
        if self.parts:
            return f"{self.document.path} ({len(self.parts)} tables together)"
        part = self.place.partition(", row")[0] if ", row" in self.place else ""
        inside = ", ".join(filter(None, [part, self.table.caption]))
        return f"{self.document.path} ({inside})" if inside else self.document.path

    def row(self, number: int) -> tuple[str, ...]:
        return tuple(column.cells[number] for column in self.columns)


_kept: WeakKeyDictionary[LocalIndex, dict[tuple[int, str], list[Sheet]]] = WeakKeyDictionary()


def sheets_of(index: LocalIndex, documents: Sequence[Document]) -> list[Sheet]:
    """All tables of the documents, in their order; kept with the open index."""
    known = _kept.setdefault(index, {})
    found: list[Sheet] = []
    having = {row[0] for row in index.store.rows("SELECT DISTINCT doc_id FROM tables")}
    for document in documents:
        if document.id not in having:
            continue
        key = document.id, document.sha256
        if key not in known:
            single = list(_read(index, document))
            known[key] = [*single, *_together(single)]
        found += known[key]
    return found


def n_tables(index: LocalIndex) -> int:
    return int(index.store.rows("SELECT count(*) FROM tables")[0][0])


def _read(index: LocalIndex, document: Document) -> Iterator[Sheet]:
    sql = "SELECT number, place FROM pages WHERE doc_id = ?"
    places = dict(index.store.rows(sql, (document.id,)))
    mended_up_to = 0
    for number, table in enumerate(index.store.tables(document.id)):
        if table.start < mended_up_to:
            continue  # a piece of a table that was put together
        whole = _mended(index, document, table) if document.path.lower().endswith(".pdf") else None
        if whole:
            table, mended_up_to = whole.table, whole.table.end
        columns, rows, _ = headed(table)
        if not rows or len(columns) < 2:
            continue
        totals = frozenset(n for n, row in enumerate(rows) if is_total(row) and (n > 0 or len(rows) == 1))
        typed = tuple(
            Column(name, n, cells) for n, (name, cells) in enumerate(zip(columns, zip(*rows, strict=True), strict=True))
        )
        place = places.get(table.page, "")
        yield Sheet(document, number, table, typed, totals, place, lines=whole.spans if whole else ())
        if whole:
            continue
        if (turned := _turned(columns, rows)) is not None:
            yield Sheet(document, number, table, turned, frozenset(), place, is_turned=True)


def _mended(index: LocalIndex, document: Document, table: Table) -> Mended | None:
    if all(all(row) for row in table.rows):
        return None
    pages = index.store.pages(document.id)
    return mended(pages[table.page - 1 :], table)


def _together(sheets: Sequence[Sheet]) -> Iterator[Sheet]:
    """Tables of a document that have the same columns, as one: a sheet for each month, the parts of a list."""
    alike: dict[tuple[str, ...], list[Sheet]] = {}
    for sheet in sheets:
        names = tuple(column.name for column in sheet.columns)
        if not sheet.is_turned and all(names):
            alike.setdefault(names, []).append(sheet)
    for names, parts in alike.items():
        if not 1 < len(parts) <= _MOST_PARTS or len(names) < 2:
            continue
        columns = [
            Column(name, n, tuple(cell for part in parts for cell in part.columns[n].cells))
            for n, name in enumerate(names)
        ]
        said = [part.place.partition(", row")[0] if ", row" in part.place else part.table.caption for part in parts]
        if len(set(said)) == len(parts) and all(said):
            cells = tuple(name for name, part in zip(said, parts, strict=True) for _ in range(part.n_rows))
            months = all(date_of(f"{name} 2000") for name in said)
            columns.append(Column("Month" if months else "Part", len(names), cells))
        starts = list(accumulate((part.n_rows for part in parts), initial=0))
        totals = frozenset(start + row for start, part in zip(starts, parts, strict=False) for row in part.totals)
        nameless = replace(parts[0].table, caption="")
        yield replace(parts[0], table=nameless, columns=tuple(columns), totals=totals, parts=tuple(parts), lines=())


def headed(table: Table) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], int]:
    """Its columns' names and its rows, and how many of its rows are names: 1 where its columns were called A, B, C
    though its first row names them."""
    named, rows = table.columns, table.rows
    unnamed = all(name == letters(n) for n, name in enumerate(named)) and len(named) > 1
    if not unnamed or len(rows) < 2:
        return named, rows, 0
    first, rest = rows[0], rows[1:]
    if not all(first) or len(set(first)) < len(first) or any(kind_of([name])[0] != "text" for name in first):
        return named, rows, 0
    return (
        (first, rest, 1) if any(kind_of(cells)[0] != "text" for cells in zip(*rest, strict=True)) else (named, rows, 0)
    )


def _turned(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Column, ...] | None:
    """The table with its columns for rows, where things stand side by side: a line 'Mass, kg' and a column each."""
    names = [row[0] for row in rows]
    if not (3 <= len(columns) <= _MOST_TURNED_COLUMNS and len(rows) <= _MOST_TURNED):
        return None
    if (
        len(set(names)) < len(names)
        or not all(names)
        or len(set(columns[1:])) < len(columns) - 1
        or not all(columns[1:])
    ):
        return None
    figures, alike = 0, 0.0
    for row in rows:
        digits = sum(any(c.isdigit() for c in cell) for cell in row[1:])
        figures += digits > len(row[1:]) / 2
        alike += max(digits, len(row) - 1 - digits) / (len(row) - 1)
    if 3 * figures < len(rows) or alike < _ALIKE * len(rows):
        return None
    kinds = {kind_of(cells)[0] for cells in list(zip(*rows, strict=True))[1:]}
    if "date" in kinds:
        return None
    turned = [Column(columns[0], 0, tuple(columns[1:]))]
    turned += [Column(name, n, tuple(row[1:])) for n, (name, row) in enumerate(zip(names, rows, strict=True), 1)]
    return tuple(turned)

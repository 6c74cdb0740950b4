"""Tables as lists: a row an entry, with its cells. Every entry is a span of its document's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.ask.structure.lists import Entry
from app.ask.structure.sections import Section
from ingest.datatypes import Table
from ingest.store.index import LocalIndex
from ingest.text.clean import CELL

_SHOWN = 5  # cells of a row that are said


@dataclass(frozen=True, slots=True)
class Row:
    entry: Entry
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table under its heading. Rows without words are left out."""

    section: Section
    table: Table
    rows: tuple[Row, ...]


def tables_of(index: LocalIndex, sections: Sequence[Section]) -> Iterator[Rows]:
    """The tables of one document that stand in the sections."""
    document = sections[0].document
    for table in index.store.tables(document.id):
        section = next((one for one in sections if one.start <= table.start < one.end), None)
        if section and table.rows:
            text = index.text(document.id, table.start, table.end)
            yield Rows(section, table, tuple(_placed(table, text)))


def _placed(table: Table, text: str) -> Iterator[Row]:
    """Each row with the line that it is, both in the order of the table."""
    lines = re.finditer(r"[^\n\f]+", text)
    for cells in table.rows:
        wanted = _letters("".join(cells))
        line = next((one for one in lines if wanted and _letters(one.group()) == wanted), None) if wanted else None
        if line:
            said = " ".join(line.group().replace(CELL, " ").split())
            yield Row(Entry(table.start + line.start(), table.start + line.end(), said), cells)


def said(row: Row, first: int = 0, also: Collection[int] = ()) -> str:
    """For people: 'Name: cell, cell'. `first` is the column that names the row; those in `also` are always said."""
    order = [first, *(i for i in range(len(row.cells)) if i != first)]
    filled = [i for i in order if row.cells[i]]
    cells = [row.cells[i] for place, i in enumerate(filled) if place < _SHOWN or i in also]
    return f"{cells[0]}: {', '.join(cells[1:])}" if len(cells) > 1 else "".join(cells)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)

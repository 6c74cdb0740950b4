"""Tables as lists: a row an entry, with its cells. Every entry is a span of its document's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from app.ask.kinds.lists.request import ListRequest
from app.ask.language.relevance import Wanted, in_roots, is_number, roots
from app.ask.structure.lists import Entry
from app.ask.structure.sections import Section
from ingest.datatypes import Table
from ingest.store.index import LocalIndex
from ingest.text.clean import CELL

_SHOWN = 5  # cells of a row that are said
_APPLIES = ("all", "any", "every", "each", "both")
_LOOKED_AT = 10  # rows that tell what a column is
_MOSTLY = 0.8


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
    for table in map(_with_header, index.store.tables(document.id)):
        section = next((one for one in sections if one.start <= table.start < one.end), None)
        if section and table.rows:
            text = index.text(document.id, table.start, table.end)
            yield Rows(section, table, tuple(_placed(table, text)))


def _with_header(table: Table) -> Table:
    """A sheet whose columns have only letters for names, and words in its first row, has these for names."""
    lettered = all(len(name) == 1 and name.isupper() for name in table.columns)
    if lettered and table.rows and all(cell and not is_number(cell) for cell in table.rows[0]):
        return replace(table, columns=table.rows[0], rows=table.rows[1:])
    return table


def _placed(table: Table, text: str) -> Iterator[Row]:
    """Each row with the line that it is, both in the order of the table."""
    lines = re.finditer(r"[^\n\f]+", text)
    for cells in table.rows:
        if cells == table.columns:  # the header, said again on a later page
            continue
        wanted = _letters("".join(cells))
        line = next((one for one in lines if wanted and _letters(one.group()) == wanted), None) if wanted else None
        if line:
            said = " ".join(line.group().replace(CELL, " ").split())
            yield Row(Entry(table.start + line.start(), table.start + line.end(), said), cells)


def row_text(row: Row, first: int = 0, also: Collection[int] = ()) -> str:
    """For people: 'Name: cell, cell'. `first` is the column that names the row; those in `also` are always said."""
    order = [first, *(i for i in range(len(row.cells)) if i != first)]
    filled = [i for i in order if row.cells[i]]
    cells = [row.cells[i] for place, i in enumerate(filled) if place < _SHOWN or i in also]
    return f"{cells[0]}: {', '.join(cells[1:])}" if len(cells) > 1 else "".join(cells)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def chosen_rows(
    rows: Rows, ask: ListRequest, sought: Wanted, words: Collection[str], naming: Collection[str]
) -> tuple[list[int], frozenset[str], set[int]] | None:
    """Numbers of the rows that are meant, by which words, in which columns; None where no row holds them.

    Words that are also in columns' names or in what names the document choose rows only where a cell says nothing else:
    'open' beside a column 'Opened'.
    """
    cells = [[roots(cell) for cell in row.cells] for row in rows.rows]
    holding = {w: [{i for i, there in enumerate(row) if in_roots(w, there)} for row in cells] for w in words}
    asked = frozenset(words)
    alone_in = {
        word: any(row[i] <= asked for row, at in zip(cells, places, strict=True) for i in at)
        for word, places in holding.items()
    }
    filters = frozenset(
        word
        for word, places in holding.items()
        if 0 < sum(map(bool, places)) < len(cells) and (word not in naming or is_number(word) or alone_in[word])
    )
    if not filters:
        unplaced = frozenset(word for word in words if is_number(word) and word in naming and not any(holding[word]))
        general = _general(rows) if unplaced and not ask.only else {}
        return (
            (sorted(general), unplaced, set(general.values())) if general else (list(range(len(cells))), filters, set())
        )
    columns = {i for word in filters for places in holding[word] for i in places}
    kept = []
    for n, row in enumerate(cells):
        has = (any if ask.either else all)(holding[word][n] for word in filters)
        general_row = not ask.only and any(rows.rows[n].cells[i].lower().startswith(_APPLIES) for i in columns)
        alone = not ask.only or all(row[i] <= filters for i in columns if any(i in holding[w][n] for w in filters))
        exact = all(pair in f" {' '.join(rows.rows[n].cells)} ".lower() for pair in _pairs(sought, filters))
        if (has and alone and exact) or (general_row and any(map(is_number, filters))):
            kept.append(n)
    return (kept, filters, columns) if kept else None


def _general(rows: Rows) -> dict[int, int]:
    """Rows that apply to everything, in a column whose other rows name types or numbers: row by column."""
    found: dict[int, int] = {}
    for i in range(len(rows.table.columns)):
        cells = [row.cells[i] for row in rows.rows]
        general = {n for n, cell in enumerate(cells) if cell.lower().startswith(_APPLIES)}
        if general and any(is_number(cell) for n, cell in enumerate(cells) if n not in general):
            found |= dict.fromkeys(general, i)
    return found


def _pairs(sought: Wanted, filters: Collection[str]) -> list[str]:
    """Words of the filter with the letter or number that the question gives them: 'press a' is not 'press b'."""
    return [f"{word.lower()} {mark.lower()} " for word, mark in sought.marked if roots(word) & set(filters)]


def distinct(rows: Sequence[Row], column: int) -> list[Row]:
    """The first row of each value of the column."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.cells[column]:
            first.setdefault(row.cells[column], row)
    return list(first.values())


def is_turned(columns: Sequence[str]) -> bool:
    """Whether the columns, not the rows, are the things: 'Value, TL-5, TL-8'."""
    others = columns[1:]
    return sum(any(c.isdigit() for c in name) for name in others) * 2 > len(others)


def names_things(cells: Sequence[str]) -> bool:
    """Whether they are names, not amounts."""
    return sum(cell[:1].isalpha() and not any(c.isdigit() for c in cell) for cell in cells) * 2 > len(cells)


def naming_column(rows: Rows) -> int:
    """The first column whose cells have words, not only numbers."""
    width = len(rows.table.columns)
    seen = rows.rows[:_LOOKED_AT]
    worded = [sum(row.cells[i][:1].isalpha() for row in seen) for i in range(width)]
    return next((i for i in range(width) if worded[i] >= _MOSTLY * len(seen)), 0)

"""Table rows said in full: with the table's caption and each column's name, so that a row stands alone. Pure.

A small model loses count of the columns; 'Point A-7/W55: TL-5 = 2.11; TL-8 = 2.08' it reads right. This form is for
ranking and for the model only. What is quoted stays the document's own line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.datatypes import Sentence
from app.quantities import quantities
from ingest.clean import CELL

_LONGEST_CAPTION = 120
_DECORATION = {"$", "€", "£", "%", ")", "(", "|"}  # that some typesetters give a cell of its own

Row = tuple[int, str]  # offset in the page's text, the line


def spoken_rows(page_text: str) -> dict[int, str]:
    """For each row of each table on the page, by its offset: the row said in full."""
    spoken: dict[int, str] = {}
    for caption, rows in _tables(page_text):
        header = _cells(rows[0][1])
        for start, line in rows[1:]:
            said = _said(header, _cells(line))
            spoken[start] = f"{caption} — {said}" if caption else said
    return spoken


def _tables(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Runs of at least two lines that have cells, each with the line above it."""
    rows: list[Row] = []
    above = ""
    start = 0
    for line in [*text.split("\n"), ""]:
        if CELL in line:
            rows.append((start, line))
        else:
            if len(rows) > 1:
                yield above if len(above) <= _LONGEST_CAPTION else "", rows
            rows, above = [], line.strip() or above
        start += len(line) + 1


def _cells(line: str) -> list[str]:
    cells = [" ".join(cell.split()) for cell in line.split(CELL)]
    return [cell for cell in cells if cell and cell not in _DECORATION]


def _said(header: Sequence[str], cells: Sequence[str]) -> str:
    if len(cells) == 2:
        return f"{cells[0]}: {cells[1]}"
    if len(header) == len(cells) - 1:  # the first column, which names the rows, has no name itself
        header = ["", *header]
    if len(header) != len(cells):
        return ": ".join([cells[0], "; ".join(cells[1:])])
    first = f"{header[0]} {cells[0]}".strip()
    return f"{first}: " + "; ".join(f"{name} = {cell}" for name, cell in zip(header[1:], cells[1:], strict=True))


def wrong_cell(value: str, claim: str, question: str, rows: Sequence[Sentence]) -> str:
    """The column that was asked for, when the number stands only in other columns of the rows; else an empty string.

    A column is asked for when all words of its name stand in the claim or the question.
    """
    asked = set(_terms(f"{claim} {question}"))
    wanted = ""
    for row in rows:
        cells = _named_cells(row.spoken)
        if not cells:
            if any(quantity.value == value for quantity in quantities(row.text)):
                return ""  # it stands in plain text too
            continue
        holding = [name for name, cell in cells if any(quantity.value == value for quantity in quantities(cell))]
        named = [name for name, _ in cells if (terms := _terms(name)) and set(terms) <= asked]
        if not holding or not named or set(holding) & set(named):
            if holding:
                return ""
            continue
        wanted = named[0]
    return wanted


def _named_cells(spoken: str) -> list[tuple[str, str]]:
    _, _, body = spoken.rpartition(": ") if ": " in spoken else ("", "", "")
    pairs = [cell.split(" = ", 1) for cell in body.split("; ") if " = " in cell]
    return [(name.strip(), cell.strip()) for name, cell in pairs]


def _terms(text: str) -> list[str]:
    return re.findall(r"[\w.-]*\w", text.lower())

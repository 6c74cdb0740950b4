"""Table rows said in full: with the table's caption and each column's name, so that a row stands alone. Pure.

A small model loses count of the columns; 'Point A-7/W55: TL-5 = 2.11; TL-8 = 2.08' it reads right. This form is for
ranking and for the model only. What is quoted stays the document's own line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.ask.language.quantities import quantities
from app.datatypes import Sentence
from ingest.text.tables import aligned, cells, runs


def spoken_rows(page_text: str) -> dict[int, str]:
    """For each row of each table on the page, by its offset: the row said in full."""
    spoken: dict[int, str] = {}
    for caption, rows in runs(page_text):
        header = cells(rows[0][1])
        for start, line in rows[1:]:
            said = row_said(*aligned(header, cells(line)))
            # At the first letter: where the row's first cell is empty, its sentence begins with the second.
            spoken[start + len(line) - len(line.lstrip())] = f"{caption} — {said}" if caption else said
    return spoken


def row_said(header: Sequence[str], row: Sequence[str]) -> str:
    """Cells without words are passed over."""
    if len(header) != len(row):
        row = [cell for cell in row if cell]
        return f"{row[0]}: {row[1]}" if len(row) == 2 else ": ".join([row[0], "; ".join(row[1:])])
    if len(row) == 2 and all(row):
        return f"{row[0]}: {row[1]}"
    named = [(name, cell) for name, cell in zip(header, row, strict=True) if cell]
    (name, cell), others = named[0], named[1:]
    first = f"{name} {cell}".strip()
    return f"{first}: " + "; ".join(f"{name} = {cell}" if name else cell for name, cell in others) if others else first


def wrong_cell(value: str, claim: str, question: str, rows: Sequence[Sentence]) -> str:
    """The column that was asked for, when the number stands only in other columns of the rows; else an empty string.

    A column is asked for when all words of its name stand in the claim or the question.
    """
    asked = set(_terms(f"{claim} {question}"))
    wanted = ""
    for row in rows:
        cells = spoken_parts(row.spoken).cells
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


def wrong_row(value: str, question: str, cited: Sequence[Sentence], all_rows: Sequence[Sentence]) -> str:
    """The row that was asked for, when the number stands only in another row of the same table; else an empty string.

    A row is asked for when all words of its first cell stand in the question. Rows count only where nothing but rows
    is cited.
    """
    if not cited or not all(sentence.spoken for sentence in cited):
        return ""
    asked = set(_terms(question))
    holding = [row for row in cited if _holds_value(row, value)]
    if not holding or any(_label(row) <= asked for row in holding):
        return ""
    tables = {(row.file, spoken_parts(row.spoken).caption) for row in holding}
    beside = [row for row in all_rows if row.spoken and (row.file, spoken_parts(row.spoken).caption) in tables]
    named = [row for row in beside if _label(row) and _label(row) <= asked]
    return cells(named[0].text)[0] if named and not any(_holds_value(row, value) for row in named) else ""


def _holds_value(row: Sentence, value: str) -> bool:
    return any(quantity.value == value for quantity in quantities(row.text))


def _label(row: Sentence) -> set[str]:
    found = cells(row.text)
    return set(_terms(found[0])) if found else set()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A row as `row_said` says it, taken apart: its caption and label, and each named column with its cell."""

    caption: str
    label: str
    cells: tuple[tuple[str, str], ...]


def spoken_parts(spoken: str) -> Spoken:
    """Takes apart a row that was said in full; without cells where it names no columns."""
    caption, _, said = spoken.rpartition(" — ")
    label, _, body = said.partition(": ") if ": " in said else ("", "", "")
    pairs = [cell.split(" = ", 1) for cell in body.split("; ") if " = " in cell]
    return Spoken(caption, label, tuple((name.strip(), cell.strip()) for name, cell in pairs))


def _terms(text: str) -> list[str]:
    return re.findall(r"[\w.-]*\w", text.lower())

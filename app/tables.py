"""Table rows said in full: with the table's caption and each column's name, so that a row stands alone. Pure.

A small model loses count of the columns; 'Point A-7/W55: TL-5 = 2.11; TL-8 = 2.08' it reads right. This form is for
ranking and for the model only. What is quoted stays the document's own line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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

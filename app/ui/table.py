"""Draws tables as HTML with the cited row marked. The text of cells is always escaped. No Streamlit."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence

from app.datatypes import Grid
from app.ui.text import highlighted
from ingest.datatypes import Table
from ingest.text.clean import CELL
from ingest.text.tables import runs

_FIRST_ROWS = 20  # of a table that is an answer
MOST_ROWS = 1000  # of a whole table that a page shows at once
_MOST_COLUMNS = 60
Span = tuple[int, int]


def page_html(text: str, spans: Sequence[Span]) -> str:
    """Returns a page's text as HTML, with its tables drawn and `text[start:end]` of each span marked."""
    pieces: list[str] = []
    at = 0
    for _, rows in runs(text):
        start, end = rows[0][0], rows[-1][0] + len(rows[-1][1])
        lines = [
            _row(line.split(CELL), "td" if number else "th", any(a < begin + len(line) and begin < b for a, b in spans))
            for number, (begin, line) in enumerate(rows)
        ]
        pieces += [_text(text, at, start, spans), f'<div class="grid"><table>{"".join(lines)}</table></div>']
        at = end + 1
    return "".join([*pieces, _text(text, at, len(text), spans)])


def whole_table(table: Table, marked: Sequence[str] = ()) -> str:
    """Returns a stored table as HTML, with the rows marked that the `marked` quotes cite. Of a very long one, only rows
    around the first marked row are shown."""
    wanted = {text.strip() for quote in marked for text in quote.split("\n")}
    hits = [n for n, row in enumerate(table.rows) if CELL.join(row).strip() in wanted]
    first = max(0, min(hits[0] - MOST_ROWS // 2, len(table.rows) - MOST_ROWS)) if hits else 0
    shown = table.rows[first : first + MOST_ROWS]
    body = "".join(_row(row, "td", first + n in hits) for n, row in enumerate(shown))
    caption = f"<caption>{html.escape(table.caption)}</caption>" if table.caption else ""
    less = len(table.rows) - len(shown)
    told = f'<p class="told">Rows {first + 1:,} to {first + len(shown):,} of {len(table.rows):,}.</p>' if less else ""
    return f'<div class="grid"><table>{caption}{_row(table.columns, "th")}{body}</table></div>{told}'


def grid_html(grid: Grid, numbers: Sequence[int]) -> str:
    """Returns the first rows of a table that is an answer; `numbers[i]` is the number of row i's source, 0 for none."""
    rows = []
    for at, row in enumerate(grid.rows[:_FIRST_ROWS]):
        number = numbers[at] if at < len(numbers) else 0
        source = f"<sup>{number}</sup>" if number else ""
        rows.append(
            f"{_row(row, 'td').removesuffix('</tr>')}<td>{source}</td></tr>" if any(numbers) else _row(row, "td")
        )
    head = _row((*grid.columns, ""), "th") if any(numbers) else _row(grid.columns, "th")
    less = len(grid.rows) - _FIRST_ROWS
    told = f'<p class="told">And {less:,} more rows.</p>' if less > 0 else ""
    return f'<div class="grid"><table>{head}{"".join(rows)}</table></div>{told}'


def grid_csv(grid: Grid) -> str:
    """Returns the whole table as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe in
    front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(grid.columns)
    writer.writerows([f"'{cell}" if cell[:1] in "=+@\t" else cell for cell in row] for row in grid.rows)
    return out.getvalue()


def _row(row: Sequence[str], tag: str, is_marked: bool = False) -> str:
    said = [html.escape(cell) for cell in row[:_MOST_COLUMNS]]
    said = [f"<mark>{cell}</mark>" if cell and is_marked else cell for cell in said]
    more = f"<{tag}>… {len(row) - _MOST_COLUMNS:,} more</{tag}>" if len(row) > _MOST_COLUMNS else ""
    return f"<tr{' class=cited' * is_marked}>{''.join(f'<{tag}>{cell}</{tag}>' for cell in said)}{more}</tr>"


def _text(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    """Returns the text between two tables as HTML, without the line break before the second."""
    end = max(start, end - (end < len(text)))
    return highlighted(text[start:end], [(max(a, start) - start, min(b, end) - start) for a, b in spans if b > start])

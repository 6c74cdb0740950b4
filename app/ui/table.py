"""Tables drawn as tables, with the cited row marked. What stands in their cells is escaped, always. No Streamlit."""

from __future__ import annotations

import html
from collections.abc import Sequence

from app.ui.text import highlighted
from ingest.datatypes import Table
from ingest.text.clean import CELL
from ingest.text.tables import runs

MOST_ROWS = 1000  # of a whole table that a page shows at once
_MOST_COLUMNS = 60
Span = tuple[int, int]


def page_html(text: str, spans: Sequence[Span]) -> str:
    """A page's text, its tables drawn, `text[start:end]` of each span marked."""
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
    """All of a stored table, rows that `marked` quotes marked; of very long ones, as many rows as can be shown and
    those around the first that is marked."""
    wanted = {text.strip() for quote in marked for text in quote.split("\n")}
    hits = [n for n, row in enumerate(table.rows) if CELL.join(row).strip() in wanted]
    first = max(0, min(hits[0] - MOST_ROWS // 2, len(table.rows) - MOST_ROWS)) if hits else 0
    shown = table.rows[first : first + MOST_ROWS]
    body = "".join(_row(row, "td", first + n in hits) for n, row in enumerate(shown))
    caption = f"<caption>{html.escape(table.caption)}</caption>" if table.caption else ""
    less = len(table.rows) - len(shown)
    told = f'<p class="told">Rows {first + 1:,} to {first + len(shown):,} of {len(table.rows):,}.</p>' if less else ""
    return f'<div class="grid"><table>{caption}{_row(table.columns, "th")}{body}</table></div>{told}'


def _row(row: Sequence[str], tag: str, is_marked: bool = False) -> str:
    said = [html.escape(cell) for cell in row[:_MOST_COLUMNS]]
    said = [f"<mark>{cell}</mark>" if cell and is_marked else cell for cell in said]
    more = f"<{tag}>… {len(row) - _MOST_COLUMNS:,} more</{tag}>" if len(row) > _MOST_COLUMNS else ""
    return f"<tr{' class=cited' * is_marked}>{''.join(f'<{tag}>{cell}</{tag}>' for cell in said)}{more}</tr>"


def _text(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    """What stands between two tables, without the line break before the second."""
    end = max(start, end - (end < len(text)))
    return highlighted(text[start:end], [(max(a, start) - start, min(b, end) - start) for a, b in spans if b > start])

"""Where the rows of a table stand in their document's text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ingest.datatypes import Page, Table
from ingest.store.catalogue import Sheet, headed
from ingest.store.index import LocalIndex
from ingest.text.clean import CELL

_STRIDE = 200_000  # characters of a document that are read at a time


def spans(index: LocalIndex, sheet: Sheet, wanted: Collection[int]) -> dict[int, tuple[int, int]]:
    """Where these rows stand in the document's text, as far as they are found again. Of a turned table, rows are its
    lines as well: a thing's column has no span of its own."""
    if sheet.parts:
        found: dict[int, tuple[int, int]] = {}
        start = 0
        for part in sheet.parts:
            mine = [row - start for row in wanted if start <= row < start + part.n_rows]
            found |= {row + start: span for row, span in spans(index, part, mine).items()} if mine else {}
            start += part.n_rows
        return found
    if sheet.lines:
        return {row: sheet.lines[row] for row in wanted if row < len(sheet.lines)}
    table = sheet.table
    skipped = headed(table)[2]
    last = max(wanted, default=-1) + skipped
    lines = _lines(index, table, sheet.document.id, last + 1)
    found = {row: lines[row + skipped] for row in wanted if row + skipped < len(lines)}
    for row, (start, end) in found.items():
        first = next((cell for cell in table.rows[row + skipped] if cell), "")
        if not index.text(sheet.document.id, start, end).startswith(first[:20]):
            return {}  # what stands there is another row: no citation rather than a wrong one
    return found


def _lines(index: LocalIndex, table: Table, doc_id: int, most: int) -> list[tuple[int, int]]:
    """Of the table's first stored rows, in order: its line, without white space around it."""
    sql = "SELECT start FROM pages WHERE doc_id = ? AND number = ?"
    first = index.store.rows(sql, (doc_id, table.page))[0][0]
    found: list[tuple[int, int]] = []
    for page in _pages(index, doc_id, first, table.end + 1):
        if len(found) >= most:
            break
        at = max(page.start, table.start)
        lines = page.text[at - page.start : max(0, table.end - page.start)].split("\n")
        goes_on = at > table.start
        head = 1 + (goes_on and bool(table.caption) and lines[0].strip() == table.caption)
        for number, line in enumerate(lines):
            is_row = CELL in line or len(table.columns) == 1
            if number >= head and is_row:
                left = len(line) - len(line.lstrip())
                found.append((at + left, at + len(line.rstrip())))
            at += len(line) + 1
    return found


def _pages(index: LocalIndex, doc_id: int, first: int, end: int) -> Iterator[Page]:
    """A few at a time: the rows wanted mostly stand on the first ones."""
    while pages := index.store.pages_between(doc_id, first, min(end, first + _STRIDE)):
        yield from pages
        first = pages[-1].start + len(pages[-1].text) + 1
        if first >= end:
            return


def head_span(index: LocalIndex, sheet: Sheet) -> tuple[int, int] | None:
    """Where the line that names the columns stands; None where it is not found."""
    table = sheet.table
    line = index.text(sheet.document.id, table.start, min(table.end, table.start + 2000)).partition("\n")[0]
    return (table.start + len(line) - len(line.lstrip()), table.start + len(line.rstrip())) if line.strip() else None

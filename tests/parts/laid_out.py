"""What must hold of any document that a reader made."""

from __future__ import annotations

from ingest.datatypes import ReadResult, Table
from ingest.text.clean import CELL


def rows_of(read: ReadResult, table: Table) -> list[list[str]]:
    """The table's rows as they stand in the text, its header on each of its pages left out."""
    rows = []
    for number, page in enumerate(read.text[table.start : table.end].split("\f")):
        lines = page.split("\n")
        at = next(i for i, line in enumerate(lines) if line.split(CELL) == list(table.columns))
        assert at <= (number > 0 and bool(table.caption)), "the header is said first, behind the caption at most"
        rows += [line.split(CELL) for line in lines[at + 1 :]]
    return rows


def check(read: ReadResult) -> None:
    """What holds for every reader."""
    for number, page in enumerate(read.pages, 1):
        assert page.number == number and "\f" not in page.text and page.text.strip()
        assert read.text[page.start : page.start + len(page.text)] == page.text
    assert [h.start for h in read.headings] == sorted(h.start for h in read.headings)
    assert all(0 <= h.start <= len(read.text) + 1 for h in read.headings)
    for table in read.tables:
        assert rows_of(read, table) == [list(row) for row in table.rows]
        page = read.pages[table.page - 1]
        assert page.start <= table.start <= page.start + len(page.text)
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert all(0 <= flag.page <= len(read.pages) for flag in read.flags)

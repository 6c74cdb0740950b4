"""The lines of the documents that a result stands on."""

from __future__ import annotations

from app.ask.kinds.tables.select import Result
from app.ask.plan import cite
from app.datatypes import Citation
from ingest.store.catalogue import Sheet
from ingest.store.index import LocalIndex
from ingest.store.places import head_span, spans

_CITED = 30


def places_of(result: Result) -> list[int]:
    """The rows of the sheet that the grid's rows are, where they are rows of it; of a comparison, its columns."""
    if result.query.operation == "compare":
        sheet = result.query.sheet
        columns = result.query.columns or tuple(c for c in sheet.columns if c is not result.query.show[0])
        return [-column.place for column in columns]
    return [] if result.query.group or result.groups else list(result.rows)


def citations_of(index: LocalIndex, result: Result, claim: str) -> tuple[tuple[Citation, ...], dict[int, int]]:
    """The lines that the result stands on, and which of them each row is, from 1. Of a turned table, its columns'."""
    query, sheet = result.query, result.query.sheet
    claim = claim.replace("**", "")
    if sheet.is_turned:
        involved = [
            result.column,
            *(c for c, _ in result.others),
            *query.columns,
            *query.show,
            *(f.column for f in query.filters),
        ]
        if query.operation == "compare" and not query.columns:
            involved = list(sheet.columns)
        lines = list(dict.fromkeys(c.place - 1 for c in involved if c and c.place))
        found = spans(index, sheet, lines)
        cited = [cite(index, sheet.document, *found[line], claim) for line in lines if line in found][:_CITED]
        numbers = {-(line + 1): n for n, line in enumerate([x for x in lines if x in found][:_CITED], 1)}
        rows = dict.fromkeys(result.rows, 1) if cited else {}
        return tuple(cited) or head_of(index, sheet, claim), rows | numbers
    chosen = list(result.rows)
    if query.group and query.operation in ("most", "least") and result.groups:
        chosen = [row for row in chosen if query.group.cells[row] == result.groups[0].name]
    found = spans(index, sheet, chosen[:_CITED])
    places = [row for row in chosen[:_CITED] if row in found]
    cited = [cite(index, sheet.document, *found[row], claim) for row in places]
    return tuple(cited) or head_of(index, sheet, claim), {row: n for n, row in enumerate(places, 1)}


def head_of(index: LocalIndex, sheet: Sheet, claim: str = "") -> tuple[Citation, ...]:
    """The line that names the columns: what an answer about no row stands on."""
    span = head_span(index, sheet)
    return (cite(index, sheet.document, *span, claim),) if span else ()

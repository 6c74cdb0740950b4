"""What is to be worked out of a table: the operation of a question, on which columns, by which groups."""

from __future__ import annotations

from collections.abc import Sequence

from app.ask.kinds.tables.columns import asked_for, grouped_by, is_said, measured, without_numbers
from app.ask.kinds.tables.conditions import Filter, Rows, Unclear
from app.ask.kinds.tables.extremes import extreme
from app.ask.kinds.tables.filters import measures
from app.ask.kinds.tables.intent import Intent
from app.ask.kinds.tables.links import Links, units_of
from app.ask.kinds.tables.query import Query
from app.ask.kinds.tables.vocabulary import ROW_NOUNS, unit_of
from app.ask.language.words import STOP
from ingest.store.catalogue import Column


def operation(intent: Intent, linked: Links, rows: Rows) -> tuple[Query, set[int]]:
    used = set(rows.used)
    sheet, operation = linked.sheet, intent.operation
    group = grouped_by(intent, linked, rows)
    keyed = any(f.how == "is" and f.column.is_key and len(f.values) == 1 for f in rows.filters)
    if keyed and operation not in ("share", "mean", "median"):
        return _lookup(intent, linked, rows), used
    asked = asked_for(intent, linked, rows)
    names = " ".join(column.name.lower() for column in sheet.columns)
    if group is None and any(
        w not in rows.used | linked.subject and intent.tokens[w].text not in names for w in intent.groups
    ):
        raise Unclear  # 'per' something that the table does not tell apart
    if operation == "count":
        return _count(intent, linked, rows, group), used
    if operation == "share":
        if not rows.filters or keyed:
            raise Unclear
        named = measured(intent, linked, rows, must=False)
        return Query(sheet, "share", columns=named[:1] if is_said(linked, named) else ()), used
    if operation in ("sum", "mean", "median"):
        if impossible := without_numbers(intent, linked, rows):
            return Query(sheet, "impossible", columns=(impossible,)), used
        if sheet.is_turned and any("total" in each.column.name.lower() for each in linked.columns):
            raise Unclear
        return Query(sheet, operation, columns=measured(intent, linked, rows)[:1], group=group), used
    if operation in ("most", "least"):
        return extreme(intent, linked, rows, group or asked), used
    return _rows(intent, linked, rows, group, asked), used


def _count(intent: Intent, linked: Links, rows: Rows, group: Column | None) -> Query:
    """'How many' rows, or how many different values of a column; of a column of amounts, their sum."""
    sheet = linked.sheet
    start = next((i for i, t in enumerate(intent.tokens) if t.text in ("many", "number", "count", "often")), 0) + 1
    noun: list[int] = []
    for i in range(start, len(intent.tokens)):
        if intent.tokens[i].text in STOP - {"different", "of", "the", "all"} or i in intent.groups:
            break
        noun.append(i)
    amounts = measures(sheet)
    head = noun[-1] if noun else -1
    said = [
        each.column
        for each in linked.columns
        if each.column in amounts and each.share > 0 and set(each.words) & set(noun)
    ]
    of_filters = {f.column for f in rows.filters}
    whole = [
        each.column
        for each in linked.columns
        if each.column in amounts and each.share >= 0.5 and each.column not in of_filters
    ]
    if not said and len(set(whole)) == 1 and not set(noun) & linked.subject:
        return Query(sheet, "sum", columns=(whole[0],), group=group)  # 'how many kettles were sold'
    units = unit_of(intent.tokens[noun[0]].text) if noun else frozenset()
    if not said and units and noun[0] not in linked.subject:
        said = [c for c in amounts if units & units_of(c)]
    if said and not (head in linked.subject and said[0] is not amounts[0]):
        if len(said) > 1:
            raise Unclear
        return Query(sheet, "sum", columns=(said[0],), group=group)
    kinds = [
        each for each in linked.columns if each.column.kind == "text" and each.share > 0 and set(each.words) & set(noun)
    ]
    kinds = [each for each in kinds if not set(each.words) & rows.used]
    column = max(kinds, key=lambda each: each.share).column if kinds else None
    different = any(intent.tokens[i].text in ("different", "distinct", "unique", "kinds", "types") for i in noun)
    if column and not column.is_key and not (different or rows.filters or linked.subject - _words(linked, column)):
        raise Unclear  # of whom there are some in a table there may be more
    if column and not column.is_key and (different or not (set(noun) & linked.subject - _words(linked, column))):
        return Query(sheet, "distinct", columns=(column,), group=group)
    if any(f.column.is_key and f.how == "is" for f in rows.filters):
        raise Unclear  # one row by its name: that is no question of how many
    if not rows.filters and not group and not _names_rows(intent, linked, noun):
        raise Unclear
    return Query(sheet, "count", group=group)


def _words(linked: Links, column: Column) -> set[int]:
    return {w for each in linked.columns if each.column is column for w in each.words}


def _names_rows(intent: Intent, linked: Links, noun: Sequence[int]) -> bool:
    """Whether the words are what the table's rows are called: by its first column, its sheet or its file."""
    return any(i in linked.subject or intent.tokens[i].stem in ROW_NOUNS for i in noun) and bool(linked.subject)


def _rows(intent: Intent, linked: Links, rows: Rows, group: Column | None, asked: Column | None) -> Query:
    """Rows that meet the conditions, cells of one row, or the different values of a column."""
    sheet = linked.sheet
    said = [each for each in linked.columns if not set(each.words) & rows.used]
    show = tuple(
        dict.fromkeys(
            each.column for each in sorted(said, key=lambda each: each.words[0]) if each.share > 0 or each.column.kind
        )
    )
    amounts = [each.column for each in said if each.column in measures(sheet) and each.share > 0]
    if group and len(set(amounts)) == 1:
        return Query(sheet, "sum", columns=(amounts[0],), group=group)
    if group and not group.is_key and not amounts and linked.subject:
        return Query(sheet, "count", group=group)
    if not rows.filters:
        listed = (
            intent.tokens[0].text in ("list", "show", "name", "which", "what", "give")
            and len(said) == 1
            and not linked.subject
        )
        if listed and not show[0].is_key and show[0].kind == "text" and said[0].share == 1:
            return Query(
                sheet,
                "values",
                columns=show,
                doubts=("these are the ones in this table; there may be others elsewhere",),
            )
        exists = any(
            t.text in ("there", "exist", "occur", "used", "different", "distinct", "unique") for t in intent.tokens
        )
        column = asked or (show[0] if len(show) == 1 and exists else None)
        if not (exists and column and not column.is_key and column.kind == "text"):
            raise Unclear
        return Query(sheet, "values", columns=(column,))
    first, *following = [token.text for token in intent.tokens[:5]]
    if first in ("how", "when", "where") or (
        first in ("what", "at") and not {"are", "were", "do", "have"} & set(following)
    ):
        raise Unclear  # of one thing only, which a passage says as well
    if asked and not asked.is_key and asked.place and asked.kind == "text" and not linked.subject:
        return Query(sheet, "values", columns=(asked,))
    return Query(sheet, "rows", show=show)


def _lookup(intent: Intent, linked: Links, rows: Rows) -> Query:
    """Cells of the one row that is named. Each column is named whole, or is the only one that the word may mean. Of
    tables found in a PDF's lines, not a single cell: there a column may be read wrongly, and passages say as much."""
    said = [each for each in linked.columns if not set(each.words) & rows.used and each.column.place]
    show = [each.column for each in said if each.share == 1]
    for link in said:
        same = [other for other in said if other.words == link.words]
        if link.column not in show and not any(set(link.words) <= set(each.words) for each in said if each.share == 1):
            if len(same) > 1 or 0 < link.share < 0.5:
                raise Unclear
            show.append(link.column)
    codes = {
        w for each in said if each.column in show for w in each.words if any(c.isdigit() for c in intent.tokens[w].text)
    }
    doubled = any(codes & set(each.words) for each in said if each.column not in show)
    is_pdf = linked.sheet.document.path.lower().endswith(".pdf")
    several = len(set(show)) > 1 and ("and" in [t.text for t in intent.tokens])
    if not show or doubled or (is_pdf and not several):
        raise Unclear
    return Query(linked.sheet, "lookup", show=tuple(dict.fromkeys(show)))


def comparison(intent: Intent, linked: Links) -> tuple[Query, set[int]]:
    """Two or more things, rows of one table, side by side; of its columns, those that are named. Raises Unclear."""
    sheet = linked.sheet
    things = [link for link in linked.values if link.column.is_key and not link.is_part and len(link.cells) == 1]
    column = things[0].column if things else None
    things = [link for link in things if link.column is column]
    if column is None or len({link.cells for link in things}) < 2:
        raise Unclear
    used = {w for link in things for w in link.words}
    named = tuple(
        dict.fromkeys(each.column for each in linked.columns if each.share > 0.4 and each.column is not column)
    )
    cells = tuple(link.cells[0] for link in things)
    chosen = Filter(column, "is", cells, f"{column.name or 'the thing'} is {' or '.join(cells)}")
    return Query(sheet, "compare", (chosen,), named, show=(column,)), used

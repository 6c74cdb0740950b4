"""Superlatives: the row, or the rows together, that have the most or the least of something."""

from __future__ import annotations

from app.ask.kinds.tables.columns import fits, grouped_by, is_said, measured
from app.ask.kinds.tables.conditions import Rows, Unclear
from app.ask.kinds.tables.date_conditions import dated_by_verb
from app.ask.kinds.tables.filters import measures
from app.ask.kinds.tables.intent import Intent
from app.ask.kinds.tables.lexicon import lexicon_of
from app.ask.kinds.tables.links import Links
from app.ask.kinds.tables.query import Query
from app.ask.kinds.tables.vocabulary import PERSON, ROW_NOUNS, root
from ingest.store.catalogue import Column

_SHORT = {"minimum": "min", "maximum": "max", "min": "minimum", "max": "maximum"}


def extreme(intent: Intent, linked: Links, rows: Rows, asked: Column | None) -> Query:
    """The row, or the group of rows, with the most or least."""
    sheet, way = linked.sheet, intent.operation
    said = {root(word) for word in (intent.said, _SHORT.get(intent.said, intent.said))}
    if said & lexicon_of(sheet).words.keys() or any(said & set(stems) for _, stems in lexicon_of(sheet).names):
        raise Unclear  # 'the highest permitted pressure' is the name of something
    common = any(t.text in ("common", "frequent", "often", "frequently", "times") for t in intent.tokens)
    if asked is None and common:
        named = (each.column for each in linked.columns if each.share > 0)
        asked = next((column for column in named if column.kind == "text" and not column.is_key), None)
    grouped = asked is not None and not asked.is_key and (asked.kind == "text" or " of " in asked.name)
    if intent.said in ("oldest", "youngest"):
        return _by_age(intent, linked, asked)
    if "DATE" in intent.meant:
        return _by_date(intent, linked, asked)
    columns = measured(intent, linked, rows, must=False)
    counts = intent.said in ("most", "fewest", "least") and not intent.meant
    behind = _behind(intent, rows)
    by_rows = (
        counts and not is_said(linked, columns) and (common or behind in linked.subject or _is_row(intent, behind))
    )
    each = grouped_by(intent, linked, rows)
    if each is not None and columns and not counts and not intent.aggregate and not each.is_key:
        return Query(sheet, "sum", columns=columns[:1], group=each, inner="max" if way == "most" else "min")
    if grouped and (common or by_rows):
        return Query(sheet, way, group=asked, inner="count", top=intent.top)
    if not columns or (common and not grouped):
        raise Unclear
    words = [each.column for each in linked.of(behind) if each.share == 1 and each.column is not asked]
    if (
        not counts
        and any(c.kind == "text" and c is not sheet.columns[0] for c in words)
        and not set(words) & set(columns)
    ):
        raise Unclear  # the best of something that is not counted
    if grouped and (intent.aggregate or counts):
        return Query(sheet, way, columns=columns[:1], group=asked, inner=intent.aggregate or "sum", top=intent.top)
    if not (linked.subject or asked or rows.filters or intent.meant or is_said(linked, columns)):
        raise Unclear
    if grouped and asked and _is_period(asked) and intent.top == 1:
        return Query(sheet, way, columns=columns[:1], group=asked, inner="sum")
    return Query(
        sheet, way, columns=columns, show=(asked,) if asked else (), top=intent.top, rival=asked if grouped else None
    )


def _by_date(intent: Intent, linked: Links, asked: Column | None) -> Query:
    """By the column of dates that is named, or the first."""
    named = [each for each in [*linked.columns, *dated_by_verb(intent, linked)] if each.share > 0]
    dates = [each.column for each in named if each.column.kind == "date"]
    if intent.said in ("first", "last") and not dates:
        raise Unclear
    dates = dates or [column for column in linked.sheet.columns if column.kind == "date"]
    if not dates:
        raise Unclear
    show = (asked,) if asked else ()
    return Query(linked.sheet, intent.operation, columns=tuple(dates[:1]), show=show, top=intent.top)


def _is_period(column: Column) -> bool:
    return column.name.lower() in ("month", "year", "quarter", "week", "day", "season")


def _by_age(intent: Intent, linked: Links, asked: Column | None) -> Query:
    """'The oldest': by an age or a date of birth; of things, by their first date."""
    sheet, way = linked.sheet, intent.operation
    ages = [c for c in measures(sheet) if "age" in c.name.lower().split()]
    dates = [c for c in sheet.columns if c.kind == "date"]
    births = [c for c in dates if any(word in c.name.lower() for word in ("birth", "born"))]
    people = any(fits(c, PERSON.names, frozenset()) for c in sheet.columns[:2])
    show = (asked,) if asked else ()
    if ages:
        return Query(sheet, "least" if way == "most" else "most", columns=tuple(ages[:1]), show=show, top=intent.top)
    if births or (dates and not people):
        return Query(sheet, way, columns=tuple((births or dates)[:1]), show=show, top=intent.top)
    raise Unclear


def _behind(intent: Intent, rows: Rows) -> int:
    """The token behind the superlative, conditions aside: 'the fewest open tickets'."""
    place = next((i + 1 for i, t in enumerate(intent.tokens) if t.text == intent.said), -1)
    while 0 < place < len(intent.tokens) - 1 and place in rows.used:
        place += 1
    return place


def _is_row(intent: Intent, place: int) -> bool:
    return 0 <= place < len(intent.tokens) and intent.tokens[place].stem in ROW_NOUNS

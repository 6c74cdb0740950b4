"""Conditions on dates: which column a date of the question is about."""

from __future__ import annotations

from app.ask.kinds.tables.conditions import Filter, Rows
from app.ask.kinds.tables.intent import DateFilter, Intent
from app.ask.kinds.tables.links import ColumnLink, Links
from app.ask.kinds.tables.vocabulary import DATED


def on_date(intent: Intent, links: Links, dated: DateFilter, rows: Rows) -> None:
    columns = [c for c in links.sheet.columns if c.kind == "date"]
    if not columns:
        years = [each for each in links.columns if each.column.kind == "number" and "year" in each.column.name.lower()]
        year = next((c for c in links.sheet.columns if c.kind == "number" and "year" in c.name.lower().split()), None)
        column = years[0].column if years else year
        if dated.year >= 0 and column:
            how = "=" if dated.how == "during" else dated.how
            rows.filters.append(
                Filter(column, how, (float(dated.values[0]),), f"{column.name} {how} {dated.values[0]}")
            )
            rows.used.update(dated.words)
        return
    named = [each for each in links.columns if each.column.kind == "date"] + dated_by_verb(intent, links)
    nearest = sorted(named, key=lambda each: min(abs(w - dated.words[0]) for w in each.words))
    column = nearest[0].column if nearest else columns[0]
    if not nearest and len(columns) > 1:
        others = ", ".join(c.name for c in columns[1:])
        rows.doubts.append(f"the dates are those of the column {column.name}; there is also {others}")
    words = {"<": "before", "<=": "up to", ">": "after", ">=": "from", "during": "in", "month": "in month"}
    said = " to ".join(dated.values)
    rows.filters.append(
        Filter(column, dated.how, dated.values, f"{column.name} is {words.get(dated.how, 'from')} {said}")
    )
    rows.used.update([*dated.words, *(w for each in nearest[:1] for w in each.words)])


def dated_by_verb(intent: Intent, links: Links) -> list[ColumnLink]:
    """'Expires' is of the column 'End date'."""
    found = []
    for i, token in enumerate(intent.tokens):
        for words, names in DATED:
            if token.text in words.split():
                fitting = [c for c in links.sheet.columns if c.kind == "date" and _holds(c.name, names)]
                found += [ColumnLink(column, (i,), 0.9) for column in fitting]
    return found


def _holds(name: str, beginnings: str) -> bool:
    return any(word.startswith(tuple(beginnings.split())) for word in name.lower().split())

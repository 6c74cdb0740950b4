"""Which columns of a table a question's operation is on, and by which its rows are put together."""

from __future__ import annotations

from collections.abc import Sequence

from app.ask.kinds.tables.conditions import Rows, Unclear
from app.ask.kinds.tables.date_conditions import dated_by_verb
from app.ask.kinds.tables.filters import measures
from app.ask.kinds.tables.intent import Intent
from app.ask.kinds.tables.lexicon import lexicon_of, name_stems
from app.ask.kinds.tables.links import Links, units_of
from app.ask.kinds.tables.vocabulary import MEANT, PERSON, PRICE, Concept, concepts, root, unit_of
from app.ask.language.words import STOP
from ingest.store.catalogue import Column, Sheet


def without_numbers(intent: Intent, linked: Links, rows: Rows) -> Column | None:
    """The column of dates that the question wants added up, if that is what it names."""
    named = [each for each in linked.columns if each.share == 1 and not set(each.words) & rows.used]
    dates = [each.column for each in named if each.column.kind == "date"]
    return dates[0] if dates and not any(each.column.kind == "number" for each in named) and not intent.dates else None


def is_said(linked: Links, columns: Sequence[Column]) -> bool:
    return any(each.column in columns[:1] and each.share > 0 for each in linked.columns)


def measured(intent: Intent, linked: Links, rows: Rows, must: bool = True) -> tuple[Column, ...]:
    """The columns of numbers that the operation is on: named, meant by a word, or the only one. Raises Unclear."""
    amounts = measures(linked.sheet)
    filtered = {f.column for f in rows.filters}
    thing = _asked_words(intent)
    named = [each for each in linked.columns if each.column in amounts and not set(each.words) <= rows.used | thing]
    meaning = concepts(intent.meant)
    named = [each for each in named if not meaning or any(fits(each.column, c.names, c.units) for c in meaning)]
    if named:
        most = max(each.share for each in named)
        best = [each.column for each in named if each.share == most]
        return tuple(dict.fromkeys(best))
    told = {meaning for token in intent.tokens if token.text not in STOP for meaning in unit_of(token.text)}
    by_unit = [c for c in amounts if told & units_of(c)]
    by_name = [c for one in meaning for c in amounts if fits(c, one.names, frozenset())]
    meant = by_name or [c for one in meaning for c in amounts if fits(c, frozenset(), one.units)]
    captioned = [c for one in meaning for c in amounts if _captioned(linked.sheet, one)]
    free = [c for c in amounts if c not in filtered] or amounts
    is_pdf = linked.sheet.document.path.lower().endswith(".pdf")  # where a column may be read wrongly, it is named
    money = [c for c in free if fits(c, PRICE.names, PRICE.units)]
    largest = (
        money if intent.said in ("largest", "biggest", "smallest", "highest", "lowest") and len(money) == 1 else []
    )
    for found in (
        meant,
        by_unit,
        captioned,
        free if len(free) == 1 and not intent.meant and not is_pdf else [],
        largest,
    ):
        if found:
            return tuple(dict.fromkeys(found))
    if must:
        raise Unclear
    return ()


def fits(column: Column, names: frozenset[str], units: frozenset[str]) -> bool:
    return bool(set(name_stems(column.name)) & names or units & units_of(column))


def _captioned(sheet: Sheet, concept: Concept) -> bool:
    words = sheet.table.caption.lower().split()
    return sheet.is_turned and bool(
        lexicon_of(sheet).subject & concept.names or any(unit_of(word) & concept.units for word in words)
    )


def _asked_words(intent: Intent) -> set[int]:
    """What stands between 'which' and the first small word: 'which outdoor unit is'."""
    start = next((i for i, t in enumerate(intent.tokens) if t.text in ("which", "what")), None)
    if start is None:
        return set()
    end = start + 1
    while end < len(intent.tokens) and end not in intent.used and not _ends_thing(intent.tokens[end].text):
        end += 1
    return set(range(start, end))


def _ends_thing(word: str) -> bool:
    return word in STOP or word in MEANT or root(word) in MEANT


def grouped_by(intent: Intent, linked: Links, rows: Rows) -> Column | None:
    """The column behind 'per', 'by' or 'each'."""
    for word in intent.groups:
        if (period := _period_of(intent, linked, word)) is not None:
            return period
        for i in (word, word + 1):
            fitting = [each for each in linked.of(i) if each.column.kind in ("text", "date") and i not in rows.used]
            if fitting:
                first = max(fitting, key=lambda each: each.share).column
                return _with_second(intent, linked, first, i)
    return None


def _period_of(intent: Intent, linked: Links, place: int) -> Column | None:
    """'Per month', where no column is called so: the months of the column of dates that is named, or of the first."""
    word = intent.tokens[place].text if place < len(intent.tokens) else ""
    length = {"month": 7, "year": 4}.get(word.removesuffix("s"))
    if length is None or any(link.column.kind != "number" for link in linked.of(place)):
        return None
    dates = [column for column in linked.sheet.columns if column.kind == "date"]
    named = [each.column for each in [*linked.columns, *dated_by_verb(intent, linked)] if each.column in dates]
    chosen = list(dict.fromkeys(named)) or dates
    if not chosen:
        return None
    column = chosen[0]
    cells = tuple((column.date(cell) or "")[:length] for cell in column.cells)
    return Column(f"{word.removesuffix('s').capitalize()} of {column.name}", column.place, cells)


def _with_second(intent: Intent, linked: Links, first: Column, place: int) -> Column:
    """'Per person and month': both columns as one."""
    if place + 2 < len(intent.tokens) and intent.tokens[place + 1].text == "and":
        second = next((each.column for i in (place + 2, place + 3) for each in linked.of(i) if each.share > 0), None)
        if second is not None and second is not first and second.kind in ("text", "date"):
            pairs = zip(first.cells, second.cells, strict=True)
            return Column(f"{first.name}, {second.name}", first.place, tuple(", ".join(pair) for pair in pairs))
    return first


def asked_for(intent: Intent, linked: Links, rows: Rows) -> Column | None:
    """What 'which …' and 'who' ask for: 'which category', 'who'."""
    if any(token.text in ("who", "whose", "whom") for token in intent.tokens):
        people = [c for c in linked.sheet.columns if c.kind == "text" and fits(c, PERSON.names, frozenset())]
        if not people:
            raise Unclear
        if intent.tokens[0].text in ("who", "whom", "whose", "by"):
            return people[0]
    start = next((i for i, t in enumerate(intent.tokens) if t.text in ("which", "what", "whose")), None)
    if start is None:
        return None
    if (period := _period_of(intent, linked, start + 1)) is not None:
        return period
    for i in range(start + 1, min(start + 5, len(intent.tokens))):
        fitting = [
            each
            for each in linked.of(i)
            if each.column.kind in ("text", "date") and each.share > 0 and i not in rows.used
        ]
        if fitting:
            return max(fitting, key=lambda each: each.share).column
        if intent.tokens[i].text in STOP | {"has", "have"} or i in intent.used:
            break
    return None

"""Which rows of a table a question means: its conditions, each on one column."""

from __future__ import annotations

import re

from app.ask.kinds.tables.conditions import Filter, Rows, Unclear
from app.ask.kinds.tables.date_conditions import on_date
from app.ask.kinds.tables.intent import Intent, NumberFilter, value_of
from app.ask.kinds.tables.links import Links, ValueLink, units_of
from app.ask.kinds.tables.vocabulary import MEANT, NEGATIVE, NO, POSITIVE, YES, root, unit_of
from app.ask.language.words import STOP
from ingest.store.catalogue import Column, Sheet

_IDENTIFIERS = frozenset({"no", "nr", "id", "number", "code", "year", "phone", "zip", "postcode", "index", "address"})


def measures(sheet: Sheet) -> list[Column]:
    """Columns of numbers that are amounts of something, not names of the rows."""
    return [
        column
        for column in sheet.columns
        if column.kind == "number"
        and not column.is_mixed
        and not (set(column.name.lower().replace(".", "").split()) & _IDENTIFIERS)
    ]


def rows_meant(intent: Intent, links: Links) -> Rows:
    """Raises Unclear."""
    rows = Rows([], set(), [])
    _equals(intent, links, rows)
    for compared in intent.numbers:
        rows.filters.append(_numbers(intent, links, compared, rows.used))
        rows.used.update(compared.words)
    for dated in intent.dates:
        if not set(dated.words) & rows.used:
            on_date(intent, links, dated, rows)
    _states(intent, links, rows)
    _values(intent, links, rows)
    return rows


def _equals(intent: Intent, links: Links, rows: Rows) -> None:
    """'A notice of 6 months', 'priority 2': a bare number beside what it is of."""
    said = (
        intent.used | {w for one in intent.numbers for w in one.words} | {w for one in intent.dates for w in one.words}
    )
    said |= {w for value in links.values for w in value.words}
    for i, token in enumerate(intent.tokens):
        if i in said or not re.fullmatch(r"\d+(?:[.,]\d+)*", token.text) or i in links.subject:
            continue
        unit = unit_of(intent.tokens[i + 1].text) if i + 1 < len(intent.tokens) else frozenset()
        near = {i - 3, i - 2, i - 1, i + 1, i + 2}
        beside = [each for each in links.columns if near & set(each.words)]
        named = [each.column for each in beside if each.share >= 0.5 and each.column in measures(links.sheet)]
        fitting = [c for c in named if not unit or unit & units_of(c)] or [
            c for c in measures(links.sheet) if unit and unit & units_of(c)
        ]
        value = value_of(token.text)
        if len(set(fitting)) == 1 and value is not None:
            rows.filters.append(Filter(fitting[0], "=", (value,), f"{fitting[0].name} is {value:,.10g}"))
            rows.used |= {i, *(w for each in beside if each.column is fitting[0] for w in each.words)}


def _numbers(intent: Intent, links: Links, compared: NumberFilter, used: set[int]) -> Filter:
    unit = unit_of(compared.unit)
    is_pdf = links.sheet.document.path.lower().endswith(".pdf")  # where a column may be read wrongly, it is named
    near = [each for each in links.columns if each.column.kind == "number" and not set(each.words) <= used]
    fitting = [c for c in measures(links.sheet) if unit and unit & units_of(c)]
    named = sorted((each for each in near if each.share > 0 or each.column in fitting), key=lambda each: -each.share)
    concept = MEANT.get(compared.adjective)
    candidates = list(
        dict.fromkeys(each.column for each in named if each.share > 0 and (not fitting or each.column in fitting))
    )
    for more in (
        [each.column for each in near if each.column in fitting],
        fitting,
        [c for c in measures(links.sheet) if concept and _means(c, concept.names, concept.units)],
        [each.column for each in near],
        measures(links.sheet) if not unit and not is_pdf else [],
    ):
        candidates = candidates or list(dict.fromkeys(more))
    if len(candidates) > 1:
        best = (
            [each.column for each in named if each.share == named[0].share and each.column in candidates]
            if named
            else []
        )
        candidates = best or candidates
    if len(candidates) != 1:
        raise Unclear
    if unit and not unit & units_of(candidates[0]) and units_of(candidates[0]):
        raise Unclear  # 'more than 3 kg' of a column in metres
    words = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", "=": "", "between": "between"}[compared.how]
    said = " and ".join(f"{value:,.10g}" for value in compared.values)
    return Filter(
        candidates[0], compared.how, compared.values, f"{candidates[0].name} is {words} {said}".replace("  ", " ")
    )


def _means(column: Column, names: frozenset[str], units: frozenset[str]) -> bool:
    return bool({root(w.lower().strip(",.")) for w in column.name.split()} & names or units & units_of(column))


def _states(intent: Intent, links: Links, rows: Rows) -> None:
    """'Approved', 'not closed', 'open', 'unpaid': columns of yes and no, and columns of dates that may be empty."""
    named = {w for link in links.values for w in link.words if not link.is_part}
    dated = {f.column for f in rows.filters}
    for i, token in enumerate(intent.tokens):
        families = [(NEGATIVE, True), (POSITIVE, False)]
        column = next((each.column for each in links.of(i) if _is_state(each.column)), None)
        negative = i in intent.negated
        missing = next((each.column for each in links.of(i) if negative and each.share == 1), None)
        if missing is not None and "" in missing.cells and not _is_state(missing):
            rows.filters.append(Filter(missing, "empty", (), f"{missing.name} is empty"))
            rows.used.add(i)
            continue
        if column is None and i not in named:
            for family, is_negative in families:
                stems = family.get(token.text, "").split()
                column = column or next(
                    (
                        c
                        for c in links.sheet.columns
                        if stems and _is_state(c) and c.name.lower().startswith(tuple(stems))
                    ),
                    None,
                )
                if column is not None and stems:
                    negative = negative != is_negative
                    break
        elif column is not None and token.text in NEGATIVE and not root(column.name.lower()).startswith(token.stem[:4]):
            negative = not negative
        if column is None or i in named or column in dated or not _as_state(intent, i):
            continue
        rows.used.add(i)
        if any(f.column is column for f in rows.filters):
            continue
        if column.kind == "date":
            how = "empty" if negative else "filled"
            rows.filters.append(Filter(column, how, (), f"{column.name} is {how if negative else 'filled in'}"))
        else:
            wanted = NO if negative else YES
            cells = tuple(cell for cell in column.values if cell.strip().lower() in wanted)
            rows.filters.append(Filter(column, "is", cells, f"{column.name} is {' or '.join(cells)}"))


def _as_state(intent: Intent, place: int) -> bool:
    """Whether the word says how a row is, not which column to show: 'closed tickets', but 'when was it closed'."""
    return intent.tokens[0].text not in ("when", "where") and place not in intent.groups


def _is_state(column: Column) -> bool:
    if column.kind == "date":
        return any(not cell for cell in column.cells)
    values = {cell.strip().lower() for cell in column.values}
    return bool(values & YES and values & NO) and len(values) <= 4


def _values(intent: Intent, links: Links, rows: Rows) -> None:
    """Conditions from words that are values of cells. Several of one column are alternatives."""
    chosen: dict[Column, list[ValueLink]] = {}
    by_words: dict[tuple[int, ...], list[ValueLink]] = {}
    for link in links.values:
        if not set(link.words) & rows.used:
            by_words.setdefault(link.words, []).append(link)
    parts: dict[Column, list[ValueLink]] = {}
    for words, meanings in by_words.items():
        if meanings[0].is_part:
            if not set(words) <= links.subject | {w for each in links.columns for w in each.words if each.share > 0}:
                for link in meanings:
                    parts.setdefault(link.column, []).append(link)
            continue
        if _is_name(intent, links, words, rows):
            continue
        link = meanings[0] if len(meanings) == 1 else _the_one(links, meanings)
        chosen.setdefault(link.column, []).append(link)
    for column, meanings in chosen.items():
        newer = [link for link in meanings if intent.follows and link.words[0] >= intent.follows]
        rows.used |= {w for link in meanings for w in link.words}
        meanings = newer or meanings
        cells = tuple(dict.fromkeys(cell for link in meanings for cell in link.cells))
        named = {w for link in meanings for w in link.words}
        is_not = bool(named & intent.negated)
        wider = () if is_not else _wider(column, meanings)
        said = f"{column.name or 'the first column'} is {'not ' * is_not}{' or '.join(cells)}"
        if wider:
            said += " (also within a longer cell)"
        rows.filters.append(Filter(column, "not" if is_not else "is", (*cells, *wider), said))
        rows.used |= named
    _parts(intent, links, parts, rows)
    _beginnings(intent, links, rows)


def _beginnings(intent: Intent, links: Links, rows: Rows) -> None:
    """'F codes': those of the first column that begin so."""
    column = links.sheet.columns[0]
    for i, token in enumerate(intent.tokens[:-1]):
        named = any(link.column is column for link in links.of(i + 1))
        if not named or i in rows.used or not re.fullmatch(r"[a-z]{1,3}", token.text) or token.text in STOP:
            continue
        cells = tuple(c for c in column.values if re.match(rf"{token.text}[-./ ]?\d", c, re.IGNORECASE))
        if cells:
            rows.filters.append(Filter(column, "among", cells, f"{column.name} begins with {token.text.upper()}"))
            rows.used.add(i)


def _wider(column: Column, meanings: list[ValueLink]) -> tuple[str, ...]:
    """Cells that begin with the value and go on behind a comma: 'by hand, certified person only'."""
    if column.is_key:
        return ()
    told = [cell.lower() for link in meanings for cell in link.cells]
    return tuple(c for c in column.values if any(c.lower().startswith((f"{cell}, ", f"{cell} (")) for cell in told))


def _is_name(intent: Intent, links: Links, words: tuple[int, ...], rows: Rows) -> bool:
    """A word that is the table's or a measure's name as well as a value: then it is the name, if nothing else is."""
    if set(words) <= {
        w for each in links.columns if each.column.kind == "number" and each.share == 1 for w in each.words
    }:
        return True
    return set(words) <= links.subject and not links.subject - set(words) - rows.used and len(links.columns) == 0


def _the_one(links: Links, meanings: list[ValueLink]) -> ValueLink:
    """The column that the question names, of several that hold the value. Raises Unclear."""
    named = {link.column for link in links.columns if link.share > 0}
    fitting = [link for link in meanings if link.column in named] or meanings
    keys = [link for link in fitting if link.column.place == 0] or fitting
    if len(keys) > 1:
        raise Unclear
    return keys[0]


def _parts(intent: Intent, links: Links, parts: dict[Column, list[ValueLink]], rows: Rows) -> None:
    """Words within longer cells: the column that holds the most of them, in cells that hold them together."""
    open_ = {w for links_ in parts.values() for each in links_ for w in each.words} - rows.used
    while open_:
        best = max(parts, key=lambda c: (len({w for each in parts[c] for w in each.words} & open_), -c.place))
        meanings = [each for each in parts[best] if set(each.words) <= open_]
        if not meanings:
            return
        cells = set(meanings[0].cells)
        for link in meanings[1:]:
            cells &= set(link.cells)
        rivals = [c for c in parts if c is not best and {w for each in parts[c] for w in each.words} >= open_]
        if not cells or rivals:
            raise Unclear
        words = " ".join(intent.tokens[w].text for each in meanings for w in each.words)
        is_not = bool({w for each in meanings for w in each.words} & intent.negated)
        said = f"{best.name or 'the first column'} {'does not mention' if is_not else 'mentions'} “{words}”"
        rows.filters.append(
            Filter(best, "not" if is_not else "among", tuple(c for c in best.values if c in cells), said)
        )
        rows.used |= {w for each in meanings for w in each.words}
        open_ -= rows.used

"""Lists, tables and headings that may be what a question wants listed, each with how far it is about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.ask.structure.lists import Entry, Listed, marked_lists, short_lines
from app.ask.structure.matching import Wanted, in_roots, root, roots
from app.ask.structure.rows import Row, Rows, said
from app.ask.structure.sections import Section, fit
from app.ask.understand.enumerable import NEGATIVE, Enumerable
from app.datatypes import Grid

_ENOUGH, _SURE = 0.75, 0.85  # share of the telling words that a list, what introduces it and its document hold
_NEAR, _CLEAR = 0.45, 0.6  # and that headings and introduction hold, of those that do not only name the document
_STRICT = 0.9
_LEAST = 0.25  # weight that does not only name the document, from which on its place tells something
_BONUS = {"bullets": 0.2, "numbered": 0.15, "table": 0.2, "lines": 0.1, "headings": 0.1}
_FILTERED = 0.2  # taken off where only some entries are meant
_FEWEST_MARKED = 3  # entries of a list that nobody asked for by name
_SUBJECT = re.compile(  # 'Table 2: Working time of a visit' is about time
    r"^(?:table [\w.]+\s*[:.–-]?\s*)?(?P<subject>.+?)"
    r"(?: (?:of|for|in|on|at|by|with|without|during|per|from|to|around|about|after|before|over|under|between)\b.*)?$",
    re.IGNORECASE,
)
_OWN_COLUMN, _CATEGORY = 0.15, 0.1  # the column is named so; the words that choose the rows stand in one column
_LONGEST_INTRODUCTION = 300  # characters between a heading and what it heads
_MOSTLY = 0.8
_LOOKED_AT = 10  # rows that tell what a column is
_APPLIES = ("all", "any", "every", "each", "both")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`texts` are what people read, one for each entry. `where` says in words which of the entries are meant, where
    not all are. `sure` where it is complete and clearly what was asked for."""

    section: Section
    style: str
    entries: tuple[Entry, ...]
    texts: tuple[str, ...]
    rank: float
    sure: bool
    told: frozenset[str]  # words of the question that headings, introduction or chosen rows hold
    where: str = ""
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    share: float
    clear: float
    label: float  # share of all words, also of those that only name the document

    def rank(self, style: str) -> float:
        return self.share + 0.5 * self.clear + 0.3 * self.label + _BONUS[style]

    def enough(self, ask: Enumerable) -> bool:
        if ask.strict:
            return self.share >= _STRICT and self.clear >= _STRICT
        if not ask.head:
            return self.sure
        return self.share >= _ENOUGH and self.clear >= _NEAR

    @property
    def sure(self) -> bool:
        return self.share >= _SURE and self.clear >= _CLEAR


def candidates(sections: Sequence[Section], ask: Enumerable, sought: Wanted, tables: Sequence[Rows]) -> list[Candidate]:
    """Best first."""
    places = Counter((rows.section.document.id, rows.section.start) for rows in tables)
    found: list[Candidate | None] = [
        _of_table(rows, ask, sought, places[rows.section.document.id, rows.section.start] == 1) for rows in tables
    ]
    for section in sections:
        lists = marked_lists(section)
        lines = None if lists or ask.strict else short_lines(section)
        found += [_of_list(one, ask, sought) for one in [*lists, *([lines] if lines else [])]]
    if not ask.strict:
        for _, own in groupby(sections, lambda section: section.document.id):
            found += _of_headings(list(own), ask, sought)
    ranked = sorted(filter(None, found), key=lambda one: (-one.sure, -one.rank))
    closer = [one for one in ranked[1:] if one.told > ranked[0].told]  # by a word that only names the other's document
    return [*closer[:1], *(one for one in ranked if one not in closer[:1])]


def _is_headed(ask: Enumerable, words: Collection[str]) -> bool:
    return not ask.head or in_roots(root(ask.head), frozenset(words))


def _of_list(listed: Listed, ask: Enumerable, sought: Wanted) -> Candidate | None:
    section, entries, lead = listed.section, listed.entries, listed.lead
    if lead.endswith((".", "!", "?")) and not re.search(r"\b(?:following|these)\b", lead, re.IGNORECASE):
        lead = ""  # a sentence of its own, which introduces nothing
    first = roots(lead)
    told = all(_is_headed(ask, roots(entry.text)) for entry in entries)  # 'information that is public'
    if (
        not (told or _is_headed(ask, section.label | first))
        or bool(NEGATIVE.search(f"{section.heading} {lead}")) != ask.negative
    ):
        return None
    if any(". . ." in entry.text for entry in entries) or (ask.strict and len(entries) < _FEWEST_MARKED):
        return None
    about = fit(section, sought, first, entries[0].start)
    around = section.text[: entries[0].start - section.body][:_LONGEST_INTRODUCTION]
    found = sought.found(section.label | first | roots(around) | section.context_before(entries[0].start))
    missing = sought.weights.keys() - found
    holding = [entry for entry in entries if missing and _holds(roots(entry.text), missing, ask.either)]
    if not holding and sought.lacks_number(found):
        return None
    share = 1.0 if holding else sought.share(found)
    told = sought.share(about.label | missing) if holding else 0.0  # entries say the rest
    match = _Match(share, max(about.clear, told), sought.share(about.label))
    if not match.enough(ask):
        return None
    kept = tuple(holding or entries)
    some = len(kept) < len(entries)
    rank = match.rank(listed.style) - _FILTERED * some
    where = f"those that mention {_named(sought, missing)}" if some else ""
    return Candidate(
        section,
        listed.style,
        kept,
        tuple(e.text for e in kept),
        rank,
        match.sure and not some,
        sought.found(section.label),
        where,
    )


def _holds(there: frozenset[str], words: Collection[str], either: bool) -> bool:
    return (any if either else all)(in_roots(word, there) for word in words)


def _is_hard(word: str) -> bool:
    """Types, numbers and dates: what has another one is about something else."""
    return any(c.isdigit() for c in word)


def _named(sought: Wanted, words: Collection[str]) -> str:
    return " and ".join(f"“{sought.typed.get(word, word)}”" for word in sorted(words))


def _of_table(rows: Rows, ask: Enumerable, sought: Wanted, alone: bool) -> Candidate | None:
    section, table = rows.section, rows.table
    names = " . ".join([table.caption, *table.columns])
    nameless = not section.heading and not table.caption  # as in a file that is one table
    titles = [table.caption, section.heading if alone else "", section.document.title if nameless else ""]
    heads = roots(" . ".join([*(_SUBJECT.sub(r"\g<subject>", title) for title in titles), *table.columns]))
    if ask.strict or len(rows.rows) < 2 or not ask.head or not _is_headed(ask, heads):
        return None
    column = next((i for i, name in enumerate(table.columns) if in_roots(root(ask.head), roots(name))), None)
    if column is None and _is_turned(table.columns):
        return None
    label, context = section.label | roots(names), section.context_before(table.start)
    chosen = _chosen(rows, ask, sought, sought.weights.keys() - sought.found(label))
    if chosen is None:
        return None
    kept, filters, columns = chosen
    found = sought.found(label | context | roots(section.text.replace("\t", " . "))) | filters
    if (filters and ask.negative) or sought.lacks_number(found):
        return None
    naming = sought.found(context) - sought.found(label) - filters
    own = 1.0 - sought.share(naming)
    told = sought.share(sought.found(label) | filters)
    match = _Match(sought.share(found), told / own if own > _LEAST else 1.0, told)
    if not match.enough(ask):
        return None
    named = column is not None and (column == 0 or _names_things([row.cells[column] for row in rows.rows]))
    first = column if column is not None and named else _naming_column(rows)
    picked = [rows.rows[i] for i in kept]
    if column is not None and named and not filters:
        picked = _distinct(picked, column)
    grid: Grid | None = Grid(table.columns, tuple(row.cells for row in picked))
    ragged = section.document.path.lower().endswith(".pdf") and any("" in row.cells for row in rows.rows)
    sure = match.sure and len(columns) <= len(filters) and not ragged
    rank = match.rank("table") + _OWN_COLUMN * (column is not None) + _CATEGORY * (len(columns) == 1)
    where = f"the rows with {_named(sought, filters)}" if filters else ""
    entries, texts = tuple(row.entry for row in picked), tuple(said(row, first, columns) for row in picked)
    if len(picked) < len(kept):
        texts, grid = tuple(row.cells[first] for row in picked), None
    return Candidate(section, "table", entries, texts, rank, sure, sought.found(label) | filters, where, grid)


def _chosen(
    rows: Rows, ask: Enumerable, sought: Wanted, missing: Collection[str]
) -> tuple[list[int], frozenset[str], set[int]] | None:
    """Numbers of the rows that are meant, by which words, in which columns; None where no row holds them."""
    cells = [[roots(cell) for cell in row.cells] for row in rows.rows]
    holding = {w: [{i for i, there in enumerate(row) if in_roots(w, there)} for row in cells] for w in missing}
    naming, asked = sought.found(rows.section.context_before(rows.table.start)), frozenset(missing)
    filters = frozenset(
        word
        for word, places in holding.items()
        if 0 < sum(map(bool, places)) < len(cells)
        and (word not in naming or _is_hard(word) or any(there and there <= asked for row in cells for there in row))
    )
    if not filters:
        general = _general(rows) if any(map(_is_hard, missing)) and not ask.only else {}
        if general:
            return sorted(general), frozenset(filter(_is_hard, missing)), set(general.values())
        return list(range(len(cells))), filters, set()
    columns = {i for word in filters for places in holding[word] for i in places}
    kept = []
    for n, row in enumerate(cells):
        has = (any if ask.either else all)(holding[word][n] for word in filters)
        general_row = not ask.only and any(rows.rows[n].cells[i].lower().startswith(_APPLIES) for i in columns)
        alone = not ask.only or all(row[i] <= filters for i in columns if any(i in holding[w][n] for w in filters))
        exact = all(pair in f" {' '.join(rows.rows[n].cells)} ".lower() for pair in _pairs(sought, filters))
        if (has and alone and exact) or (general_row and any(map(_is_hard, filters))):
            kept.append(n)
    return (kept, filters, columns) if kept else None


def _general(rows: Rows) -> dict[int, int]:
    """Rows that apply to everything, in a column whose other rows name types or numbers: row by column."""
    found: dict[int, int] = {}
    for i in range(len(rows.table.columns)):
        cells = [row.cells[i] for row in rows.rows]
        general = {n for n, cell in enumerate(cells) if cell.lower().startswith(_APPLIES)}
        if general and any(_is_hard(cell) for n, cell in enumerate(cells) if n not in general):
            found |= dict.fromkeys(general, i)
    return found


def _pairs(sought: Wanted, filters: Collection[str]) -> list[str]:
    """Words of the filter with the letter or number that the question gives them: 'press a' is not 'press b'."""
    return [f"{word.lower()} {mark.lower()} " for word, mark in sought.marked if roots(word) & set(filters)]


def _distinct(rows: Sequence[Row], column: int) -> list[Row]:
    """The first row of each value of the column."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.cells[column]:
            first.setdefault(row.cells[column], row)
    return list(first.values())


def _is_turned(columns: Sequence[str]) -> bool:
    """Whether the columns, not the rows, are the things: 'Value, TL-5, TL-8'."""
    others = columns[1:]
    return sum(any(c.isdigit() for c in name) for name in others) * 2 > len(others)


def _names_things(cells: Sequence[str]) -> bool:
    """Whether they are names, not amounts."""
    return sum(cell[:1].isalpha() and not any(c.isdigit() for c in cell) for cell in cells) * 2 > len(cells)


def _naming_column(rows: Rows) -> int:
    """The first column whose cells have words, not only numbers."""
    width = len(rows.table.columns)
    seen = rows.rows[:_LOOKED_AT]
    worded = [sum(row.cells[i][:1].isalpha() for row in seen) for i in range(width)]
    return next((i for i in range(width) if worded[i] >= _MOSTLY * len(seen)), 0)


def _of_headings(sections: Sequence[Section], ask: Enumerable, sought: Wanted) -> Iterator[Candidate]:
    """The headings under one that names what is asked for, and says little itself."""
    for section in sections:
        below = [one for one in sections if one.above[-1:] == (section.heading,) and one.level > section.level]
        plural = ask.head and re.search(rf"\b{re.escape(ask.head)}\b", section.heading, re.IGNORECASE)
        if len(below) < 2 or not plural or len(section.text) > _LONGEST_INTRODUCTION:
            continue
        found = sought.found(section.label | section.context)
        naming = sought.found(section.context) - sought.found(section.label)
        own = 1.0 - sought.share(naming)
        told = sought.share(sought.found(section.label))
        match = _Match(sought.share(found), told / own if own > _LEAST else 1.0, told)
        if match.enough(ask) and not ask.negative and not sought.lacks_number(found):
            yield headings(section, below, match.rank("headings"), False, sought.found(section.label))


def headings(section: Section, below: Sequence[Section], rank: float, sure: bool, told: frozenset[str]) -> Candidate:
    entries = tuple(Entry(one.start, one.start + len(one.heading), one.heading) for one in below)
    return Candidate(section, "headings", entries, tuple(one.heading for one in below), rank, sure, told)

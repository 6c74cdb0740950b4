"""Lists, tables and headings that may be what a question wants listed, each with how far it is about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.ask.find.sections import fit
from app.ask.kinds.lists.request import NEGATIVE, ListRequest
from app.ask.kinds.lists.rows import Rows, chosen_rows, distinct, is_turned, names_things, naming_column, row_text
from app.ask.language.relevance import Wanted, in_roots, is_number, root, roots
from app.ask.structure.lists import Entry, Listed, marked_lists, short_lines
from app.ask.structure.sections import Section
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
_LONGEST_NAME = 40  # characters of a column's name
_LONGEST_INTRODUCTION = 300  # characters between a heading and what it heads


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

    def enough(self, ask: ListRequest) -> bool:
        if ask.strict:
            return self.share >= _STRICT and self.clear >= _STRICT
        if not ask.head:
            return self.sure
        return self.share >= _ENOUGH and self.clear >= _NEAR

    @property
    def sure(self) -> bool:
        return self.share >= _SURE and self.clear >= _CLEAR


def candidates(
    sections: Sequence[Section], ask: ListRequest, sought: Wanted, tables: Sequence[Rows]
) -> list[Candidate]:
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


def _is_headed(ask: ListRequest, words: Collection[str]) -> bool:
    return not ask.head or in_roots(root(ask.head), frozenset(words))


def _of_list(listed: Listed, ask: ListRequest, sought: Wanted) -> Candidate | None:
    section, entries, lead = listed.section, listed.entries, listed.lead
    if lead.endswith((".", "!", "?")) and not re.search(r"\b(?:following|these)\b", lead, re.IGNORECASE):
        lead = ""  # a sentence of its own, which introduces nothing
    first = roots(lead)
    alike = all(_is_headed(ask, roots(entry.text)) for entry in entries)  # 'information that is public'
    above = [title for title in section.above if re.search(rf"\b{re.escape(ask.head)}\b", title, re.IGNORECASE)]
    headed = alike or _is_headed(ask, roots(" . ".join([*above, section.heading])) | first)
    if not headed or bool(NEGATIVE.search(f"{section.heading} {lead}")) != ask.negative:
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
    clear = sought.share(about.label | missing) if holding else 0.0  # entries say the rest
    match = _Match(share, max(about.clear, clear), sought.share(about.label))
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


def _named(sought: Wanted, words: Collection[str]) -> str:
    return " and ".join(f"“{sought.typed.get(word, word)}”" for word in sorted(words))


def _column(rows: Rows, ask: ListRequest, alone: bool) -> int | None:
    """The column of what is asked for; -1 where the table's title says that its rows are that; None for neither."""
    section, table = rows.section, rows.table
    short = [name if len(name) <= _LONGEST_NAME else "" for name in table.columns]  # others are rows that were misread
    misread = is_number(table.columns[0])  # a row of a table that a page's end cut in two
    if ask.strict or len(rows.rows) < 2 or not ask.head or misread:
        return None
    if (found := next((i for i, name in enumerate(short) if _is_headed(ask, roots(name))), None)) is not None:
        return found
    nameless = not section.heading and not table.caption  # as in a file that is one table
    titles = [table.caption, section.heading if alone else "", section.document.title if nameless else ""]
    heads = roots(" . ".join(_SUBJECT.sub(r"\g<subject>", title) for title in titles))
    return -1 if _is_headed(ask, heads) and not is_turned(table.columns) else None


def _of_table(rows: Rows, ask: ListRequest, sought: Wanted, alone: bool) -> Candidate | None:
    section, table, column = rows.section, rows.table, _column(rows, ask, alone)
    if column is None:
        return None
    names = " . ".join([table.caption, *table.columns])
    label, context = section.label | roots(names), section.context_before(table.start)
    about = sought.found(section.label | roots(table.caption)) | sought.found(roots(ask.head))
    chosen = chosen_rows(rows, ask, sought, sought.weights.keys() - about, sought.found(label | context))
    if chosen is None:
        return None
    kept, filters, columns = chosen
    found = sought.found(label | context | roots(section.text.replace("\t", " . "))) | filters
    if (filters and ask.negative) or sought.lacks_number(found):
        return None
    unused = sought.found(roots(names)) - about - filters - sought.found(context)  # 'approved' of a column 'Approved'
    unused -= frozenset().union(*(sought.found(roots(table.columns[i])) for i in columns))
    if unused and not ask.every:
        return None
    naming = sought.found(context) - sought.found(label) - filters
    own = 1.0 - sought.share(naming)
    told = sought.share(sought.found(label) | filters)
    match = _Match(sought.share(found), told / own if own > _LEAST else 1.0, told)
    if not match.enough(ask):
        return None
    named = column >= 0 and (column == 0 or names_things([row.cells[column] for row in rows.rows]))
    first = column if named else naming_column(rows)
    picked = [rows.rows[i] for i in kept]
    if named and not filters:
        picked = distinct(picked, column)
    grid: Grid | None = Grid(table.columns, tuple(row.cells for row in picked))
    ragged = section.document.path.lower().endswith(".pdf") and any("" in row.cells for row in rows.rows)
    sure = match.sure and len(columns) <= len(filters) and not ragged and not unused
    rank = match.rank("table") + _OWN_COLUMN * (column >= 0) + _CATEGORY * (len(columns) == 1)
    where = f"the rows with {_named(sought, filters)}" if filters else ""
    entries, texts = tuple(row.entry for row in picked), tuple(row_text(row, first, columns) for row in picked)
    if len(picked) < len(kept):
        texts, grid = tuple(row.cells[first] for row in picked), None
    return Candidate(section, "table", entries, texts, rank, sure, sought.found(label) | filters, where, grid)


def _of_headings(sections: Sequence[Section], ask: ListRequest, sought: Wanted) -> Iterator[Candidate]:
    """The headings under one that names what is asked for, and says little itself."""
    for section in sections:
        below = [one for one in sections if one.above[-1:] == (section.heading,) and one.level > section.level]
        subject = _SUBJECT.sub(r"\g<subject>", section.heading).lower().split()
        plural = ask.head and subject[-1:] == [ask.head]
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

"""Lists, tables and headings that may be what a question wants listed, each with how far it is about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.ask.structure.lists import Entry, Listed, marked_lists, short_lines
from app.ask.structure.matching import Wanted, in_roots, root, roots
from app.ask.structure.rows import Row, Rows, said
from app.ask.structure.sections import Section, fit
from app.ask.understand.enumerable import NEGATIVE, PARTS, Enumerable
from app.datatypes import Grid

_ENOUGH, _SURE = 0.75, 0.85  # share of the telling words that a list, what introduces it and its document hold
_NEAR, _CLEAR = 0.45, 0.6  # and that headings and introduction hold, of those that do not only name the document
_STRICT = 0.9
_BONUS = {"bullets": 0.2, "numbered": 0.15, "table": 0.2, "lines": 0.1, "headings": 0.1}
_FILTERED = 0.2  # taken off where only some entries are meant
_FEWEST_MARKED = 3  # entries of a list that nobody asked for by name
_SUBJECT = re.compile(  # 'Table 2: Working time of a visit' is about time
    r"(?:table [\w.]+\s*[:.–-]?\s*)?(?P<subject>.+?)(?: (?:of|for|in|on|at|by|with|without|during|per|from|to)\b|$)",
    re.IGNORECASE,
)
_OWN_COLUMN, _CATEGORY = 0.15, 0.1  # the column is named so; the words that choose the rows stand in one column
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
    where: str = ""
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class _Match:
    share: float
    clear: float

    def rank(self, style: str) -> float:
        return self.share + 0.5 * self.clear + _BONUS[style]

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
    found: list[Candidate | None] = [_of_table(rows, ask, sought) for rows in tables]
    for section in sections:
        lists = marked_lists(section)
        lines = None if lists or ask.strict else short_lines(section)
        found += [_of_list(one, ask, sought) for one in [*lists, *([lines] if lines else [])]]
    if not ask.strict:
        for _, own in groupby(sections, lambda section: section.document.id):
            found += _of_headings(list(own), ask, sought)
    return sorted(filter(None, found), key=lambda one: -one.rank)


def _is_headed(ask: Enumerable, words: Collection[str]) -> bool:
    return not ask.head or in_roots(root(ask.head), frozenset(words))


def _of_list(listed: Listed, ask: Enumerable, sought: Wanted) -> Candidate | None:
    section, entries, first = listed.section, listed.entries, roots(listed.lead)
    introduced = f"{section.heading} {listed.lead}"
    told = all(_is_headed(ask, roots(entry.text)) for entry in entries)  # 'information that is public'
    if not (told or _is_headed(ask, section.label | first)) or bool(NEGATIVE.search(introduced)) != ask.negative:
        return None
    if any(". . ." in entry.text for entry in entries) or (ask.strict and len(entries) < _FEWEST_MARKED):
        return None
    about = fit(section, sought, first)
    around = section.text[: entries[0].start - section.body] + section.text[entries[-1].end - section.body :]
    found = sought.found(section.label | first | roots(around) | section.context)
    missing = sought.weights.keys() - found
    holding = [entry for entry in entries if missing and _holds(roots(entry.text), missing, ask.either)]
    if not holding and sought.lacks_number(found):
        return None
    share = 1.0 if holding else sought.share(found)
    match = _Match(share, about.clear)
    if not match.enough(ask):
        return None
    kept = tuple(holding or entries)
    some = len(kept) < len(entries)
    rank = match.rank(listed.style) - _FILTERED * some
    where = f"those that mention {_named(sought, missing)}" if some else ""
    return Candidate(section, listed.style, kept, tuple(e.text for e in kept), rank, match.sure and not some, where)


def _holds(there: frozenset[str], words: Collection[str], either: bool) -> bool:
    return (any if either else all)(in_roots(word, there) for word in words)


def _is_hard(word: str) -> bool:
    """Types, numbers and dates: what has another one is about something else."""
    return any(c.isdigit() for c in word)


def _named(sought: Wanted, words: Collection[str]) -> str:
    return " and ".join(f"“{sought.typed.get(word, word)}”" for word in sorted(words))


def _of_table(rows: Rows, ask: Enumerable, sought: Wanted) -> Candidate | None:
    section, table = rows.section, rows.table
    names = " . ".join([table.caption, *table.columns])
    subject = _SUBJECT.match(table.caption or section.heading)
    heads = roots(" . ".join([subject["subject"] if subject else "", *table.columns]))
    if ask.strict or len(rows.rows) < 2 or not ask.head or not _is_headed(ask, heads):
        return None
    column = next((i for i, name in enumerate(table.columns) if in_roots(root(ask.head), roots(name))), None)
    if column is None and _is_turned(table.columns):
        return None
    label = section.label | roots(names)
    chosen = _chosen(rows, ask, sought, sought.weights.keys() - sought.found(label))
    if chosen is None:
        return None
    kept, filters, columns = chosen
    found = sought.found(label | section.context | roots(section.text.replace("\t", " . "))) | filters
    if (filters and ask.negative) or sought.lacks_number(found):
        return None
    naming = sought.found(section.context) - sought.found(label) - filters
    own = 1.0 - sought.share(naming)
    match = _Match(sought.share(found), sought.share(sought.found(label) | filters) / own if own > 0.25 else 1.0)
    if not match.enough(ask):
        return None
    first = column if column is not None else _naming_column(rows)
    picked = [rows.rows[i] for i in kept]
    if column is not None and not filters:
        picked = _distinct(picked, column)
    grid: Grid | None = Grid(table.columns, tuple(row.cells for row in picked))
    sure = match.sure and len(columns) <= len(filters)
    rank = match.rank("table") + _OWN_COLUMN * (column is not None) + _CATEGORY * (len(columns) == 1)
    where = f"the rows with {_named(sought, filters)}" if filters else ""
    entries, texts = tuple(row.entry for row in picked), tuple(said(row, first, columns) for row in picked)
    if len(picked) < len(kept):
        texts, grid = tuple(row.cells[first] for row in picked), None
    return Candidate(section, "table", entries, texts, rank, sure, where, grid)


def _chosen(
    rows: Rows, ask: Enumerable, sought: Wanted, missing: Collection[str]
) -> tuple[list[int], frozenset[str], set[int]] | None:
    """Numbers of the rows that are meant, by which words, in which columns; None where no row holds them."""
    cells = [[roots(cell) for cell in row.cells] for row in rows.rows]
    holding = {w: [{i for i, there in enumerate(row) if in_roots(w, there)} for row in cells] for w in missing}
    naming, asked = sought.found(rows.section.context), frozenset(missing)
    filters = frozenset(
        word
        for word, places in holding.items()
        if 0 < sum(map(bool, places)) < len(cells)
        and (word not in naming or _is_hard(word) or any(there and there <= asked for row in cells for there in row))
    )
    if not filters:
        return list(range(len(cells))), filters, set()
    columns = {i for word in filters for places in holding[word] for i in places}
    kept = []
    for n, row in enumerate(cells):
        has = (any if ask.either else all)(holding[word][n] for word in filters)
        general = not ask.only and any(rows.rows[n].cells[i].lower().startswith(_APPLIES) for i in columns)
        alone = not ask.only or all(row[i] <= filters for i in columns if any(i in holding[w][n] for w in filters))
        exact = all(pair in f" {' '.join(rows.rows[n].cells)} ".lower() for pair in _pairs(sought, filters))
        if (has and alone and exact) or (general and any(map(_is_hard, filters))):
            kept.append(n)
    return (kept, filters, columns) if kept else None


def _pairs(sought: Wanted, filters: Collection[str]) -> list[str]:
    """Words of the filter with the letter or number that the question gives them: 'press a' is not 'press b'."""
    return [f"{word.lower()} {mark.lower()} " for word, mark in sought.marked if roots(word) & set(filters)]


def _distinct(rows: Sequence[Row], column: int) -> list[Row]:
    """The first row of each value of the column."""
    return list({row.cells[column]: row for row in reversed(rows) if row.cells[column]}.values())[::-1]


def _is_turned(columns: Sequence[str]) -> bool:
    """Whether the columns, not the rows, are the things: 'Value, TL-5, TL-8'."""
    others = columns[1:]
    return sum(any(c.isdigit() for c in name) for name in others) * 2 > len(others)


def _naming_column(rows: Rows) -> int:
    """The first column whose cells have words, not only numbers."""
    width = len(rows.table.columns)
    worded = (i for i in range(width) if all(any(c.isalpha() for c in row.cells[i]) for row in rows.rows[:10]))
    return next(worded, 0)


def _of_headings(sections: Sequence[Section], ask: Enumerable, sought: Wanted) -> Iterator[Candidate]:
    """What stands under a heading that is about it, as headings; or a document's own headings."""
    if ask.head in PARTS:
        rest = sought.weights.keys() - {root(ask.head)}
        named = sections[0].document
        named_share = sought.share(sought.found(sections[0].context) & rest) if rest else 0.0
        tops = [one for one in sections if one.heading]
        widest = min((one.level for one in tops), default=0)
        level = widest if sum(one.level == widest for one in tops) > 1 else widest + 1
        tops = [one for one in tops if one.level == level]
        if len(tops) > 1 and rest and named_share >= _ENOUGH * sought.share(rest) and named:
            yield _headings(tops[0], tops, 1.0, True)
        return
    for section in sections:
        below = [one for one in sections if one.above[-1:] == (section.heading,) and one.level > section.level]
        if len(below) < 2 or not section.heading or not _is_headed(ask, roots(section.heading)) or not ask.head:
            continue
        found = sought.found(section.label | section.context)
        naming = sought.found(section.context) - sought.found(section.label)
        own = 1.0 - sought.share(naming)
        match = _Match(sought.share(found), sought.share(found - naming) / own if own > 0.25 else 1.0)
        if match.enough(ask) and not ask.negative and not sought.lacks_number(found):
            yield _headings(section, below, match.rank("headings"), match.sure)


def _headings(section: Section, below: Sequence[Section], rank: float, sure: bool) -> Candidate:
    entries = tuple(Entry(one.start, one.start + len(one.heading), one.heading) for one in below)
    return Candidate(section, "headings", entries, tuple(one.heading for one in below), rank, sure)

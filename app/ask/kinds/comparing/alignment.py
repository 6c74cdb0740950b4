"""Two documents thing by thing: sections by their headings, what stands in them by likeness. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from app.ask.language.words import content_words, numbers
from app.ask.structure.outline import Outline, Section
from app.ask.structure.salience import is_aside
from app.ask.structure.statements import Statement

_SAME_HEADING = 0.5  # share of their words from which two headings are of the same
_ALIKE = 0.34  # the same of two sentences, in sections of the same heading
_MOVED = 0.6  # and anywhere
_PAIRS = 30_000  # up to which each is compared with each
_COMMON = 12  # sentences in which a word may stand, to bring two together
_COMPARED = 250  # sentences without a partner that are looked for anywhere


@dataclass(frozen=True, slots=True)
class Pair:
    """What one document says, beside what the other says of the same; None where it says nothing of it."""

    section: Section
    one: Statement | None
    other: Statement | None

    @property
    def same(self) -> bool:
        return bool(self.one and self.other and _plain(self.one.said) == _plain(self.other.said))

    @property
    def numbers_differ(self) -> bool:
        return bool(self.one and self.other and numbers(self.one.said) != numbers(self.other.said))


def pairs(one: Outline, other: Outline) -> list[Pair]:
    """All that either says, in the order of the second; what only the first says comes where its section is."""
    found: list[Pair] = []
    left: list[tuple[Section, Statement]] = []
    right: list[tuple[Section, Statement]] = []
    partners = _sections(one.sections, other.sections)
    for section in other.sections:
        before = partners.get(id(section))
        matched, only_one, only_other = _statements(before.statements if before else (), section.statements)
        found += [Pair(section, a, b) for a, b in matched]
        left += [(before or section, statement) for statement in only_one]
        right += [(section, statement) for statement in only_other]
    used = {id(section) for section in partners.values()}
    left += [
        (section, statement) for section in one.sections if id(section) not in used for statement in section.statements
    ]
    left = [(section, statement) for section, statement in left if not is_aside(section)]
    right = [(section, statement) for section, statement in right if not is_aside(section)]
    moved, lost, new = _statements([u for _, u in left[:_COMPARED]], [u for _, u in right[:_COMPARED]], _MOVED)
    place = {id(statement): section for section, statement in [*left, *right]}
    found += [Pair(place[id(b)], a, b) for a, b in moved]
    found += [Pair(place[id(statement)], statement, None) for statement in [*lost, *(u for _, u in left[_COMPARED:])]]
    found += [Pair(place[id(statement)], None, statement) for statement in [*new, *(u for _, u in right[_COMPARED:])]]
    return found


def likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Of the words of both, how many they share; a short text within a long one is half as good."""
    shared = len(a & b)
    if not shared:
        return 0.0
    return 0.7 * shared / len(a | b) + 0.3 * shared / min(len(a), len(b))


def _sections(one: Sequence[Section], other: Sequence[Section]) -> dict[int, Section]:
    """For each of the second's sections, by identity, the first's of the same heading."""
    names = [frozenset(content_words(section.name)) for section in one]
    found: dict[int, Section] = {}
    free = set(range(len(one)))
    for exact in (True, False):
        for section in other:
            if id(section) in found:
                continue
            own = frozenset(content_words(section.name))
            best = max(free, key=lambda i: (_heading(names[i], own), -i), default=-1)
            if best >= 0 and _heading(names[best], own) >= (1.0 if exact else _SAME_HEADING):
                found[id(section)] = one[best]
                free.remove(best)
    return found


def _heading(a: frozenset[str], b: frozenset[str]) -> float:
    return 1.0 if a == b else likeness(a, b)


def _statements(
    one: Sequence[Statement], other: Sequence[Statement], least: float = _ALIKE
) -> tuple[list[tuple[Statement, Statement]], list[Statement], list[Statement]]:
    """Those that are alike, the likest first taken; then what is left of each."""
    a, b = [_words(statement) for statement in one], [_words(statement) for statement in other]
    scored = [
        (score, -abs(i - j), i, j)
        for i, j in _candidates(a, b)
        if (score := 1.1 if one[i].said == other[j].said else likeness(a[i], b[j])) >= least
    ]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in sorted(scored, key=lambda row: (-row[0], -row[1])):
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    matched = sorted(((j, i) for i, j in partner.items()))
    return (
        [(one[i], other[j]) for j, i in matched],
        [statement for i, statement in enumerate(one) if i not in partner],
        [statement for j, statement in enumerate(other) if j not in taken],
    )


def _candidates(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """All pairs of few; of many those that share a word that is not common among them."""
    if len(one) * len(other) <= _PAIRS:
        yield from product(range(len(one)), range(len(other)))
        return
    places: dict[str, list[int]] = {}
    for j, words in enumerate(other):
        for word in words:
            places.setdefault(word, []).append(j)
    for i, words in enumerate(one):
        near = {j for word in words if len(found := places.get(word, ())) <= _COMMON for j in found}
        yield from ((i, j) for j in near)


def _words(statement: Statement) -> frozenset[str]:
    words = frozenset(word for word in content_words(statement.said) if not word.isdigit())
    return words or frozenset(content_words(statement.said))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+|[%€$£<>+-]", text.lower()))

"""Which sentences of two documents speak of a certain point. Lexical: their words, their headings, times and money."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cached_property
from itertools import zip_longest

from app.ask.kinds.comparing.alignment import Pair, pairs
from app.ask.language.naming import holds, name_words
from app.ask.language.quantities import quantities
from app.ask.structure.outline import Outline
from app.ask.structure.salience import is_aside, salience
from app.ask.structure.statements import Statement

_TIME = re.compile(
    r"\b(?:how (?:long|soon|often)|length|periods?|time|deadlines?|duration|notice|when|until|"
    r"term|interval)\b"
)
_MONEY = re.compile(
    r"\b(?:costs?|prices?|how much|fees?|rent|totals?|budget|amounts?|rates?|pay|paid|charges?|"
    r"cheaper|expensive)\b"
)
_TIMES = frozenset("s min h day week month year".split())
_MONIES = frozenset("$ € £ chf ¥".split())
_NAMED = 0.34  # share of a point's words from which a sentence speaks of it
_NEAR = 0.8  # of the best score, from which a further one is told too
_BETTER = 0.1  # by how much one side must speak of it better, to be told without a like, or with what is like it
_HEADING = 0.8  # what a word is worth that only stands in the heading

Both = tuple[Statement | None, Statement | None]


class Points:
    """Two documents to be asked about one point after the other."""

    def __init__(self, outlines: tuple[Outline, Outline], editions: bool) -> None:
        """Of `editions` two sentences that are alike are found together, of other documents each by itself."""
        self._outlines, self._editions = outlines, editions

    def of(self, point: str, most: int) -> list[Both]:
        """Up to so many rows of what both say of it, the best first; one side may be None."""
        wanted = {word: self._rarity(word) for word in name_words(point)}
        total = sum(wanted.values())
        if not total:
            return []
        scored: list[tuple[float, float, Statement | None, Statement | None]] = []
        for heading, one, other in self._candidates:
            a = self._score(point, wanted, total, heading, one) if one else 0.0
            b = self._score(point, wanted, total, heading, other) if other else 0.0
            if max(a, b) >= _NAMED:
                scored.append((a, b, one, other))
        first = sorted((row for row in scored if row[2]), key=lambda row: -row[0])
        second = sorted((row for row in scored if row[3]), key=lambda row: -row[1])
        together = sorted((row for row in scored if row[2] and row[3]), key=lambda row: -row[0] - row[1])
        if together and _is_best(together[0], first[0][0], second[0][1]):
            least = _NEAR * sum(together[0][:2])
            rows = [(row[2], row[3]) for row in together[:most] if sum(row[:2]) >= least]
            told = {id(statement) for row in rows for statement in row}
            better = sum(together[0][:2]) / 2 + _BETTER
            ones = [row[2] for row in first if row[0] > better and id(row[2]) not in told]
            others = [row[3] for row in second if row[1] > better and id(row[3]) not in told]
            return [*zip_longest(ones[:1], others[:1]), *rows][:most]
        ones = [row[2] for row in first[:most] if row[0] >= _NEAR * first[0][0]]
        others = [row[3] for row in second[:most] if row[1] >= _NEAR * second[0][1]]
        if self._editions:
            return list(zip_longest(ones, others))
        if ones and (not others or first[0][0] > second[0][1] + _BETTER):
            others = [self._partners[id(statement)] for statement in ones if id(statement) in self._partners] or others
        elif others and (not ones or second[0][1] > first[0][0] + _BETTER):
            ones = [self._partners[id(statement)] for statement in others if id(statement) in self._partners] or ones
        return list(zip_longest(ones, others))

    @cached_property
    def _partners(self) -> dict[int, Statement]:
        """What the other document says most like it, by identity."""
        found = [(pair.one, pair.other) for pair in self._pairs if pair.one and pair.other]
        return {id(a): b for a, b in found} | {id(b): a for a, b in found}

    @cached_property
    def _pairs(self) -> list[Pair]:
        return pairs(*self._outlines)

    @cached_property
    def _candidates(self) -> list[tuple[frozenset[str], Statement | None, Statement | None]]:
        """Each with the words of its heading."""
        if self._editions:
            return [(frozenset(name_words(pair.section.name)), pair.one, pair.other) for pair in self._pairs]
        rows: list[tuple[frozenset[str], Statement | None, Statement | None]] = []
        for side, outline in enumerate(self._outlines):
            for section in outline.sections:
                heading = frozenset(name_words(section.name))
                statements = () if is_aside(section) else section.statements
                rows += [(heading, None, statement) if side else (heading, statement, None) for statement in statements]
        return rows

    @cached_property
    def _words(self) -> dict[int, frozenset[str]]:
        """Of each sentence, by its identity."""
        statements = [statement for _, *both in self._candidates for statement in both if statement]
        return {
            id(statement): frozenset(name_words(f"{statement.lead} {statement.meaning}")) for statement in statements
        }

    @cached_property
    def _frequency(self) -> Counter[str]:
        return Counter(word for words in self._words.values() for word in words)

    def _rarity(self, word: str) -> float:
        return math.log(1 + len(self._words) / (1 + self._frequency[word]))

    def _score(
        self, point: str, wanted: dict[str, float], total: float, heading: frozenset[str], statement: Statement
    ) -> float:
        words = self._words[id(statement)]
        shared = sum(value * max(holds(words, word), _HEADING * holds(heading, word)) for word, value in wanted.items())
        share = shared / total
        if share < 0.2:
            return 0.0
        alone = sum(1 for word in words if holds(wanted, word)) / (len(words) or 1)  # it speaks of nothing else
        return share + _fits(point, statement) + 0.1 * min(1.0, salience(statement)) + 0.2 * alone


def _is_best(pair: tuple[float, float, Statement | None, Statement | None], one: float, other: float) -> bool:
    """Whether what is alike speaks of the point about as well as anything."""
    return min(pair[:2]) >= _NAMED and sum(pair[:2]) > one + other - 0.5


def _fits(point: str, statement: Statement) -> float:
    """More for a time where a time is asked for, and for money where money is."""
    units = {name for quantity in quantities(statement.meaning) for name in quantity.units}
    fits = 0.25 * bool(_TIME.search(point) and units & _TIMES) + 0.25 * bool(_MONEY.search(point) and units & _MONIES)
    return fits + (0.05 if re.search(r"\d", statement.said) else 0.0)

"""Whether a piece of text is about what was asked: which share of the question's telling words it holds.

Rare words weigh more than common ones. Forms of a word count as the word ('replacement', 'replacing'), and so do a few
other words for the same action ('swap'). Pure, but for the frequencies that the caller gives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from app.ask.language.words import WORD, stem, telling_words

_SAME = [
    frozenset(group.split())
    for group in (
        "replace exchange change swap renew substitute",
        "remove dismantle detach uninstall demount",
        "install fit mount attach assemble",
        "repair fix mend",
        "clean wash rinse",
        "submit enter hand file send",
        "start begin launch",
        "dispose scrap discard",
        "cancel terminate end",
        "leak leakage",
        "fill refill",
        "book reserve",
        "pick choose select",
        "buy purchase order",
        "prohibit forbid forbidden prohibited",
        "demand require need",
        "cause reason",
        "request apply",
        "include contain content comprise",
    )
]
_MOST = 0.85  # of the weight
_SHORTEST_PREFIX = 5  # letters from which on one word may be the beginning of another's form
_HYPHENED = re.compile(r"\b(?:[^\W\d_]{1,2}-[^\W\d_]{2,}|[^\W\d_]{2,}-[^\W\d_]{1,2})\b")  # Wi-Fi, e-mail, set-up
_MARKED = re.compile(r"\b([^\W\d_]{2,}) ([A-HJ-Z]|\d{1,4})\b(?![-.,/]?\w)")
_ENDINGS = re.compile(r"(?:ment|ation|ition|tion|ion|al|ance|ence|er|or|able|ive|ity|ness|ure|at)s?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Telling words of a question, as roots, each with its weight."""

    weights: Mapping[str, float]
    typed: Mapping[str, str] = field(default_factory=dict)  # each as it stands in the question
    marked: tuple[tuple[str, str], ...] = ()  # with a letter or number behind it: 'Press A', 'table 3'

    @property
    def words(self) -> list[str]:
        """What the text index is to be asked for, other words for the same included."""
        same = [other for group in _GROUPS for word in self.weights if word in group for other in group]
        return list(dict.fromkeys([*self.typed.values(), *sorted(same)]))

    @property
    def total(self) -> float:
        return sum(self.weights.values())

    def found(self, roots: Iterable[str]) -> frozenset[str]:
        """Those that are among the roots, in one form or another."""
        there = frozenset(roots)
        return frozenset(word for word in self.weights if in_roots(word, there))

    def share(self, words: Iterable[str]) -> float:
        """How much of the whole weight these wanted words have, 0 to 1."""
        return sum(self.weights[word] for word in words) / self.total if self.weights else 0.0

    def lacks_number(self, found: Iterable[str]) -> bool:
        """Whether a type, number or date is not among them: what has another one is about something else."""
        return any(is_number(word) for word in self.weights.keys() - set(found))

    def holds(self, roots: Iterable[str]) -> bool:
        """Whether the roots have all that matters of it."""
        found = self.found(roots)
        return not self.weights or (self.share(found) >= _MOST and not self.lacks_number(found))


def wanted(text: str, frequency: Callable[[str], int], passages: int, without: Iterable[str] = ()) -> Wanted:
    """The telling words of a text, weighed by how few passages hold them; generic ones are given as `without`."""
    text = _HYPHENED.sub(lambda match: "".join(match.group().split("-")), text)
    left_out = {root(word) for word in without} | set(without)
    weights: dict[str, float] = {}
    typed: dict[str, str] = {}
    for word in sorted(telling_words(text)):
        if (key := _single(word)) not in left_out and word not in left_out:
            typed[key] = _typed(word, text)
            weights[key] = math.log(1.5 + passages / (0.5 + frequency(typed[key])))
    return Wanted(weights, typed, tuple(_MARKED.findall(text)))


def _typed(found: str, text: str) -> str:
    """The word as it stands in the text, for the text index, whose own stemmer must meet the whole of it."""
    return next((word for word in WORD.findall(text) if stem(word.lower()) == found), found)


@lru_cache(maxsize=8192)
def roots(text: str) -> frozenset[str]:
    """Roots of the telling words of a text. 'Wi-Fi' is also 'wifi'."""
    joined = {"".join(match.group().lower().split("-")) for match in _HYPHENED.finditer(text)}
    return frozenset(map(_single, telling_words(text))) | joined


def is_number(word: str) -> bool:
    """A type, a number or a date."""
    return any(c.isdigit() for c in word)


def root(word: str) -> str:
    """Of one word in lower case."""
    return word if is_number(word) else _single(stem(word))


def _single(stem_: str) -> str:
    """A doubled last consonant once: 'topping' and 'top' meet; and so do 'warnings' and 'warning'."""
    if stem_.endswith("ing") and len(stem_) > 6:
        stem_ = stem_[:-3]
    if len(stem_) == 4:
        stem_ = stem_.removesuffix("e")  # 'codes' became 'cod'
    return stem_[:-1] if len(stem_) > 3 and stem_[-1] == stem_[-2] and stem_[-1] not in "aeiou" else stem_


_GROUPS = [frozenset(root(word) for word in group) for group in _SAME]


def in_roots(word: str, there: frozenset[str]) -> bool:
    """Whether one of the roots is the word, a form of it or another word for the same action."""
    if word in there or any(word in group and group & there for group in _GROUPS):
        return True
    if len(word) < _SHORTEST_PREFIX or not word.isalpha():
        return False
    return any(_form(word, other) or _form(other, word) for other in there)


def _form(word: str, longer: str) -> bool:
    return (
        len(word) >= _SHORTEST_PREFIX
        and longer.startswith(word)
        and longer[len(word) :].isalpha()
        and _ENDINGS.fullmatch(longer[len(word) :]) is not None
    )

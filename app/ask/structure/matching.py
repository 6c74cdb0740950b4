"""Whether a piece of text is about what was asked: which share of the question's telling words it holds.

Rare words weigh more than common ones. Forms of a word count as the word ('replacement', 'replacing'), and so do a few
other words for the same action ('swap'). Pure, but for the frequencies that the caller gives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.ask.words import WORD, codes, has_code, stem, telling_words

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
    )
]
_SHORTEST_PREFIX = 5  # letters from which on one word may be the beginning of another's form
_ENDINGS = re.compile(r"(?:ment|ation|ition|tion|ion|al|ance|ence|er|or|able|ive|ity|ness|ure|at)s?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Telling words of a question, as roots, each with its weight."""

    weights: Mapping[str, float]
    words: tuple[str, ...] = ()  # as the text index is to be asked for them, other words for the same included
    codes: tuple[str, ...] = ()  # types and numbers of things: what is about another one is about something else

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

    def names_codes_of(self, *texts: str) -> bool:
        """Whether each code stands in one of the texts."""
        return all(any(has_code(text, code) for text in texts) for code in self.codes)


def wanted(text: str, frequency: Callable[[str], int], passages: int, without: Iterable[str] = ()) -> Wanted:
    """The telling words of a text, weighed by how few passages hold them; generic ones are given as `without`."""
    left_out = {root(word) for word in without} | set(without)
    weights: dict[str, float] = {}
    words: list[str] = []
    for word in sorted(telling_words(text)):
        if (key := root(word)) not in left_out and word not in left_out:
            words.append(_searchable(word, text))
            weights[key] = math.log(1.5 + passages / (0.5 + frequency(words[-1])))
            words += [other for group in _SAME if key in map(root, group) for other in sorted(group)]
    return Wanted(weights, tuple(dict.fromkeys(words)), tuple(codes(text)))


def _searchable(found: str, text: str) -> str:
    """The word as it stands in the text, for the text index, whose own stemmer must meet the whole of it."""
    return next((word for word in WORD.findall(text) if stem(word.lower()) == found), found)


@lru_cache(maxsize=8192)
def roots(text: str) -> frozenset[str]:
    """Roots of the telling words of a text."""
    return frozenset(map(root, telling_words(text)))


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """Its stem, with a doubled last consonant once: 'topping' and 'top' meet."""
    if any(c.isdigit() for c in word):
        return word
    word = stem(word)
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


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

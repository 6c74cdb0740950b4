"""Whether what is quoted speaks of what was asked: of the same subject, and of the same attribute of it.

That a number stands somewhere says little: the rent is not 'paid in two parts' because the deposit is. So each telling
word of the question is looked for in the quotes, in the headings above them and in the names of their columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.ask.language.words import WORD, codes, content_words, has_code, names, stated_numbers, stem, telling_words
from ingest.datatypes import Encoder

_ALIKE, _SAME = 0.3, 0.8  # cosines of two words from which they are a little, and entirely, the same
_JOINED = re.compile(r"\S*(?:[^\W\d_]\S*\d|\d\S*[^\W\d_]|\d[-/]\d)\S*")  # numbers that are part of a name
_MOST = 160  # words that are compared by meaning
_ASKING = frozenset(  # stems of words that ask, and name nothing
    """
    how many much long often far high kind type sort name need use do have must can may much number stand mean happen
    call tell find there different get give take say know make please want show
    """.split()
)


@dataclass(frozen=True, slots=True)
class Belonging:
    """`missing` is the share of the question's telling words that the quotes know nothing of, rare words counting
    more, 0 to 1; `unnamed` are its codes and numbers that they do not hold."""

    missing: float
    unnamed: tuple[str, ...]


def belonging(
    question: str, quoted: str, rarity: Callable[[str], float], encoder: Encoder, around: str = ""
) -> Belonging:
    """`quoted` are the quotes with the headings, titles and column names above them; `rarity` weighs a word. `around`
    is the passage of a quote that only points: 'he' and 'it' may be whom it names."""
    held = telling_words(quoted) | set(content_words(quoted))
    wanted = sorted(word for word in telling_words(question) if word not in _ASKING)
    strange = [word for word in wanted if word not in held]
    total = sum(rarity(word) for word in wanted)
    near = _nearness(_written(strange, question), _written(sorted(held), quoted), encoder)
    lost = sum(rarity(word) * (1 - share) for word, share in zip(strange, near, strict=True))
    unnamed = [code for code in codes(question) if not has_code(quoted, code)]
    unnamed += [name for name in _names(question) if not _names_it(f"{quoted} {around}", name)]
    unnamed += sorted(stated_numbers(_JOINED.sub(" ", question)) - stated_numbers(quoted))
    return Belonging(lost / total if total else 0.0, tuple(unnamed))


def _names(question: str) -> list[str]:
    """Capitalised words inside the question that are no codes."""
    return sorted(name for name in names(question) if not any(c.isdigit() for c in name) and len(name) > 2)


def _names_it(text: str, name: str) -> bool:
    """Whether the name stands there, in any form of its stem: 'Norman' and 'Normans'."""
    return name in text.lower() or stem(name) in {stem(word.lower()) for word in WORD.findall(text)}


def _written(stems: list[str], text: str) -> list[str]:
    """The words as they stand in the text: an encoder knows few stems."""
    words = {stem(word): word for word in (match.lower() for match in WORD.findall(text))}
    return [words.get(one, one) for one in stems]


def _nearness(words: list[str], others: list[str], encoder: Encoder) -> list[float]:
    """How near each word comes to the nearest of the others in meaning, 0 to 1."""
    known = [word for word in others if not word.isdigit()][:_MOST]
    if not words or not known:
        return [0.0] * len(words)
    vectors = encoder.encode([*words, *known])
    best = (vectors[: len(words)] @ vectors[len(words) :].T).max(axis=1)
    near = np.clip((best - _ALIKE) / (_SAME - _ALIKE), 0.0, 1.0)
    return [float(value) for value in near]


def rarity_in(n_chunks: int, frequency: Callable[[str], int]) -> Callable[[str], float]:
    """Inverse document frequency among the passages of an index (Spärck Jones, 1972)."""
    return lambda word: math.log(1 + n_chunks / (frequency(word) + 0.5))

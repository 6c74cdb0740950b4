"""How alike two texts are: MinHash sketches to find the pairs that may be, exact shares of words to decide. Pure.

Sketches are estimates (Broder, 1997): of the numbers in them, two texts share as large a part as of their words.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Sketch = NDArray[np.uint32]

BANDS = 8  # a passage's sketch: two at 0.9 share one of eight bands with 0.99, two at 0.5 with 0.03
_ROWS = 8
_DOCUMENT = 128  # numbers in a document's: its likeness with another comes out 0.04 off at worst, two times in three
_TRIPLES_AT_ONCE = 8192
_COMPARED = 50_000  # words of a document that are compared one by one
_ALIKE = 0.9  # share of common words from which two passages say the same
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def passage_sketch(text: str) -> Sketch:
    """What to look for its like by: one number for each band. Passages with other figures share none of them."""
    words = set(words_of(text))
    if not words:
        return np.zeros(0, dtype=np.uint32)
    values = _minhash(words, BANDS * _ROWS).reshape(BANDS, _ROWS)
    figures = " ".join(sorted(word for word in words if word[0].isdigit())).encode()
    return np.array([zlib.crc32(figures, zlib.crc32(band.tobytes())) for band in values], dtype=np.uint32)


def document_sketch(text: str) -> Sketch:
    """Of its words by three. Empty where it has none."""
    words = words_of(text)
    return _minhash(triples(words), _DOCUMENT) if words else np.zeros(0, dtype=np.uint32)


def triples(words: Sequence[str]) -> Iterator[str]:
    """Each word with the two behind it: the order counts. A shorter text is one."""
    if len(words) < 3:
        yield " ".join(words)
    for place in range(len(words) - 2):
        yield " ".join(words[place : place + 3])


def likeness(one: Sketch, others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Of a document with others, shape (n, 128): the estimated share of common triples, 0 to 1."""
    if not len(one) or not others.size:
        return np.zeros(len(others))
    return np.asarray((others == one).mean(axis=1))


def say_the_same(one: str, other: str) -> bool:
    """Nearly the same words, and the same figures: a report's table comes again a year later with others."""
    a, b = frozenset(words_of(one)), frozenset(words_of(other))
    return share(a, b) >= _ALIKE and not any(word[0].isdigit() for word in a ^ b)


def share(a: frozenset[str], b: frozenset[str]) -> float:
    """Of what either holds, what both hold (Jaccard)."""
    return len(a & b) / len(a | b) if a or b else 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """What is compared of a whole document, or of the beginning of a long one."""

    triples: frozenset[str]
    figures: frozenset[str]


def document_words(text: str) -> Words:
    words = words_of(text[: 8 * _COMPARED])[:_COMPARED]
    return Words(frozenset(triples(words)), frozenset(word for word in words if word[0].isdigit()))


def buckets(sketches: Mapping[int, bytes], size: int) -> Iterator[list[int]]:
    """Keys whose sketches agree wholly, then those that agree in one piece of `size` bytes, in the keys' order: they
    may be alike. Takes as long as it takes to sort them."""
    keys = np.array(sorted(key for key, sketch in sketches.items() if sketch), dtype=np.int64)
    if not len(keys):
        return
    table = np.frombuffer(b"".join(sketches[int(key)] for key in keys), dtype=f"S{size}").reshape(len(keys), -1)
    whole = np.frombuffer(table.tobytes(), dtype=f"S{size * table.shape[1]}")
    for column in (whole, *table.T):  # copies first: a piece may agree in more that are not alike than are looked at
        values = np.unique(column, return_inverse=True)[1]
        order = np.argsort(values, kind="stable")
        ends = np.flatnonzero(np.diff(values[order])) + 1
        yield from (keys[part].tolist() for part in np.split(order, ends) if len(part) > 1)


def _minhash(items: Iterable[str], numbers: int) -> Sketch:
    from datasketch import MinHash

    made = MinHash(num_perm=numbers, permutations=_permutations(numbers), scheme="affine32")
    left = iter(items)
    while part := [item.encode("utf-8", "replace") for item in islice(left, _TRIPLES_AT_ONCE)]:
        made.update_batch(part)
    return np.asarray(made.hashvalues, dtype=np.uint32)


@lru_cache(maxsize=4)
def _permutations(numbers: int) -> object:
    from datasketch import MinHash

    return MinHash(num_perm=numbers, scheme="affine32").permutations

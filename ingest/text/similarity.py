"""Measures how similar two texts are: MinHash sketches find candidate pairs, exact shares of common words decide.

A sketch estimates the Jaccard similarity: the share of equal numbers in two sketches is close to the share of words
that the texts have in common (Broder, 1997, "On the resemblance and containment of documents").
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

BANDS = (
    8  # of a passage's sketch: two passages 0.9 similar share a band with probability 0.99, two 0.5 similar with 0.03
)
_ROWS = 8
_DOCUMENT = 128  # numbers in a document's sketch: the standard error of the estimated similarity is at most 0.04
_TRIGRAMS_AT_ONCE = 8192
_COMPARED = 50_000  # words of a document that are compared one by one
_ALIKE = 0.9  # share of common words from which two passages say the same
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Returns the words and numbers of a text in small letters."""
    return _WORD.findall(text.lower())


def passage_sketch(text: str) -> Sketch:
    """Returns one number for each of BANDS bands, shape (BANDS,); similar passages share a band (locality-sensitive
    hashing). Passages with different figures share none. Empty for a text without words."""
    words = set(words_of(text))
    if not words:
        return np.zeros(0, dtype=np.uint32)
    values = _minhash(words, BANDS * _ROWS).reshape(BANDS, _ROWS)
    figures = " ".join(sorted(word for word in words if word[0].isdigit())).encode()
    return np.array([zlib.crc32(figures, zlib.crc32(band.tobytes())) for band in values], dtype=np.uint32)


def document_sketch(text: str) -> Sketch:
    """Returns the MinHash of the document's word trigrams, shape (128,); empty for a text without words."""
    words = words_of(text)
    return _minhash(trigrams(words), _DOCUMENT) if words else np.zeros(0, dtype=np.uint32)


def trigrams(words: Sequence[str]) -> Iterator[str]:
    """Yields each word with the two words behind it, so that the order of words counts. A shorter text yields one
    item."""
    if len(words) < 3:
        yield " ".join(words)
    for place in range(len(words) - 2):
        yield " ".join(words[place : place + 3])


def estimated_similarity(one: Sketch, others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Estimates the share of trigrams that a document has in common with each of the others, shape (n, 128) -> (n,), 0
    to 1."""
    if not len(one) or not others.size:
        return np.zeros(len(others))
    return np.asarray((others == one).mean(axis=1))


def is_near_duplicate(one: str, other: str) -> bool:
    """Whether two passages have nearly the same words and the same figures. The figures decide about a table that comes
    again a year later with other values."""
    a, b = frozenset(words_of(one)), frozenset(words_of(other))
    return jaccard(a, b) >= _ALIKE and not any(word[0].isdigit() for word in a ^ b)


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Returns the Jaccard similarity of two sets, 0 to 1: the number of common members divided by the number of all."""
    return len(a & b) / len(a | b) if a or b else 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """The word trigrams and the figures of a document, or of the beginning of a long one, for exact comparison."""

    trigrams: frozenset[str]
    figures: frozenset[str]


def document_words(text: str) -> Words:
    """Collects the trigrams and figures of a document's first 50,000 words."""
    words = words_of(text[: 8 * _COMPARED])[:_COMPARED]
    return Words(frozenset(trigrams(words)), frozenset(word for word in words if word[0].isdigit()))


def buckets(sketches: Mapping[int, bytes], size: int) -> Iterator[list[int]]:
    """Yields groups of keys whose documents may be similar: first those with equal sketches, then those whose sketches
    agree in one piece of `size` bytes. Takes the time of sorting the sketches once for each piece."""
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
    while part := [item.encode("utf-8", "replace") for item in islice(left, _TRIGRAMS_AT_ONCE)]:
        made.update_batch(part)
    return np.asarray(made.hashvalues, dtype=np.uint32)


@lru_cache(maxsize=4)
def _permutations(numbers: int) -> object:
    from datasketch import MinHash

    return MinHash(num_perm=numbers, scheme="affine32").permutations

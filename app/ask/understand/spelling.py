"""Words of a question that no document knows, read as the word of the documents that they come nearest to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ingest.datatypes import Encoder
from ingest.store.index import LocalIndex

_WORD = re.compile(r"(?<![\w.@/-])[^\W\d_]{4,24}(?![\w@/-]|\.\w)")
_LETTERS = re.compile(r"[^\W\d_]{4,24}")
_SAMPLED = 20_000  # passages whose words are counted
_TWO_MISTAKES = 7  # letters from which a word may hold two
_RARE = 2  # words that stand more seldom are as likely mistakes themselves
_vocabularies: WeakKeyDictionary[LocalIndex, Counter[str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Spelling:
    """`text` is the question with its mistakes mended; `mended` maps what was typed to what it was read as."""

    text: str
    mended: dict[str, str]

    @property
    def said(self) -> str:
        """One sentence for people; '' where nothing was mended."""
        pairs = ", ".join(f"'{typed}' as '{read}'" for typed, read in self.mended.items())
        return f"Read {pairs}." if pairs else ""


def spelled(question: str, index: LocalIndex, encoder: Encoder) -> Spelling:
    """The question with each unknown word replaced by the nearest one that the documents hold.

    Unknown is what stands in no document and is no word of the encoder's own vocabulary. Nearest: one letter left out,
    added, wrong or swapped, in longer words two (Damerau, 1964), the first letter right. Names and codes stay.
    """
    mended: dict[str, str] = {}
    for typed in dict.fromkeys(_WORD.findall(question)):
        is_name = typed[0].isupper() and not question.startswith(typed)
        if is_name or index.frequency(typed):
            continue
        read = _nearest(typed.lower(), _vocabulary(index))
        if read and not _is_word(typed, encoder):  # last: an encoder takes seconds to load
            mended[typed] = read.capitalize() if typed[0].isupper() else read
    replace: Callable[[re.Match[str]], str] = lambda match: mended.get(match.group(), match.group())  # noqa: E731
    return Spelling(_WORD.sub(replace, question) if mended else question, mended)


def _is_word(word: str, encoder: Encoder) -> bool:
    """Encoders cut rare and mistaken words into pieces and keep common words whole."""
    return len(encoder.token_ends([word.lower()])[0]) < 2


def _nearest(word: str, vocabulary: Counter[str]) -> str:
    """The most frequent one of those with the fewest mistakes; '' where none comes near enough."""
    from rapidfuzz.distance import DamerauLevenshtein
    from rapidfuzz.process import extract

    most = 2 if len(word) >= _TWO_MISTAKES else 1
    candidates = [known for known in vocabulary if known[0] == word[0] and abs(len(known) - len(word)) <= most]
    found = extract(word, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=None)
    # Of two as near, the one with letters that were left out: that is mistyped most often.
    best = min(found, key=lambda item: (item[1], not _left_out(word, item[0]), -vocabulary[item[0]]), default=None)
    return best[0] if best else ""


def _left_out(typed: str, known: str) -> bool:
    """Whether the known word is the typed one with letters added."""
    letters = iter(known)
    return all(letter in letters for letter in typed)


def _vocabulary(index: LocalIndex) -> Counter[str]:
    """The words of the documents' first passages with how often they stand there. Made once for each snapshot."""
    if (known := _vocabularies.get(index)) is None:
        rows = index.store.rows("SELECT title || ' ' || heading || ' ' || text FROM chunks LIMIT ?", (_SAMPLED,))
        counted = Counter(word for (text,) in rows for word in _LETTERS.findall(text.lower()))
        known = Counter({word: count for word, count in counted.items() if count >= _RARE} or counted)
        _vocabularies[index] = known
    return known

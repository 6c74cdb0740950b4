"""Code, not the model, says where an answer stands: each sentence of it is aligned with the document's sentences.

Small models invent quotes and point badly; what they wrote, though, was nearly always read somewhere. So each claim is
matched with the sentences of the passages, the quote is taken from the document, and the claim is then checked against
it: every number and every name it states must stand there. Comparison is made after a stated normalisation: case,
white space, light stems, and one form for numbers ('1,200.50' and '1200.5', 'five' and '5'). Pure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.datatypes import Citation, Hit, Sentence
from app.prompt import REFUSAL
from app.words import content_words, names, numbers, stated_numbers, stem
from ingest.sentences import sentence_spans

_MAX_QUOTES = 3  # sentences that one claim may stand on
_COVERED = 0.55  # share of a claim's own words that its sentences must hold
_GIVEN = 0.3  # weight of words that the question brought: repeating it proves little
_REFUSING = re.compile(
    r"\b(?:passages?|documents?|texts?|information|excerpts?|context|provided|sources?)\b[^.]*\b(?:do(?:es)?|is|are|did)\s*(?:not|n't)\b"
    r"|\b(?:do(?:es)?|is|are)\s*(?:not|n't)\s+(?:\w+\s+){0,2}?(?:stated?|mention(?:ed)?|specif(?:y|ied)|provided?|given|found|contain(?:ed)?)\b"
    r"|\bno (?:information|mention|answer)\b|\bcannot (?:be )?(?:answer|find|determin)|\bnot found\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer. `missing` are the numbers and names that no cited sentence holds."""

    text: str
    citations: tuple[Citation, ...]
    missing: tuple[str, ...] = ()
    coverage: float = 0.0

    @property
    def supported(self) -> bool:
        return bool(self.citations)


def refuses(text: str) -> bool:
    """Whether the model said, in the agreed words or its own, that the passages do not hold the answer."""
    plain = text.strip().strip("\"'*`. ").upper()
    if not plain or plain.startswith(REFUSAL) or plain.endswith(REFUSAL):
        return True
    first = text[slice(*sentence_spans(text)[0])] if sentence_spans(text) else ""
    return bool(_REFUSING.search(first)) and not stated_numbers(first)


def verify(text: str, question: str, sentences: Sequence[Sentence], hits: Sequence[Hit]) -> list[Claim]:
    """The answer's claims in order, each with the quotes it stands on, or with none.

    Every citation is one of `sentences`, whole, so its quote equals its span of the document by construction.
    """
    table = _Table(sentences, hits)
    return [_claim(text[start:end], question, table) for start, end in sentence_spans(text)]


class _Table:
    """The candidate sentences with their words, computed once per answer."""

    def __init__(self, sentences: Sequence[Sentence], hits: Sequence[Hit]) -> None:
        self.sentences = sentences
        self.words = [set(content_words(s.text)) for s in sentences]
        self.numbers = [numbers(s.text) for s in sentences]
        self.plain = [f" {s.text.lower()} " for s in sentences]
        self.context = [_context(s, hits) for s in sentences]
        frequency = Counter(word for words in self.words for word in words)
        self.idf: Mapping[str, float] = {w: math.log(1 + len(sentences) / n) for w, n in frequency.items()}
        self.rarest = math.log(1 + max(1, len(sentences)))


def _context(sentence: Sentence, hits: Sequence[Hit]) -> str:
    """What a reader of the sentence also sees: its columns' names, the headings above it, its document's title."""
    for hit in hits:
        if hit.file == sentence.file and hit.chunk.start <= sentence.start < hit.chunk.end:
            return f" {sentence.spoken} {hit.title} {hit.chunk.heading} {hit.file} ".lower()
    return ""


def _claim(text: str, question: str, table: _Table) -> Claim:
    given = set(content_words(question))
    words = set(content_words(text)) or given
    weights = {w: table.idf.get(w, table.rarest) * (_GIVEN if w in given else 1.0) for w in words}
    figures, called = stated_numbers(text), names(text)
    chosen = _choose(weights, figures, called, given, table)
    if not chosen:
        return Claim(text, ())
    held = set().union(*(table.words[i] for i in chosen))
    figures_held = set().union(*(table.numbers[i] for i in chosen))
    around = "".join(table.plain[i] + table.context[i] for i in chosen)
    around_words = held | set(content_words(around))
    coverage = _coverage(weights, figures, given, around_words, figures_held, table.rarest)
    asked = f" {question.lower()} "
    missing = [f for f in figures - figures_held if f not in numbers(question) and not _stands(f, around)]
    missing += [n for n in called if not _stands(n, around) and not _stands(n, asked) and stem(n) not in around_words]
    if missing or coverage < _COVERED:
        return Claim(text, (), tuple(sorted(missing)), coverage)
    ordered = sorted(chosen, key=lambda i: (chosen.index(i) > 0, table.sentences[i].start))
    citations = tuple(
        Citation(s.file, s.page, s.start, s.end, s.text, text) for s in (table.sentences[i] for i in ordered)
    )
    return Claim(text, citations, (), coverage)


def _coverage(
    weights: Mapping[str, float],
    figures: set[str],
    given: set[str],
    held: set[str],
    held_figures: set[str],
    rarest: float,
) -> float:
    """Share, by weight, of what the claim adds to the question that its sentences hold. A number weighs as much as
    a rare word and a half: '60 liters' stands on '60 litres'."""
    new = {word: weight for word, weight in weights.items() if word not in given and not word.isdigit()} or weights
    total = sum(new.values()) + 1.5 * rarest * len(figures)
    found = sum(weight for word, weight in new.items() if word in held) + 1.5 * rarest * len(figures & held_figures)
    return found / max(1e-9, total)


def _choose(
    weights: Mapping[str, float], figures: set[str], called: set[str], given: set[str], table: _Table
) -> list[int]:
    """Greedily the fewest sentences that hold the claim's words, numbers and names; the most telling one first."""
    chosen: list[int] = []
    need = dict(weights)
    need.update({f"#{f}": 1.5 * table.rarest for f in figures})
    need.update({f"@{n}": table.rarest for n in called})
    total = sum(need.values()) or 1.0
    while len(chosen) < _MAX_QUOTES and need:
        gains = [(_gain(i, need, given, table, chosen), -i) for i in range(len(table.sentences)) if i not in chosen]
        if not gains:
            break
        gain, best = max(gains)
        if gain < (0.12 if chosen else 0.05) * total:
            break
        chosen.append(-best)
        need = {key: weight for key, weight in need.items() if not _holds(-best, key, table)}
    return chosen


def _gain(i: int, need: Mapping[str, float], given: set[str], table: _Table, chosen: Sequence[int]) -> float:
    gain = sum(weight for key, weight in need.items() if _holds(i, key, table))
    if (
        gain and not chosen
    ):  # among equals, the sentence that also speaks of what was asked, in its text or its headings
        about = sum(table.idf.get(w, table.rarest) for w in given if w in table.words[i])
        around = sum(1 for w in given if w in table.context[i])
        gain += 0.15 * about + 0.02 * around
    return gain


def _holds(i: int, key: str, table: _Table) -> bool:
    if key[0] == "#":
        return key[1:] in table.numbers[i]
    if key[0] == "@":
        return _stands(key[1:], table.plain[i])
    return key in table.words[i]


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text) is not None

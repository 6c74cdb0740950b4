"""Code, not the model, says where an answer stands: each sentence of it is aligned with the document's sentences.

Small models invent quotes and point badly; what they wrote, though, was nearly always read somewhere. So each claim is
matched with the sentences of the passages, the quote is taken from the document, and the claim is then checked against
it: every number with its unit and every name that it states must stand there, a number from a table in the column that
was asked for. Comparison is made after a stated normalisation: case, white space, light stems, and one form for numbers
and units ('1,200.50 l' and '1200.5 litres', 'seven years' and '7 years'). Pure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.ask.language.quantities import Quantity, quantities, stands_in
from app.ask.language.replies import REFUSAL
from app.ask.language.spoken_rows import wrong_cell, wrong_row
from app.ask.language.words import content_words, names, stated_numbers, stem
from app.datatypes import Citation, Hit, Sentence
from ingest.text.sentences import sentence_spans

Nearness = Callable[[str, Sequence[str]], Sequence[float]]  # a text, others -> cosine of each with it

_MAX_QUOTES = 3  # sentences that one claim may stand on
_COVERED = 0.55  # share of what a claim adds to the question that its sentences must hold
_GIVEN = 0.3  # weight of words that the question brought: repeating it proves little
_NEAR = 8  # candidates that are compared by meaning too
_NEARNESS = 1.0  # weight of that, beside:
# Order as in `_features`. Set by hand: with these 30 of 31 right answers on squad2 cited the gold passage.
_WEIGHTS = np.array([3.0, 1.0, 2.0, 1.5, 1.0, 0.3])
_REFUSING = re.compile(
    r"\b(?:passages?|documents?|texts?|information|excerpts?|context|provided|sources?)\b[^.]*\b(?:do(?:es)?|is|are|did)\s*(?:not|n't)\b"
    r"|\b(?:do(?:es)?|is|are)\s*(?:not|n't)\s+(?:\w+\s+){0,2}?(?:stated?|mention(?:ed)?|specif(?:y|ied)|provided?|given|found|contain(?:ed)?)\b"
    r"|\bno (?:information|mention|answer)\b|\bcannot (?:be )?(?:answer|find|determin)|\bnot found\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:he|him|his|she|her|it|its|they|them|their|this|that|these|those|there|here|such|both|latter|former|same|we|our)\b"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer. `missing` are the numbers and names that no cited sentence holds; `coverage` is the
    share of what it adds to the question that they hold."""

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


def verify(
    text: str, question: str, sentences: Sequence[Sentence], hits: Sequence[Hit], nearness: Nearness | None = None
) -> list[Claim]:
    """The answer's claims in order, each with the quotes it stands on, or with none.

    Every citation is one of `sentences`, whole, so its quote equals its span of the document by construction.
    `nearness` adds the encoder's opinion to the choice among sentences; the checks do not ask it.
    """
    passages = _Passages(sentences, hits)
    return [_claim(text[start:end], question, passages, nearness) for start, end in sentence_spans(text)]


class _Passages:
    """The candidate sentences with their words, computed once per answer. Index i is a sentence's throughout."""

    def __init__(self, sentences: Sequence[Sentence], hits: Sequence[Hit]) -> None:
        self.sentences = sentences
        self.words = [set(content_words(s.meaning)) for s in sentences]
        self.plain = [f" {s.text} {s.spoken} ".lower() for s in sentences]
        self.quantities = [quantities(s.text) + quantities(s.spoken) for s in sentences]
        self.hit = [next((n for n, hit in enumerate(hits) if hit.holds(s.file, s.start)), -1) for s in sentences]
        self.above = [f" {h.title} {h.chunk.heading} {h.file} ".lower() for h in hits] + [""]
        self.words_above = [set(content_words(text)) for text in self.above]
        self.whole = [f"{above} {hit.chunk.text.lower()} " for above, hit in zip(self.above, hits, strict=False)] + [""]
        frequency = Counter(word for words in self.words for word in words)
        self.idf: Mapping[str, float] = {w: math.log(1 + len(sentences) / n) for w, n in frequency.items()}
        self.rarest = math.log(1 + max(1, len(sentences)))

    def weight(self, word: str) -> float:
        return self.idf.get(word, self.rarest)

    def share(self, i: int, wanted: set[str]) -> float:
        """By weight, of the wanted words."""
        total = sum(map(self.weight, wanted))
        return sum(self.weight(w) for w in wanted if w in self.words[i]) / total if total else 0.0


class _Stated:
    """What a claim states, and what of it the question had given already."""

    def __init__(self, text: str, question: str) -> None:
        self.text, self.question = text, question
        self.given = set(content_words(question))
        self.words = set(content_words(text)) or self.given  # a bare 'Yes.' says what was asked
        self.new = {word for word in self.words if word not in self.given and not word.isdigit()}
        bare = not set(content_words(text))
        self.quantities = [q for q in quantities(question if bare else text) if q.matters]
        self.names = names(question if bare else text)

    @cached_property
    def values(self) -> set[str]:
        return {quantity.value for quantity in self.quantities}

    @cached_property
    def asked_values(self) -> set[str]:
        return {quantity.value for quantity in quantities(self.question)}


def _claim(text: str, question: str, passages: _Passages, nearness: Nearness | None) -> Claim:
    stated = _Stated(text, question)
    chosen = _choose(stated, passages, nearness)
    if not chosen:
        return Claim(text, ())
    missing = _missing(stated, chosen, passages)
    coverage = _coverage(stated, chosen, passages)
    if missing or coverage < _COVERED:
        return Claim(text, (), tuple(missing), coverage)
    # The most telling one first, the others as they stand in the document.
    ordered = [chosen[0], *sorted(chosen[1:], key=lambda i: passages.sentences[i].start)]
    return Claim(text, tuple(quoted(passages.sentences[i], text) for i in ordered), (), coverage)


def quoted(sentence: Sentence, claim: str) -> Citation:
    """The whole sentence as a citation for what is claimed."""
    s = sentence
    return Citation(s.file, s.page, s.start, s.end, s.text, claim, s.place, s.confidence)


def _missing(stated: _Stated, chosen: Sequence[int], passages: _Passages) -> list[str]:
    """Numbers and names that the cited sentences do not hold, nor what a reader sees above them: headings, title.

    What only repeats the question may stand elsewhere in the passage, where a cited sentence points there: 'he', 'it'.
    """
    held = [quantity for i in chosen for quantity in passages.quantities[i]]
    cited = "".join(passages.plain[i] for i in chosen)
    above = "".join(passages.above[passages.hit[i]] for i in chosen)
    pointing = [i for i in chosen if _POINTING.search(passages.plain[i])]
    whole = "".join(passages.whole[passages.hit[i]] for i in pointing)
    sentences = [passages.sentences[i] for i in chosen]
    missing = []
    for quantity in stated.quantities:
        repeated = quantity.value in stated.asked_values
        if not stands_in(quantity, held, cited + whole) and not _said_above(quantity, above, whole if repeated else ""):
            missing.append(quantity.text)
        elif cell := wrong_cell(quantity.value, stated.text, stated.question, sentences):
            missing.append(f"{quantity.text} for {cell}")
        elif row := wrong_row(
            quantity.value, stated.question, [passages.sentences[i] for i in chosen], passages.sentences
        ):
            missing.append(f"{quantity.text} for {row}")
    words = set(content_words(cited + above))
    asked = f" {stated.question.lower()} "
    for name in sorted(stated.names):
        if not _stands(name, cited + above) and stem(name) not in words:
            if _stands(name, asked) and (_stands(name, whole) or stem(name) in set(content_words(whole))):
                continue
            missing.append(name)
    return missing


def points(sentence: str) -> bool:
    """Whether it speaks of something that stands before it: 'he', 'it', 'this'."""
    return _POINTING.search(sentence.lower()) is not None


def _said_above(quantity: Quantity, above: str, whole: str) -> bool:
    return stands_in(quantity, quantities(above), above) or bool(
        whole and stands_in(quantity, quantities(whole), whole)
    )


def _coverage(stated: _Stated, chosen: Sequence[int], passages: _Passages) -> float:
    """By weight. A number weighs as much as a rare word and a half: '60 liters' stands on '60 litres'."""
    words = set().union(*(passages.words[i] for i in chosen))
    words |= set().union(*(passages.words_above[passages.hit[i]] for i in chosen))
    values = {quantity.value for i in chosen for quantity in passages.quantities[i]}
    wanted = stated.new or {word for word in stated.words if not word.isdigit()}
    total = sum(map(passages.weight, wanted)) + 1.5 * passages.rarest * len(stated.values)
    found = sum(passages.weight(w) for w in wanted if w in words)
    found += 1.5 * passages.rarest * len(stated.values & values)
    return found / total if total else 0.0


def _choose(stated: _Stated, passages: _Passages, nearness: Nearness | None) -> list[int]:
    """The sentence that the claim most likely stands on, then the fewest that hold what is still missing of it."""
    if not passages.sentences:
        return []
    first = int(np.argmax(_scores(stated, passages, nearness)))
    need = _need(stated, passages)
    total = sum(need.values()) or 1.0
    if _gain(first, need, passages) < 0.05 * total:
        return []
    chosen = [first]
    while len(chosen) < _MAX_QUOTES:
        need = {key: weight for key, weight in need.items() if not _holds(chosen[-1], key, passages)}
        gains = [
            (_gain(i, need, passages) * (1.1 if passages.hit[i] == passages.hit[first] else 1.0), -i)
            for i in range(len(passages.sentences))
            if i not in chosen
        ]
        if not gains or max(gains)[0] < 0.12 * total:
            break
        chosen.append(-max(gains)[1])
    return chosen


def _scores(stated: _Stated, passages: _Passages, nearness: Nearness | None) -> NDArray[np.float64]:
    """How likely the claim stands on each sentence. (n_sentences,)"""
    scores: NDArray[np.float64] = _features(stated, passages) @ _WEIGHTS
    if nearness:
        best = np.argsort(-scores, kind="stable")[:_NEAR]
        close = nearness(f"{stated.question} {stated.text}", [passages.sentences[i].meaning[:600] for i in best])
        scores[best] += _NEARNESS * np.asarray(close)
    return scores


def _features(stated: _Stated, passages: _Passages) -> NDArray[np.float64]:
    """For each sentence: the shares that it holds of the claim's own words, of the question's words, of the claim's
    numbers and of its names; the share of the question's words in the headings above; its passage's reciprocal rank.
    (n_sentences, 6)"""
    rows = []
    for i in range(len(passages.sentences)):
        above = passages.words_above[passages.hit[i]]
        values = {quantity.value for quantity in passages.quantities[i]}
        rows.append(
            (
                passages.share(i, stated.new),
                passages.share(i, stated.given),
                len(stated.values & values) / len(stated.values) if stated.values else 0.0,
                sum(_stands(n, passages.plain[i]) for n in stated.names) / len(stated.names) if stated.names else 0.0,
                len(stated.given & above) / max(1, len(stated.given)),
                1 / (1 + passages.hit[i]) if passages.hit[i] >= 0 else 0.0,
            )
        )
    return np.array(rows)


def _need(stated: _Stated, passages: _Passages) -> dict[str, float]:
    need = {w: passages.weight(w) * (_GIVEN if w in stated.given else 1.0) for w in stated.words if not w.isdigit()}
    need.update({f"#{value}": 1.5 * passages.rarest for value in stated.values})
    need.update({f"@{name}": passages.rarest for name in stated.names})
    return need


def _gain(i: int, need: Mapping[str, float], passages: _Passages) -> float:
    return sum(weight for key, weight in need.items() if _holds(i, key, passages))


def _holds(i: int, key: str, passages: _Passages) -> bool:
    if key[0] == "#":
        return any(quantity.value == key[1:] for quantity in passages.quantities[i])
    if key[0] == "@":
        return _stands(key[1:], passages.plain[i])
    return key in passages.words[i]


def _stands(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text) is not None

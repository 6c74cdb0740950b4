"""The best sentences of the hits: on screen before any word is generated, and the recap that ends the prompt."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.ask.language.spoken_rows import spoken_rows
from app.ask.language.words import telling_words
from app.datatypes import Hit, Sentence
from ingest.datatypes import Encoder, Page
from ingest.store.index import LocalIndex
from ingest.text.sentences import sentence_spans

_LEXICAL = 0.6  # weight of shared words beside the encoder's cosine
_RANK = 0.1  # and of the passage's own place


def sentences_of(index: LocalIndex, hits: Sequence[Hit]) -> list[Sentence]:
    """Every sentence of the hits, once, with the page it stands on; table rows also said in full."""
    found: dict[tuple[str, int], Sentence] = {}
    pages: dict[tuple[int, int], Page | None] = {}
    rows: dict[tuple[int, int], dict[int, str]] = {}
    for hit in hits:
        base, doc_id = hit.chunk.start, hit.chunk.doc_id
        starts = index.page_starts(doc_id, base, hit.chunk.end)
        for number, _ in starts:
            if (doc_id, number) not in rows:
                page = pages[doc_id, number] = index.page(doc_id, number)
                rows[doc_id, number] = spoken_rows(page.text) if page else {}
        for start, end in sentence_spans(hit.chunk.text):
            number, at = max(((n, at) for n, at in starts if at <= base + start), default=(hit.page, 0))
            spoken = rows.get((doc_id, number), {}).get(base + start - at, "")
            page = pages.get((doc_id, number))
            sentence = Sentence(
                hit.file, number, base + start, base + end, hit.chunk.text[start:end], 0.0, spoken,
                page.place if page else hit.place, page.confidence if page else hit.confidence,
            )  # fmt: skip
            found.setdefault((hit.file, sentence.start), sentence)
    return list(found.values())


def best_sentences(
    query: str, sentences: Sequence[Sentence], hits: Sequence[Hit], encoder: Encoder, n: int = 3
) -> list[Sentence]:
    """The n that come nearest to the question, by meaning and by words, best first."""
    candidates = [s for s in sentences if len(s.text) > 20 or any(c.isdigit() for c in s.text)]
    if not candidates:
        return []
    vectors = encoder.encode([query, *(sentence.meaning[:600] for sentence in candidates)])
    shared = _shared_words(query, [sentence.meaning for sentence in candidates])
    rank = {hit.file: 1 / (place + 1) for place, hit in reversed(list(enumerate(hits)))}
    places = np.array([rank.get(sentence.file, 0.0) for sentence in candidates])
    scores = vectors[1:] @ vectors[0] + _LEXICAL * shared + _RANK * places
    order = np.argsort(-scores, kind="stable")[:n]
    return [replace(candidates[i], score=round(float(scores[i]), 4)) for i in order]


def _shared_words(query: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """For each text, the share of the query's words that it holds, rare ones counting more."""
    words = [telling_words(text) for text in texts]
    frequency = Counter(word for found in words for word in found)
    wanted = {
        word: math.log(1 + len(texts) / frequency[word]) if word in frequency else 1.0 for word in telling_words(query)
    }
    total = sum(wanted.values()) or 1.0
    return np.array([sum(weight for word, weight in wanted.items() if word in found) / total for found in words])

"""The best sentences of the hits: on screen before any word is generated, and the recap that ends the prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.datatypes import Hit, Sentence
from app.words import content_words
from ingest.datatypes import Encoder
from ingest.index import LocalIndex
from ingest.sentences import sentence_spans

_LEXICAL = 0.35  # weight of shared words beside the encoder's cosine
_RANK = 0.1  # and of the passage's own place


def sentences_of(index: LocalIndex, hits: Sequence[Hit]) -> list[Sentence]:
    """Every sentence of the hits, once, with the page it stands on."""
    found: dict[tuple[str, int], Sentence] = {}
    for hit in hits:
        base = hit.chunk.start
        starts = index.page_starts(hit.chunk.doc_id, base, hit.chunk.end)
        for start, end in sentence_spans(hit.chunk.text):
            page = max((number for number, at in starts if at <= base + start), default=hit.page)
            sentence = Sentence(hit.file, page, base + start, base + end, hit.chunk.text[start:end])
            found.setdefault((hit.file, sentence.start), sentence)
    return list(found.values())


def best_sentences(
    query: str, sentences: Sequence[Sentence], hits: Sequence[Hit], encoder: Encoder, n: int = 3
) -> list[Sentence]:
    """The n that come nearest to the question, by meaning and by words, best first."""
    candidates = [s for s in sentences if len(s.text) > 20 or any(c.isdigit() for c in s.text)]
    if not candidates:
        return []
    vectors = encoder.encode([query, *(sentence.text[:600] for sentence in candidates)])
    cosines = vectors[1:] @ vectors[0]
    wanted = set(content_words(query))
    rank = {hit.file: 1 / (place + 1) for place, hit in reversed(list(enumerate(hits)))}
    scores = [
        float(cosine)
        + _LEXICAL * len(wanted & set(content_words(sentence.text))) / max(1, len(wanted))
        + _RANK * rank.get(sentence.file, 0.0)
        for cosine, sentence in zip(cosines, candidates, strict=True)
    ]
    order = np.argsort(-np.array(scores), kind="stable")[:n]
    return [
        Sentence(s.file, s.page, s.start, s.end, s.text, round(scores[i], 4)) for i in order for s in (candidates[i],)
    ]

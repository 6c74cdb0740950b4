"""Passages for a question: meaning, words and word order, a third each; then documents that the best ones name."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from app.ask.find.editions import held_back
from app.ask.find.titles import KnownDocuments, mentioned_documents, titled_in, titles_of
from app.ask.language.words import STOP, WORD, stem
from app.datatypes import Hit
from ingest.datatypes import Document, Encoder, Vectors
from ingest.store.curated import weights
from ingest.store.index import LocalIndex

DEPTH = 60  # how far down each ranking passages are considered
_SCORED = 300  # and how far down BM25's scores are known
_NEAR = 8  # words between two that still stand together
_SAME = 0.9  # share of common words from which two passages say the same
_LONGEST_JOINED = 2400  # characters
_FIRST_HOP = 0.6  # share of the places that stay with what the question itself finds
_NAMING = 2  # how many of the best passages may name further documents
_LOOKED_BESIDE = 2  # of the best passages: their neighbours are read at the second look

_PAGE = re.compile(
    r"\b(?:on|of|at|see) (?:the )?(page|slide)\s*\(?(\d{1,4})\b"
    r"|\b(first|cover|title|second|last) (?:cover )?(?:page|slide)\b",
    re.IGNORECASE,
)
_ORDINAL = {"first": 1, "cover": 1, "title": 1, "second": 2}


@dataclass(frozen=True, slots=True)
class Parts:
    """What decides the order. Turned off one by one to measure what each contributes (docs/measure/ablation.py)."""

    dense: float = 1 / 3
    bm25: float = 1 / 3
    phrase: float = 1 / 3
    named: bool = True  # documents that the best passages name
    joined: bool = True  # passages that touch become one
    editions: float = 0.05  # how far passages of an edition that is not meant stand back
    boilerplate: bool = True  # what stands in many documents counts for less


EVERYTHING = Parts()
AS_FOUND = Parts(joined=False)  # for a prompt, whose length is counted in passages


def retrieve(
    index: LocalIndex,
    encoder: Encoder,
    query: str,
    k: int,
    doc_ids: Collection[int] | None = None,
    parts: Parts = EVERYTHING,
) -> list[Hit]:
    """The k best passages, best first. `doc_ids` limits the search, and so does a file's name in the query.

    A passage's score is the sum of three numbers up to 1, weighed alike: its vector's cosine, its BM25 as a share of
    the best one's, and the share of the query's word pairs that stand together in it (as in sequential dependence:
    Metzler and Croft, 2005). Weights fitted on all sets but the one tested came out within a tenth of alike.
    The last places go to documents that the first passages name, for questions that take two steps.
    """
    documents = {document.id: document for document in index.documents()}
    doc_ids = doc_ids if doc_ids is not None else mentioned_documents(query, list(documents.values())) or None
    vector = encoder.encode_queries([query])[0]
    ranked = _ranked(index, query, vector, doc_ids, parts)
    hits: list[Hit] = []
    for hit in _distinct(index, ranked, documents):
        hits = join_neighbours(index, [*hits, hit]) if parts.joined else [*hits, hit]
        if len(hits) > k:
            break
    hits = hits[:k]
    if parts.named and doc_ids is None:
        hits = _with_named(index, hits, vector, documents, k)
    return hits


@dataclass(frozen=True, slots=True)
class _Place:
    chunk_id: int
    score: float
    ranks: Mapping[str, int]


def _ranked(
    index: LocalIndex, query: str, vector: Vectors, doc_ids: Collection[int] | None, parts: Parts
) -> list[_Place]:
    """Candidates of both rankings, and of a page that the query asks for, in their final order."""
    dense = [scored.chunk_id for scored in index.dense(vector, DEPTH, doc_ids)] if parts.dense else []
    words = index.bm25(query, _SCORED, doc_ids) if parts.bm25 or parts.phrase else []
    on_page = _asked_page(index, query, doc_ids)
    ids = list(dict.fromkeys([*dense, *(scored.chunk_id for scored in words[:DEPTH]), *on_page]))
    chunks = index.chunks(ids)
    ids = [chunk_id for chunk_id in ids if chunk_id in chunks]  # others were deleted since the snapshot was taken
    best = max((scored.score for scored in words), default=0.0) or 1.0
    lexical = {scored.chunk_id: scored.score / best for scored in words}
    cosines = dict(zip(ids, index.cosines(vector, ids), strict=True))
    together = (
        _together(index, query, [chunks[chunk_id].text for chunk_id in ids]) if parts.phrase else [0.0] * len(ids)
    )
    held = held_back(query, *index.superseded()) if parts.editions and doc_ids is None else frozenset()
    weight = weights(index.store, ids) if parts.boilerplate else {}
    scores = {
        chunk_id: weight.get(chunk_id, 1.0)
        * (parts.dense * cosines[chunk_id] + parts.bm25 * lexical.get(chunk_id, 0.0) + parts.phrase * phrase)
        - parts.editions * (chunks[chunk_id].doc_id in held)
        + (chunk_id in on_page)
        for chunk_id, phrase in zip(ids, together, strict=True)
    }
    ranks: dict[int, dict[str, int]] = {chunk_id: {} for chunk_id in ids}
    for name, order in (("dense", dense), ("bm25", [scored.chunk_id for scored in words]), ("page", on_page)):
        for rank, chunk_id in enumerate(order, 1):
            if chunk_id in ranks:
                ranks[chunk_id][name] = rank
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [_Place(i, scores[i], {**ranks[i], "rerank": rank}) for rank, i in enumerate(order, 1)]


def _together(index: LocalIndex, query: str, texts: Sequence[str]) -> list[float]:
    """For each text, the share of the query's neighbouring words that stand side by side in it, and the share of its
    telling words that stand near the next one; rare words count more."""
    words = [word.lower() for word in WORD.findall(query)]
    telling = list(dict.fromkeys(word for word in words if word not in STOP))[:40]
    rarity = {stem(word): math.log(1 + len(index) / (0.5 + index.frequency(word))) for word in telling}
    stems = [stem(word) for word in words]
    beside = {pair: sum(rarity.get(word, 0.0) for word in pair) for pair in pairwise(stems)}
    kept = [word for word in stems if word in rarity]
    near = {pair: sum(rarity[word] for word in pair) for pair in pairwise(kept)}
    all_beside, all_near = sum(beside.values()) or 1.0, sum(near.values()) or 1.0
    shares = []
    for text in texts:
        found = _stems(text)
        neighbours = set(pairwise(found))
        close = _close(found, rarity)
        shares.append(
            sum(weight for pair, weight in beside.items() if pair in neighbours) / all_beside / 2
            + sum(weight for pair, weight in near.items() if pair in close or pair[::-1] in close) / all_near / 2
        )
    return shares


@lru_cache(maxsize=4096)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in (word.lower() for word in WORD.findall(text)))


def _close(stems: Sequence[str], wanted: Collection[str]) -> set[tuple[str, str]]:
    """Pairs of the wanted words, in their order, with few words between them."""
    places = [(i, word) for i, word in enumerate(stems) if word in wanted]
    return {
        (word, other)
        for n, (i, word) in enumerate(places)
        for j, other in places[n + 1 : n + 1 + _NEAR]
        if j - i <= _NEAR
    }


def _asked_page(index: LocalIndex, query: str, doc_ids: Collection[int] | None) -> list[int]:
    """The chunks of the page or slide that a question names, where there is only one document that it can mean."""
    asked = _PAGE.search(query)
    documents = index.documents() if asked else []
    documents = [document for document in documents if doc_ids is None or document.id in doc_ids]
    if not asked or len(documents) != 1:
        return []
    what, number, ordinal = asked.groups()
    if number:
        page = index.page_called(documents[0].id, f"{what.lower()} {int(number)}")
    else:
        page = _ORDINAL.get(ordinal.lower(), documents[0].n_pages)
    return index.chunks_on(documents[0].id, page)


def _distinct(index: LocalIndex, ranked: Sequence[_Place], documents: Mapping[int, Document]) -> Iterator[Hit]:
    """Hits without those that say what a better one says."""
    chunks = index.chunks([place.chunk_id for place in ranked])
    seen: list[str] = []
    for place in ranked:
        chunk = chunks.get(place.chunk_id)
        document = documents.get(chunk.doc_id) if chunk else None
        if chunk is None or document is None or any(_says_the_same(chunk.text, text) for text in seen):
            continue
        seen.append(chunk.text)
        yield Hit(chunk, document.path, document.title, place.score, place.ranks, *index.place(chunk))


def join_neighbours(index: LocalIndex, hits: Sequence[Hit]) -> list[Hit]:
    """Passages of a page that touch or overlap become one, in the place and with the ranks of the better one."""
    joined: list[Hit] = []
    for hit in hits:
        place = next((i for i, other in enumerate(joined) if _touch(hit, other)), None)
        if place is None:
            joined.append(hit)
            continue
        other = joined[place]
        start, end = min(hit.chunk.start, other.chunk.start), max(hit.chunk.end, other.chunk.end)
        text = index.text(hit.chunk.doc_id, start, end)
        joined[place] = replace(other, chunk=replace(other.chunk, start=start, end=end, text=text))
    return joined if len(joined) == len(hits) else join_neighbours(index, joined)  # a third may have come to touch


def further(
    index: LocalIndex, encoder: Encoder, query: str, seen: Sequence[Hit], doc_ids: Collection[int] | None = None
) -> list[Hit]:
    """As many passages again, for a second look: those beside the best ones seen, in the same document, then the next
    best ones."""
    beside = [
        replace(hit, chunk=chunk, place=place, confidence=confidence)
        for hit in seen[:_LOOKED_BESIDE]
        for chunk in index.beside(hit.chunk)
        for place, confidence in [index.place(chunk)]
    ]
    ranked = retrieve(index, encoder, query, 3 * len(seen), doc_ids, AS_FOUND)
    new = {hit.chunk.id: hit for hit in reversed([*beside[: max(1, len(seen) // 2)], *ranked])}
    for hit in seen:
        new.pop(hit.chunk.id, None)
    return list(reversed(new.values()))[: len(seen)]


def _touch(a: Hit, b: Hit) -> bool:
    one, two = a.chunk, b.chunk
    together = max(one.end, two.end) - min(one.start, two.start)
    return (
        (one.doc_id, one.page) == (two.doc_id, two.page)
        and one.start <= two.end + 2
        and two.start <= one.end + 2
        and together <= _LONGEST_JOINED
    )


def _with_named(
    index: LocalIndex, hits: list[Hit], vector: Vectors, documents: Mapping[int, Document], k: int
) -> list[Hit]:
    """The hits with, in the last places, the best passage of each document that the first ones name.

    'The mother of X': the passage on X names her, and her own document holds what was asked. Such a bridge is what
    two-step questions are made of (Yang et al., HotpotQA, 2018). It scores as the hit that it stands behind.
    """
    kept = hits[: max(2, round(_FIRST_HOP * k))]
    there = {hit.chunk.doc_id for hit in kept}
    titles = titles_of(KnownDocuments(tuple(documents.values()), (str(index.folder), index.store.changes)))
    named = [i for hit in kept[:_NAMING] for i in titled_in(hit.chunk.text, titles) if i not in there]
    bridges = [scored for i in dict.fromkeys(named) for scored in index.dense(vector, 1, [i])]
    bridges = sorted(bridges, key=lambda scored: (-scored.score, scored.chunk_id))[: max(0, k - len(kept))]
    known = {hit.chunk.doc_id: hit for hit in reversed(hits[len(kept) :])}
    chunks = index.chunks([scored.chunk_id for scored in bridges])
    found: list[Hit] = []
    for scored in bridges:
        if chunk := chunks.get(scored.chunk_id):  # not deleted since the snapshot was taken
            document = documents[chunk.doc_id]
            fresh = Hit(chunk, document.path, document.title, 0.0, {}, *index.place(chunk))
            hit = known.get(chunk.doc_id) or fresh
            found.append(replace(hit, score=kept[-1].score, ranks={**hit.ranks, "named": len(found) + 1}))
    moved = {hit.chunk.doc_id for hit in found}
    return [*kept, *found, *(hit for hit in hits[len(kept) :] if hit.chunk.doc_id not in moved)][:k]


def _says_the_same(a: str, b: str) -> bool:
    """Nearly the same words, and the same numbers: a report's table comes again a year later with other figures."""
    if a == b:
        return True
    if not 0.8 < len(a) / max(1, len(b)) < 1.25:
        return False
    one, two = _word_set(a), _word_set(b)
    return len(one & two) >= _SAME * max(1, len(one | two)) and not any(w[0].isdigit() for w in one ^ two)


@lru_cache(maxsize=4096)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(_stems(text))

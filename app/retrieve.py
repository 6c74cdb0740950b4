"""Dense and BM25 rankings, fused by reciprocal rank; neighbours joined, near-duplicates dropped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from app.datatypes import Hit
from ingest.datatypes import Document, Encoder, Scored
from ingest.errors import InvalidInput
from ingest.index import LocalIndex

DEPTH = 50  # how far down each ranking is read
_RRF_K = 10  # Cormack, Clarke and Buettcher (2009) took 60; on short rankings the top should count more
WEIGHTS = {"bm25": 0.7, "dense": 0.3}  # in a narrow domain the exact words tell most
_SAME = 0.9  # share of common words from which two passages say the same


def retrieve(
    index: LocalIndex, encoder: Encoder, query: str, k: int, doc_ids: Collection[int] | None = None
) -> list[Hit]:
    """The k best passages, best first. `doc_ids` limits the search to those documents."""
    vector = encoder.encode([query])[0]
    rankings = {"dense": index.dense(vector, DEPTH, doc_ids), "bm25": index.bm25(query, DEPTH, doc_ids)}
    scores, ranks = _fuse(rankings)
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    chunks = index.chunks(order)
    documents = {document.id: document for document in index.documents()}
    hits: list[Hit] = []
    for chunk_id in order:
        chunk = chunks.get(chunk_id)  # None: deleted since the snapshot was taken
        if chunk is None or any(_says_the_same(chunk.text, hit.chunk.text) for hit in hits):
            continue
        document = documents[chunk.doc_id]
        hits.append(Hit(chunk, document.path, document.title, scores[chunk_id], ranks[chunk_id]))
        if len(hits) == k:
            break
    return hits


def join_neighbours(index: LocalIndex, hits: Sequence[Hit]) -> list[Hit]:
    """Passages that touch or overlap become one, in the place and with the ranks of the better one."""
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
    return joined


def named_documents(documents: Sequence[Document], name: str) -> list[int]:
    """Ids of the documents a user means by a file name, with or without folder and ending.

    Raises InvalidInput, with the nearest names, when there is none.
    """
    wanted = name.strip().lower()
    for key in (str, lambda p: PurePosixPath(p).name, lambda p: PurePosixPath(p).stem):
        found = [document.id for document in documents if key(document.path).lower() == wanted]
        if found:
            return found
    near = difflib.get_close_matches(name, [document.path for document in documents], n=3, cutoff=0.4)
    raise InvalidInput(
        f"There is no document named '{name}' in this index.",
        f"Did you mean {' or '.join(near)}?" if near else "See which there are: docent ingest --dry-run --json",
    )


def _fuse(rankings: dict[str, list[Scored]]) -> tuple[dict[int, float], dict[int, dict[str, int]]]:
    scores: dict[int, float] = {}
    ranks: dict[int, dict[str, int]] = {}
    for name, ranking in rankings.items():
        for rank, scored in enumerate(ranking, 1):
            scores[scored.chunk_id] = scores.get(scored.chunk_id, 0.0) + WEIGHTS[name] / (_RRF_K + rank)
            ranks.setdefault(scored.chunk_id, {})[name] = rank
    return scores, ranks


def _touch(a: Hit, b: Hit) -> bool:
    return a.chunk.doc_id == b.chunk.doc_id and a.chunk.start <= b.chunk.end + 2 and b.chunk.start <= a.chunk.end + 2


def _says_the_same(a: str, b: str) -> bool:
    if a == b:
        return True
    if not 0.8 < len(a) / max(1, len(b)) < 1.25:
        return False
    words_a, words_b = set(re.findall(r"\w+", a.lower())), set(re.findall(r"\w+", b.lower()))
    return len(words_a & words_b) >= _SAME * max(1, len(words_a | words_b))

"""Full-text search: BM25 over SQLite's text index (FTS5), with bounded work however many chunks there are.

FTS5 computes BM25 for every chunk that a query matches, about 1.5 µs each, and reads all entries of the query's words,
about 0.06 µs each. With many chunks, a question is therefore searched in steps, its rarest words first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ingest.datatypes import Scored
from ingest.store.store import Store
from ingest.store.vectors import Ids, among

_WHOLE = 20_000  # chunks up to which every match is scored
_ALONE = 2000  # chunks found by one word alone; further ones must hold two
_SCORED = 8000  # chunks scored for one question
_READ = 150_000  # entries of the text index read for one question
_COUNTED = 10_000  # matches up to which they are counted one by one
_MOST_WORDS = 64
_BM25 = "-bm25(chunks_fts, 0.3, 0.5, 1.0)"  # weights of title, heading and text
_STOP = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its
    may me my no not of on or our shall should so some than that the their them then there these they this
    those to was we were what when where which who whom whose why will with would you your
    """.split()
)
_TERM = re.compile(r"[^\W_]+(?:[-./][^\W_]+)*")


def bm25(
    store: Store, question: str, k: int, ids: Ids, doc_ids: Collection[int] | None = None, own: Ids | None = None
) -> list[Scored]:
    """Returns the k best chunks by BM25, best first; higher scores are better.

    `ids` are the ids of all chunks, `own` of those in `doc_ids`, both sorted. Where they are few, every match is
    scored. Where they are many, only chunks with one of the rarest words or any two words are, and the most common
    words may not count.
    """
    words = _terms(question)
    if not words or k < 1:
        return []
    if len(ids) <= _WHOLE:
        return _matches(store, " OR ".join(words), k, doc_ids)
    counts = {word: frequency(store, word, ids) for word in words}
    words = sorted((word for word in words if counts[word]), key=lambda word: counts[word])
    if own is not None and len(own) <= _WHOLE:
        return _matches(store, " OR ".join(_within(words, counts, _READ) or words[:1]), k, doc_ids)
    found = _in_steps(store, words, counts, k)
    if own is not None:
        found = {chunk_id: found[chunk_id] for chunk_id in among(own, list(found))[0].tolist()}
    return [Scored(i, found[i]) for i in sorted(found, key=lambda i: (-found[i], i))[:k]]


def frequency(store: Store, word: str, ids: Ids) -> int:
    """Returns in how many chunks a word stands, in any of its forms.

    Above _COUNTED the number is estimated, a few percent off: from how far the first matches reach into `ids`, the
    sorted ids of all chunks. The ids are hashes, so they are spread evenly whatever stands in the chunks.
    """
    sql = "SELECT count(*), max(rowid) FROM (SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ? LIMIT ?)"
    if not (query := match_query(word)):
        return 0
    ((count, last),) = store.rows(sql, (query, _COUNTED))
    if count < _COUNTED:
        return int(count)
    reached = int(np.searchsorted(ids, last, side="right"))
    return int(max(count, count * len(ids) // max(1, reached)))


def match_query(question: str) -> str:
    """Returns an FTS5 query for any of the question's words except stop words; codes such as 'E-104' become phrases."""
    return " OR ".join(_terms(question))


def _terms(question: str) -> list[str]:
    terms = list(dict.fromkeys(term.lower() for term in _TERM.findall(question)))
    telling = [term for term in terms if term not in _STOP] or terms
    return [f'"{term}"' for term in telling[:_MOST_WORDS]]


def _in_steps(store: Store, words: Sequence[str], counts: Mapping[str, int], k: int) -> dict[int, float]:
    """Scores chunks step by step: first those with one of the rarest words; then, for each word, those with it and a
    rarer one.

    A chunk is scored last at its most common word, and then by all words up to that one. So each chunk that is found
    has its BM25 score by all words, as far as the bounds allow. A step that would exceed them is left out whole.
    """
    rare = _within(words, counts, _ALONE)
    found = _scores(store, " OR ".join(rare), _ALONE) if rare else {}
    left, read = _SCORED - len(found), 0
    for place in range(max(1, len(rare)), len(words)):
        read += sum(counts[word] for word in words[: place + 1])
        if read > _READ:
            break
        step = _scores(store, f"({' OR '.join(words[:place])}) AND {words[place]}", left + 1)
        if len(step) > left and len(found) >= k:
            break
        found |= step
        left = max(0, left - len(step))
    if words and len(found) < k:  # common words, and hardly a chunk with two of them: any chunks with the first
        found = _scores(store, words[0], _ALONE) | found
    return found


def _matches(store: Store, query: str, k: int, doc_ids: Collection[int] | None) -> list[Scored]:
    """Returns the k best chunks that match. SQLite visits the chunks in `doc_ids` first, so these must be few."""
    if not query:
        return []
    own = "AND +rowid IN (SELECT id FROM chunks WHERE doc_id IN (SELECT value FROM json_each(?)))"
    rows = store.rows(
        f"SELECT rowid, {_BM25} AS score FROM chunks_fts WHERE chunks_fts MATCH ? "
        f"{'' if doc_ids is None else own} ORDER BY score DESC, rowid LIMIT ?",
        (query, *([] if doc_ids is None else [json.dumps(list(doc_ids))]), k),
    )
    return [Scored(*row) for row in rows]


def _scores(store: Store, query: str, most: int) -> dict[int, float]:
    """Returns the scores of the first `most` chunks that match, which need not be the best ones."""
    return dict(store.rows(f"SELECT rowid, {_BM25} FROM chunks_fts WHERE chunks_fts MATCH ? LIMIT ?", (query, most)))


def _within(words: Sequence[str], counts: Mapping[str, int], bound: int) -> Sequence[str]:
    """Returns the first of the words that together stand in at most `bound` chunks."""
    sums = np.cumsum([counts[word] for word in words])
    return words[: int(np.searchsorted(sums, bound, side="right"))]

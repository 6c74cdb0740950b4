"""Finds out how documents relate: which are duplicates, which a newer edition supersedes, which language each is in,
and which passages are repeated in many documents.

`curate` goes over a store before it is published. What takes long is learned once for each document. What follows is
concluded anew from all documents, by one sort and by comparing pairs that may be similar: so the order in which
documents come and go does not matter, and time grows in proportion to their number.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from ingest.datatypes import Document
from ingest.store.curated import Verdict, read_edition
from ingest.store.store import Store
from ingest.text.language import language_of
from ingest.text.similarity import (
    Sketch,
    Words,
    buckets,
    document_sketch,
    document_words,
    estimated_similarity,
    is_near_duplicate,
    jaccard,
    passage_sketch,
)
from ingest.text.versions import Edition, edition_of, says_it_replaces, shared_names, why_newer

_LEADERS = 4  # of the groups that a bucket holds, how many a member is compared with
_COPY = 0.9  # share of trigrams, and of figures, from which two documents say the same
_LOOKED_AT = 0.8  # the same, as estimated, from which it is worth a look
# Share of trigrams, as estimated, from which two of one name are editions of the same: measured on pairs of manuals and
# terms (0.39 and more) and on documents of one maker that are not (0.06 at most).
_MARKED, _DATED, _STATED = 0.15, 0.3, 0.03
_NEIGHBOURS = 8  # newer editions of one name that a document is compared with
_EVERYWHERE = 8  # documents in which a passage stands, from which it tells little of any
_WORD_OF_ALL = 0.8  # its weight then
_AT_ONCE = 1000  # documents and passages that are stored together
_DONE = "curated"  # in meta: what was, last
_RULES = "1"  # another number, and all is concluded anew


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What follows from all documents, by document or chunk ids. `twins` maps near-duplicate passages to the id of one
    of them."""

    duplicates: Mapping[int, Verdict]
    superseded: Mapping[int, Verdict]
    twins: Mapping[int, int]
    weights: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learned about a document."""

    id: int
    path: str
    edition: Edition
    sketch: Sketch


def curate(store: Store, valid: Collection[str] = (), should_stop: Callable[[], bool] = lambda: False) -> None:
    """Learns about new documents and stores the conclusions. `valid` are paths that no newer edition supersedes. Does
    nothing where nothing has changed. When `should_stop` ends it, the next call continues."""
    documents = [document for document in store.documents() if not document.error]
    fresh = _fresh(store, documents)
    state = _state(documents, valid)
    if not fresh and store.meta(_DONE) == state:
        return None
    learned: list[_Learned] = []
    size = 0
    for document in fresh:
        if should_stop():
            return _remember(store, learned)
        learned.append(_learn(store, document))
        size += 1 + document.n_chunks
        if size >= _AT_ONCE:
            _remember(store, learned)
            learned, size = [], 0
    _remember(store, learned)
    found = _conclude(store, documents, frozenset(valid))
    with store.transaction() as db:
        _keep(db, found)
        db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (_DONE, state))
    return None


def _state(documents: Sequence[Document], valid: Collection[str]) -> str:
    """Returns a text that changes whenever there is something new to curate."""
    told = [_RULES, *sorted(valid), *(f"{one.id} {one.sha256} {one.n_chunks}" for one in documents)]
    return hashlib.blake2b("\n".join(told).encode("utf-8", "replace"), digest_size=16).hexdigest()


# -- learning, once for each document


def _fresh(store: Store, documents: Sequence[Document]) -> list[Document]:
    """Returns documents about which nothing was learned yet, or not about all passages, as pages were read since."""
    known = {row[0] for row in store.rows("SELECT doc_id FROM curated")}
    known -= {row[0] for row in store.rows(
        "SELECT DISTINCT doc_id FROM chunks WHERE NOT EXISTS (SELECT 1 FROM sketches WHERE chunk_id = id)"
    )}  # fmt: skip
    return [document for document in documents if document.id not in known]


@dataclass(frozen=True, slots=True)
class _Learned:
    """Rows to be stored."""

    document: tuple[object, ...]
    sketches: list[tuple[int, bytes]]


def _learn(store: Store, document: Document) -> _Learned:
    text = store.text(document.id)
    edition = edition_of(document.path, document.title, text[:3000])
    chunks = store.rows("SELECT id, text FROM chunks WHERE doc_id = ?", (document.id,))
    row = (document.id, language_of(text), document_sketch(text).tobytes(), json.dumps(asdict(edition)))
    return _Learned(row, [(chunk_id, passage_sketch(words).tobytes()) for chunk_id, words in chunks])


def _remember(store: Store, learned: Sequence[_Learned]) -> None:
    if learned:
        with store.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO curated VALUES (?,?,?,?)", [one.document for one in learned])
            sketches = [row for one in learned for row in one.sketches]
            db.executemany("INSERT OR REPLACE INTO sketches VALUES (?,?)", sketches)


# -- concluding, from all of them


def _conclude(store: Store, documents: Sequence[Document], valid: frozenset[str]) -> Conclusions:
    paths = {document.id: document.path for document in documents}
    rows = store.rows("SELECT doc_id, sketch, edition FROM curated")
    known = [
        _Known(doc_id, paths[doc_id], read_edition(edition), np.frombuffer(sketch, dtype=np.uint32))
        for doc_id, sketch, edition in rows
        if doc_id in paths
    ]
    known.sort(key=lambda one: (len(one.path), one.path))  # of two that say the same, the first is the one to name
    superseded = _superseded(known, valid)
    twins = _twins(store)
    return Conclusions(_duplicates(store, known), superseded, twins, _weights(store, twins))


def _duplicates(store: Store, known: Sequence[_Known]) -> dict[int, Verdict]:
    """Returns documents that are nearly the same as another one. Older editions are not duplicates."""
    by_place = dict(enumerate(known))

    @lru_cache(maxsize=16)
    def words(place: int) -> Words:
        return document_words(store.text(by_place[place].id))

    def same(a: int, b: int) -> bool:
        one, other = known[a], known[b]
        if estimated_similarity(one.sketch, other.sketch[None])[0] < _LOOKED_AT:
            return False
        if _outdates(one, other) or _outdates(other, one):
            return False
        x, y = words(a), words(b)
        return jaccard(x.trigrams, y.trigrams) >= _COPY and jaccard(x.figures, y.figures) >= _COPY

    groups = _grouped(buckets({place: one.sketch.tobytes() for place, one in by_place.items()}, 32), same)
    found = {}
    for place, leader in groups.items():
        if place != leader:
            exact = np.array_equal(known[place].sketch, known[leader].sketch) and words(place) == words(leader)
            why = f"says {'' if exact else 'nearly '}the same as {known[leader].path}"
            found[known[place].id] = Verdict(known[leader].id, why)
    return found


def _superseded(known: Sequence[_Known], valid: frozenset[str]) -> dict[int, Verdict]:
    """Returns documents of which there is a newer edition. Each names the newest."""
    found: dict[int, tuple[int, str]] = {}  # place of the newer one, why
    for places in shared_names([one.edition for one in known]).values():
        order = _by_age(known, places)
        for at, place in enumerate(order):
            later = [*order[at + 1 : at + 1 + _NEIGHBOURS], *order[-1:]]
            for other in reversed(later):
                if place not in found and place != other and (why := _outdates(known[place], known[other])):
                    found[place] = other, why
    verdicts = {}
    for place, (other, why) in found.items():
        if known[place].path in valid:
            continue
        seen = {place}
        while other in found and other not in seen:  # an older one of three names the newest
            seen.add(other)
            other = found[other][0]
        told = why_newer(known[place].edition, known[other].edition) or why
        verdicts[known[place].id] = Verdict(known[other].id, f"superseded by {known[other].path}: same title, {told}")
    return verdicts


def _by_age(known: Sequence[_Known], places: Sequence[int]) -> list[int]:
    def age(place: int) -> tuple[object, ...]:
        edition = known[place].edition
        marks = dict(edition.marks)
        ranks = [marks.get(kind, ()) for kind in ("version", "revision", "edition", "issue")]
        return (*ranks, not edition.draft, edition.date, known[place].path)

    return sorted(places, key=age)


def _outdates(one: _Known, other: _Known) -> str:
    """Says why `other` is a newer edition of `one`; '' where it is not."""
    why = why_newer(one.edition, other.edition)
    if not why or one.edition.periodic != other.edition.periodic:
        return ""
    needed = _DATED if why.startswith("of ") else _MARKED
    if says_it_replaces(one.edition, other.edition):
        needed = _STATED
    return why if estimated_similarity(one.sketch, other.sketch[None])[0] >= needed else ""


def _twins(store: Store) -> dict[int, int]:
    """Maps near-duplicate passages, in whichever documents, to the id of one of them."""
    sketches = dict(store.rows("SELECT chunk_id, sketch FROM sketches"))

    @lru_cache(maxsize=20_000)
    def text(chunk_id: int) -> str:
        found = store.chunks([chunk_id])
        return found[chunk_id].text if found else ""

    return _grouped(buckets(sketches, 4), lambda a, b: text(a) == text(b) or is_near_duplicate(text(a), text(b)))


def _grouped(found: Iterator[list[int]], same: Callable[[int, int], bool]) -> dict[int, int]:
    """Maps keys that are the same as another one to the first of their group. Members of a bucket are compared with the
    first of each group in it, of which there are few, not each with each."""
    leader: dict[int, int] = {}
    for bucket in found:
        leaders: list[int] = []
        for key in bucket:
            own = leader.get(key)
            if own is not None:
                if own not in leaders:
                    leaders.append(own)
                continue
            match = next((other for other in leaders[:_LEADERS] if other != key and same(key, other)), None)
            if match is None:
                leaders.append(key)
            else:
                leader[key] = leader[match] = match
    return leader


def _weights(store: Store, twins: Mapping[int, int]) -> dict[int, float]:
    """Returns the weights of passages that stand in many documents: footers, terms of use, notices."""
    if not twins:
        return {}
    groups: dict[int, list[int]] = {}
    for chunk_id, leader in twins.items():
        groups.setdefault(leader, []).append(chunk_id)
    many = {chunk_id for members in groups.values() if len(members) >= _EVERYWHERE for chunk_id in members}
    docs = {chunk_id: doc_id for chunk_id, doc_id in store.rows("SELECT id, doc_id FROM chunks") if chunk_id in many}
    everywhere = [m for m in groups.values() if len({docs.get(chunk_id) for chunk_id in m}) >= _EVERYWHERE]
    return {chunk_id: _WORD_OF_ALL for members in everywhere for chunk_id in members}


# -- storing


def _keep(db: sqlite3.Connection, found: Conclusions) -> None:
    """Stores only what differs from what is stored, so that nothing is written where nothing changed."""
    tables: tuple[tuple[str, dict[int, tuple[object, ...]]], ...] = (
        ("duplicates", {key: (verdict.other, verdict.why) for key, verdict in found.duplicates.items()}),
        ("superseded", {key: (verdict.other, verdict.why) for key, verdict in found.superseded.items()}),
        ("twins", {key: (leader,) for key, leader in found.twins.items()}),
        ("weights", {key: (weight,) for key, weight in found.weights.items()}),
    )
    for table, wanted in tables:
        stored = {row[0]: tuple(row[1:]) for row in db.execute(f"SELECT * FROM {table}")}
        key = "chunk_id" if table in ("twins", "weights") else "doc_id"
        gone = [(one,) for one in stored if one not in wanted]
        db.executemany(f"DELETE FROM {table} WHERE {key} = ?", gone)
        new = [(one, *values) for one, values in wanted.items() if stored.get(one) != values]
        if new:
            db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * len(new[0]))})", new)

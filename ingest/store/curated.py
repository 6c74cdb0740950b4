"""Reads from a store what `curate` (ingest/sync/curate.py) concluded about its documents and passages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.store.store import Store
from ingest.text.versions import Edition

_PLACES = 20  # of a passage that are told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was concluded about a document: `other` is the id of a duplicate or of a newer edition; `why` explains it to
    people."""

    other: int
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: document, page, offsets in the document's text, and its text."""

    doc_id: int
    page: int
    start: int
    end: int
    text: str


def duplicates(store: Store) -> dict[int, Verdict]:
    """Returns, by document id, the document that it is a duplicate of."""
    return {row[0]: Verdict(*row[1:]) for row in store.rows("SELECT doc_id, other, why FROM duplicates")}


def superseded(store: Store) -> dict[int, Verdict]:
    """Returns, by document id, the newer edition that supersedes it."""
    return {row[0]: Verdict(*row[1:]) for row in store.rows("SELECT doc_id, other, why FROM superseded")}


def languages(store: Store) -> dict[int, str]:
    """Returns the ISO 639-1 language code of each document, without those whose language could not be told."""
    return dict(store.rows("SELECT doc_id, language FROM curated WHERE language != ''"))


def editions(store: Store, doc_ids: Sequence[int]) -> dict[int, Edition]:
    """Returns what each of these documents says of its own edition."""
    sql = "SELECT doc_id, edition FROM curated WHERE doc_id IN (SELECT value FROM json_each(?))"
    return {doc_id: read_edition(stored) for doc_id, stored in store.rows(sql, (json.dumps(list(doc_ids)),))}


def twins(store: Store, chunk_id: int) -> list[Place]:
    """Returns the first other places where a passage stands in nearly the same words and with the same figures."""
    rows = store.rows(
        "SELECT c.doc_id, c.page, c.start, c.end, c.text FROM twins own JOIN twins t ON t.leader = own.leader "
        "JOIN chunks c ON c.id = t.chunk_id WHERE own.chunk_id = ? AND c.id != ? ORDER BY c.doc_id, c.start LIMIT ?",
        (chunk_id, chunk_id, _PLACES),
    )
    return [Place(*row) for row in rows]


def weights(store: Store, chunk_ids: Sequence[int]) -> dict[int, float]:
    """Returns the weights, below 1, of those of the passages that stand in many documents; others are left out."""
    marks = ",".join("?" * len(chunk_ids))
    return dict(store.rows(f"SELECT chunk_id, weight FROM weights WHERE chunk_id IN ({marks})", chunk_ids))


def read_edition(stored: str) -> Edition:
    """Reads an edition from the JSON in which it is stored."""
    told = json.loads(stored)
    marks = tuple((kind, tuple(rank)) for kind, rank in told["marks"])
    return Edition(**{**told, "names": tuple(told["names"]), "marks": marks, "date": tuple(told["date"])})

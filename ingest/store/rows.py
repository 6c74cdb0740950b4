"""Writes a document into the rows of the store's tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.datatypes import Chunk, Document, ReadResult
from ingest.store.packing import packed, zipped


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is stored of a document. `vectors` has (hash of the content, vector as bytes) for each chunk."""

    document: Document
    result: ReadResult | None
    chunks: Sequence[Chunk]
    vectors: Sequence[tuple[str, bytes]]


def insert(db: sqlite3.Connection, entry: Entry) -> None:
    """Inserts a document whose id is in no table, except among the unfinished vectors, which are deleted."""
    document = entry.document
    db.execute("DELETE FROM unfinished WHERE doc_id = ?", (document.id,))
    db.execute(
        "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?)",
        (document.id, document.path, document.title, document.sha256, document.size, document.mtime_ns,
         document.n_pages, document.n_chunks, document.error, document.hint),
    )  # fmt: skip
    if entry.result:
        _put_result(db, document.id, entry.result)
    db.executemany(
        "INSERT INTO chunks VALUES (?,?,?,?,?,?,?,?)",
        [(c.id, c.doc_id, c.start, c.end, c.page, document.title, c.heading, c.text) for c in entry.chunks],
    )
    db.executemany(
        "INSERT INTO vectors VALUES (?,?,?)",
        [(c.id, content, vector) for c, (content, vector) in zip(entry.chunks, entry.vectors, strict=True)],
    )


def _put_result(db: sqlite3.Connection, doc_id: int, result: ReadResult) -> None:
    db.executemany(
        "INSERT INTO pages (doc_id, number, start, label, reader, text, raw_index, place, confidence, unread) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
        [
            (doc_id, p.number, p.start, p.label, p.reader, zipped(p.text), packed(p.raw_index),
             p.place, p.confidence, p.unread)
            for p in result.pages
        ],
    )  # fmt: skip
    headings = [(doc_id, h.start, h.level, h.text) for h in result.headings]
    db.executemany("INSERT INTO headings VALUES (?,?,?,?)", headings)
    db.executemany("INSERT INTO notes VALUES (?,?)", [(doc_id, note) for note in result.notes])
    db.executemany(
        "INSERT INTO tables VALUES (?,?,?,?,?,?,?,?)",
        [
            (doc_id, n, t.page, t.start, t.end, t.caption, json.dumps(t.columns), zipped(json.dumps(t.rows)))
            for n, t in enumerate(result.tables)
        ],
    )
    db.executemany("INSERT INTO flags VALUES (?,?,?,?)", [(doc_id, f.kind, f.page, f.text) for f in result.flags])

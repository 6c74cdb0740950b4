"""SQLite is the truth: documents, pages, chunks, their text index and their vectors, one transaction per document."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Chunk, Document, Flag, Page, ReadResult, Table, Vectors
from ingest.store.file import MERGED, TRACES, StoreFile, explained
from ingest.store.packing import arrays, unpacked, unzipped
from ingest.store.rows import Entry, insert


class Store(StoreFile):
    """The documents in an open store.db, with all that is known of them."""

    # -- what is in it

    @property
    def encoder(self) -> str:
        """The name of the one that its vectors are made with, or are to be."""
        return self.meta("fingerprint").partition("encoder=")[2]

    def documents(self) -> list[Document]:
        rows = self.rows(
            "SELECT id, path, title, sha256, size, mtime_ns, n_pages, n_chunks, error, hint "
            "FROM documents ORDER BY path"
        )
        return [Document(*row) for row in rows]

    def notes(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for doc_id, text in self.rows("SELECT doc_id, text FROM notes"):
            found.setdefault(doc_id, []).append(text)
        return found

    def pages(self, doc_id: int, number: int | None = None) -> list[Page]:
        return self._pages("doc_id = ? AND (? IS NULL OR number = ?)", (doc_id, number, number))

    def pages_between(self, doc_id: int, first: int, end: int) -> list[Page]:
        """The pages that begin at `first` or later, and before `end`, as offsets of the document's text."""
        return self._pages("doc_id = ? AND start >= ? AND start < ?", (doc_id, first, end))

    def _pages(self, where: str, parameters: Sequence[object]) -> list[Page]:
        rows = self.rows(
            "SELECT number, start, text, label, reader, raw_index, place, confidence, unread FROM pages "
            f"WHERE {where} ORDER BY number",
            parameters,
        )
        with explained(self.folder):
            return [
                Page(n, start, unzipped(text), label, reader, unpacked(raw), place, confidence, bool(unread))
                for n, start, text, label, reader, raw, place, confidence, unread in rows
            ]

    def tables(self, doc_id: int) -> list[Table]:
        """In reading order."""
        sql = "SELECT page, start, end, caption, columns, rows FROM tables WHERE doc_id = ? ORDER BY number"
        with explained(self.folder):
            return [
                Table(
                    page, start, end, caption, tuple(json.loads(columns)), tuple(map(tuple, json.loads(unzipped(rows))))
                )
                for page, start, end, caption, columns, rows in self.rows(sql, (doc_id,))
            ]

    def flags(self, doc_ids: Collection[int] | None = None) -> dict[int, list[Flag]]:
        """Of all documents or of these, by page."""
        found: dict[int, list[Flag]] = {}
        sql = "SELECT doc_id, kind, page, text FROM flags WHERE ? IS NULL OR doc_id IN (SELECT value FROM json_each(?))"
        wanted = None if doc_ids is None else json.dumps(list(doc_ids))
        for doc_id, kind, page, text in self.rows(f"{sql} ORDER BY doc_id, page", (wanted, wanted)):
            found.setdefault(doc_id, []).append(Flag(kind, page, text))
        return found

    def text(self, doc_id: int) -> str:
        return "\f".join(page.text for page in self.pages(doc_id))

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        """Those of `ids` that (still) exist."""
        marks = ",".join("?" * len(ids))
        rows = self.rows(f"SELECT id, doc_id, start, end, text, heading, page FROM chunks WHERE id IN ({marks})", ids)
        return {row[0]: Chunk(*row) for row in rows}

    def vectors(self, chunk_ids: Sequence[int] | None = None) -> tuple[NDArray[np.int64], Vectors]:
        """Of all chunks, or of those of `chunk_ids` that (still) exist, ordered by chunk id."""
        where = "" if chunk_ids is None else f"WHERE chunk_id IN ({','.join('?' * len(chunk_ids))})"
        return arrays(self.rows(f"SELECT chunk_id, vector FROM vectors {where} ORDER BY chunk_id", chunk_ids or ()))

    def vector_batches(self, size: int = 8192) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """All of them in the same order, `size` at a time, so that memory does not grow with their number."""
        last = -1
        sql = "SELECT chunk_id, vector FROM vectors WHERE chunk_id > ? ORDER BY chunk_id LIMIT ?"
        while rows := self.rows(sql, (last, size)):
            last = rows[-1][0]
            yield arrays(rows)

    def known_vectors(self, contents: Sequence[str]) -> dict[str, bytes]:
        """Vectors already computed for these content hashes: a renamed file is not embedded again."""
        found: dict[str, bytes] = {}
        for first in range(0, len(contents), 500):
            part = contents[first : first + 500]
            for table in ("unfinished", "vectors"):
                sql = f"SELECT content, vector FROM {table} WHERE content IN ({','.join('?' * len(part))})"
                found.update(self.rows(sql, part))
        return found

    # -- what changes it

    def put(
        self,
        document: Document,
        result: ReadResult | None,
        chunks: Sequence[Chunk],
        vectors: Sequence[tuple[str, bytes]],
    ) -> None:
        """Replaces everything known of one document, or records why it could not be read. All or nothing."""
        self.put_all([Entry(document, result, chunks, vectors)])

    def put_all(self, entries: Iterable[Entry]) -> None:
        """The same of several, all of them or none."""
        with self.transaction() as db:
            for entry in entries:
                _delete(db, [entry.document.path])
                insert(db, entry)

    def keep_unfinished(self, vectors: Sequence[tuple[str, int, bytes]]) -> None:
        """(content's hash, document's id, vector) of documents that are still being embedded: `known_vectors` has them
        until the document is stored, changed or gone."""
        with self.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO unfinished VALUES (?,?,?)", vectors)

    def forget_unfinished(self, doc_ids: Sequence[int]) -> None:
        """Of all documents but these, which are still to be stored."""
        kept = set(doc_ids)
        old = [row for row in self.rows("SELECT DISTINCT doc_id FROM unfinished") if row[0] not in kept]
        if old:
            with self.transaction() as db:
                db.executemany("DELETE FROM unfinished WHERE doc_id = ?", old)
                db.execute("INSERT OR REPLACE INTO meta VALUES (?, 'yes')", (TRACES,))

    def expire(self, fingerprint: str) -> None:
        """New settings: each document is stale until it is read again, if not by this run, then by the next."""
        with self.transaction() as db:
            db.execute("UPDATE documents SET sha256 = ''")
            db.execute("INSERT OR REPLACE INTO meta VALUES ('fingerprint', ?)", (fingerprint,))

    def touch(self, changes: Sequence[tuple[Document, int, int]]) -> None:
        """(document, size, mtime_ns) of files whose date changed and whose content did not."""
        if changes:
            with self.transaction() as db:
                sql = "UPDATE documents SET size = ?, mtime_ns = ? WHERE id = ?"
                db.executemany(sql, [(size, mtime_ns, document.id) for document, size, mtime_ns in changes])

    def remove(self, paths: Sequence[str]) -> None:
        """Pages, chunks, words and vectors go with the document."""
        if not paths:
            return
        with self.transaction() as db:
            for path in paths:
                db.execute("DELETE FROM recognised WHERE doc_id = (SELECT id FROM documents WHERE path = ?)", (path,))
            _delete(db, paths)

    def erase_traces(self, anyway: bool = False) -> None:
        """What was deleted leaves the files too: the text index is merged without it, and the file written anew.

        SQLite zeroes what is deleted, but not the copies that stayed where rows were moved from one page to another.
        Where nothing was deleted since, nothing is done unless `anyway`: it takes as long as the store is large.
        """
        self.forget_unfinished([])
        if not self.meta(MERGED):
            with self.transaction() as db:
                db.execute("INSERT INTO chunks_fts(chunks_fts) VALUES ('optimize')")
                db.execute("INSERT INTO meta VALUES (?, 'yes')", (MERGED,))
        if anyway or self.has_traces:
            self.vacuum()
            with self.transaction() as db:
                db.execute("DELETE FROM meta WHERE key = ?", (TRACES,))
        self.empty_log()

    def check(self) -> list[str]:
        """Every invariant that SQLite can see, as a list of what is broken."""
        problems = [row[0] for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]
        for table, key in (("vectors", "chunk_id"), ("chunks_fts_docsize", "id")):  # chunks_fts itself shows the chunks
            ((missing,),) = self.rows(f"SELECT count(*) FROM chunks WHERE id NOT IN (SELECT {key} FROM {table})")
            if missing:
                problems.append(f"{missing} chunks without a row in {table}")
        return problems


def _delete(db: sqlite3.Connection, paths: Sequence[str]) -> None:
    if db.executemany("DELETE FROM documents WHERE path = ?", [(path,) for path in paths]).rowcount:
        db.execute("DELETE FROM meta WHERE key = ?", (MERGED,))
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, 'yes')", (TRACES,))

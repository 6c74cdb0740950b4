"""The newest snapshot and the store behind it, to search in: FAISS for the vectors, FTS5 for the words.

SQLite is asked what still exists, so a deleted document never answers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Chunk, Document, Page, Scored, Vectors
from ingest.encryption.vault import Key
from ingest.errors import IndexDamaged, IndexMissing
from ingest.store import curated, fulltext
from ingest.store.curated import Verdict
from ingest.store.snapshots import current, load
from ingest.store.store import Store
from ingest.store.vectors import among
from ingest.text.versions import Edition


class LocalIndex:
    """An open index. Cheap to open; safe to use from several threads."""

    def __init__(self, folder: Path, key: Key | None = None) -> None:
        """`key` opens an encrypted library. Raises IndexMissing before the first ingest, IndexLocked, IndexDamaged when
        a file is not what its manifest says."""
        self.folder = folder
        self.store = Store(folder, key=key)
        while True:
            self.snapshot = current(folder)
            try:
                opened = load(self.store, self.snapshot, every_byte=False)
                break
            except IndexDamaged:
                if self.is_newest:
                    raise
            # it was replaced by a newer one while it was being read
        self.manifest, self._ids, self._vectors = opened.manifest, opened.ids, opened.vectors
        if self.manifest.get("store", self.store.identity) != self.store.identity:
            self.store.close()
            raise IndexMissing(f"The index in {folder} is being built again.", "Its first documents are there soon.")
        self._documents: tuple[int, list[Document]] | None = None
        self._editions: tuple[int, dict[int, Verdict], dict[int, Edition]] | None = None
        self._rows = lru_cache(maxsize=8)(self._find_rows)

    @property
    def is_newest(self) -> bool:
        return current(self.folder) == self.snapshot

    def close(self) -> None:
        self.store.close()

    def documents(self) -> list[Document]:
        """All of them, by path. Read again only when the store has changed: each question asks for them."""
        changes = self.store.changes
        if self._documents is None or self._documents[0] != changes:
            self._documents = changes, self.store.documents()
        return list(self._documents[1])

    def superseded(self) -> tuple[dict[int, Verdict], dict[int, Edition]]:
        """Documents of which there is a newer edition, by id; and what these and the newer ones say of themselves."""
        changes = self.store.changes
        if self._editions is None or self._editions[0] != changes:
            found = curated.superseded(self.store)
            involved = {*found, *(verdict.other for verdict in found.values())}
            self._editions = changes, found, curated.editions(self.store, list(involved))
        return self._editions[1:]

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        return self.store.chunks(ids)

    def page(self, doc_id: int, number: int) -> Page | None:
        found = self.store.pages(doc_id, number)
        return found[0] if found else None

    def place(self, chunk: Chunk) -> tuple[str, float]:
        """What the chunk's page is called, where it is no page, and how sure its words are, 0 to 1."""
        sql = "SELECT place, confidence FROM pages WHERE doc_id = ? AND number = ?"
        ((place, confidence),) = self.store.rows(sql, (chunk.doc_id, chunk.page)) or [("", 1.0)]
        return place, confidence

    def text(self, doc_id: int, start: int, end: int) -> str:
        """`document_text[start:end]`, reading only the pages it lies on."""
        first = (
            self.store.rows("SELECT max(start) FROM pages WHERE doc_id = ? AND start <= ?", (doc_id, start))[0][0] or 0
        )
        pages = self.store.pages_between(doc_id, first, end + 1)  # a page that begins at `end` brings its form feed
        return "\f".join(page.text for page in pages)[start - first : end - first]

    def page_starts(self, doc_id: int, start: int, end: int) -> list[tuple[int, int]]:
        """(page number, offset at which it begins) of the pages that the span touches."""
        rows = self.store.rows(
            "SELECT number, start FROM pages WHERE doc_id = ? AND start < ? ORDER BY number",
            (doc_id, max(end, start + 1)),
        )
        return [(number, at) for i, (number, at) in enumerate(rows) if i + 1 == len(rows) or rows[i + 1][1] > start]

    def dense(self, vector: Vectors, k: int, doc_ids: Collection[int] | None = None) -> list[Scored]:
        """The k chunks nearest to a unit vector of shape (dim,), by cosine, best first."""
        return self._vectors.nearest(vector, k, None if doc_ids is None else self._rows(frozenset(doc_ids)))

    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> list[float]:
        """The cosine of each of these chunks with a unit vector; -1 for those that the snapshot does not hold."""
        return self._vectors.cosines(vector, chunk_ids)

    def bm25(self, question: str, k: int, doc_ids: Collection[int] | None = None) -> list[Scored]:
        """The k chunks that share the most telling words with the question, best first; higher scores are better."""
        own = None if doc_ids is None else self._ids[self._rows(frozenset(doc_ids))]
        return fulltext.bm25(self.store, question, k, self._ids, doc_ids, own)

    def frequency(self, word: str) -> int:
        """In how many chunks a word stands, in any of its forms; of common words an estimate."""
        return fulltext.frequency(self.store, word, self._ids)

    def chunks_within(self, doc_id: int, start: int, end: int) -> list[int]:
        """Ids of the chunks that hold the whole span."""
        sql = "SELECT id FROM chunks WHERE doc_id = ? AND start <= ? AND end >= ? ORDER BY start"
        return [row[0] for row in self.store.rows(sql, (doc_id, start, end))]

    def beside(self, chunk: Chunk) -> list[Chunk]:
        """The passages before and after this one in its document, where there are."""
        before = "SELECT id FROM chunks WHERE doc_id = ? AND start < ? ORDER BY start DESC LIMIT 1"
        after = "SELECT id FROM chunks WHERE doc_id = ? AND start > ? ORDER BY start LIMIT 1"
        ids = [row[0] for sql in (after, before) for row in self.store.rows(sql, (chunk.doc_id, chunk.start))]
        chunks = self.chunks(ids)
        return [chunks[chunk_id] for chunk_id in ids if chunk_id in chunks]

    def page_called(self, doc_id: int, name: str) -> int:
        """The number of the page of this name, 'page 3' or 'slide 3'; 0 where none is called so."""
        sql = "SELECT number FROM pages WHERE doc_id = ? AND ? = iif(place = '', 'page ' || number, place)"
        return next((number for (number,) in self.store.rows(sql, (doc_id, name))), 0)

    def chunks_on(self, doc_id: int, page: int) -> list[int]:
        """Ids of the chunks of a page, in reading order."""
        sql = "SELECT id FROM chunks WHERE doc_id = ? AND page = ? ORDER BY start"
        return [row[0] for row in self.store.rows(sql, (doc_id, page))]

    def __len__(self) -> int:
        """How many chunks the snapshot holds."""
        return len(self._ids)

    def _find_rows(self, doc_ids: frozenset[int]) -> NDArray[np.int64]:
        """The snapshot's rows of these documents. Kept, since one question asks for them often, and so do the next."""
        sql = "SELECT id FROM chunks WHERE doc_id IN (SELECT value FROM json_each(?))"
        found = self.store.rows(sql, (json.dumps(list(doc_ids)),))
        return np.sort(among(self._ids, [row[0] for row in found])[1])

"""A published snapshot to search in: FAISS for the vectors, FTS5 for the words.

indexes/<domain>/ holds store.db, CURRENT (the name of the newest snapshot), and gen-000012/{vectors.faiss, ids.npy,
manifest.json}. Snapshots are immutable; SQLite is asked what still exists, so a deleted document never answers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .datatypes import Chunk, Document, Page, Scored, Vectors
from .errors import IndexDamaged, IndexMissing, StorageError
from .files import sha256
from .store import Store

_HASH_LIMIT = 256 << 20  # larger files are checked by size: hashing them would be felt at each start
_DAMAGED = "The store is untouched. Publish a new snapshot with: docent ingest"
_STOP = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its
    may me my no not of on or our shall should so some than that the their them then there these they this
    those to was we were what when where which who whom whose why will with would you your
    """.split()
)
_TERM = re.compile(r"[^\W_]+(?:[-./][^\W_]+)*")


def publish(store: Store) -> Path:
    """Writes the store's vectors as the next snapshot and makes it current. A kill at any point leaves the old one.

    Raises StorageError when it cannot be written.
    """
    import faiss

    folder = store.folder
    changes = store.changes
    ids, vectors = store.vectors()
    newest = max(_generation(name) for name in (_current(folder), *(old.name for old in folder.glob("gen-*"))))
    name = f"gen-{newest + 1:06d}"
    temporary = folder / f"{name}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        flat = faiss.IndexFlatIP(max(1, vectors.shape[1]))
        if len(ids):
            flat.add(vectors)
        faiss.write_index(flat, str(temporary / "vectors.faiss"))
        np.save(temporary / "ids.npy", ids)
        files = {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in temporary.iterdir()}
        manifest = {
            "kind": "flat",
            "count": len(ids),
            "dim": int(vectors.shape[1]),
            "changes": changes,
            "files": files,
        }
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        for file in temporary.iterdir():
            _fsync(file)
        shutil.rmtree(folder / name, ignore_errors=True)
        temporary.rename(folder / name)
        pointer = folder / "CURRENT.tmp"
        pointer.write_text(name, encoding="utf-8")
        _fsync(pointer)
        pointer.replace(folder / "CURRENT")
    except (OSError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise StorageError(
            f"The snapshot in {folder} could not be written: {error}",
            "Free some space, then run: docent ingest. The documents already read are kept.",
        ) from error
    for old in folder.glob(
        "gen-*"
    ):  # at once: an older one may hold what was deleted, and readers have theirs in memory
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return folder / name


def is_current(store: Store) -> bool:
    """Whether the newest snapshot is whole and holds what the store holds."""
    try:
        manifest = _manifest(store.folder / _current(store.folder))
        ((count,),) = store.rows("SELECT count(*) FROM vectors")
        return bool(manifest["changes"] == store.changes and manifest["count"] == count)
    except (IndexMissing, IndexDamaged):
        return False


class LocalIndex:
    """An open index. Cheap to open; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexMissing before the first ingest, IndexDamaged when a file is not what its manifest says."""
        self.folder = folder
        self.store = Store(folder)
        while True:
            self.snapshot = _current(folder)
            try:
                self.manifest, self._faiss, self._ids = _load(folder / self.snapshot)
                return
            except IndexDamaged:
                if self.is_newest:
                    raise
            # it was replaced by a newer one while it was being read

    @property
    def is_newest(self) -> bool:
        return _current(self.folder) == self.snapshot

    def close(self) -> None:
        self.store.close()

    def documents(self) -> list[Document]:
        return self.store.documents()

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        return self.store.chunks(ids)

    def page(self, doc_id: int, number: int) -> Page | None:
        found = self.store.pages(doc_id, number)
        return found[0] if found else None

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
        import faiss

        if not len(self._ids) or k < 1:
            return []
        parameters = None
        if doc_ids is not None:
            rows = np.flatnonzero(np.isin(self._ids, self._chunk_ids(doc_ids)))
            if not len(rows):
                return []
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(rows))  # type: ignore[call-arg]
        scores, rows = self._faiss.search(vector.reshape(1, -1), min(k, len(self._ids)), params=parameters)
        return [Scored(int(self._ids[row]), float(s)) for row, s in zip(rows[0], scores[0], strict=True) if row >= 0]

    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> list[float]:
        """The cosine of each of these chunks with a unit vector; -1 for those that the snapshot does not hold."""
        found = [-1.0] * len(chunk_ids)
        rows = np.searchsorted(self._ids, np.array(chunk_ids, dtype=np.int64))  # ids were stored in order
        held = [i for i, row in enumerate(rows) if row < len(self._ids) and self._ids[row] == chunk_ids[i]]
        if held:
            scores = self._faiss.reconstruct_batch(rows[held]) @ vector
            for i, score in zip(held, scores, strict=True):
                found[i] = float(score)
        return found

    def bm25(self, question: str, k: int, doc_ids: Collection[int] | None = None) -> list[Scored]:
        """The k chunks that share the most telling words with the question, best first; higher scores are better."""
        query = match_query(question)
        if not query or k < 1:
            return []
        where = f"AND chunks.doc_id IN ({','.join('?' * len(doc_ids))})" if doc_ids is not None else ""
        rows = self.store.rows(
            "SELECT chunks.id, -bm25(chunks_fts, 0.3, 0.5, 1.0) AS score FROM chunks_fts JOIN chunks "
            f"ON chunks.id = chunks_fts.rowid WHERE chunks_fts MATCH ? {where} ORDER BY score DESC, chunks.id LIMIT ?",
            (query, *(doc_ids or ()), k),
        )
        return [Scored(*row) for row in rows]

    def frequency(self, word: str) -> int:
        """In how many chunks a word stands, in any of its forms."""
        query = match_query(word)
        sql = "SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH ?"
        return int(self.store.rows(sql, (query,))[0][0]) if query else 0

    def chunks_on(self, doc_id: int, page: int) -> list[int]:
        """Ids of the chunks of a page, in reading order."""
        sql = "SELECT id FROM chunks WHERE doc_id = ? AND page = ? ORDER BY start"
        return [row[0] for row in self.store.rows(sql, (doc_id, page))]

    def __len__(self) -> int:
        """How many chunks the snapshot holds."""
        return len(self._ids)

    def _chunk_ids(self, doc_ids: Collection[int]) -> NDArray[np.int64]:
        marks = ",".join("?" * len(doc_ids))
        rows = self.store.rows(f"SELECT id FROM chunks WHERE doc_id IN ({marks})", tuple(doc_ids))
        return np.array([row[0] for row in rows], dtype=np.int64)


def _load(generation: Path) -> tuple[dict[str, Any], Any, NDArray[np.int64]]:
    """Manifest, FAISS index and chunk ids of a snapshot, all in memory: its files are not needed after."""
    import faiss

    manifest = _manifest(generation)
    try:
        vectors = faiss.read_index(str(generation / "vectors.faiss"))
        ids: NDArray[np.int64] = np.load(generation / "ids.npy")
    except (RuntimeError, OSError, ValueError) as error:
        raise IndexDamaged(f"The snapshot {generation} cannot be read.", _DAMAGED) from error
    if not len(ids) == vectors.ntotal == manifest["count"]:
        raise IndexDamaged(f"The snapshot {generation} does not hold what its manifest says.", _DAMAGED)
    return manifest, vectors, ids


def match_query(question: str) -> str:
    """An FTS5 query: any of the question's telling words; codes such as 'E-104' as phrases."""
    terms = list(dict.fromkeys(term.lower() for term in _TERM.findall(question)))
    telling = [term for term in terms if term not in _STOP] or terms
    return " OR ".join(f'"{term}"' for term in telling[:64])


def _current(folder: Path) -> str:
    try:
        return (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _generation(name: str) -> int:
    return int(name.removeprefix("gen-")) if re.fullmatch(r"gen-\d+", name) else 0


def _manifest(generation: Path) -> dict[str, Any]:
    if not generation.name.startswith("gen-"):
        raise IndexMissing(f"Nothing has been published in {generation} yet.", "Run: docent ingest FOLDER")
    try:
        manifest: dict[str, Any] = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
        for name in ("vectors.faiss", "ids.npy"):
            file, told = generation / name, manifest["files"][name]
            size = file.stat().st_size
            if size != told["bytes"] or (size <= _HASH_LIMIT and sha256(file) != told["sha256"]):
                raise IndexDamaged(f"{file} is not what its manifest says.", _DAMAGED)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"The snapshot {generation} cannot be read.", _DAMAGED) from error
    return manifest


def _fsync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

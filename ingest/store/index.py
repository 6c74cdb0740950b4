"""A published snapshot to search in: FAISS for the vectors, FTS5 for the words.

indexes/<domain>/ holds store.db, CURRENT (the name of the newest snapshot), and gen-000012/{vectors.faiss, ids.npy,
manifest.json}. Snapshots are immutable and wholly in memory once open; SQLite is asked what still exists, so a
deleted document never answers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Chunk, Document, Page, Scored, Vectors
from ingest.encryption.sealed import read_from, writing_to
from ingest.encryption.vault import Key
from ingest.errors import IndexDamaged, IndexMissing, StorageError
from ingest.files import sha256
from ingest.store import curated, fulltext, vectors
from ingest.store.curated import Verdict
from ingest.store.store import Store
from ingest.store.vectors import EXACT_UP_TO, OpenVectors, among
from ingest.text.versions import Edition

_HASH_LIMIT = 256 << 20  # larger files are checked by size: hashing them would be felt at each start
_SECONDS = 5e-5  # to publish a chunk, about
_DAMAGED = "The store is untouched. Publish a new snapshot with: docent ingest"


def publish(store: Store, exact_up_to: int = EXACT_UP_TO, check: Callable[[], None] = lambda: None) -> Path:
    """Writes the store's vectors as the next snapshot and makes it current. A kill at any point leaves the old one.

    Above `exact_up_to` chunks they are coded. `check` is called now and then, and may wait, or raise to give up.
    Raises StorageError when it cannot be written.
    """
    folder = store.folder
    identity = store.identity or store.identify()
    changes = store.changes
    newest = max(_generation(name) for name in (current(folder), *(old.name for old in folder.glob("gen-*"))))
    name = f"gen-{newest + 1:06d}"
    temporary = folder / f"{name}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        ids, told = vectors.write(store, temporary / "vectors.faiss", exact_up_to, check=check)
        with writing_to(temporary / "ids.npy", store.key) as out:
            np.save(out, ids)
        files = {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in temporary.iterdir()}
        manifest = {**told, "count": len(ids), "changes": changes, "encoder": store.encoder, "files": files}
        manifest["store"] = identity
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
        manifest = _manifest(store.folder / current(store.folder))
        ((count,),) = store.rows("SELECT count(*) FROM vectors")
        return bool(manifest["changes"] == store.changes and manifest["count"] == count)
    except (IndexMissing, IndexDamaged):
        return False


def is_of_one_encoder(store: Store) -> bool:
    """Whether all the store's vectors were made by the encoder that it is for now. While documents are read again for
    another one, there are both."""
    if not store.rows("SELECT 1 FROM documents WHERE sha256 = '' AND n_chunks > 0 LIMIT 1"):
        return True  # none is stale
    return bool(_told(store.folder).get("encoder") == store.encoder)


def seconds(folder: Path) -> float:
    """About what making a snapshot takes, from how many chunks the newest holds."""
    count = _told(folder).get("count")
    return count * _SECONDS if isinstance(count, int) else 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published snapshot in memory; `ids` are its chunks', in order."""

    manifest: dict[str, Any]
    ids: NDArray[np.int64]
    vectors: OpenVectors


def load(store: Store) -> Snapshot:
    """The newest snapshot, with every byte of it checked. Raises IndexMissing, IndexDamaged."""
    return Snapshot(*_load(store.folder / current(store.folder), store, every_byte=True))


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
                self.manifest, self._ids, self._vectors = _load(folder / self.snapshot, self.store)
                break
            except IndexDamaged:
                if self.is_newest:
                    raise
            # it was replaced by a newer one while it was being read
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


def _load(
    generation: Path, store: Store, *, every_byte: bool = False
) -> tuple[dict[str, Any], NDArray[np.int64], OpenVectors]:
    """Manifest, chunk ids and vectors of a snapshot, all in memory: its files are not needed after."""
    manifest = _manifest(generation, every_byte)
    try:
        ids: NDArray[np.int64] = np.load(read_from(generation / "ids.npy", store.key))
        opened = OpenVectors(generation / "vectors.faiss", ids, manifest, store)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise IndexDamaged(f"The snapshot {generation} cannot be read.", _DAMAGED) from error
    if not len(ids) == opened.count == manifest["count"]:
        raise IndexDamaged(f"The snapshot {generation} does not hold what its manifest says.", _DAMAGED)
    return manifest, ids, opened


def current(folder: Path) -> str:
    """The name of the newest snapshot; '' before the first."""
    try:
        return (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _generation(name: str) -> int:
    return int(name.removeprefix("gen-")) if re.fullmatch(r"gen-\d+", name) else 0


def _told(folder: Path) -> dict[str, Any]:
    """What the newest snapshot says of itself, its files not looked at; nothing where there is none."""
    try:
        told = json.loads((folder / current(folder) / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _manifest(generation: Path, every_byte: bool = False) -> dict[str, Any]:
    if not generation.name.startswith("gen-"):
        raise IndexMissing(f"Nothing has been published in {generation} yet.", "Run: docent ingest FOLDER")
    try:
        manifest: dict[str, Any] = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
        for name in ("vectors.faiss", "ids.npy"):
            file, told = generation / name, manifest["files"][name]
            size = file.stat().st_size
            if size != told["bytes"] or ((every_byte or size <= _HASH_LIMIT) and sha256(file) != told["sha256"]):
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

"""The vectors of a snapshot in FAISS: exact up to a number of chunks, above it as codes of one bit per dimension.

Comparing with every exact vector is fast enough while they are few. Of many, all are compared by RaBitQ codes (Gao and
Long, 2024), which take a 24th of the memory; the exact vectors from the store then rank the shortlist. Its length is
measured when the snapshot is made. Cells (IVF) would compare fewer codes, but questions lie apart from the passages:
cells lost a tenth of the right ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Scored, Vectors
from ingest.encryption.sealed import read_from, writing_to
from ingest.store.store import Store

Ids = NDArray[np.int64]
Check = Callable[[], None]  # called between batches; may wait, or raise to give up

EXACT_UP_TO = 100_000  # chunks: about 150 MB of vectors in memory, 10 ms a question
RECALL = 0.95  # the share of the nearest ones that a shortlist must hold
_NEAREST = 50
_SHORTLISTS = (250, 500, 1000, 2000, 4000)
_SAMPLE = 32_768
_QUESTIONS = 128
_FEW = 2000  # rows that are compared by their exact vectors, without a shortlist


def write(
    store: Store, file: Path, exact_up_to: int = EXACT_UP_TO, recall: float = RECALL, check: Check = lambda: None
) -> tuple[Ids, dict[str, Any]]:
    """Writes the store's vectors to a file for `OpenVectors`: exact up to `exact_up_to` of them, else as codes. They
    are also exact when no shortlist of the codes holds the share `recall` of the nearest ones.

    Returns the chunk id of each row, shape (n,), and entries for the manifest. Raises RuntimeError, OSError.
    """
    ((count, size),) = store.rows("SELECT count(*), (SELECT length(vector) FROM vectors LIMIT 1) FROM vectors")
    dim = (size or 4) // 4
    told: dict[str, Any] = {}
    if count > exact_up_to:
        ids, told = _write_codes(store, file, dim, recall, check)
        if told["recall"] >= recall:
            return ids, {"kind": "rabitq", "dim": dim, **told}
    ids = _write_whole(store, file, dim, check)
    return ids, {"kind": "flat", "dim": dim} | ({"instead_of": {"kind": "rabitq", **told}} if told else {})


def _write_whole(store: Store, file: Path, dim: int, check: Check) -> Ids:
    import faiss

    index = faiss.IndexFlatIP(dim)
    ids = [np.zeros(0, dtype=np.int64)]
    for part, vectors in store.vector_batches():
        check()
        index.add(vectors)
        ids.append(part)
    _put(index, file, store)
    return np.concatenate(ids)


def _write_codes(store: Store, file: Path, dim: int, asked: float, check: Check) -> tuple[Ids, dict[str, Any]]:
    """Writes codes of all vectors, and measures the shortlist: the first length of _SHORTLISTS that holds enough."""
    import faiss
    from faiss.contrib.exhaustive_search import knn_ground_truth

    _, sample = next(store.vector_batches(_SAMPLE))  # chunk ids are hashes: the first are as good as any
    centre = faiss.IndexFlatIP(dim)
    centre.add(sample.mean(axis=0, keepdims=True))
    # One cell, around the mean: among such codes, FAISS can exclude rows from a search only in an index with cells.
    index = faiss.IndexIVFRaBitQFastScan(centre, dim, 1, faiss.METRIC_INNER_PRODUCT)
    index.train(sample)
    questions = _between(sample)
    ids: list[Ids] = []

    def added() -> Iterator[Vectors]:
        for part, vectors in store.vector_batches():
            check()
            index.add(vectors)
            ids.append(part)
            yield vectors

    _, nearest = knn_ground_truth(questions, added(), _NEAREST, faiss.METRIC_INNER_PRODUCT)
    _put(index, file, store)
    _, found = index.search(questions, min(_SHORTLISTS[-1], index.ntotal))
    places = [np.flatnonzero(np.isin(row, wanted)) for row, wanted in zip(found, nearest, strict=True)]
    for shortlist in _SHORTLISTS:
        recall = sum(int((place < shortlist).sum()) for place in places) / nearest.size
        if recall >= asked:
            break
    told = {"shortlist": shortlist, "recall": round(recall, 4), "recall_of": _NEAREST, "questions": len(questions)}
    return np.concatenate(ids), told


def _put(index: Any, file: Path, store: Store) -> None:
    import faiss

    if store.key is None:
        faiss.write_index(index, str(file))
    else:
        with writing_to(file, store.key) as out:
            faiss.write_index(index, faiss.PyCallbackIOWriter(out.write))  # type: ignore[attr-defined]


def _between(sample: Vectors) -> Vectors:
    """Returns points halfway between two passages, as stand-ins for questions. They lie about as far from all passages
    as questions do, while a passage's own vector, with its neighbours around it, is much easier to find."""
    one, two = np.random.default_rng(0).integers(len(sample), size=(2, _QUESTIONS))
    middle = sample[one] + sample[two]
    return np.asarray(middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12), dtype=np.float32)


class OpenVectors:
    """A file made by `write`, loaded into memory; the file may be deleted meanwhile. Safe to use from several
    threads."""

    def __init__(self, file: Path, ids: Ids, told: dict[str, Any], store: Store) -> None:
        """Raises RuntimeError when FAISS cannot read the file, KeyError when the manifest `told` lacks an entry."""
        import faiss

        sealed = store.key and read_from(file, store.key)  # never in a plain file, not for a moment
        self._faiss = faiss.read_index(
            faiss.PyCallbackIOReader(sealed.read) if sealed else str(file)  # type: ignore[attr-defined]
        )
        self._ids, self._store = ids, store
        self._shortlist: int | None = None if told["kind"] == "flat" else told["shortlist"]
        self.count = int(self._faiss.ntotal)

    def nearest(self, vector: Vectors, k: int, rows: Ids | None = None) -> list[Scored]:
        """Returns the k chunks nearest to a unit vector of shape (dim,), best first: of all, or of those in `rows`."""
        if not self.count or k < 1 or (rows is not None and not len(rows)):
            return []
        if self._shortlist is None:
            scores, found = self._search(vector, k, rows)
            return [Scored(int(self._ids[row]), float(s)) for row, s in zip(found, scores, strict=True)]
        if rows is None or len(rows) > _FEW:
            _, rows = self._search(vector, max(self._shortlist, self._shortlist * k // _NEAREST), rows)
        ids, vectors = self._store.vectors(self._ids[rows].tolist())  # without those deleted since
        if not len(ids):
            return []
        scores = vectors @ vector
        return [Scored(int(ids[i]), float(scores[i])) for i in np.lexsort((ids, -scores))[:k]]

    def cosines(self, vector: Vectors, chunk_ids: Sequence[int]) -> list[float]:
        """Returns the cosine of a unit vector with each of these chunks; -1 for chunks that are not in the snapshot."""
        ids, rows = among(self._ids, chunk_ids)
        if self._shortlist is not None:
            ids, vectors = self._store.vectors(ids.tolist())
        else:
            vectors = self._faiss.reconstruct_batch(rows)
        known = dict(zip(ids.tolist(), (vectors @ vector).tolist(), strict=True)) if len(ids) else {}
        return [known.get(chunk_id, -1.0) for chunk_id in chunk_ids]

    def stored(self, chunk_ids: Ids) -> tuple[Vectors, NDArray[np.bool_]]:
        """Returns the exact vectors of the chunks that are in the snapshot, and a mask of which these are; no vectors
        where it has codes."""
        _, rows = among(self._ids, chunk_ids)
        if self._shortlist is not None or not len(rows):
            return np.zeros((0, self._faiss.d), dtype=np.float32), np.zeros(len(chunk_ids), dtype=bool)
        return self._faiss.reconstruct_batch(rows), np.isin(chunk_ids, self._ids[rows])

    def _search(self, vector: Vectors, k: int, rows: Ids | None) -> tuple[Vectors, Ids]:
        """Returns FAISS's scores and rows, best first, of all rows or of some."""
        import faiss

        parameters = None
        if rows is not None:
            wanted = np.zeros(self.count, dtype=bool)
            wanted[rows] = True
            bits = np.packbits(wanted, bitorder="little")
            kind = faiss.SearchParameters if self._shortlist is None else faiss.SearchParametersIVF
            parameters = kind(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[arg-type,call-arg]
        scores, found = self._faiss.search(vector.reshape(1, -1), min(k, self.count), params=parameters)
        return scores[0][found[0] >= 0], found[0][found[0] >= 0]


def among(ids: Ids, chunk_ids: Sequence[int] | Ids) -> tuple[Ids, Ids]:
    """Returns those of `chunk_ids` that are in the sorted `ids`, and their positions there."""
    wanted = np.array(chunk_ids, dtype=np.int64)
    places = np.searchsorted(ids, wanted)
    held = places < len(ids)
    held[held] = ids[places[held]] == wanted[held]
    return wanted[held], places[held]

"""Vectors at size: codes find a shortlist, the store's own vectors decide."""

from __future__ import annotations

import json
import shutil
from contextlib import closing

import faiss
import numpy as np
import pytest

from ingest.datatypes import Chunk, Document, ReadResult
from ingest.errors import IndexDamaged
from ingest.files import sha256
from ingest.store.index import LocalIndex
from ingest.store.snapshots import publish
from ingest.store.store import Store
from ingest.store.vectors import EXACT_UP_TO, RECALL, write

DIM, DOCUMENTS, PER_DOCUMENT = 96, 12, 500
MANY = list(range(1, 9))  # documents, of more chunks than are compared one by one


def fill(folder) -> None:
    """Vectors in clusters, as those of texts are."""
    random = np.random.default_rng(0)
    ids = random.choice(2**62, (DOCUMENTS, PER_DOCUMENT))
    topics = random.normal(size=(40, DIM))
    with closing(Store(folder, create=True)) as store:
        for number in range(1, DOCUMENTS + 1):
            vectors = topics[random.integers(0, 40, PER_DOCUMENT)] + random.normal(size=(PER_DOCUMENT, DIM))
            vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
            chunks = [Chunk(int(i), number, n, n + 1, f"text {n}") for n, i in enumerate(ids[number - 1])]
            contents = [(str(c.id), v.tobytes()) for c, v in zip(chunks, vectors, strict=True)]
            document = Document(number, f"{number}.txt", "Book", "0", 1, 1, 1, PER_DOCUMENT)
            store.put(document, ReadResult("Book", ()), chunks, contents)
        publish(store, exact_up_to=1000)


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coded") / "index"
    folder.mkdir()
    fill(folder)
    return folder


@pytest.fixture
def store(coded, tmp_path):
    with closing(Store(shutil.copytree(coded, tmp_path / "index"), create=True)) as opened:
        yield opened


@pytest.fixture(scope="module")
def library(coded):
    with closing(LocalIndex(coded)) as index:
        yield index


def asked(store: Store, n: int = 40):
    """Vectors that lie near a stored one, as far from it as questions are from their passages."""
    random = np.random.default_rng(7)
    vectors = store.vectors()[1][random.integers(0, DOCUMENTS * PER_DOCUMENT, n)]
    vectors = vectors + random.normal(size=(n, DIM)).astype(np.float32) / np.sqrt(DIM)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def exact(store: Store, vector, k: int, doc_ids=None) -> dict[int, float]:
    """By comparing with every vector."""
    ids, vectors = store.vectors()
    if doc_ids is not None:
        rows = store.rows(f"SELECT id FROM chunks WHERE doc_id IN ({','.join(map(str, doc_ids))})")
        kept = np.isin(ids, [row[0] for row in rows])
        ids, vectors = ids[kept], vectors[kept]
    scores = vectors @ vector
    order = np.argsort(-scores)[:k]
    return dict(zip(ids[order].tolist(), scores[order].tolist(), strict=True))


def test_the_manifest_says_what_was_measured(library):
    manifest = library.manifest
    assert manifest["kind"] == "rabitq" and manifest["recall"] >= RECALL and manifest["count"] == 6000
    assert manifest["files"]["vectors.faiss"]["bytes"] < 6000 * DIM * 4 / 8


@pytest.mark.slow
@pytest.mark.parametrize("doc_ids", [None, MANY, MANY[:2]], ids=["all", "many documents", "few documents"])
def test_codes_find_nearly_what_comparing_with_every_vector_finds(doc_ids, library):
    shares = []
    for vector in asked(library.store):
        found = library.dense(vector, 10, doc_ids)
        wanted = exact(library.store, vector, 10, doc_ids)
        assert len(found) == 10 and [s.score for s in found] == sorted((s.score for s in found), reverse=True)
        np.testing.assert_allclose(
            [s.score for s in found], library.cosines(vector, [s.chunk_id for s in found]), atol=1e-6
        )
        shares.append(len({s.chunk_id for s in found} & wanted.keys()) / 10)
        chunks = library.chunks([s.chunk_id for s in found]).values()
        assert doc_ids is None or all(chunk.doc_id in doc_ids for chunk in chunks)
    assert np.mean(shares) >= (1.0 if doc_ids == MANY[:2] else 0.95)


@pytest.mark.parametrize("k", [0, 1, 60, 300, 7000])
def test_as_many_as_are_asked_for_or_there_are(k, library):
    (vector,) = asked(library.store, 1)
    assert len(library.dense(vector, k)) == min(k, 6000)
    assert len(library.dense(vector, k, [1])) == min(k, PER_DOCUMENT)
    assert library.dense(vector, k, []) == [] == library.dense(vector, k, [999])


def test_cosines_are_those_of_the_stored_vectors(library):
    (vector,) = asked(library.store, 1)
    ids, vectors = library.store.vectors()
    order = np.random.default_rng(1).permutation(len(ids))[:100]
    found = library.cosines(vector, [*ids[order].tolist(), 1, int(ids.max()) + 1])
    np.testing.assert_allclose(found[:-2], vectors[order] @ vector, atol=1e-6)
    assert found[-2:] == [-1.0, -1.0] and library.cosines(vector, []) == []


def test_what_is_deleted_answers_no_more_and_readers_go_on(store):
    (vector,) = asked(store, 1)
    with closing(LocalIndex(store.folder)) as index:
        before = exact(store, vector, 6000)
        deleted = [chunk.id for chunk in index.chunks(list(before)).values() if chunk.doc_id == 3]
        store.remove(["3.txt"])
        found = index.dense(vector, 6000)
        assert {s.chunk_id for s in found} == before.keys() - set(deleted) and len(deleted) == PER_DOCUMENT
        assert index.cosines(vector, deleted) == [-1.0] * PER_DOCUMENT
        publish(store, exact_up_to=1000)
        assert not index.is_newest and index.dense(vector, 6000) == found
    with closing(LocalIndex(store.folder)) as index:
        assert index.dense(vector, 6000) == found and index.manifest["count"] == 5500


def test_codes_that_lose_too_much_give_way_to_whole_vectors(store):
    file = store.folder / "vectors.faiss"
    ids, told = write(store, file, exact_up_to=1000, recall=1.01)
    assert told["kind"] == "flat" and told["instead_of"]["recall"] <= 1 and len(ids) == 6000
    assert file.stat().st_size > 6000 * DIM * 4


def test_a_snapshot_of_before_there_were_codes_still_opens(store):
    ids, vectors = store.vectors()
    generation = store.folder / "gen-000002"
    generation.mkdir()
    flat = faiss.IndexFlatIP(DIM)
    flat.add(vectors)
    faiss.write_index(flat, str(generation / "vectors.faiss"))
    np.save(generation / "ids.npy", ids)
    files = {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in generation.iterdir()}
    manifest = {"kind": "flat", "count": len(ids), "dim": DIM, "changes": store.changes, "files": files}
    (generation / "manifest.json").write_text(json.dumps(manifest))
    (store.folder / "CURRENT").write_text("gen-000002")
    with closing(LocalIndex(store.folder)) as index:
        for vector in asked(store, 5):
            assert [s.chunk_id for s in index.dense(vector, 60)] == list(exact(store, vector, 60))


@pytest.mark.parametrize("told", [{"kind": "rabitq"}, {"shortlist": None}, {}], ids=str)
def test_a_manifest_that_does_not_tell_how_to_search_is_damage(told, store):
    manifest = store.folder / "gen-000001" / "manifest.json"
    kept = {key: value for key, value in json.loads(manifest.read_text()).items() if key not in ("kind", "shortlist")}
    manifest.write_text(json.dumps(kept | told))
    with pytest.raises(IndexDamaged) as error:
        LocalIndex(store.folder)
    assert "docent ingest" in error.value.hint


def test_few_vectors_are_kept_whole(store):
    publish(store)
    assert EXACT_UP_TO > 6000
    with closing(LocalIndex(store.folder)) as index:
        assert index.manifest["kind"] == "flat"
        for vector in asked(store, 5):
            assert [s.chunk_id for s in index.dense(vector, 60)] == list(exact(store, vector, 60))

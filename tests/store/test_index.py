from __future__ import annotations

import json
import shutil
from contextlib import closing

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.datatypes import Chunk, Document, Page, ReadResult
from ingest.errors import IndexDamaged, IndexMissing, StorageError
from ingest.store.index import LocalIndex
from ingest.store.snapshots import is_current, publish
from ingest.store.store import Store
from ingest.sync.sync import sync

COMMON = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
DIM = 16
WORDS = "pump valve filter water pressure gauge seal oil heat winter bar code".split()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Six documents of random words and random vectors, on several pages, published. Read only."""
    folder = tmp_path_factory.mktemp("library")
    with closing(Store(folder, create=True)) as store:
        fill(store)
        publish(store)
    with closing(LocalIndex(folder)) as index:
        yield index


def fill(store: Store, documents: int = 6, seed: int = 0) -> None:
    random = np.random.default_rng(seed)
    for number in range(1, documents + 1):
        pages, chunks, start = [], [], 0
        for page in range(5):
            text = "".join(f"{' '.join(random.choice(WORDS, 6))} E-{number}{page}{i}.\n" for i in range(4))
            pages.append(Page(page + 1, start, text))
            line = text.index("\n", len(text) // 2) + 1
            for i, (a, b) in enumerate([(0, line), (line, len(text))]):
                chunk_id = int(random.integers(1, 2**62))
                chunks.append(Chunk(chunk_id, number, start + a, start + b, text[a:b], f"Part {i}", page + 1))
            start += len(text) + 1
        vectors = random.normal(size=(len(chunks), DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        document = Document(number, f"{number}.pdf", f"Book {number}", "0" * 64, 1, 1, len(pages), len(chunks))
        contents = [(f"{c.id}", v.tobytes()) for c, v in zip(chunks, vectors, strict=True)]
        store.put(document, ReadResult(document.title, tuple(pages)), chunks, contents)


DOC_IDS = st.none() | st.sets(st.integers(1, 8))


@COMMON
@given(seed=st.integers(0, 2**32), k=st.integers(0, 80), doc_ids=DOC_IDS)
def test_faiss_finds_what_comparing_with_every_vector_finds(seed, k, doc_ids, library):
    query = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    query /= np.linalg.norm(query)
    ids, vectors = library.store.vectors()
    if doc_ids is not None:
        allowed = {
            row[0] for d in doc_ids for row in library.store.rows("SELECT id FROM chunks WHERE doc_id = ?", (d,))
        }
        kept = np.array([i in allowed for i in ids.tolist()], dtype=bool)
        ids, vectors = ids[kept], vectors[kept]
    scores = vectors @ query
    order = np.argsort(-scores)[:k]
    found = library.dense(query, k, doc_ids)
    assert [s.chunk_id for s in found] == ids[order].tolist()
    np.testing.assert_allclose([s.score for s in found], scores[order], atol=1e-5)


def test_the_cosine_of_any_chunk_is_that_of_its_stored_vector(library):
    ids, vectors = library.store.vectors()
    query = np.eye(DIM, dtype=np.float32)[3]
    order = np.random.default_rng(1).permutation(len(ids))
    asked = [*ids[order].tolist(), 1, int(ids.max()) + 1]
    found = library.cosines(query, asked)
    np.testing.assert_allclose(found[:-2], vectors[order] @ query, atol=1e-6)
    assert found[-2:] == [-1.0, -1.0] and library.cosines(query, []) == [] and len(library) == len(ids)


def test_how_many_chunks_hold_a_word_in_any_form(library):
    ((expected,),) = library.store.rows("SELECT count(*) FROM chunks WHERE text LIKE '%pump%'")
    assert library.frequency("pump") == library.frequency("Pumps") == expected
    assert library.frequency("nowhere") == library.frequency("?!") == 0


def test_the_chunks_of_a_page_in_reading_order(library):
    rows = library.store.rows("SELECT id FROM chunks WHERE doc_id = 2 AND page = 3 ORDER BY start")
    assert library.chunks_on(2, 3) == [row[0] for row in rows] and len(rows) == 2
    assert library.chunks_on(2, 99) == []


@COMMON
@given(doc=st.integers(1, 6), a=st.integers(0, 1200), b=st.integers(0, 1200))
def test_a_span_s_text_and_its_pages(doc, a, b, library):
    start, end = sorted((a, b))
    whole = library.store.text(doc)
    assert library.text(doc, start, end) == whole[start:end]
    pages = library.store.pages(doc)
    touched = [
        (p.number, p.start) for p in pages if p.start < max(end, start + 1) and start < p.start + len(p.text) + 1
    ]
    if start < len(whole):
        assert library.page_starts(doc, start, end) == touched
    assert library.page(doc, 3) == pages[2] and library.page(doc, 99) is None and library.page(99, 1) is None


def texts(index: LocalIndex, scored) -> list[str]:
    chunks = index.chunks([s.chunk_id for s in scored])
    return [chunks[s.chunk_id].text for s in scored]


def test_codes_are_found_as_they_are_written(library):
    found = texts(library, library.bm25("What does E-342 mean?", 50))
    assert found and all("E-342" in text for text in found)
    assert len(found) == library.store.rows("SELECT count(*) FROM chunks WHERE text LIKE '%E-342%'")[0][0]
    assert texts(library, library.bm25("e-342", 50)) == found


@COMMON
@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), k=st.integers(0, 70), doc_ids=DOC_IDS)
def test_bm25_finds_every_chunk_with_one_of_the_words_best_first(words, k, doc_ids, library):
    found = library.bm25(" ".join(words), k, doc_ids)
    scores = [s.score for s in found]
    assert scores == sorted(scores, reverse=True)
    everything = library.bm25(" ".join(words), 1000, doc_ids)
    assert found == everything[:k]
    chunks = [Chunk(*row) for row in library.store.rows("SELECT id, doc_id, start, end, text FROM chunks")]
    expected = {
        c.id for c in chunks if set(words) & set(c.text.lower().split()) and (doc_ids is None or c.doc_id in doc_ids)
    }
    assert {s.chunk_id for s in everything} == expected


@COMMON
@given(question=st.text(max_size=100))
@example(question="pump " * 5000)
@example(question="\"pump' OR NEAR( * ^ : {col} - + AND NOT")
@example(question="圧力 давление ضغط")
@example(question="\0")
@example(question="the of and")
def test_any_question_is_only_words(question, library):
    library.bm25(question, 5)


# -- snapshots


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path, create=True)) as opened:
        fill(opened)
        yield opened


def generations(folder) -> list[str]:
    return sorted(entry.name for entry in folder.glob("gen-*"))


def test_the_same_store_gives_the_same_snapshot(store):
    for exact_up_to, kind in ((60, "flat"), (59, "rabitq")):
        first = {file.name: file.read_bytes() for file in publish(store, exact_up_to).iterdir()}
        second = {file.name: file.read_bytes() for file in publish(store, exact_up_to).iterdir()}
        assert first == second and len(first) == 3
        manifest = json.loads(second["manifest.json"])
        assert (manifest["count"], manifest["dim"], manifest["kind"]) == (60, DIM, kind)


def test_a_snapshot_is_current_until_the_store_changes(store, tmp_path):
    assert not is_current(store)
    publish(store)
    assert is_current(store)
    store.remove(["1.pdf"])
    assert not is_current(store)
    publish(store)
    assert is_current(store) and generations(tmp_path) == ["gen-000002"]  # the older one held what was removed
    with closing(LocalIndex(tmp_path)) as index:
        assert index.manifest["count"] == 50


def test_an_open_index_outlives_its_snapshot_and_forgets_what_is_deleted(store, tmp_path):
    publish(store)
    with closing(LocalIndex(tmp_path)) as index:
        query = np.eye(DIM, dtype=np.float32)[0]
        before = index.dense(query, 60)
        assert index.is_newest
        for number in range(1, 4):
            store.remove([f"{number}.pdf"])
            publish(store)
        assert not index.is_newest and not (tmp_path / index.snapshot).exists()
        assert index.dense(query, 60) == before
        assert len(index.chunks([s.chunk_id for s in before])) == 30
        assert len(index.documents()) == 3 and index.bm25("E-100", 5) == []


def test_the_documents_are_those_of_this_moment(store, tmp_path):
    publish(store)
    with closing(LocalIndex(tmp_path)) as index, closing(Store(tmp_path, create=True)) as other:
        for path in ("1.pdf", "4.pdf"):
            assert index.documents() == other.documents()
            index.documents().clear()
            assert index.documents() == other.documents()
            other.remove([path])
        assert index.documents() == other.documents() and len(other.documents()) == 4


def test_nothing_published_yet(store, tmp_path):
    with pytest.raises(IndexMissing) as error:
        LocalIndex(tmp_path)
    assert "docent ingest" in error.value.hint


def test_an_index_of_nothing_answers_nothing(tmp_path):
    with closing(Store(tmp_path, create=True)) as store:
        publish(store)
    with closing(LocalIndex(tmp_path)) as index:
        assert index.dense(np.eye(DIM, dtype=np.float32)[0], 5) == [] == index.bm25("pump", 5)


@pytest.mark.parametrize("left", ["gen-000002.tmp", "gen-000002"])
def test_what_a_killed_run_left_is_not_in_the_way(left, store, tmp_path):
    publish(store)
    (tmp_path / left).mkdir()
    (tmp_path / left / "vectors.faiss").write_bytes(b"half of")
    with closing(LocalIndex(tmp_path)) as index:
        assert index.snapshot == "gen-000001"
    store.remove(["1.pdf"])
    publish(store)
    with closing(LocalIndex(tmp_path)) as index:
        assert index.manifest["count"] == 50 and is_current(store)


def test_a_snapshot_that_cannot_be_written_leaves_the_old_one(store, tmp_path):
    publish(store)
    (tmp_path / "gen-000002.tmp").write_text("in the way")
    store.remove(["1.pdf"])
    with pytest.raises(StorageError) as error:
        publish(store)
    assert "docent ingest" in error.value.hint
    with closing(LocalIndex(tmp_path)) as index:
        assert index.snapshot == "gen-000001"


# -- damage, and its repair


class Counting:
    """The tiny encoder, which counts the texts that it is given."""

    def __init__(self, encoder) -> None:
        self.encoder, self.texts = encoder, 0

    def __getattr__(self, name):
        return getattr(self.encoder, name)

    def encode(self, texts):
        self.texts += len(texts)
        return self.encoder.encode(texts)


def damage(folder, kind: str) -> None:
    generation = folder / (folder / "CURRENT").read_text()
    faiss, manifest = generation / "vectors.faiss", generation / "manifest.json"
    if kind == "cut short":
        faiss.write_bytes(faiss.read_bytes()[:100])
    elif kind == "one bit":
        data = bytearray(faiss.read_bytes())
        data[-1] ^= 1
        faiss.write_bytes(data)
    elif kind == "no ids":
        (generation / "ids.npy").unlink()
    elif kind == "another count":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"count": 99}))
    elif kind == "no files told":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"files": {}}))
    elif kind == "no manifest":
        manifest.unlink()
    elif kind == "half a manifest":
        manifest.write_text(manifest.read_text()[:50])
    elif kind == "list as manifest":
        manifest.write_text("[]")
    elif kind == "pointing to nothing":
        (folder / "CURRENT").write_text("gen-000099")
    elif kind == "garbage pointer":
        (folder / "CURRENT").write_bytes(b"\xff\xfe\x00gen")
    elif kind == "no pointer":
        (folder / "CURRENT").unlink()
    elif kind == "no generation":
        shutil.rmtree(generation)


DAMAGES = [
    "cut short", "one bit", "no ids", "another count", "no files told", "no manifest", "half a manifest",
    "list as manifest", "pointing to nothing", "garbage pointer", "no pointer", "no generation",
]  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory, encoder):
    """A folder and its index, after several runs."""
    root = tmp_path_factory.mktemp("published")
    (root / "docs").mkdir()
    for n in range(3):
        (root / "docs/notes.txt").write_text(f"The depot in Marlow opens at 06:3{n}.\nKeys hang behind the door.\n")
        sync(root / "docs", root / "index", encoder)
    return root


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_snapshot_is_seen_and_published_again_without_embedding(kind, published, tmp_path, encoder):
    index_dir = shutil.copytree(published / "index", tmp_path / "index")
    query = encoder.encode(["When does the depot open?"])[0]
    with closing(LocalIndex(index_dir)) as index:
        expected = index.dense(query, 10)
    damage(index_dir, kind)
    with pytest.raises(IndexMissing if kind in ("garbage pointer", "no pointer") else IndexDamaged) as error:
        LocalIndex(index_dir)
    assert "docent ingest" in error.value.hint
    counting = Counting(encoder)
    sync(published / "docs", index_dir, counting)
    assert counting.texts == 0
    with closing(LocalIndex(index_dir)) as index:
        assert expected and index.dense(query, 10) == expected
    newest = index.snapshot
    assert generations(index_dir) == [newest]

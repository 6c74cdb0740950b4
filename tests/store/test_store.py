from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.datatypes import Chunk, Document, Flag, Heading, Page, ReadResult, Table
from ingest.errors import IndexBusy, IndexDamaged, IndexMissing, StorageError
from ingest.store.file import FILE
from ingest.store.lock import writing
from ingest.store.schema import MIGRATIONS
from ingest.store.store import Store

TABLES = ("documents", "pages", "headings", "notes", "tables", "flags", "chunks", "vectors", "chunks_fts")


@pytest.fixture
def store(tmp_path):
    with closing(Store(tmp_path, create=True)) as opened:
        yield opened


def put(store: Store, number: int, *texts: str, first: int | None = None) -> tuple[Document, ReadResult, list[Chunk]]:
    """A document of one page per text and one chunk per page."""
    document = Document(number, f"{number}.pdf", f"Title {number}", "f" * 64, 10, 20, len(texts), len(texts))
    pages, chunks, start = [], [], 0
    for i, text in enumerate(texts):
        raw_index = np.arange(len(text), dtype=np.int32)
        pages.append(Page(i + 1, start, text, f"l{i}", "pdfium", raw_index, f"slide {i}", 0.5, i == 0))
        chunk_id = (number * 100 if first is None else first) + i
        chunks.append(Chunk(chunk_id, number, start, start + len(text), text, f"Heading {i}", i + 1))
        start += len(text) + 1
    tables = (Table(1, 0, 3, "Prices", ("Part", "Price"), (("Pump", "7"), ("Seal", "1"))),)
    flags = (Flag("hidden", 1, "white on white"),)
    result = ReadResult(document.title, tuple(pages), (Heading(0, 1, "Heading 0"),), ("a note",), tables, flags)
    vectors = [(f"content {chunk.id}", np.full(4, chunk.id, dtype=np.float32).tobytes()) for chunk in chunks]
    store.put(document, result, chunks, vectors)
    return document, result, chunks


def counts(store: Store) -> dict[str, int]:
    return {table: store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def contents(store: Store) -> dict[str, list]:
    return {table: sorted(store.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


TEXT = st.text(max_size=60) | st.text(st.sampled_from("ab\ud800\udfff\n\0é🔥"), max_size=60)
RAW = st.lists(st.integers(-1, 2**31 - 1), max_size=40).map(lambda values: np.array(values, dtype=np.int32))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=st.lists(st.tuples(TEXT, st.none() | RAW), min_size=1, max_size=5))
def test_pages_come_back_as_they_went_in(pages, store):
    made, start = [], 0
    for number, (text, raw) in enumerate(pages, 1):
        made.append(Page(number, start, text, "iv", "pdfium", raw))
        start += len(text) + 1
    result = ReadResult("Title", tuple(made))
    store.put(Document(1, "a.pdf", "Title", "", 1, 1), result, [], [])
    found = store.pages(1)
    assert [replace(page, raw_index=None) for page in found] == [replace(page, raw_index=None) for page in made]
    for page, other in zip(found, made, strict=True):
        assert (page.raw_index is None) == (other.raw_index is None)
        assert page.raw_index is None or page.raw_index.tolist() == other.raw_index.tolist()
    assert store.text(1) == result.text
    assert [page.number for page in store.pages(1, len(pages))] == [len(pages)]


def test_a_document_is_replaced_whole(store):
    put(store, 1, "old words", "more old words", "even more")
    put(store, 2, "another one")
    document, result, chunks = put(store, 1, "new words", first=900)
    assert document in store.documents() and len(store.documents()) == 2
    assert store.text(1) == result.text == "new words"
    assert store.chunks([100, 101, 102, 900]) == {900: chunks[0]}
    assert store.notes() == {1: ["a note"], 2: ["a note"]}
    assert store.tables(1) == list(result.tables) and store.flags() == {1: list(result.flags), 2: list(result.flags)}
    (page,) = store.pages(1)
    assert (page.named, page.confidence, page.unread) == ("slide 0", 0.5, True)
    assert store.rows("SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH 'old'") == [(0,)]
    assert store.check() == []


def test_what_fails_half_way_changes_nothing(store):
    put(store, 1, "the words of the first")
    before, changes = contents(store), store.changes
    with pytest.raises(IndexDamaged):
        put(store, 2, "one", "two", "three", first=98)  # the third has the id of the first document's chunk
    assert contents(store) == before and store.changes == changes


def test_what_is_removed_is_gone_from_every_table(store):
    put(store, 1, "the words of the first", "and its second page")
    kept = contents(store)
    put(store, 2, "other words", "and more")
    store.remove(["2.pdf", "never-there.pdf"])
    assert contents(store) == kept
    store.remove(["1.pdf"])
    assert set(counts(store).values()) == {0}
    store.rows("INSERT INTO chunks_fts(chunks_fts, rank) VALUES ('integrity-check', 1)")


def test_a_file_that_could_not_be_read_is_recorded(store):
    document = Document(5, "bad.pdf", "bad", "a" * 64, 3, 4, error="is damaged", hint="Copy it again.")
    store.put(document, None, [], [])
    assert store.documents() == [document] and store.check() == []


def test_vectors_are_ordered_and_found_by_content(store):
    assert store.vectors()[0].shape == (0,) and store.vectors()[1].shape == (0, 1)
    put(store, 3, *[f"text {n}" for n in range(700)], first=5000)
    put(store, 1, "a", "b", first=10)
    ids, vectors = store.vectors()
    assert ids.tolist() == sorted(ids.tolist()) and ids.dtype == np.int64
    assert vectors.tolist() == [[float(i)] * 4 for i in ids]
    known = store.known_vectors([*(f"content {n}" for n in range(4990, 5800)), "content 11"])
    assert set(known) == {*(f"content {n}" for n in range(5000, 5700)), "content 11"}
    assert np.frombuffer(known["content 11"], np.float32).tolist() == [11.0] * 4


def test_vectors_of_some_chunks_and_of_all_a_few_at_a_time(store):
    put(store, 3, *[f"text {n}" for n in range(50)], first=5000)
    put(store, 1, "a", "b", first=10)
    ids, vectors = store.vectors([5049, 11, 999, 5000])
    assert ids.tolist() == [11, 5000, 5049] and vectors[:, 0].tolist() == [11.0, 5000.0, 5049.0]
    assert store.vectors([])[0].tolist() == []
    ids, vectors = store.vectors()
    for size in (1, 7, 52, 100):
        batches = list(store.vector_batches(size))
        assert all(len(part) == len(held) <= size for part, held in batches)
        assert np.concatenate([part for part, _ in batches]).tolist() == ids.tolist()
        assert np.concatenate([held for _, held in batches]).tolist() == vectors.tolist()


def test_traces_are_erased_when_something_was_deleted_and_only_then(store, tmp_path):
    """Merging the text index takes as long as it is large: what was only added needs none."""

    def erased() -> bool:
        before = store.changes
        store.erase_traces()
        return store.changes > before

    put(store, 1, "the zanzibar words")
    assert erased() and not erased()
    put(store, 2, "another one")
    assert not erased() and b"zanzibar" in (tmp_path / FILE).read_bytes()
    store.remove(["1.pdf"])
    assert erased() and b"zanzibar" not in (tmp_path / FILE).read_bytes()
    put(store, 2, "the same one changed")
    assert erased() and not erased()
    store.remove(["never-there.pdf"])
    assert not erased()


def test_every_committed_change_is_counted(store):
    document, *_ = put(store, 1, "words")
    before = store.changes
    store.touch([(document, 11, 21)])
    store.set_meta("folder", "x")
    store.remove([])  # nothing to do is no change
    assert store.changes == before + 2
    assert [(d.size, d.mtime_ns) for d in store.documents()] == [(11, 21)] and store.meta("folder") == "x"


def test_two_stores_never_count_alike(tmp_path):
    """Else a snapshot of the one could pass for the other's, when an index is built again."""
    changes = set()
    for name in "abc":
        (tmp_path / name).mkdir()
        with closing(Store(tmp_path / name, create=True)) as store:
            put(store, 1, "words")
            changes.add(store.changes)
    assert len(changes) == 3


def test_readers_see_a_document_whole_or_not_at_all(store, tmp_path):
    put(store, 1, "the first")
    seen: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        with closing(Store(tmp_path)) as reader:
            while not stop.is_set():
                seen.add(reader.rows("SELECT count(*) FROM chunks")[0][0])

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(2, 12):
        put(store, number, *"abcdefghij")
    stop.set()
    for thread in threads:
        thread.join()
    assert seen and all(count % 10 == 1 for count in seen)


def test_check_finds_what_is_missing(store):
    put(store, 1, "one", "two")
    with store.transaction() as db:
        db.execute("DELETE FROM vectors WHERE chunk_id = 100")
    assert store.check() == ["1 chunks without a row in vectors"]


# -- versions and damage


def test_no_store_is_not_made_by_looking(tmp_path):
    with pytest.raises(IndexMissing) as error:
        Store(tmp_path)
    assert "docent ingest" in error.value.hint and list(tmp_path.iterdir()) == []


def test_an_older_index_is_brought_up_to_date_by_the_next_ingest(tmp_path):
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 0")
        db.commit()
    with pytest.raises(IndexMissing, match="older Docent") as error:
        Store(tmp_path)
    assert "docent ingest" in error.value.hint
    with closing(Store(tmp_path, create=True)) as store:
        assert store.rows("PRAGMA user_version") == [(len(MIGRATIONS),)]
        put(store, 1, "words")
    with closing(Store(tmp_path)) as store:
        assert store.text(1) == "words"


@pytest.mark.parametrize("create", [False, True])
def test_a_newer_index_is_left_alone(create, tmp_path):
    with closing(Store(tmp_path, create=True)) as store:
        store.rows("PRAGMA user_version = 99")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(IndexDamaged, match="newer Docent") as error:
        Store(tmp_path, create=create)
    assert "--rebuild" in error.value.hint and (tmp_path / FILE).read_bytes() == before


def test_garbage_instead_of_a_store(tmp_path):
    (tmp_path / FILE).write_bytes(os.urandom(20_000))
    for create in (False, True):
        with pytest.raises(IndexDamaged, match="damaged") as error:
            Store(tmp_path, create=create)
        assert "docent ingest --rebuild" in error.value.hint


def test_a_damaged_page_inside_the_store(store):
    put(store, 1, "the words of the first")
    with store.transaction() as db:
        db.execute("UPDATE pages SET text = substr(text, 1, 9)")
    with pytest.raises(IndexDamaged) as error:
        store.text(1)
    assert "--rebuild" in error.value.hint


# -- one writer


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path):
    with writing(tmp_path):
        with pytest.raises(IndexBusy) as error, writing(tmp_path):
            pass
        assert "Wait" in error.value.hint
    with writing(tmp_path):
        pass


def test_the_lock_of_a_killed_writer_is_free(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from ingest.store.lock import writing\n"
        "with writing(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(IndexBusy), writing(tmp_path):
            pass
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    with writing(tmp_path):
        pass


@pytest.mark.parametrize("what", ["a file", "below a file", "no place to write", "its lock is not one"])
def test_a_folder_that_cannot_be_written_says_so(what, tmp_path):
    folder = tmp_path / "index"
    if what == "a file":
        folder.write_text("not a folder")
    elif what == "below a file":
        (tmp_path / "file").write_text("not a folder")
        folder = tmp_path / "file" / "index"
    elif what == "no place to write":
        (folder / "lock.db").mkdir(parents=True)  # also for root, who may write to read-only folders
    else:
        folder.mkdir()
        (folder / "lock.db").write_bytes(os.urandom(5000))
    with pytest.raises(StorageError) as error, writing(folder):
        pass
    assert str(folder) in str(error.value) and error.value.hint

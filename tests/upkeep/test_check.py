"""Each thing an index holds is damaged for real: it is found, and mended where that was promised."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import sqlite3
import string
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.ahead import read_ahead
from app.ask.assistant import Assistant
from app.llm.protocol import State
from app.llm.states import StateStore, is_whole
from app.settings import load_settings
from app.ui.desk import Desk
from ingest.encoder.embed import SentenceEncoder
from ingest.errors import IndexBusy, IndexMissing
from ingest.store.file import FILE
from ingest.store.lock import writing
from ingest.store.packing import zipped
from ingest.store.snapshots import current
from ingest.store.store import Store
from ingest.sync.sync import sync
from ingest.upkeep.finding import Checkup
from ingest.upkeep.repair import check

from command_line import docent
from damaged import WORDS, everything, place, sql, traces, whole

pytestmark = pytest.mark.slow

__all__ = ["place", "whole"]  # fixtures


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 0xFF
    file.write_bytes(data)


def remedies(found: Checkup) -> set[tuple[str, str]]:
    return {(finding.check, finding.remedy) for finding in found.findings}


def test_a_clean_index_has_no_findings(place: Path) -> None:
    found = check(place / "index", is_whole, deep=True)
    assert found.findings == () and found.is_whole
    counts = dict(found.counts)
    assert counts["documents"] == counts["documents' files"] == 3 and counts["states of the model"] == 2
    assert counts["passages"] == counts["vectors"] == counts["rows of the text index"] > 5
    assert counts["vectors in the snapshot"] == counts["vectors"] and counts["pages"] > 3


def test_a_check_changes_nothing_and_needs_an_index_that_nobody_writes(place: Path) -> None:
    before = {file: file.read_bytes() for file in (place / "index").rglob("*") if file.is_file()}
    check(place / "index", is_whole)
    assert {file: file.read_bytes() for file in (place / "index").rglob("*") if file.is_file()} == before
    with pytest.raises(IndexMissing):
        check(place / "nothing", is_whole)
    assert not (place / "nothing").exists()
    with writing(place / "index"), pytest.raises(IndexBusy):
        check(place / "index", is_whole)


def _freed(index: Path) -> None:
    """Rows deleted by a program that does not zero what it frees."""
    sql(
        index,
        "PRAGMA secure_delete = OFF",
        "CREATE TABLE gone (text TEXT)",
        "INSERT INTO gone VALUES (printf('%.*c', 20000, 'w'))",
        "DROP TABLE gone",
    )


def _snapshot_file(name: str, at: int) -> Callable[[Path], None]:
    return lambda index: flip(index / current(index) / name, at)


def _state(index: Path) -> Path:
    return sorted((index / "kv").glob("*/a.kv"))[0]


def _other_ids(index: Path) -> None:
    """Whole by its manifest, but of another index."""
    folder = index / current(index)
    ids = np.load(folder / "ids.npy")
    np.save(folder / "ids.npy", ids + 1)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["ids.npy"]["sha256"] = hashlib.sha256((folder / "ids.npy").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


TAKEN_OUT = (
    "INSERT INTO chunks_fts(chunks_fts, rowid, title, heading, text) "
    "SELECT 'delete', id, title, heading, text FROM chunks LIMIT 1"
)
A_PAGE = "INSERT INTO pages (doc_id, number, start, label, reader, text) VALUES (5, 1, 0, '', '', x'')"
MENDED: dict[str, tuple[Callable[[Path], object], str]] = {
    "words missing in the text index": (
        lambda i: sql(i, "INSERT INTO chunks_fts(chunks_fts) VALUES ('delete-all')"), "text index"),
    "one row missing in the text index": (lambda i: sql(i, TAKEN_OUT), "text index"),
    "wrong words in the text index": (
        lambda i: sql(i, TAKEN_OUT, "INSERT INTO chunks_fts(rowid, title, heading, text) "
                                    "SELECT id, '', '', 'lies' FROM chunks LIMIT 1"), "text index"),
    "a page of no document": (lambda i: sql(i, A_PAGE), "database"),
    "a chunk and a vector of no document": (
        lambda i: sql(i, "INSERT INTO chunks VALUES (77, 5, 0, 4, 1, 't', 'h', 'text')",
                      "INSERT INTO vectors SELECT 77, 'c', vector FROM vectors LIMIT 1"), "database"),
    "vectors.faiss": (_snapshot_file("vectors.faiss", 300), "snapshot"),
    "ids.npy": (_snapshot_file("ids.npy", 140), "snapshot"),
    "another index's ids": (_other_ids, "snapshot"),
    "manifest.json": (lambda i: (i / current(i) / "manifest.json").write_text("{"), "snapshot"),
    "no CURRENT": (lambda i: (i / "CURRENT").unlink(), "snapshot"),
    "CURRENT to nowhere": (lambda i: (i / "CURRENT").write_text("gen-000099"), "snapshot"),
    "a snapshot of before": (lambda i: sql(i, "UPDATE meta SET value = value + 1 WHERE key = 'changes'"), "snapshot"),
    "a state's data": (lambda i: flip(_state(i), -1), "states"),
    "a state's counts": (lambda i: flip(_state(i), 45), "states"),
    "a state of a document that is gone": (
        lambda i: StateStore(i, 10**6).put(12345, "b", State(1, 1, b"x")), "states"),
    "a run cut short": (lambda i: (i / "gen-000007.tmp").mkdir(), "leftovers"),
    "CURRENT.tmp": (lambda i: (i / "CURRENT.tmp").write_text("gen-"), "leftovers"),
    "an old snapshot": (lambda i: shutil.copytree(i / current(i), i / "gen-000000"), "leftovers"),
    "half a state": (lambda i: _state(i).with_name("b.kv.99.tmp").write_bytes(b"words"), "leftovers"),
    "free pages with words": (_freed, "traces"),
    "traces told": (lambda i: sql(i, "INSERT INTO meta VALUES ('traces left', 'yes')"), "traces"),
}  # fmt: skip


@pytest.mark.parametrize("damage", MENDED)
def test_what_the_index_itself_can_mend_is_found_and_mended(place: Path, damage: str) -> None:
    index = place / "index"
    before = everything(index)
    harm, name = MENDED[damage]
    harm(index)
    found = check(index, is_whole)
    assert (name, "repair") in remedies(found) and not found.is_whole
    assert {remedy for _, remedy in remedies(found)} == {"repair"}
    mended = check(index, is_whole, repair=True)
    assert mended.findings == () and name in {finding.check for finding in mended.repaired}
    assert check(index, is_whole).findings == ()
    assert everything(index) == before


FIRST = "(SELECT id FROM chunks ORDER BY id LIMIT 1)"
MARKED: dict[str, tuple[str, ...]] = {
    "a span shifted": (f"UPDATE chunks SET start = start + 1, end = end + 1 WHERE id = {FIRST}",),
    "a span past the end": (f"UPDATE chunks SET start = 99999, end = 100009 WHERE id = {FIRST}",),
    "the wrong page": (f"UPDATE chunks SET page = page + 1 WHERE id = {FIRST}",),
    "a page gone": ("DELETE FROM pages WHERE number = 1 AND doc_id = (SELECT doc_id FROM pages WHERE number = 3)",),
    "a page moved": ("UPDATE pages SET start = start + 1 WHERE number = 2",),
    "a page that cannot be unpacked": ("UPDATE pages SET text = x'789c00' WHERE number = 2",),
    "boxes of another page": ("UPDATE pages SET raw_index = x'789c63000000010001' WHERE number = 2",),
    "counts": ("UPDATE documents SET n_pages = n_pages + 1, n_chunks = n_chunks + 1",),
    "a heading outside": ("UPDATE headings SET start = 100000",),
    "a table outside": ("INSERT INTO tables SELECT id, 0, 1, 99990, 99999, '', '[]', x'5b5d' FROM documents LIMIT 1",),
    "a chunk gone": (f"DELETE FROM chunks WHERE id = {FIRST}",),
    "a vector gone": (f"DELETE FROM vectors WHERE chunk_id = {FIRST}",),
    "a vector cut": (f"UPDATE vectors SET vector = substr(vector, 1, 64) WHERE chunk_id = {FIRST}",),
    "a vector that is no number": (
        f"UPDATE vectors SET vector = CAST(x'0000c07f' || substr(vector, 5) AS BLOB) WHERE chunk_id = {FIRST}",),
    "a vector of another length": (f"UPDATE vectors SET vector = zeroblob(128) WHERE chunk_id = {FIRST}",),
}  # fmt: skip


@pytest.mark.parametrize("damage", MARKED)
def test_what_only_the_documents_can_mend_is_read_again_and_nothing_else(place: Path, damage: str) -> None:
    index = place / "index"
    before = everything(index)
    sql(index, *MARKED[damage], keys=True)
    found = check(index, is_whole)
    assert "reread" in {remedy for _, remedy in remedies(found)}
    marked = check(index, is_whole, repair=True)
    assert {remedy for _, remedy in remedies(marked)} <= {"ingest"}, marked.findings
    report = sync(place / "docs", index, WORDS)
    assert report.changed and (len(report.changed) < 3 or damage == "counts")
    assert check(index, is_whole).findings == ()
    assert everything(index) == before


def test_a_vector_changed_within_its_length_is_told_by_the_snapshot(place: Path) -> None:
    index = place / "index"
    before = everything(index)
    with closing(sqlite3.connect(index / FILE, isolation_level=None)) as db:
        chunk_id, data = db.execute("SELECT chunk_id, vector FROM vectors LIMIT 1").fetchone()
        vector = np.frombuffer(data, np.float32)[::-1].tobytes()
        db.execute("UPDATE vectors SET vector = ? WHERE chunk_id = ?", (vector, chunk_id))
    (finding,) = check(index, is_whole).findings
    assert (finding.check, finding.remedy, finding.chunk_ids) == ("vectors", "reread", (chunk_id,))
    check(index, is_whole, repair=True)
    sync(place / "docs", index, WORDS)
    assert check(index, is_whole).findings == () and everything(index) == before


def test_words_changed_in_the_file_itself_are_found(place: Path) -> None:
    """Bytes of a passage flipped: SQLite sees nothing, its span and the text index do."""
    index = place / "index"
    before = everything(index)
    data = (index / FILE).read_bytes()
    at = data.find(b"The depot opens at 06:30.")
    flip(index / FILE, at + 5)
    assert {("documents", "reread"), ("text index", "repair")} <= remedies(check(index, is_whole))
    check(index, is_whole, repair=True)
    sync(place / "docs", index, WORDS)
    assert check(index, is_whole).findings == () and everything(index) == before


@pytest.mark.parametrize("seed", range(8))
def test_whatever_byte_of_the_store_is_damaged_the_check_ends_and_a_rebuild_mends(place: Path, seed: int) -> None:
    """A page of the database overwritten: found, or without effect on what the index holds."""
    index = place / "index"
    before = everything(index)
    rng = random.Random(seed)
    data = bytearray((index / FILE).read_bytes())
    at = 4096 * rng.randrange(len(data) // 4096) if seed else 0
    data[at : at + 4096] = rng.randbytes(4096)
    (index / FILE).write_bytes(data)
    found = check(index, is_whole, repair=True)
    if any(finding.remedy == "rebuild" for finding in found.findings):
        sync(place / "docs", index, WORDS, rebuild=True)
    else:
        sync(place / "docs", index, WORDS)
    assert check(index, is_whole).findings == () and everything(index) == before


def test_files_that_changed_since_are_told_and_are_no_damage(place: Path) -> None:
    (place / "docs/note.txt").write_text("The depot opens at 07:30.\n")
    (place / "docs/pump.md").unlink()
    assert check(place / "index", is_whole).findings == ()
    found = check(place / "index", is_whole, deep=True)
    assert found.is_whole and [finding.remedy for finding in found.findings] == ["none", "none"]


def test_a_trace_is_found_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"..." + zipped("some zanzibar word") + b"...")
    (tmp_path / "b").write_bytes("zanzibar".encode("utf-16-le"))
    (tmp_path / "c").write_bytes(b"nothing")
    assert traces(tmp_path, b"zanzibar") == ["a", "b"]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_was_added_changed_and_removed_the_index_is_whole_and_nothing_is_left(
    tmp_path: Path, seed: int
) -> None:
    """Every document has a word of its own, in title, heading, text and name. Once it is gone, so is the word."""
    rng, numbers = random.Random(seed), itertools.count()
    folder, index = tmp_path / "docs", tmp_path / "index"
    folder.mkdir()
    common = ["".join(rng.choices(string.ascii_lowercase, k=7)) for _ in range(400)]
    living: dict[str, Path] = {}
    gone: list[str] = []

    def write(file: Path | None = None) -> None:
        mark = f"zq{next(numbers)}x{''.join(rng.choices(string.ascii_lowercase, k=6))}"
        file = file or folder / f"{mark}.md"
        parts = [" ".join([mark, *rng.choices(common, k=rng.randint(5, 150))]) for _ in range(rng.randint(1, 10))]
        file.write_text(f"# {mark}\n\n" + "\n\n".join(f"## {mark}\n\n{part}." for part in parts))
        living[mark] = file

    for _ in range(8):
        for mark in rng.sample(sorted(living), rng.randint(0, len(living) // 2)):
            file = living.pop(mark)
            gone.append(mark)
            if rng.random() < 0.5 and mark not in file.name:
                write(file)
            else:
                file.unlink()
        for _ in range(rng.randint(1, 5)):
            write(folder / f"n{next(numbers)}.md" if rng.random() < 0.5 else None)
        sync(folder, index, WORDS)
        with closing(Store(index)) as store:
            for document in store.documents():
                StateStore(index, 10**7).put(document.id, "k", State(1, 1, document.path.encode()))
        assert check(index, is_whole).findings == ()
    for file in living.values():
        file.unlink()
    sync(folder, index, WORDS)
    assert check(index, is_whole).findings == ()
    for mark in [*gone, *living]:
        assert traces(index, mark.encode()) == []


def test_a_deleted_document_leaves_no_byte_of_it(
    folder: Path, tmp_path: Path, encoder: SentenceEncoder, reading: Any
) -> None:
    """With what the model has read of it, and after questions about it, the index knows no word of it any more."""
    (folder / "secret.md").write_text("# Zanzibar affair\n\nThe zanzibar contract ends in May.\n")
    index = tmp_path / "library"
    sync(folder, index, encoder)
    llm = reading("It ends in May.")
    assistant = Assistant(index, encoder, lambda: llm, load_settings())
    assert read_ahead(assistant) and assistant.ask("When does the zanzibar contract end?").answer.hits
    assert {"store.db"} < set(map(os.path.basename, traces(index, b"zanzibar")))  # states hold it, too
    (folder / "secret.md").unlink()
    sync(folder, index, encoder)
    assert check(index, is_whole).findings == ()
    assert traces(index, b"zanzibar") == [] == traces(index, b"Zanzibar")
    assert any((index / "kv").rglob("*.kv"))  # those of the others stay


def test_the_command_says_what_it_checked_found_and_mended(place: Path) -> None:
    index = place / "index"
    done = docent("verify", "--index", index)
    assert done.returncode == 0 and "3 documents" in done.stdout and "nothing is left" in done.stdout
    (index / "CURRENT").unlink()
    done = docent("verify", "--index", index)
    assert done.returncode == 1 and "snapshot" in done.stdout and "docent verify --repair" in done.stdout
    done = docent("verify", "--index", index, "--repair", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["whole"] and told["findings"] == []
    assert told["repaired"][0]["check"] == "snapshot" and told["checked"]["documents"] == 3
    done = docent("verify", "--index", place / "nowhere")
    assert done.returncode == 1 and "docent ingest" in done.stderr


def test_the_page_finds_and_mends(place: Path) -> None:
    desk = Desk(place / "docs", place / "index", load_settings(), lambda settings: WORDS)
    (place / "index/CURRENT").unlink()

    def draw(desk):
        from app.ui.library import library

        library(desk)

    page = AppTest.from_function(draw, args=(desk,), default_timeout=30).run()
    for button, words in (("check_library", "Something is not as it should be"), ("mend_library", "nothing is left")):
        page.button(key=button).click().run()
        assert desk.checking
        desk.checking.wait(30)
        assert words in " ".join(found.proto.body for found in page.run().get("html"))

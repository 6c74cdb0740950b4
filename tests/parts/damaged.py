"""A small library of every kind of document, and what is to be whole in it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from app.llm.protocol import State
from app.llm.states import StateStore
from ingest.encryption.vault import Key
from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.sync import sync

from libraries import Words

WORDS = Words()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """docs/ and index/ of three documents, one of several pages, with two states of the model."""
    place = tmp_path_factory.mktemp("whole")
    (place / "docs").mkdir()
    (place / "docs/pump.md").write_text(
        "# Pump\n\nThe pump is filled to 2.1 bar.\n\n## Care\n\nClean it every 11 weeks.\n"
    )
    (place / "docs/long.txt").write_text(
        "\n".join(f"Line {n} of a long text about valves and seals." for n in range(200))
    )
    (place / "docs/note.txt").write_text("The depot opens at 06:30.\n")
    sync(place / "docs", place / "index", WORDS)
    with closing(Store(place / "index")) as store:
        for document in store.documents()[:2]:
            StateStore(place / "index", 10**6).put(
                document.id, "a", State(10, 3, b"state of " + document.path.encode())
            )
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "library")
    sql(tmp_path / "library/index", f"UPDATE meta SET value = '{tmp_path}/library/docs' WHERE key = 'folder'")
    return tmp_path / "library"


def sql(index: Path, *statements: str, keys: bool = False) -> None:
    with closing(sqlite3.connect(index / FILE, isolation_level=None)) as db:
        db.execute(f"PRAGMA foreign_keys = {'ON' if keys else 'OFF'}")
        for statement in statements:
            db.execute(statement)


def everything(index: Path, key: Key | None = None) -> list[object]:
    """What an index holds, apart from counters and dates."""
    with closing(Store(index, key=key)) as store:
        tables = ("documents", "pages", "headings", "notes", "tables", "flags", "chunks", "vectors")
        rows = [sorted(store.rows(f"SELECT * FROM {table}"), key=repr) for table in tables]
        words = store.rows("SELECT count(*) FROM chunks_fts WHERE chunks_fts MATCH 'valves OR depot OR bar'")
    with closing(LocalIndex(index, key)) as opened:
        return [*rows, words, opened.dense(WORDS.encode(["valves and seals"])[0], 5), opened.bm25("depot bar", 5)]


def traces(place: Path, word: bytes) -> list[str]:
    """Files below that hold a word: as it is, or in anything that zlib has packed."""
    found = []
    for file in sorted(place.rglob("*")):
        data = file.read_bytes() if file.is_file() else b""
        hidden = word in data or word.decode().encode("utf-16-le") in data
        for at in (found.start() for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data)):
            try:
                hidden = hidden or word in zlib.decompressobj().decompress(data[at:], 1 << 20)
            except zlib.error:
                continue
        if hidden or word in str(file).encode():
            found.append(str(file.relative_to(place)))
    return found

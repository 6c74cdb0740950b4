"""Small indexes made by tests: files of random words, and what must be equal of two indexes."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.sync import sync


class Words:
    """A real encoder without a model: hashed words. It counts its texts, and can be slow enough to be killed."""

    max_tokens = 254
    dim = 32

    def __init__(self, name: str = "words", seconds: float = 0.0) -> None:
        self.name, self.seconds, self.texts, self.calls = name, seconds, 0, 0

    def encode(self, texts):
        self.texts += len(texts)
        self.calls += 1
        time.sleep(self.seconds)
        out = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(out, texts, strict=True):
            for word in f"{self.name} {text}".lower().split():
                row[hashlib.blake2b(word.encode("utf-8", "replace")).digest()[0] % self.dim] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def tune(self) -> None: ...

    def token_ends(self, texts):
        ends = []
        for text in texts:
            ends.append([i + 1 for i, c in enumerate(text) if not c.isspace() and not text[i + 1 : i + 2].strip()])
        return ends


@pytest.fixture
def words():
    return Words()


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def texts(folder):
    """The small domain without its PDF: text files are read in no time."""
    (folder / "pump.pdf").unlink()
    (folder / "pump.md").write_text("# The Brusk pump\n\nIt is filled to 2.1 bar.\n\n## Faults\n\nE-104: too warm.\n")
    return folder


SENTENCE = "The {} of machine {} is checked every {} weeks by a person who knows it."


PARTS = "pump valve filter gauge seal heater fan pipe tank sensor".split()


def prose(seed: int, sentences: int = 30) -> str:
    generator = random.Random(seed)
    return "\n".join(
        SENTENCE.format(generator.choice(PARTS), generator.randrange(99), generator.randrange(99))
        for _ in range(sentences)
    )


def everything(index: Path) -> dict[str, object]:
    """All that an index holds, but for vectors in a form that can be compared with ==."""
    with closing(sqlite3.connect(index / FILE)) as db:
        db.execute("INSERT INTO chunks_fts(chunks_fts, rank) VALUES ('integrity-check', 1)")
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, chunks_fts, instance)")
        tables = ("documents", "pages", "headings", "notes", "chunks", "temp.words")
        found: dict[str, object] = {t: sorted(db.execute(f"SELECT * FROM {t}"), key=repr) for t in tables}
        rows = db.execute("SELECT chunk_id, content, vector FROM vectors ORDER BY chunk_id").fetchall()
        db.rollback()
    found["contents"] = [row[:2] for row in rows]
    generation = index / (index / "CURRENT").read_text()
    assert np.load(generation / "ids.npy").tolist() == [row[0] for row in rows]
    with closing(LocalIndex(index)) as opened:
        for chunk_id, _, vector in rows[:50]:
            best = opened.dense(np.frombuffer(vector, np.float32), 1)[0]
            assert best.score == pytest.approx(1, abs=1e-5), chunk_id
    return found


def vectors(index: Path) -> np.ndarray:
    with closing(Store(index)) as store:
        return store.vectors()[1]


def check_equals_a_clean_build(folder: Path, index: Path, encoder, config=None) -> None:
    clean = index.parent / f"clean-{random.getrandbits(32)}"
    sync(folder, clean, encoder, config)
    assert everything(index) == everything(clean)
    np.testing.assert_allclose(vectors(index), vectors(clean), atol=1e-5)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def kill(run: subprocess.Popen[bytes]) -> None:
    os.kill(run.pid, signal.SIGKILL)
    run.wait()

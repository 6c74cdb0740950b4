"""Tells what an index holds and what is being done to it. Any process may ask."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.encryption.vault import Key
from ingest.store import snapshots
from ingest.store.store import Store
from ingest.sync.folders import remembered
from ingest.sync.progress import Progress

_FILE = "run.json"  # how far the run has come that holds the index's lock
_EVERY = 1.0  # seconds between two notes of it


@dataclass(frozen=True, slots=True)
class Status:
    """The contract of `docent status --json`. `run` is the Progress of a run in progress; `writing` is also true while
    something else is done to the index, such as a check."""

    index: str
    folders: list[str]
    documents: int
    pages: int
    passages: int
    failed: int
    published: bool
    writing: bool
    run: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def status_of(index_dir: Path, key: Key | None = None) -> Status:
    """Returns the status of an index. Raises IndexMissing before the first ingest, IndexDamaged."""
    with closing(Store(index_dir, key=key)) as store:
        documents = store.documents()
        folders = [str(folder.place) for folder in remembered(store)]
        published = snapshots.is_current(store)
    writing = is_written(index_dir)
    return Status(
        str(index_dir), folders, len(documents), sum(document.n_pages for document in documents),
        sum(document.n_chunks for document in documents), sum(1 for document in documents if document.error),
        published, writing, _run(index_dir) if writing else None,
    )  # fmt: skip


def is_written(index_dir: Path) -> bool:
    """Whether a process holds the index's lock."""
    try:
        with closing(sqlite3.connect(f"file:{index_dir / 'lock.db'}?mode=ro", uri=True, timeout=0)) as lock:
            lock.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    return False


class ProgressFile:
    """Writes a run's progress to a file in the index about once a second, and passes it on. Failures to write are
    ignored. The name of the current file is left out, as the index may be encrypted."""

    def __init__(self, index_dir: Path, on_progress: Callable[[Progress], None] | None) -> None:
        self._file, self._on_progress = index_dir / _FILE, on_progress
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        if self._on_progress:
            self._on_progress(progress)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            told = progress.as_json() | {"pid": os.getpid()}
            del told["file"]
            temporary = self._file.with_suffix(".tmp")
            with suppress(OSError):
                temporary.write_text(json.dumps(told), encoding="utf-8")
                temporary.replace(self._file)

    def end(self) -> None:
        """Deletes the file."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def _run(index_dir: Path) -> dict[str, Any] | None:
    try:
        told = json.loads((index_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None

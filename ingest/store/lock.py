"""Only one process writes an index at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import IndexBusy, StorageError
from ingest.store.settle import is_unsettled, move_in


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the lock of the index in `folder`. The system frees it when its holder dies. A change of the index's form
    that was cut short is finished first.

    Raises IndexBusy at once when another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror}", "Choose another with --index."
        ) from error
    try:
        lock = sqlite3.connect(folder / "lock.db", timeout=0.2, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if "locked" not in str(error):
            raise StorageError(
                f"The folder {folder} cannot be written: {error}.",
                "Check its permissions and space, or choose another with --index.",
            ) from error
        raise IndexBusy(
            "Documents are already being ingested into this index.", "Wait until that run is done."
        ) from error
    try:
        if is_unsettled(folder):
            move_in(folder)
        yield
    finally:
        lock.close()

"""The lock of an index, which lets only one process write at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import IndexBusy, StorageError
from ingest.store.conversion import finish_conversion, is_conversion_pending


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the lock of the index in `folder`. The operating system frees it when the holder dies. An interrupted
    encryption or decryption of the index is finished first.

    Raises IndexBusy at once when another process holds the lock, StorageError when the folder cannot be written.
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
        if is_conversion_pending(folder):
            finish_conversion(folder)
        yield
    finally:
        lock.close()

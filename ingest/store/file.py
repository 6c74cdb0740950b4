"""The file store.db: opened, brought up to date, read and changed in transactions, copied."""

from __future__ import annotations

import sqlite3
import threading
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.encryption.vault import Key
from ingest.errors import IndexBusy, IndexDamaged, IndexMissing, StorageError
from ingest.store.database import bring_up_to_date, connect, failures
from ingest.store.schema import MIGRATIONS

FILE = "store.db"
MERGED = "text index merged"  # in meta, until the next deletion
TRACES = "traces left"  # in meta, from a deletion until its traces are erased


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns SQLite's complaints into errors for people."""
    try:
        yield
    except failures(zlib.error) as error:
        text = str(error).lower()
        if "full" in text or "disk i/o" in text:
            raise StorageError(
                f"The disk is full or failing: the index in {folder} could not be written.",
                "Free some space and run: docent ingest. What was ingested so far is kept.",
            ) from error
        if "locked" in text or "busy" in text:
            raise IndexBusy(f"The index in {folder} is in use by another process.", "Wait until it is done.") from error
        if "readonly" in text or "unable to open" in text:
            raise StorageError(f"The index in {folder} cannot be written.", "Check its permissions.") from error
        raise IndexDamaged(
            f"The index in {folder} is damaged ({error}).",
            "Your documents are untouched. Build it again with: docent ingest --rebuild",
        ) from error


class StoreFile:
    """One open store.db. Safe to use from several threads; only `ingest.sync` opens it for writing."""

    def __init__(self, folder: Path, *, create: bool = False, key: Key | None = None) -> None:
        """`key` opens an encrypted library. Raises IndexMissing, IndexLocked, IndexDamaged, IndexBusy, StorageError."""
        self.folder, self.key = folder, key
        self._lock = threading.RLock()
        path = folder / FILE
        if not create and not path.is_file():
            raise IndexMissing(f"Nothing has been ingested into {folder} yet.", "Run: docent ingest FOLDER")
        with explained(folder):
            self._db = connect(path, key)
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA secure_delete = ON")  # a deleted document's words leave the file too
            self._migrate(create)
            if create:
                self._db.execute("PRAGMA journal_mode = WAL")
                # A commit does not wait for the disk: where the power fails, the last seconds are done again.
                self._db.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _migrate(self, create: bool) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise IndexDamaged(
                f"The index in {self.folder} was made by a newer Docent.",
                "Update Docent, or build the index again with: docent ingest --rebuild",
            )
        if version == len(MIGRATIONS):
            return
        if not create:
            raise IndexMissing(
                f"The index in {self.folder} was made by an older Docent.",
                "Run: docent ingest FOLDER, it keeps what it can.",
            )
        bring_up_to_date(self._db, MIGRATIONS)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, explained(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute(
                    "INSERT INTO meta VALUES ('changes', abs(random() / 2)) "
                    "ON CONFLICT(key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                )
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, explained(self.folder):
            return self._db.execute(sql, parameters).fetchall()

    def meta(self, key: str, default: str = "") -> str:
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0][0] if found else default

    def set_meta(self, key: str, value: str) -> None:
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def changes(self) -> int:
        """Counts committed transactions, from a random number on; a snapshot remembers the count it was taken at,
        so that one of another store, as before a rebuild, never passes for one of this."""
        return int(self.meta("changes", "0"))

    @property
    def identity(self) -> str:
        """Of this store, among all that there ever were in its folder; '' before its first snapshot."""
        return self.meta("identity")

    def identify(self) -> str:
        self.set_meta("identity", uuid.uuid4().hex)
        return self.identity

    @property
    def has_traces(self) -> bool:
        """Whether something was deleted whose words the file may still hold, between what is in use."""
        return bool(self.meta(TRACES))

    def empty_log(self) -> bool:
        """Moves all that was written into the file itself. False while another process reads what the log holds."""
        with self._lock, explained(self.folder):
            return not self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def copy(self, file: Path) -> None:
        """A consistent copy, also while another process writes. Raises StorageError when there is no room for it."""
        with self._lock, explained(self.folder):
            self._db.execute("VACUUM INTO ?", (str(file),))

    def foreign(self) -> str:
        """The name of a table, index, view or trigger that Docent does not make so; '' where there is none."""
        sql = "SELECT type, name, sql FROM sqlite_master"
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript("".join(MIGRATIONS))
            ours = set(fresh.execute(sql))
        return ", ".join(sorted(name for _, name, _ in ours ^ set(self.rows(sql))))

    def vacuum(self) -> None:
        """Writes the file anew, without what was between the rows in use."""
        with self._lock, explained(self.folder):
            self._db.execute("VACUUM")

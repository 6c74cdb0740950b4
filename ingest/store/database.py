"""The one file that opens a library's databases: plain ones with SQLite, encrypted ones with SQLCipher.

SQLCipher is SQLite with each page encrypted (AES-256) and authenticated (HMAC-SHA-512), its write-ahead log and journal
included. Temporary tables are kept in memory, so nothing is written unencrypted.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.encryption.vault import Key, is_encrypted, locked_error
from ingest.errors import IndexLocked, InvalidInput, StorageError
from ingest.store.conversion import is_conversion_pending
from ingest.store.lock import writing


def connect(path: Path, key: Key | None, timeout: float = 10.0) -> sqlite3.Connection:
    """Opens a database; `key` None opens a plain one. Transactions are begun by hand, and any thread may use the
    connection.

    Raises an error of `failures()`; IndexLocked where the folder is of the other form; InvalidInput where SQLCipher is
    missing.
    """
    if is_conversion_pending(path.parent):
        with writing(path.parent):
            pass
    check_form(path.parent, key)
    if key is None:
        return sqlite3.connect(path, timeout=timeout, check_same_thread=False, isolation_level=None)
    db = sqlcipher().connect(str(path), timeout=timeout, check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA cipher_log_level = NONE")  # a wrong key is told by its error, not on the terminal
    db.execute(f'PRAGMA key = "{literal(key)}"')
    db.execute("PRAGMA temp_store = MEMORY")
    connection: sqlite3.Connection = db  # the same interface
    return connection


def open_own(
    path: Path, key: Key | None, migrations: Sequence[str], timeout: float = 10.0, lasting: bool = True
) -> sqlite3.Connection:
    """Opens a database for writing, brought up to date, in which what is deleted leaves no trace. The last changes of
    one that is not `lasting` may be lost with the power, and nobody waits for the disk. Raises what `connect` does."""
    db = connect(path, key, timeout)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    if not lasting:
        db.execute("PRAGMA synchronous = OFF")
    bring_up_to_date(db, migrations)
    return db


def bring_up_to_date(db: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Takes the steps that the database has not taken yet; `user_version` counts those that it has."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for number, migration in enumerate(migrations[version:], version + 1):
        db.executescript(f"BEGIN; {migration}; PRAGMA user_version = {number}; COMMIT;")


@contextmanager
def told_of(what: str, hint: str) -> Iterator[None]:
    """Turns the complaints of a database and of the disk into StorageError: that `what` cannot be read or written."""
    try:
        yield
    except failures(OSError) as error:
        raise StorageError(f"{what} cannot be read or written: {error}", hint) from error


def check_form(folder: Path, key: Key | None) -> None:
    """Raises IndexLocked where a key is given for a plain library, or none for an encrypted one."""
    if key is None and is_encrypted(folder):
        raise locked_error(folder)
    if key and not is_encrypted(folder):
        raise IndexLocked(f"The library in {folder} is not encrypted any more.", "Start Docent again.")


def literal(key: Key) -> str:
    """Returns a raw key as SQLCipher wants it in SQL, which keeps it from deriving another key."""
    return f"x'{key.of('databases').hex()}'"


def failures(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Returns the classes of errors that a database raises, and `others`. SQLCipher's are not those of Python's
    sqlite3."""
    module = sys.modules.get("sqlcipher3.dbapi2")
    return (sqlite3.Error, *([module.Error] if module else []), *others)


def sqlcipher() -> Any:
    """Returns the sqlcipher3 module. Raises InvalidInput where it is not installed."""
    try:
        import sqlcipher3.dbapi2 as module
    except ImportError as error:
        raise InvalidInput(
            "Encrypted libraries need SQLCipher, which is not installed.", "Run: pip install 'docent[encryption]'"
        ) from error
    return module

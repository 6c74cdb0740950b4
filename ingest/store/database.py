"""The one place where a database of a library is opened: plain by SQLite, encrypted by SQLCipher.

SQLCipher is SQLite with each page encrypted (AES-256) and signed (HMAC-SHA-512), its log and journal included; with
temporary tables in memory nothing of it is written plain.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from ingest.encryption.vault import Key, is_encrypted, locked
from ingest.errors import IndexLocked, InvalidInput
from ingest.store.lock import writing
from ingest.store.settle import is_unsettled


def connect(path: Path, key: Key | None, timeout: float = 10.0) -> sqlite3.Connection:
    """Transactions are begun by hand, and any thread may use it. `key` None: plain.

    Raises `failures()`; IndexLocked where the folder is of the other form; InvalidInput where SQLCipher is missing.
    """
    if is_unsettled(path.parent):
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


def check_form(folder: Path, key: Key | None) -> None:
    """Raises IndexLocked where there is a key for a plain library, or none for an encrypted one."""
    if key is None and is_encrypted(folder):
        raise locked(folder)
    if key and not is_encrypted(folder):
        raise IndexLocked(f"The library in {folder} is not encrypted any more.", "Start Docent again.")


def literal(key: Key) -> str:
    """How SQLCipher is told a raw key: it makes none itself of it."""
    return f"x'{key.of('databases').hex()}'"


def failures(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """What a database raises, and others. SQLCipher's errors are not those of Python's own module."""
    module = sys.modules.get("sqlcipher3.dbapi2")
    return (sqlite3.Error, *([module.Error] if module else []), *others)


def sqlcipher() -> Any:
    """Raises InvalidInput where it is not installed."""
    try:
        import sqlcipher3.dbapi2 as module
    except ImportError as error:
        raise InvalidInput(
            "Encrypted libraries need SQLCipher, which is not installed.", "Run: pip install 'docent[encryption]'"
        ) from error
    return module

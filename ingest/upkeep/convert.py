"""Encrypts a library, or decrypts it: the new form is made completely beside the old one, and then replaces it at
once."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from pathlib import Path

from ingest.encryption.sealed import seal_named, unseal_named
from ingest.encryption.vault import Cost, Key, is_encrypted, new_vault
from ingest.errors import IndexMissing, InvalidInput, StorageError
from ingest.files import DERIVED
from ingest.store import snapshots
from ingest.store.conversion import NAMES, READY, STAGED, finish_conversion
from ingest.store.database import connect, literal, sqlcipher
from ingest.store.file import FILE, explained
from ingest.store.lock import writing
from ingest.store.store import Store

DATABASES = (FILE, "asked.db", "threads.db")


def encrypt(index_dir: Path, passphrase: str, cost: Cost | None = None) -> Key:
    """Encrypts the library and returns its key. If it is killed at any point, the library is complete in one of both
    forms.

    Raises InvalidInput when it is encrypted already or the passphrase is too short, IndexMissing, IndexBusy,
    StorageError.
    """
    sqlcipher()
    if not (index_dir / FILE).is_file():
        raise IndexMissing(f"Nothing has been ingested into {index_dir} yet.", "Run: docent ingest FOLDER")
    with writing(index_dir):
        if is_encrypted(index_dir):
            raise InvalidInput(f"The library in {index_dir} is encrypted.", "Another passphrase: docent passphrase")
        with closing(Store(index_dir)) as store:
            store.erase_traces()
        staged = _staged(index_dir)
        key = new_vault(staged, passphrase, cost)
        _convert(index_dir, staged, None, key)
    return key


def decrypt(index_dir: Path, key: Key) -> None:
    """Decrypts the library, as safely as `encrypt`. Callers first take out conversations that must not become plain."""
    with writing(index_dir):
        with closing(Store(index_dir, key=key)) as store:
            store.erase_traces()
        _convert(index_dir, _staged(index_dir), key, None)


def _staged(index_dir: Path) -> Path:
    staged = index_dir / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    return staged


def _convert(index_dir: Path, staged: Path, old: Key | None, new: Key | None) -> None:
    try:
        for name in DATABASES:
            if (index_dir / name).is_file() and not (new is None and name == "threads.db"):
                with explained(index_dir):
                    _database(index_dir / name, staged / name, old, new)
        _states(index_dir / DERIVED, staged / DERIVED, old, new)
        (staged / "CURRENT").write_text(snapshots.current(index_dir), encoding="utf-8")  # the next one's number follows
        with closing(Store(staged, key=new)) as store:
            snapshots.publish(store)
        for left in staged.glob("*.db-*"):
            left.unlink()
        names = sorted(file.name for file in staged.iterdir())
        (staged / NAMES).write_text(json.dumps(names), encoding="utf-8")
        for file in (file for file in staged.rglob("*") if file.is_file()):
            with file.open("r+b") as data:
                os.fsync(data.fileno())
        staged.rename(index_dir / READY)
        finish_conversion(index_dir)
    except OSError as error:
        raise StorageError(
            f"The library in {index_dir} could not be written in its new form: {error.strerror or error}.",
            "Free some space and try again. It is as it was, or becomes what it was to be when it is opened next.",
        ) from error


def _database(old: Path, new: Path, old_key: Key | None, new_key: Key | None) -> None:
    """Copies a database row by row with SQLCipher, which reads and writes both forms."""
    source = sqlcipher().connect(str(old), timeout=10, isolation_level=None)
    with closing(source):
        source.execute("PRAGMA cipher_log_level = NONE")
        if old_key:
            source.execute(f'PRAGMA key = "{literal(old_key)}"')
        source.execute("PRAGMA temp_store = MEMORY")
        (version,) = source.execute("PRAGMA user_version").fetchone()
        source.execute(f"ATTACH DATABASE ? AS new KEY {_quoted(new_key)}", (str(new),))
        source.execute("SELECT sqlcipher_export('new')").fetchall()
        source.execute(f"PRAGMA new.user_version = {version}")
        source.execute("DETACH DATABASE new")
    with closing(connect(new, new_key)) as made:
        made.execute("PRAGMA journal_mode = WAL")


def _quoted(key: Key | None) -> str:
    return f'"{literal(key)}"' if key else "''"


def _states(old: Path, new: Path, old_key: Key | None, new_key: Key | None) -> None:
    """Converts what the answer model has read, file by file. Damaged files are left out."""
    for file in sorted(old.glob("*/*.kv")):
        try:
            name, data = file.stem, file.read_bytes()
            if old_key:
                name, data = unseal_named(old_key, name, data)
        except (OSError, ValueError):
            continue
        if new_key:
            name, data = seal_named(new_key, name, data)
        target = new / file.parent.name / f"{name}.kv"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

"""Stores KV states on disk: one file each, below the index, within a budget, and used only if the checksum is right.

kv/<document id>/<key>.kv holds a magic line, the SHA-256 of key and data, two counts and llama.cpp's data. The key is a
hash of the model, of how it stores keys and values, of the rules and of the passage's tokens: when one of them changes,
no state is found and a new one is made. A document's folder is deleted with the document. In an encrypted library the
file is sealed, with the key before the data, and its name is a keyed hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from app.llm.protocol import State
from ingest.encryption.sealed import hash_name, seal_named, unseal_named
from ingest.encryption.vault import Key
from ingest.files import DERIVED, forget_derived, forget_orphans

_MAGIC = b"docent kv 1\n"
_COUNTS = struct.Struct("<II")
_HEAD = len(_MAGIC) + 32 + _COUNTS.size
_SPARE = 0.05  # of the budget is freed at once, so that not every new state has to look for the oldest


def key_of(model: str, rules: Sequence[int], tokens: Sequence[int]) -> str:
    """Returns the key of a state. `model` identifies its file, its version of llama.cpp and how keys and values are
    stored."""
    text = f"{model}\0{','.join(map(str, rules))}\0{','.join(map(str, tokens))}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class StateStore:
    """Stores states. Safe to use from several threads. Disk errors are never raised: the states are made again."""

    def __init__(self, index_dir: Path, budget: int, key: Key | None = None) -> None:
        """`budget` is in bytes. With `key`, the library is encrypted and states are sealed."""
        self.folder, self.budget, self._sealing = index_dir / DERIVED, budget, key
        self._lock = threading.RLock()
        self._size = sum(size for _, size, _ in self._files())

    @property
    def size(self) -> int:
        """The size of all states on disk, in bytes."""
        return self._size

    def __len__(self) -> int:
        return len(self._files())

    def holds(self, doc_id: int, key: str) -> bool:
        """Whether there is a file for this state."""
        return self._file(doc_id, key).is_file()

    def get(self, doc_id: int, key: str) -> State | None:
        """Returns a state; None when there is none or it is damaged, in which case its file is deleted."""
        file = self._file(doc_id, key)
        try:
            state = _read(file, self._sealing)
        except OSError:
            return None
        if state is None:
            self._remove(file)
            return None
        with contextlib.suppress(OSError):
            os.utime(file)  # least recently used go first
        return state

    def put(self, doc_id: int, key: str, state: State) -> bool:
        """Stores a state. Returns False where it does not fit or cannot be written."""
        body = _COUNTS.pack(state.origin, state.n_tokens) + state.data
        file, data = self._file(doc_id, key), _MAGIC + _checksum(key, body) + body
        if self._sealing:
            data = seal_named(self._sealing, key, data)[1]
        size = len(data)
        if size > self.budget:
            return False
        temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        with self._lock:
            if self._size + size > self.budget:
                self._evict(int(self.budget * (1 - _SPARE)) - size)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(data)
                temporary.replace(file)  # whole or not at all; after a crash of the system the checksum tells
            except OSError:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                return False
            self._size += size
        return True

    def forget_all_but(self, doc_ids: Collection[int]) -> None:
        """Deletes the states of all documents except these."""
        with self._lock:
            forget_orphans(self.folder.parent, doc_ids)
            self._size = sum(size for _, size, _ in self._files())

    def forget(self, doc_id: int) -> None:
        """Deletes the states of one document."""
        with self._lock:
            forget_derived(self.folder.parent, doc_id)
            self._size = sum(size for _, size, _ in self._files())

    def set_budget(self, budget: int) -> None:
        """Changes the budget, in bytes, and deletes states that no longer fit."""
        with self._lock:
            self.budget = budget
            self._evict(budget)

    def _evict(self, room: int) -> None:
        """Deletes the least recently used states until at most `room` bytes are left. Counts anew, as another process
        may have written too."""
        files = sorted(self._files())
        self._size = sum(size for _, size, _ in files)
        for _, size, file in files:
            if self._size <= max(0, room):
                break
            with contextlib.suppress(OSError):
                file.unlink()
                self._size -= size

    def _remove(self, file: Path) -> None:
        with self._lock, contextlib.suppress(OSError):
            size = file.stat().st_size
            file.unlink()
            self._size -= size

    def _file(self, doc_id: int, key: str) -> Path:
        name = hash_name(self._sealing, key) if self._sealing else key
        return self.folder / str(doc_id) / f"{name}.kv"

    def _folders(self) -> list[Path]:
        try:
            return [folder for folder in self.folder.iterdir() if folder.is_dir()]
        except OSError:
            return []

    def _files(self) -> list[tuple[float, int, Path]]:
        """Returns (time of last use, bytes, file) of each state."""
        found = []
        for folder in self._folders():
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        about = entry.stat()
                        found.append((about.st_mtime, about.st_size, Path(entry.path)))
        return found


def is_whole(file: Path, key: Key | None = None) -> bool:
    """Whether a file of a StateStore is undamaged."""
    try:
        return _read(file, key) is not None
    except OSError:
        return False


def _read(file: Path, key: Key | None) -> State | None:
    """Reads a state; None for a damaged file. Raises OSError."""
    name, data = file.stem, file.read_bytes()
    if key:
        try:
            name, data = unseal_named(key, name, data)
        except ValueError:
            return None
    return _parsed(name, data)


def _parsed(key: str, data: bytes) -> State | None:
    body = data[_HEAD - _COUNTS.size :]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : len(_MAGIC) + 32] != _checksum(key, body):
        return None
    origin, n_tokens = _COUNTS.unpack(body[: _COUNTS.size])
    return State(origin, n_tokens, data[_HEAD:])


def _checksum(key: str, body: bytes) -> bytes:
    digest = hashlib.sha256(key.encode())
    digest.update(body)
    return digest.digest()

"""Published snapshots: the store's vectors as FAISS files, written beside it, checked and loaded.

indexes/<domain>/ holds store.db, CURRENT (the name of the newest snapshot), and gen-000012/{vectors.faiss, ids.npy,
manifest.json}. Snapshots are immutable and wholly in memory once open.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.encryption.sealed import read_from, writing_to
from ingest.errors import IndexDamaged, IndexMissing, StorageError
from ingest.files import sha256
from ingest.store import vectors
from ingest.store.store import Store
from ingest.store.vectors import EXACT_UP_TO, OpenVectors

_HASH_LIMIT = 256 << 20  # larger files are checked by size: hashing them would be felt at each start
_SECONDS = 5e-5  # to publish a chunk, about
_DAMAGED = "The store is untouched. Publish a new snapshot with: docent ingest"


def publish(store: Store, exact_up_to: int = EXACT_UP_TO, check: Callable[[], None] = lambda: None) -> Path:
    """Writes the store's vectors as the next snapshot and makes it current. A kill at any point leaves the old one.

    Above `exact_up_to` chunks they are coded. `check` is called now and then, and may wait, or raise to give up.
    Raises StorageError when it cannot be written.
    """
    folder = store.folder
    identity = store.identity or store.identify()
    changes = store.changes
    newest = max(_generation(name) for name in (current(folder), *(old.name for old in folder.glob("gen-*"))))
    name = f"gen-{newest + 1:06d}"
    temporary = folder / f"{name}.tmp"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        ids, told = vectors.write(store, temporary / "vectors.faiss", exact_up_to, check=check)
        with writing_to(temporary / "ids.npy", store.key) as out:
            np.save(out, ids)
        files = {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in temporary.iterdir()}
        manifest = {**told, "count": len(ids), "changes": changes, "encoder": store.encoder, "files": files}
        manifest["store"] = identity
        (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        for file in temporary.iterdir():
            _fsync(file)
        shutil.rmtree(folder / name, ignore_errors=True)
        temporary.rename(folder / name)
        pointer = folder / "CURRENT.tmp"
        pointer.write_text(name, encoding="utf-8")
        _fsync(pointer)
        pointer.replace(folder / "CURRENT")
    except (OSError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise StorageError(
            f"The snapshot in {folder} could not be written: {error}",
            "Free some space, then run: docent ingest. The documents already read are kept.",
        ) from error
    for old in folder.glob(
        "gen-*"
    ):  # at once: an older one may hold what was deleted, and readers have theirs in memory
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return folder / name


def is_current(store: Store) -> bool:
    """Whether the newest snapshot is whole and holds what the store holds."""
    try:
        manifest = _manifest(store.folder / current(store.folder))
        ((count,),) = store.rows("SELECT count(*) FROM vectors")
        return bool(manifest["changes"] == store.changes and manifest["count"] == count)
    except (IndexMissing, IndexDamaged):
        return False


def is_of_one_encoder(store: Store) -> bool:
    """Whether all the store's vectors were made by the encoder that it is for now. While documents are read again for
    another one, there are both."""
    if not store.rows("SELECT 1 FROM documents WHERE sha256 = '' AND n_chunks > 0 LIMIT 1"):
        return True  # none is stale
    return bool(_told(store.folder).get("encoder") == store.encoder)


def seconds(folder: Path) -> float:
    """About what making a snapshot takes, from how many chunks the newest holds."""
    count = _told(folder).get("count")
    return count * _SECONDS if isinstance(count, int) else 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published snapshot in memory; `ids` are its chunks', in order."""

    manifest: dict[str, Any]
    ids: NDArray[np.int64]
    vectors: OpenVectors


def load(store: Store, name: str = "", *, every_byte: bool = True) -> Snapshot:
    """The snapshot of that name, or else the newest, all in memory: its files are not needed after. Without
    `every_byte`, large files are checked by their size. Raises IndexMissing, IndexDamaged."""
    generation = store.folder / (name or current(store.folder))
    manifest = _manifest(generation, every_byte)
    try:
        ids: NDArray[np.int64] = np.load(read_from(generation / "ids.npy", store.key))
        opened = OpenVectors(generation / "vectors.faiss", ids, manifest, store)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise IndexDamaged(f"The snapshot {generation} cannot be read.", _DAMAGED) from error
    if not len(ids) == opened.count == manifest["count"]:
        raise IndexDamaged(f"The snapshot {generation} does not hold what its manifest says.", _DAMAGED)
    return Snapshot(manifest, ids, opened)


def current(folder: Path) -> str:
    """The name of the newest snapshot; '' before the first."""
    try:
        return (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _generation(name: str) -> int:
    return int(name.removeprefix("gen-")) if re.fullmatch(r"gen-\d+", name) else 0


def _told(folder: Path) -> dict[str, Any]:
    """What the newest snapshot says of itself, its files not looked at; nothing where there is none."""
    try:
        told = json.loads((folder / current(folder) / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _manifest(generation: Path, every_byte: bool = False) -> dict[str, Any]:
    if not generation.name.startswith("gen-"):
        raise IndexMissing(f"Nothing has been published in {generation} yet.", "Run: docent ingest FOLDER")
    try:
        manifest: dict[str, Any] = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
        for name in ("vectors.faiss", "ids.npy"):
            file, told = generation / name, manifest["files"][name]
            size = file.stat().st_size
            if size != told["bytes"] or ((every_byte or size <= _HASH_LIMIT) and sha256(file) != told["sha256"]):
                raise IndexDamaged(f"{file} is not what its manifest says.", _DAMAGED)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"The snapshot {generation} cannot be read.", _DAMAGED) from error
    return manifest


def _fsync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

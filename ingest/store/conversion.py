"""Finishes an interrupted encryption or decryption of an index.

The new form lies complete in the folder READY inside the index. From then on it is the index, and whoever takes the
lock next moves it into place.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

STAGED, READY = "converted.tmp", "converted"
NAMES = "names.json"  # in READY: all that belongs to the new form
_DATABASES = ("store.db", "asked.db", "threads.db")
_ASIDE = ("", "-wal", "-shm", "-journal")
_OTHERS = ("CURRENT", "vault.json", "kv")


def is_conversion_pending(folder: Path) -> bool:
    """Whether the index has a new form that was not yet moved into place."""
    return (folder / READY).is_dir()


def finish_conversion(folder: Path) -> None:
    """Replaces the old files by those in READY. It can be interrupted and repeated. The caller must hold the lock."""
    ready = folder / READY
    try:
        names = json.loads((ready / NAMES).read_text(encoding="utf-8"))
    except FileNotFoundError:  # all of it was moved
        names = None
    for name in names or ():
        if (ready / name).exists():
            for suffix in _ASIDE[1:] if name in _DATABASES else ():
                remove(folder / f"{name}{suffix}")
            if (folder / name).is_dir():
                remove(folder / name)
            os.replace(ready / name, folder / name)  # noqa: PTH105
    if names is not None:
        old = [*_OTHERS, *(f"{name}{suffix}" for name in _DATABASES for suffix in _ASIDE)]
        for place in (*(folder / name for name in old), *folder.glob("gen-*")):
            if place.name.split("-wal")[0].split("-shm")[0].split("-journal")[0] not in names:
                remove(place)
        (ready / NAMES).unlink()
    shutil.rmtree(ready, ignore_errors=True)


def remove(place: Path) -> None:
    """Deletes a file or a folder with all it holds; a missing one is no error."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)

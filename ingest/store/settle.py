"""Finishes a change of form (encrypted or plain) that was cut short. The new form is ready, whole, in a folder of its
own inside the index; from then on it is the index, and whoever takes the lock next moves it into place."""

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


def is_unsettled(folder: Path) -> bool:
    return (folder / READY).is_dir()


def move_in(folder: Path) -> None:
    """Puts what is ready in the place of what was. May be cut short and done again. The caller holds the lock."""
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
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)

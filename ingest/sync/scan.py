"""Lists the files in a folder: those that are read, and those that are not."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import InvalidInput, StorageError
from ingest.files import storable
from ingest.readers.read import SUFFIXES

OWN = frozenset({"domain.toml", "eval.jsonl"})  # files that lie in a folder of documents and are none
_LINKED = "Give that folder an index of its own, or copy it here."
_OTHER_KIND = "If it holds text, save it as PDF or in another kind that is read."


@dataclass(frozen=True, slots=True)
class Found:
    """A file on disk. `path` is its name in the index, `file` its path."""

    path: str
    file: Path
    size: int
    mtime_ns: int


def scan(folder: Path) -> list[Found]:
    """Lists every file below the folder that can be read, sorted. Hidden files, links to folders and pipes are left
    out.

    Raises InvalidInput without a folder, and StorageError when a folder cannot be listed: its documents are not gone.
    """
    if not folder.is_dir():
        raise InvalidInput(
            f"There is no folder {folder}.",
            "Name a folder that holds your documents, e.g. docent ingest sample_docs",
        )
    found = []
    for parent, folders, names in os.walk(folder, onerror=_unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if not is_document(file, folder):
                continue
            path = storable(file.relative_to(folder).as_posix())
            try:
                status = file.stat()
            except OSError:
                if not is_gone(file):  # a link in circles, a folder closed to us: its reading tells why
                    found.append(Found(path, file, 0, 0))
                continue
            if stat.S_ISREG(status.st_mode):
                found.append(Found(path, file, status.st_size, status.st_mtime_ns))
    return found


def is_document(file: Path, folder: Path) -> bool:
    """Whether a file below the folder is one of its documents, by its name. eval.jsonl is none: its known answers must
    not be found as if documents held them."""
    own = file.name in OWN and file.parent == folder
    return file.suffix.lower() in SUFFIXES and not file.name.startswith((".", "~$")) and not own


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or a folder that is not read, and why, in words for people. `to_do` is '' where nothing is wrong."""

    path: str
    why: str
    to_do: str = ""


def passed_over(folder: Path, found: Sequence[Found]) -> list[PassedOver]:
    """Lists everything below the folder that `scan` did not find, so that every file is accounted for.

    A hidden folder, or a link to one, stands for all that is in it.
    """
    read = {one.path for one in found}
    others: list[PassedOver] = []
    for parent, folders, names in os.walk(folder):
        for name in sorted(folders):
            path, place = Path(parent, name), storable(Path(parent, name).relative_to(folder).as_posix()) + "/"
            if name.startswith("."):
                others.append(PassedOver(place, "a hidden folder"))
            elif path.is_symlink():
                others.append(PassedOver(place, "a link to another folder, which is not followed", _LINKED))
            elif not os.access(path, os.R_OK | os.X_OK):
                others.append(PassedOver(place, "a folder that may not be listed", "Check its permissions."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            path_ = storable(file.relative_to(folder).as_posix())
            if path_ not in read and not is_gone(file):
                others.append(_passed(file, path_))
    return others


def _passed(file: Path, path: str) -> PassedOver:
    if file.name.startswith("."):
        return PassedOver(path, "a hidden file")
    if file.name.startswith("~$"):
        return PassedOver(path, "what Office keeps beside a document that is open")
    if file.name in OWN:
        return PassedOver(path, "Docent's own: it says how to treat this folder")
    if not (file.is_file() or file.is_symlink()):
        return PassedOver(path, "no file that can be read: a pipe, a socket or a device")
    if file.suffix.lower() in SUFFIXES:
        return PassedOver(path, "not read yet", "Run: docent ingest")
    kind = f"'{file.suffix.lower()}'" if file.suffix else "a name without an ending"
    return PassedOver(path, f"not a kind that is read ({kind})", _OTHER_KIND)


def valid_editions(folder: Path) -> tuple[str, ...]:
    """Returns the documents that the user declares valid even if there is a newer edition: `valid` under [versions] in
    domain.toml. Returns none where that file cannot be read; an error in it is reported where it is used."""
    try:
        told = tomllib.loads((folder / "domain.toml").read_text(encoding="utf-8")).get("versions", {}).get("valid", [])
        return tuple(str(path) for path in told)
    except (OSError, ValueError, AttributeError, TypeError):
        return ()


def _unlisted(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # gone meanwhile
        raise StorageError(
            f"The folder {error.filename} cannot be listed: {error.strerror}.",
            "Check its permissions, or move it elsewhere. The index is as it was.",
        ) from error


def is_gone(file: Path) -> bool:
    """Whether there is no such file. A file that cannot be accessed, and a broken link, are there."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False

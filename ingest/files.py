"""What a file is called, and what tells its content from another's."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ingest.errors import StorageError


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def storable(name: str) -> str:
    """A file's name, in characters that can be stored and shown even where its bytes are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def title_of(path: Path) -> str:
    """For a file that names no title itself."""
    return storable(path.stem.replace("_", " ").replace("-", " "))


def write_whole(file: Path, data: bytes) -> None:
    """All of it or, when that fails, what was there before. Raises StorageError."""
    temporary = file.with_name(f"{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.", "Check its folder's permissions.") from error

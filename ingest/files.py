"""What a file is called, and what tells its content from another's."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def storable(name: str) -> str:
    """A file's name, in characters that can be stored and shown even where its bytes are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def title_of(path: Path) -> str:
    """For a file that names no title itself."""
    return storable(path.stem.replace("_", " ").replace("-", " "))

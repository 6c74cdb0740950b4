"""What a file is called, and what tells its content from another's."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from ingest.errors import StorageError

DERIVED = "kv"  # in an index: a folder for each document, by its id, for what the answer model made of it
_BLOCK = 4 << 20  # bytes


def sha256(file: Path, check: Callable[[], None] = lambda: None) -> str:
    """`check` is called every few milliseconds, and may raise to give up."""
    digest = hashlib.sha256()
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            check()
    return digest.hexdigest()


def storable(name: str) -> str:
    """A file's name, in characters that can be stored and shown even where its bytes are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def forget_derived(index_dir: Path, doc_id: int) -> None:
    """Removes what was computed from a document, which holds its words too. What is in use goes with its user."""
    shutil.rmtree(index_dir / DERIVED / str(doc_id), ignore_errors=True)


def forget_orphans(index_dir: Path, doc_ids: Collection[int]) -> None:
    """The same, of all documents but these."""
    if (index_dir / DERIVED).is_dir():
        kept = {str(doc_id) for doc_id in doc_ids}
        for folder in (index_dir / DERIVED).iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file within another, as an e-mail's attachment: what readers ask of a path, of its bytes. Readers are shut in
    where nothing can be written."""

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        return io.BytesIO(self.data)


Source = Path | Attached


def title_of(path: Source) -> str:
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

"""Names, hashes and safe writing of files, and files within files."""

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
    """Returns the SHA-256 of a file in hexadecimal. `check` is called every few milliseconds, and may raise to give
    up."""
    digest = hashlib.sha256()
    with file.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            check()
    return digest.hexdigest()


def storable(name: str) -> str:
    """Returns a file's name in characters that can be stored and shown, even where its bytes are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def forget_derived(index_dir: Path, doc_id: int) -> None:
    """Deletes what was computed from a document, as it holds the document's words. Files in use are deleted when
    closed."""
    shutil.rmtree(index_dir / DERIVED / str(doc_id), ignore_errors=True)


def forget_orphans(index_dir: Path, doc_ids: Collection[int]) -> None:
    """Deletes what was computed from all documents except these."""
    if (index_dir / DERIVED).is_dir():
        kept = {str(doc_id) for doc_id in doc_ids}
        for folder in (index_dir / DERIVED).iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file within another, such as an e-mail's attachment, with the methods of a path that readers use. It is kept in
    memory, as readers run where nothing can be written."""

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
    """Returns a title made from the file's name, for a file that names no title itself."""
    return storable(path.stem.replace("_", " ").replace("-", " "))


def write_whole(file: Path, data: bytes) -> None:
    """Writes a file completely or, when that fails, leaves the old one in place. Raises StorageError."""
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

"""Saves files that people drop in, under safe names, without overwriting anything unasked."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from ingest.errors import InvalidInput, StorageError
from ingest.readers.read import KINDS, SUFFIXES
from ingest.sync.scan import scan

_MAX_BYTES = 255  # of a file name, on every file system in use
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # what Windows keeps to itself
_DISGUISE = re.compile(  # what turns a name around or is not seen in it
    "[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of one file. 'same': its content is already there, as `name`; 'differs': another file has its
    name."""

    state: Literal["saved", "same", "differs"]
    name: str


def safe_name(name: str) -> str:
    """Returns the name to save under: no folders, no control characters, not hidden, at most 255 bytes with its ending.

    Raises InvalidInput when the ending is not one that can be read.
    """
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = re.split(r"[/\\]", name)[-1]
    name = _DISGUISE.sub("", "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp")))
    name = re.sub(r'[<>:"|?*]', "_", " ".join(name.split())).strip(". ")
    stem, dot, ending = name.rpartition(".")
    suffix = f".{ending.lower()}"
    if not dot and f".{name.lower()}" in SUFFIXES:  # nothing before the dot
        stem, suffix = "", f".{name.lower()}"
    if suffix not in SUFFIXES:
        raise InvalidInput(
            f"“{name[:80]}” is not a kind of file that can be read.",
            f"These can: {KINDS}. Save or print it as one of them.",
        )
    stem = stem.rstrip(". ") or "document"
    return _fitted(f"_{stem}" if _RESERVED.match(stem) else stem, suffix)


def keep(folder: Path, name: str, data: bytes, clash: Literal["ask", "replace", "number"] = "ask") -> SaveResult:
    """Saves `data` in `folder`, unless the same content is there already or, with 'ask', another file of that name.

    Raises InvalidInput for a name that cannot be used, StorageError when the file cannot be written.
    """
    name = safe_name(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if there := _same_content(folder, data):
            return SaveResult("same", there)
        if (folder / name).exists():
            if clash == "ask":
                return SaveResult("differs", name)
            if clash == "number":
                name = _numbered(folder, name)
        # Hidden until it is whole, so that no run reads half of it.
        partial = folder / f".{hashlib.sha256(name.encode()).hexdigest()[:16]}.part"
        try:
            partial.write_bytes(data)
            partial.replace(folder / name)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{name} could not be saved in {folder}: {error.strerror}.", "Free some space, or check its permissions."
        ) from error
    return SaveResult("saved", name)


def _same_content(folder: Path, data: bytes) -> str:
    """Returns the name of the file in the folder with exactly this content; '' for none."""
    digest = b""
    for found in scan(folder):
        if found.size == len(data):
            digest = digest or hashlib.sha256(data).digest()
            with found.file.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").digest() == digest:
                    return found.path
    return ""


def _numbered(folder: Path, name: str) -> str:
    path = PurePosixPath(name)
    number = 2
    while (folder / (fresh := _fitted(path.stem, path.suffix, f" ({number})"))).exists():
        number += 1
    return fresh


def _fitted(stem: str, suffix: str, number: str = "") -> str:
    room = _MAX_BYTES - len(f"{number}{suffix}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + number + suffix

"""Exports a library to one file, while it is in use; another machine can read it. See docs/library-format.md.

The file is a zip: a consistent copy of store.db; if wanted, the documents; the settings of the folder; and last
manifest.json with the hash of each. What can be made again is left out: the snapshot, which the import publishes, and
what the answer model has read, which depends on the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ingest.datatypes import Document
from ingest.encryption.vault import FILE as VAULT
from ingest.encryption.vault import Key
from ingest.errors import InvalidInput, StorageError
from ingest.files import sha256
from ingest.store.file import FILE
from ingest.store.store import Store
from ingest.sync.folders import Folder, file_of, remembered
from ingest.sync.scan import OWN

FORMAT = 1
KIND = "docent library"
MANIFEST, DOCUMENTS, SETTINGS = "manifest.json", "documents/", "settings/"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    """The contract of `docent export --json`. `left_out` are documents that are gone or changed since they were read,
    each with the reason; `bytes` is the size of the file."""

    file: str
    documents: int
    passages: int
    files: int
    bytes: int
    left_out: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def export(
    index_dir: Path,
    file: Path,
    version: str,
    settings: Mapping[str, Path] | None = None,
    *,
    documents: bool = False,
    key: Key | None = None,
) -> Exported:
    """Writes the library in `index_dir` to `file`, completely or not at all. `settings` are further files, by name.

    An encrypted library stays encrypted with its passphrase, and nothing plain is added. Raises InvalidInput when the
    file exists already, IndexMissing, IndexLocked, IndexDamaged, StorageError.
    """
    if key and documents:
        raise InvalidInput(
            "The library is encrypted, and its documents would lie in the file as they are.", "Leave them out."
        )
    if file.exists():
        raise InvalidInput(f"{file} is there already.", "Choose another name, or move that file away.")
    temporary, copied = file.with_name(f"{file.name}.tmp"), file.with_name(f"{file.name}.store.tmp")
    left_out: list[str] = []
    try:
        shutil.rmtree(copied, ignore_errors=True)
        copied.mkdir(parents=True)
        with closing(Store(index_dir, key=key)) as store:
            store.copy(copied / FILE)
        if key:
            shutil.copyfile(index_dir / VAULT, copied / VAULT)
        out = zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, True, 1)
        with out, closing(Store(copied, key=key)) as known:
            members = {name: _added(out, copied / name, name) for name in (FILE, *([VAULT] if key else []))}
            folders = remembered(known)
            folder = folders[0].place if folders else Path()
            own = {name: folder / name for name in sorted(OWN) if (folder / name).is_file()}
            for name, source in ({} if key else {**own, **(settings or {})}).items():
                members[SETTINGS + name] = _added(out, source, SETTINGS + name)
            there, passages = known.documents(), int(known.rows("SELECT count(*) FROM chunks")[0][0])
            if documents:
                members |= _documents(there, folders, out, left_out)
            manifest = {
                "kind": KIND, "format": FORMAT, "docent": version, "name": index_dir.resolve().name,
                "folder": str(folder), "encoder": known.encoder,
                "documents": len(there), "passages": passages,
                "members": members,
            }  # fmt: skip
            out.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        with temporary.open("r+b") as done:
            os.fsync(done.fileno())
        temporary.rename(file)
    except OSError as error:
        raise StorageError(
            f"{file} could not be written: {error.strerror or error}.", "Free some space, or choose another place."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
        shutil.rmtree(copied, ignore_errors=True)
    n_files = sum(name.startswith(DOCUMENTS) for name in members)
    return Exported(str(file), len(there), passages, n_files, file.stat().st_size, tuple(left_out))


def _documents(
    documents: Sequence[Document], folders: Sequence[Folder], out: zipfile.ZipFile, left_out: list[str]
) -> dict[str, dict[str, Any]]:
    """Adds each document whose file is unchanged since it was read."""
    added = {}
    for path, digest in ((document.path, document.sha256) for document in documents):
        source = file_of(folders, path)
        try:
            same = sha256(source) == digest
        except OSError as error:
            left_out.append(f"{path}: {(error.strerror or 'cannot be read').lower()}")
            continue
        if not same:
            left_out.append(f"{path}: changed since it was read")
        elif not is_safe(path):
            left_out.append(f"{path}: its name cannot be used everywhere")
        else:
            added[DOCUMENTS + path] = _added(out, source, DOCUMENTS + path)
    return added


def _added(out: zipfile.ZipFile, source: Path, name: str) -> dict[str, Any]:
    """Copies a file into the archive and hashes the bytes that were written."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as data, out.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
        while block := data.read(_BLOCK):
            digest.update(block)
            member.write(block)
            size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest(), "mtime_ns": source.stat().st_mtime_ns}


def is_safe(path: str) -> bool:
    """Whether a path, with forward slashes, stays below the folder that it is put in, on every system."""
    parts = PurePosixPath(path).parts
    return (
        bool(parts)
        and path == "/".join(parts)
        and not path.startswith("/")
        and not any(part in (".", "..") or ":" in part or "\\" in part or "\0" in part for part in parts)
    )

"""The file of an exported library: its members opened, listed and read, each as long as it says and with its hash."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.encryption.vault import FILE as VAULT
from ingest.errors import InvalidInput
from ingest.store.file import FILE
from ingest.upkeep.archive import DOCUMENTS, FORMAT, KIND, MANIFEST, SETTINGS, is_safe

REFUSED = "Export it again, or copy it again from where it came from. Nothing was changed here."
_MANIFEST_BYTES = 256 << 20  # a million documents
_BLOCK = 1 << 20


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """The archive and its manifest, which names all that is in it and nothing else. Raises InvalidInput."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            about = archive.getinfo(MANIFEST)
            if about.file_size > _MANIFEST_BYTES:
                raise InvalidInput(f"{file} has a manifest that is too large to be one.", REFUSED)
            manifest = json.loads(archive.read(about))
            if manifest["kind"] != KIND:
                raise KeyError("kind")
            if int(manifest["format"]) > FORMAT:
                raise InvalidInput(f"{file} was written by a newer Docent.", "Update Docent on this machine.")
            _listed(file, entries, manifest["members"])
            yield archive, manifest
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be read: {error.strerror or error}.", "Name a file of docent export."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InvalidInput(f"{file} is damaged, cut short, or no library of Docent ({error}).", REFUSED) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"{file} is no library of Docent, or its manifest is damaged.", REFUSED) from error


def extract(archive: zipfile.ZipFile, members: Mapping[str, Any], index: Path, documents: Path) -> None:
    """The store and the documents, each as long as it says and with its hash. Raises InvalidInput."""
    for name, about in members.items():
        if name.startswith(SETTINGS):
            continue
        target = index / name if name in (FILE, VAULT) else documents / name.removeprefix(DOCUMENTS)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            for block in blocks(archive, name, about):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        os.utime(target, ns=(int(about["mtime_ns"]), int(about["mtime_ns"])))


def blocks(archive: zipfile.ZipFile, name: str, about: Mapping[str, Any]) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), int(about["bytes"])
    with archive.open(name) as data:
        while block := data.read(_BLOCK):
            left -= len(block)
            if left < 0:
                break
            digest.update(block)
            yield block
    if left or digest.hexdigest() != about["sha256"]:
        raise zipfile.BadZipFile(f"{name} is not what its manifest says")


def _listed(file: Path, entries: list[zipfile.ZipInfo], members: Mapping[str, Any]) -> None:
    """Names, kinds and sizes agree with the manifest, and no name leads out of the folder it is put in."""
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or {*names} != {*members, MANIFEST} or FILE not in members:
        raise InvalidInput(f"{file} holds other files than its manifest says.", REFUSED)
    for entry in entries:
        name = entry.filename
        inside = name.removeprefix(DOCUMENTS).removeprefix(SETTINGS)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if (
            not is_safe(name)
            or not (name in (FILE, VAULT, MANIFEST) or inside != name)
            or kind not in (0, stat.S_IFREG)
        ):
            raise InvalidInput(f"{file} holds a name that leads elsewhere: {name!r}.", REFUSED)
        if name != MANIFEST and int(members[name]["bytes"]) != entry.file_size:
            raise InvalidInput(f"{file}: {name} is not as long as its manifest says.", REFUSED)

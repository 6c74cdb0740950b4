"""Decides what a run has to do about the files that were found. Changes nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.datatypes import Document
from ingest.encryption.vault import Key
from ingest.files import sha256
from ingest.store.file import FILE
from ingest.store.store import Store
from ingest.sync.folders import Folder, owner
from ingest.sync.scan import Found

_AGES = (1, 7, 30, 365, 1500)  # days


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do, and why everything is read again, if so."""

    added: tuple[Found, ...]
    changed: tuple[Found, ...]
    removed: tuple[Document, ...]
    unchanged: tuple[Document, ...]
    touched: tuple[tuple[Document, Found], ...] = ()  # newer date, same content
    why: str = ""

    @property
    def kept(self) -> list[Document]:
        """The documents that stay as they are."""
        return [*self.unchanged, *(document for document, _ in self.touched)]


@dataclass(frozen=True, slots=True)
class Pending:
    """What a run must not judge yet: files that are still being written, by their names in the index, and folders that
    are missing for now, by their path."""

    files: frozenset[str] = frozenset()
    folders: frozenset[Path] = frozenset()


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What was found in the folders. Documents of missing folders (`away`) and of `pending` files stay as they are; new
    files that are pending are ignored."""

    files: Sequence[Found]
    folders: tuple[Folder, ...] = ()
    away: tuple[Folder, ...] = ()
    pending: frozenset[str] = frozenset()

    def stays(self, path: str) -> bool:
        """Whether a document stays although its file was not found."""
        return path in self.pending or bool(self.away and owner(self.folders, path) in self.away)


def make_plan(store: Store, seen: ScanResult, fingerprint: str, passwords: Collection[str] = ()) -> Plan:
    """Compares files with documents by size and date, then by content. With another fingerprint all files are read
    again, and with a password, the file that it is for.

    A document without a hash is stale: it could not be opened, or its reading under new settings was interrupted.
    """
    known = {document.path: document for document in store.documents()}
    old_fingerprint = store.meta("fingerprint", fingerprint)
    why = "" if old_fingerprint == fingerprint else f"settings changed: {old_fingerprint!r} is now {fingerprint!r}"
    added, changed, unchanged, touched = [], [], [], []
    for found in seen.files:
        document = known.pop(found.path, None)
        if found.path in seen.pending:
            unchanged += [document] if document else []
        elif document is None:
            added.append(found)
        elif why or not document.sha256 or (found.path in passwords and document.needs_password):
            changed.append(found)
        elif (found.size, found.mtime_ns) == (document.size, document.mtime_ns):
            unchanged.append(document)
        elif found.size == document.size and _same_content(found, document):
            touched.append((document, found))
        else:
            changed.append(found)
    unchanged += [document for document in known.values() if seen.stays(document.path)]
    removed = tuple(document for document in known.values() if not seen.stays(document.path))
    return Plan(tuple(added), tuple(changed), removed, tuple(unchanged), tuple(touched), why)


def reading_order(plan: Plan) -> list[Found]:
    """Returns the files to read, newest and smallest first: those are likely to be asked for, and many are soon done.

    Each step in age, counted from the newest file, weighs as much as a fourfold size. Changed files come before others
    of their step, because the index holds outdated text for them.
    """
    changed = {found.path for found in plan.changed}
    files = [*plan.added, *plan.changed]
    newest = max((found.mtime_ns for found in files), default=0)

    def turn(found: Found) -> tuple[int, bool, int, str]:
        days = (newest - found.mtime_ns) / 86_400e9
        age = sum(days > step for step in _AGES)
        size = max(0, (found.size.bit_length() - 15) // 2)  # up to 64 kB all are small
        return age + size, found.path not in changed, found.size, found.path

    return sorted(files, key=turn)


def dry_plan(index_dir: Path, seen: ScanResult, fingerprint: str, rebuild: bool, key: Key | None = None) -> Plan:
    """Returns the plan for an index, without changing it."""
    if rebuild or not (index_dir / FILE).is_file():
        why = "the index is built again" if rebuild else "nothing has been ingested yet"
        return Plan(tuple(seen.files), (), (), (), why=why)
    with closing(Store(index_dir, key=key)) as store:
        return make_plan(store, seen, fingerprint)


def _same_content(found: Found, document: Document) -> bool:
    try:
        return sha256(found.file) == document.sha256
    except OSError:
        return False


def document_id(path: str) -> int:
    """Returns the id of a document: a hash of its name in the index, 63 bits."""
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

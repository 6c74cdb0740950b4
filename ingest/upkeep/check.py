"""Is the library whole? Every invariant of an index, proved by reading all of it. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from ingest.errors import IndexDamaged, IndexMissing
from ingest.files import DERIVED, sha256
from ingest.store import snapshots
from ingest.store.file import FILE
from ingest.store.store import Store
from ingest.store.vectors import OpenVectors
from ingest.sync.folders import file_of, remembered
from ingest.text.oneline import many
from ingest.upkeep import contents
from ingest.upkeep.finding import Checkup, Finding
from ingest.upkeep.freed import freed_pages

Load = Callable[[], snapshots.Snapshot]
Whole = Callable[[Path], bool]  # whether a file that the answer model made of a document is what it was


def examine(store: Store, is_whole: Whole, deep: bool = False) -> Checkup:
    """All checks. `deep` also reads the documents' files. Whoever calls holds the lock of `writing`."""
    counts: dict[str, int] = {}
    findings: list[Finding] = []
    load = cache(lambda: snapshots.load(store))
    steps: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("database", lambda: contents.database(store, counts)),
        ("text index", lambda: contents.text_index(store, counts)),
        ("documents", lambda: contents.documents(store, counts)),
        ("vectors", lambda: contents.vectors(store, counts, _opened(load))),
        ("snapshot", lambda: _snapshot(store, counts, load)),
        ("states", lambda: _states(store, counts, is_whole)),
        ("leftovers", lambda: _leftovers(store.folder, counts)),
        ("traces", lambda: _traces(store, counts)),
        *([("files", lambda: _files(store, counts))] if deep else []),
    ]
    for name, step in steps:
        try:
            findings += step()
        except IndexDamaged as error:
            findings.append(Finding(name, f"cannot be checked: {error}", "rebuild"))
    return Checkup(counts, tuple(findings))


# -- the snapshot


def _opened(load: Load) -> OpenVectors | None:
    """The snapshot's vectors, where it is whole: a second copy to compare with."""
    try:
        return load().vectors
    except (IndexMissing, IndexDamaged):
        return None


def _snapshot(store: Store, counts: dict[str, int], load: Load) -> Iterator[Finding]:
    """CURRENT points to files that are what their manifest says, and they hold what the store holds."""
    try:
        snapshot = load()
    except (IndexMissing, IndexDamaged) as error:
        yield Finding("snapshot", str(error).rstrip("."), "repair")
        return
    counts["vectors in the snapshot"] = len(snapshot.ids)
    stored = np.array([row[0] for row in store.rows("SELECT chunk_id FROM vectors ORDER BY 1")], dtype=np.int64)
    if not np.array_equal(snapshot.ids, stored):
        yield Finding(
            "snapshot", f"it holds other vectors than the store ({len(snapshot.ids):,} and {len(stored):,})", "repair"
        )
    elif snapshot.manifest["changes"] != store.changes:
        yield Finding("snapshot", "the store has changed since it was published", "repair")


# -- files


def _states(store: Store, counts: dict[str, int], is_whole: Whole) -> Iterator[Finding]:
    """What the answer model made of documents: of those that are there, and as it was written."""
    living = {str(row[0]) for row in store.rows("SELECT id FROM documents")}
    folders = _sorted(store.folder / DERIVED)
    orphans = tuple(folder for folder in folders if folder.name not in living)
    files = [file for folder in folders if folder not in orphans for file in _sorted(folder) if file.suffix == ".kv"]
    counts["states of the model"] = len(files)
    if orphans:
        yield Finding("states", f"states of {many(len(orphans), 'document')} that are gone", "repair", files=orphans)
    if bad := tuple(file for file in files if not is_whole(file)):
        yield Finding("states", f"{many(len(bad), 'state')} cannot be believed", "repair", files=bad)


def _leftovers(folder: Path, counts: dict[str, int]) -> Iterator[Finding]:
    """Files of runs that were cut short, and snapshots that were replaced."""
    current = snapshots.current(folder)
    old = [file for file in folder.glob("gen-*") if file.name != current]
    temporary = [file for file in folder.glob("*.tmp") if file not in old]
    found = tuple(sorted({*old, *temporary, *folder.glob(f"{DERIVED}/*/*.tmp")}))
    counts["files"] = sum(1 for file in folder.rglob("*") if file.is_file())
    if found:
        yield Finding(
            "leftovers", f"{', '.join(file.name for file in found)}: of runs cut short", "repair", files=found
        )


def _traces(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """Of documents that were deleted: nothing in free pages, in the log, or between the rows that are in use."""
    if store.has_traces:
        yield Finding("traces", "what was deleted has not been erased from the store's file yet", "repair")
    if not store.empty_log():
        text = "another process reads what the log of changes holds, so that it could not be emptied"
        yield Finding("traces", text, "repair")
        return
    if store.key:
        return  # what is freed in an encrypted file is noise
    counts["free pages"], dirty = freed_pages(store.folder / FILE)
    if dirty:
        yield Finding("traces", f"{many(dirty, 'free page')} still hold something", "repair")


def _files(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """Whether the documents are still what was read. The next ingest sees the same, and more."""
    folders = remembered(store)
    documents = store.documents()
    counts["documents' files"] = len(documents)
    for document in documents:
        try:
            same = sha256(file_of(folders, document.path)) == document.sha256
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            yield Finding("files", f"{document.path}: {reason}", "none")
            continue
        if not same and document.sha256:
            yield Finding("files", f"{document.path}: has changed since it was read; docent ingest reads it", "none")


def _sorted(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

"""Scans, plans, applies and publishes: brings an index in step with its folders.

When it is interrupted, it loses the documents at hand: a large one, or some seconds' worth of small ones.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.config import IngestConfig
from ingest.datatypes import Document, Encoder
from ingest.encryption.vault import Key
from ingest.errors import LibraryError
from ingest.files import forget_orphans, storable
from ingest.store import snapshots
from ingest.store.database import check_form
from ingest.store.file import FILE
from ingest.store.lock import writing
from ingest.store.store import Store
from ingest.sync.apply import Run
from ingest.sync.control import Cancelled, Control
from ingest.sync.curate import curate
from ingest.sync.folders import Folder, check_there, merge_folders, remember, remembered, scan_all
from ingest.sync.plan import Pending, Plan, ScanResult, dry_plan, make_plan
from ingest.sync.progress import OnProgress
from ingest.sync.recognise import forget_stale
from ingest.sync.scan import Found, valid_editions
from ingest.sync.status import ProgressFile


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, why, and what to do about it."""

    file: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class Report:
    """The contract of `docent ingest --json`. Pages, chunks and failures are those of the whole index; in a dry run,
    without documents that would be read again or removed."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[Failure] = field(default_factory=list)
    pages: int = 0
    chunks: int = 0
    seconds: float = 0.0
    pages_per_second: float = 0.0
    why: str = ""
    stopped: bool = False  # it was cancelled; what was finished is kept
    left: int = 0  # files that it then did not come to
    away: list[str] = field(default_factory=list)  # folders that are not there; their documents stay

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sync(
    folder: Path | Sequence[Path],
    index_dir: Path,
    encoder: Encoder,
    config: IngestConfig | None = None,
    on_progress: OnProgress | None = None,
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    control: Control | None = None,
    without: Collection[Path] = (),
    pending: Pending | None = None,
    passwords: Mapping[str, str] | None = None,
    key: Key | None = None,
) -> Report:
    """Brings the index in step with its folders and publishes a snapshot; on long runs also earlier ones.

    `folder` may be several. Folders of earlier runs are remembered until they are in `without`. Documents of a missing
    folder stay unless it is named in `folder`, and so do those of what is `pending`. `passwords` are those of files, by
    their path in the index; they are not stored, but the text they open is. `key` opens an encrypted library.

    Files that cannot be read are recorded with their reason. A run that `control` cancels publishes what it finished.
    Raises InvalidInput (no such folder), IndexLocked, IndexBusy, IndexDamaged, StorageError.
    """
    config, control = config or IngestConfig(), control or Control()
    start = time.monotonic()
    given = [folder] if isinstance(folder, Path) else list(folder)
    fingerprint = config.fingerprint(encoder.name)
    if dry_run:
        seen = _look(index_dir, given, without, pending, key)
        plan = dry_plan(index_dir, seen, fingerprint, rebuild, key)
        return _report(plan, plan.kept, start, away=seen.away)
    check_there(given)
    with writing(index_dir):
        check_form(index_dir, key)
        seen = _look(index_dir, given, without, pending, key, migrate=True)
        if rebuild:
            _throw_away(index_dir, seen.files, key)
        with closing(Store(index_dir, create=True, key=key)) as store:
            plan = make_plan(store, seen, fingerprint, passwords or {})
            if store.meta("fingerprint") != fingerprint:
                store.expire(fingerprint)
            remember(store, seen.folders)
            note = ProgressFile(index_dir, on_progress)
            run = Run(store, encoder, config, plan, control, note, passwords or {})
            try:
                run.apply()
                _finish(store, run, seen)
            except Cancelled:
                if not snapshots.is_current(store) and snapshots.is_of_one_encoder(store):
                    snapshots.publish(store)
            finally:
                note.end()
            return _report(plan, store.documents(), start, run, seen.away)


def _look(
    index_dir: Path,
    given: Sequence[Path],
    without: Collection[Path],
    pending: Pending | None,
    key: Key | None,
    migrate: bool = False,
) -> ScanResult:
    """Scans the folders: those given and those that the index remembers."""
    known: list[Folder] = []
    if (index_dir / FILE).is_file():
        with (
            suppress(LibraryError),
            closing(Store(index_dir, create=migrate, key=key)) as store,
        ):  # or it is to be built again
            known = remembered(store)
    folders = merge_folders(known, given, without)
    pending = pending or Pending()
    files, away = scan_all(folders, given, pending.folders)
    return ScanResult(files, tuple(folders), tuple(away), pending.files)


def _finish(store: Store, run: Run, seen: ScanResult) -> None:
    """Does what follows once all files are read. Recognising pictures comes last, as it takes the longest."""
    _publish(store, run, seen.folders)
    if run.recognise({found.path: found.file for found in seen.files}):
        _publish(store, run, seen.folders)


def _publish(store: Store, run: Run, folders: Sequence[Folder]) -> None:
    """Curates, removes traces of deleted documents, and publishes a snapshot."""
    forget_stale(store)
    if run.todo:
        run.report_progress("curating", "")
    curate(store, [folder.named(path) for folder in folders for path in valid_editions(folder.place)], run.should_end)
    if not snapshots.is_current(store) or store.has_traces:
        run.report_progress("publishing", "")
        forget_orphans(store.folder, {document.id for document in store.documents()})
        store.erase_traces()
        snapshots.publish(store)


def _throw_away(index_dir: Path, files: Sequence[Found], key: Key | None) -> None:
    """Deletes the old store. Processes that have it open may go on with it, but not with what was deleted."""
    there = {found.path for found in files}
    with suppress(LibraryError), closing(Store(index_dir, key=key)) as old:
        old.remove([document.path for document in old.documents() if document.path not in there])
    (index_dir / FILE).unlink(missing_ok=True)  # first: without it, SQLite takes the log beside it for garbage
    for beside in index_dir.glob(f"{FILE}-*"):
        beside.unlink()


def _report(
    plan: Plan, documents: Sequence[Document], start: float, run: Run | None = None, away: Sequence[Folder] = ()
) -> Report:
    seconds = time.monotonic() - start
    failed = {document.path: document for document in documents if document.error}
    gone = run.gone if run else []
    left = {found.path for found in run.todo if found.path not in run.kept} if run else set()
    missing = {*failed, *gone, *left}
    pages_read = run.pace.pages_read if run else 0
    return Report(
        added=[found.path for found in plan.added if found.path not in missing],
        changed=[found.path for found in plan.changed if found.path not in missing],
        removed=[*(document.path for document in plan.removed), *sorted(gone)],
        unchanged=sum(1 for document in plan.kept if not document.error),
        failed=[Failure(d.path, d.error, d.hint) for d in failed.values()],
        pages=sum(document.n_pages for document in documents),
        chunks=sum(document.n_chunks for document in documents),
        seconds=round(seconds, 3),
        pages_per_second=round(pages_read / seconds, 1) if seconds else 0.0,
        why=plan.why,
        stopped=run is not None and run.control.cancelled,
        left=len(left),
        away=[storable(str(folder.place)) for folder in away],
    )

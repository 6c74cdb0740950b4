"""Checks an index and repairs what can be repaired without reading a document."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path

from ingest.encryption.vault import Key
from ingest.errors import IndexDamaged, IndexMissing
from ingest.store import snapshots
from ingest.store.file import FILE
from ingest.store.lock import writing
from ingest.store.store import Store
from ingest.upkeep.check import Whole, examine
from ingest.upkeep.finding import Checkup, Finding


def check(
    index_dir: Path, is_whole: Whole, *, repair: bool = False, deep: bool = False, key: Key | None = None
) -> Checkup:
    """Checks everything about the index and returns what was found, with `repair` what is left after repairing.
    `is_whole` judges the answer model's states.

    A damaged store is left alone: building the index again costs time and loses nothing. Raises IndexMissing,
    IndexLocked, IndexBusy, StorageError.
    """
    if not (index_dir / FILE).is_file():
        raise IndexMissing(f"Nothing has been ingested into {index_dir} yet.", "Run: docent ingest FOLDER")
    with writing(index_dir):
        try:
            store = Store(index_dir, key=key)
        except IndexDamaged as error:
            return Checkup({}, (Finding("database", str(error).rstrip("."), "rebuild"),))
        with closing(store):
            before = examine(store, is_whole, deep)
            remedies = {finding.remedy for finding in before.findings}
            if not repair or "rebuild" in remedies or not remedies & {"repair", "reread"}:
                return before
            _mend(store, before.findings)
            after = examine(store, is_whole, deep)
            mended = tuple(finding for finding in before.findings if finding not in after.findings)
            return Checkup(after.counts, after.findings, mended)


def _mend(store: Store, findings: Sequence[Finding]) -> None:
    mendable = [finding for finding in findings if finding.remedy in ("repair", "reread")]
    checks = {finding.check for finding in mendable}
    if "database" in checks:
        _drop_orphans(store)
    _mark(
        store,
        {doc_id for finding in mendable for doc_id in finding.doc_ids},
        {chunk_id for finding in mendable for chunk_id in finding.chunk_ids},
    )
    if checks & {"database", "text index"}:
        with store.transaction() as db:
            db.execute("INSERT INTO chunks_fts(chunks_fts) VALUES ('rebuild')")
    for file in (file for finding in mendable for file in finding.files):
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)
    store.erase_traces(anyway="traces" in checks)
    if "snapshot" in checks or not snapshots.is_current(store):
        snapshots.publish(store)


def _drop_orphans(store: Store) -> None:
    """Deletes rows whose document or chunk is gone, from every table that refers to one."""
    tables = [name for (name,) in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    while store.rows("PRAGMA foreign_key_check"):
        with store.transaction() as db:
            for table in tables:
                for _, _, parent, column, key, *_ in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
                    db.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {parent})")


def _mark(store: Store, doc_ids: Collection[int], chunk_ids: Collection[int]) -> None:
    """Marks documents to be read again by the next ingest, without the stored vectors of these chunks."""
    if not doc_ids and not chunk_ids:
        return
    with store.transaction() as db:
        db.executemany("DELETE FROM vectors WHERE chunk_id = ?", [(chunk_id,) for chunk_id in chunk_ids])
        db.executemany("UPDATE documents SET sha256 = '' WHERE id = ?", [(doc_id,) for doc_id in doc_ids])

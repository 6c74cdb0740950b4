"""Is the library whole? Every invariant of an index, proved by reading all of it. Nothing is changed here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Document, Page, Vectors
from ingest.errors import IndexDamaged, IndexMissing
from ingest.files import DERIVED, sha256
from ingest.store import snapshots
from ingest.store.store import FILE, Store
from ingest.store.vectors import OpenVectors
from ingest.sync.folders import file_of, remembered
from ingest.upkeep.freed import freed_pages

Remedy = Literal["repair", "reread", "ingest", "rebuild", "none"]
Load = Callable[[], snapshots.Snapshot]
Whole = Callable[[Path], bool]  # whether a file that the answer model made of a document is what it was

_UNIT = 1e-3  # how far from 1 the length of a vector may be
_BATCH = 8192
_LISTED = 20  # complaints of SQLite


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and what mends it.

    'repair': `docent verify --repair`, from what the index itself holds. 'reread': a repair marks `doc_ids`, and the
    next ingest reads them again; 'ingest': so it was, and that ingest is still to come. 'rebuild': `docent ingest
    --rebuild`. 'none': nothing has to; it is told.
    `chunk_ids` are those whose vectors cannot be believed, `files` what is to be deleted.
    """

    check: str
    message: str
    remedy: Remedy
    doc_ids: tuple[int, ...] = ()
    chunk_ids: tuple[int, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was checked, how many of each, what was found and, after a repair, what was found before and is not now."""

    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    repaired: tuple[Finding, ...] = ()

    @property
    def is_whole(self) -> bool:
        return all(finding.remedy == "none" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The contract of `docent verify --json`."""
        told = {
            name: [{key: asdict(one)[key] for key in ("check", "message", "remedy")} for one in found]
            for name, found in (("findings", self.findings), ("repaired", self.repaired))
        }
        return {"whole": self.is_whole, "checked": dict(self.counts), **told}


def examine(store: Store, is_whole: Whole, deep: bool = False) -> Checkup:
    """All checks. `deep` also reads the documents' files. Whoever calls holds the lock of `writing`."""
    counts: dict[str, int] = {}
    findings: list[Finding] = []
    load = cache(lambda: snapshots.load(store))
    steps: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("database", lambda: _database(store, counts)),
        ("text index", lambda: _text_index(store, counts)),
        ("documents", lambda: _documents(store, counts)),
        ("vectors", lambda: _vectors(store, counts, load)),
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


# -- the store


def _database(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """Its pages and rows as SQLite sees them, and rows of documents that are gone."""
    ((counts["database pages"],),) = store.rows("PRAGMA page_count")
    for (text,) in store.rows(f"PRAGMA integrity_check({_LISTED})"):
        if text != "ok":
            yield Finding("database", text, "rebuild")
    orphans: dict[str, int] = {}
    for table, *_ in store.rows("PRAGMA foreign_key_check"):
        orphans[table] = orphans.get(table, 0) + 1
    for table, count in orphans.items():
        yield Finding("database", f"{_many(count, 'row')} in {table} belong to nothing", "repair")


def _text_index(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """FTS5 compares each of its entries with the chunks' words."""
    ((counts["rows of the text index"],),) = store.rows("SELECT count(*) FROM chunks_fts_docsize")
    ((missing, extra),) = store.rows(
        "SELECT (SELECT count(*) FROM chunks WHERE id NOT IN (SELECT id FROM chunks_fts_docsize)), "
        "(SELECT count(*) FROM chunks_fts_docsize WHERE id NOT IN (SELECT id FROM chunks))"
    )
    if missing or extra:
        text = f"{_many(missing, 'passage')} are missing in it, {_many(extra, 'row')} of it belong to none"
        yield Finding("text index", text, "repair")
        return
    try:
        store.rows("INSERT INTO chunks_fts(chunks_fts, rank) VALUES ('integrity-check', 1)")
    except IndexDamaged:
        yield Finding("text index", "it does not hold the words of the passages", "repair")


def _documents(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    documents = store.documents()
    counts |= {"documents": len(documents), "pages": 0, "passages": 0, "tables": 0}
    for document in documents:
        try:
            wrong = list(_of_document(store, document, counts))
        except (IndexDamaged, ValueError, TypeError, IndexError) as error:  # packed text, numbers or JSON
            wrong = [f"what is stored of it cannot be read ({error})"]
        if wrong and document.sha256:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            yield Finding("documents", f"{document.path}: {wrong[0]}{more}", "reread", (document.id,))
        elif wrong:
            yield Finding("documents", f"{document.path}: waits to be read again, by docent ingest", "ingest")


def _of_document(store: Store, document: Document, counts: dict[str, int]) -> Iterator[str]:
    """Pages follow each other; each chunk's text is its span's, on its page; tables and headings lie in the text."""
    pages = store.pages(document.id)
    counts["pages"] += len(pages)
    if len(pages) != document.n_pages:
        yield f"{_many(document.n_pages, 'page')} are counted, {len(pages)} stored"
    at = 0
    for number, page in enumerate(pages, 1):
        if (page.number, page.start) != (number, at):
            yield f"page {page.number} does not follow the one before it"
            return
        if page.raw_index is not None and len(page.raw_index) != len(page.text):
            yield f"page {page.number} has {len(page.raw_index)} places for {_many(len(page.text), 'character')}"
        at = page.start + len(page.text) + 1
    text = "\f".join(page.text for page in pages)
    chunks = store.rows("SELECT start, end, page, title, text FROM chunks WHERE doc_id = ?", (document.id,))
    counts["passages"] += len(chunks)
    if len(chunks) != document.n_chunks:
        yield f"{_many(document.n_chunks, 'passage')} are counted, {len(chunks)} stored"
    for start, end, page, title, words in chunks:
        if not 0 <= start < end or text[start:end] != words:
            yield f"a passage on page {page} is not the text of its place"
        elif not _on(pages, page, start, end):
            yield f"a passage does not lie on page {page}"
        elif title != document.title:
            yield "a passage has another title than its document"
    tables = store.tables(document.id)
    counts["tables"] += len(tables)
    for table in tables:
        if not 0 <= table.start <= table.end <= len(text) or not _on(pages, table.page, table.start, table.start):
            yield f"a table on page {table.page} does not lie in the text"
        elif any(len(row) != len(table.columns) for row in table.rows):
            yield f"a table on page {table.page} has rows of another width"
    if store.rows("SELECT 1 FROM headings WHERE doc_id = ? AND NOT start BETWEEN 0 AND ?", (document.id, len(text))):
        yield "a heading lies outside the text"


def _on(pages: Sequence[Page], number: int, start: int, end: int) -> bool:
    if not 0 < number <= len(pages):
        return False
    page = pages[number - 1]
    return page.start <= start and end <= page.start + len(page.text)


def _vectors(store: Store, counts: dict[str, int], load: Load) -> Iterator[Finding]:
    """One for each chunk: finite, of length 1, as long as the others and as the snapshot's."""
    missing = dict(
        store.rows(
            "SELECT DISTINCT d.id, d.sha256 = '' FROM chunks c JOIN documents d ON d.id = c.doc_id "
            "WHERE c.id NOT IN (SELECT chunk_id FROM vectors)"
        )
    )
    if stale := sum(missing.values()):
        yield Finding("vectors", f"{_many(stale, 'document')} wait to be read again, by docent ingest", "ingest")
    if bare := tuple(doc_id for doc_id, is_stale in missing.items() if not is_stale):
        yield Finding("vectors", f"{_many(len(bare), 'document')} have passages without a vector", "reread", bare)
    lengths = store.rows("SELECT length(vector), count(*) FROM vectors GROUP BY 1 ORDER BY 2 DESC")
    counts["vectors"] = sum(count for _, count in lengths)
    usual = lengths[0][0] if lengths else 0
    bad = [row[0] for row in store.rows("SELECT chunk_id FROM vectors WHERE length(vector) <> ?", (usual,))]
    opened = _opened(load)
    last = -1
    sql = "SELECT chunk_id, vector FROM vectors WHERE length(vector) = ? AND chunk_id > ? ORDER BY chunk_id LIMIT ?"
    while usual and usual % 4 == 0 and (rows := store.rows(sql, (usual, last, _BATCH))):
        last = rows[-1][0]
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32).reshape(len(rows), -1)
        bad += ids[~_sound(vectors)].tolist()
        if opened is not None:
            told, known = opened.stored(ids)
            if told.shape[1] == vectors.shape[1]:
                bad += ids[known][(told != vectors[known]).any(axis=1)].tolist()
    if bad:
        text = f"{_many(len(set(bad)), 'vector')} are damaged"
        owners = store.rows("SELECT DISTINCT doc_id FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
                            (json.dumps(bad),))  # fmt: skip
        yield Finding("vectors", text, "reread", tuple(row[0] for row in owners), tuple(sorted(set(bad))))


def _sound(vectors: Vectors) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        return np.asarray(np.isfinite(vectors).all(axis=1) & (np.abs(lengths - 1) < _UNIT))


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
        yield Finding("states", f"states of {_many(len(orphans), 'document')} that are gone", "repair", files=orphans)
    if bad := tuple(file for file in files if not is_whole(file)):
        yield Finding("states", f"{_many(len(bad), 'state')} cannot be believed", "repair", files=bad)


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
        yield Finding("traces", f"{_many(dirty, 'free page')} still hold something", "repair")


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


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"

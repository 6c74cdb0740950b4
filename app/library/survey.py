"""Compares a folder with its index and with what was asked, and reports the state of each file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import numpy as np

from app.library.asked import Asked, Questions
from app.library.report import STATES, FileReport, Gap, Library, Page, State, in_words
from ingest.datatypes import Document
from ingest.encryption.vault import Key
from ingest.errors import InvalidInput, StorageError
from ingest.store import curated
from ingest.store.curated import Verdict
from ingest.store.store import Store
from ingest.sync.folders import Folder, merge_folders, remembered
from ingest.sync.scan import Found, passed_over, scan
from ingest.text.oneline import many

_INGEST = "Run: docent ingest"
_STRIP = 48  # pieces of a document's strip of passages


def survey(index_dir: Path, folder: Path | None = None, key: Key | None = None) -> Library:
    """Returns the report on a library. Needs no model and reads no document anew. `key` opens an encrypted library.

    Raises IndexMissing before the first ingest, LibraryError, StorageError.
    """
    asked, found = _asked(index_dir, key)
    with closing(Store(index_dir, key=key)) as store:
        folders = merge_folders(remembered(store), [folder] if folder else [])
        documents = {document.path: document for document in store.documents()}
        facts = _Facts(store, found, {document.id: document.path for document in documents.values()})
    on_disk, others, missing = _look(folders)
    files = [facts.file(document, on_disk.get(path), bool(missing)) for path, document in documents.items()]
    files += [
        FileReport(path, "waiting", Path(path).stem, STATES["waiting"], _INGEST, one.size)
        for path, one in on_disk.items()
        if path not in documents
    ]
    order = {state: number for number, state in enumerate(STATES)}
    files.sort(key=lambda file: (order[file.state], file.path))
    files += others
    empty = tuple(one for one in asked if not one.n_found or one.outcome == "refused")
    places = ", ".join(str(one.place) for one in folders)
    return Library(places, str(index_dir), tuple(files), len(asked), empty, missing)


def _look(folders: Sequence[Folder]) -> tuple[dict[str, Found], list[FileReport], str]:
    """Returns the files that are read, reports on the others, and why a folder could not be read ('' if all could)."""
    files: dict[str, Found] = {}
    others: list[FileReport] = []
    missing = ""
    for folder in folders:
        try:
            found = scan(folder.place)
        except (InvalidInput, StorageError) as error:
            missing = missing or str(error)
            continue
        files |= {folder.named(one.path): one for one in found}
        for other in passed_over(folder.place, found):
            path = folder.named(other.path)
            others.append(FileReport(path, "not a document", path, other.why, other.to_do))
    return files, others, missing


def _asked(index_dir: Path, key: Key | None) -> tuple[list[Asked], dict[int, int]]:
    """Returns the questions asked and how often each passage was found; both empty where they cannot be read."""
    questions = Questions(index_dir, key)
    try:
        return questions.asked(), questions.found()
    except StorageError:
        return [], {}


def states_of(store: Store, documents: Sequence[Document]) -> dict[int, State]:
    """Returns the state of each document by its id, from the index alone, without looking at its file."""
    states: dict[int, State] = {document.id: "read" for document in documents}
    told: tuple[tuple[State, str], ...] = (  # the later, the more it matters
        ("recognised", "SELECT DISTINCT doc_id FROM pages WHERE confidence < 1 AND NOT unread"),
        ("superseded", "SELECT doc_id FROM superseded"),
        ("duplicate", "SELECT doc_id FROM duplicates"),
        ("partly read", "SELECT doc_id FROM (SELECT doc_id, number FROM pages EXCEPT SELECT doc_id, page FROM chunks)"),
    )
    for state, sql in told:
        states |= {doc_id: state for (doc_id,) in store.rows(sql) if doc_id in states}
    return states | {one.id: "not read" for one in documents if one.error or not one.n_chunks}


class _Facts:
    """What the store knows of all its documents, collected in a few passes over its tables."""

    def __init__(self, store: Store, found: Mapping[int, int], paths: Mapping[int, str]) -> None:
        self.paths = paths
        self.notes, self.flags = store.notes(), store.flags()
        self.read_by: dict[int, dict[str, int]] = {}
        self.recognised: dict[int, tuple[int, float]] = {}
        self.scanned: dict[int, set[int]] = {}
        for doc_id, number in store.rows("SELECT doc_id, number FROM pages WHERE confidence < 1 AND NOT unread"):
            self.scanned.setdefault(doc_id, set()).add(number)
        sql = "SELECT doc_id, reader, count(*), sum(confidence < 1), total((confidence < 1) * confidence) FROM pages "
        for doc_id, reader, n, recognised, confidence in store.rows(f"{sql} WHERE NOT unread GROUP BY doc_id, reader"):
            self.read_by.setdefault(doc_id, {})[reader] = n
            pages, total = self.recognised.get(doc_id, (0, 0.0))
            self.recognised[doc_id] = pages + recognised, total + confidence
        self.gaps: dict[int, list[Gap]] = {}
        self._gaps_of_pages(store)
        self.tables = dict(store.rows("SELECT doc_id, count(*) FROM tables GROUP BY doc_id"))
        self._gaps_of_tables(store)
        self.languages = curated.languages(store)
        self.verdicts: dict[int, tuple[State, Verdict]] = {}
        for doc_id, verdict in curated.superseded(store).items():
            self.verdicts[doc_id] = "superseded", verdict
        for doc_id, verdict in curated.duplicates(store).items():
            self.verdicts[doc_id] = "duplicate", verdict
        self.found: Counter[int] = Counter()
        self.warmth: dict[int, tuple[int, ...]] = {}
        if found:
            rows = store.rows("SELECT doc_id, id FROM chunks ORDER BY doc_id, start")
            for doc_id, own in groupby(rows, key=lambda row: row[0]):
                times = [found.get(row[1], 0) for row in own]
                self.found[doc_id] = sum(map(bool, times))
                self.warmth[doc_id] = tuple(int(part.max()) for part in np.array_split(times, min(len(times), _STRIP)))

    def _gaps_of_pages(self, store: Store) -> None:
        rows = store.rows(
            "SELECT doc_id, number, place, unread FROM (SELECT doc_id, number FROM pages EXCEPT "
            "SELECT doc_id, page FROM chunks) JOIN pages USING (doc_id, number) ORDER BY doc_id, number"
        )
        for doc_id, number, place, unread in rows:
            why, to_do = _UNREAD if unread else _NO_TEXT
            self.gaps.setdefault(doc_id, []).append(Gap("page", number, place or f"page {number}", why, to_do))

    def _gaps_of_tables(self, store: Store) -> None:
        """Finds tables of which no passage holds a row."""
        rows = store.rows(
            "SELECT doc_id, page, caption FROM tables t WHERE coalesce((SELECT c.end FROM chunks c "
            "WHERE c.doc_id = t.doc_id AND c.start < t.end ORDER BY c.start DESC LIMIT 1), 0) <= t.start"
        )
        for doc_id, page, caption in rows:
            named = f"table on page {page}" + (f" ({caption})" if caption else "")
            self.gaps.setdefault(doc_id, []).append(Gap("table", page, named, *_NO_TEXT))

    def _runs(self, document: Document, gaps: Sequence[Gap]) -> tuple[tuple[Page, int], ...]:
        scanned = self.scanned.get(document.id, set())
        other: dict[int, Page] = {gap.page: _kind(gap) for gap in gaps if gap.kind == "page"}
        kinds = [
            other.get(n) or ("recognised" if n in scanned else "searchable") for n in range(1, document.n_pages + 1)
        ]
        return tuple((kind, len(list(run))) for kind, run in groupby(kinds))

    def file(self, document: Document, on_disk: Found | None, unseen: bool) -> FileReport:
        """Returns the report on a document. `unseen`: a folder could not be read, so nothing is said about the file
        itself."""
        gaps = tuple(self.gaps.get(document.id, ()))
        recognised, total = self.recognised.get(document.id, (0, 0.0))
        state, why, to_do = _state(document, gaps, recognised, on_disk, unseen)
        other = ""
        if verdict := self.verdicts.get(document.id):
            other = self.paths.get(verdict[1].other, "")
            if state in ("read", "recognised"):
                state, why, to_do = verdict[0], verdict[1].why, _TO_DO[verdict[0]]
        tables = self.tables.get(document.id, 0)
        return FileReport(
            document.path, state, document.title, why, to_do, document.size, document.n_pages,
            document.n_pages - sum(gap.kind == "page" for gap in gaps), self.read_by.get(document.id, {}),
            recognised, round(total / recognised, 3) if recognised else 1.0,
            tables, tables - sum(gap.kind == "table" for gap in gaps),
            document.n_chunks, self.found[document.id],
            self.languages.get(document.id, ""), other, self._runs(document, gaps),
            self.warmth.get(document.id, (0,) * bool(document.n_chunks)), gaps,
            tuple(self.notes.get(document.id, ())), tuple(self.flags.get(document.id, ())),
        )  # fmt: skip


def _kind(gap: Gap) -> Page:
    return "waiting" if gap.why == _UNREAD[0] else "empty"


_TO_DO: Mapping[State, str] = {
    "duplicate": "Delete one of the two, unless both are needed: they answer once, and both are named.",
    "superseded": "It answers only where asked for. If it still holds, name it in domain.toml: [versions] valid = […]",
}
_UNREAD = ("a picture of text, still to be recognised", "Leave Docent running, or run: docent ingest")
_NO_TEXT = ("no text", "If there is something to read on it, scan or export it again with its text.")


def _state(
    document: Document, gaps: Sequence[Gap], recognised: int, on_disk: Found | None, unseen: bool
) -> tuple[State, str, str]:
    if not unseen and on_disk is None:
        return "gone", STATES["gone"], _INGEST
    if document.error:
        return "not read", document.error, document.hint
    if on_disk and (on_disk.size, on_disk.mtime_ns) != (document.size, document.mtime_ns):
        return "changed", STATES["changed"], _INGEST
    if gaps:
        state: State = "partly read" if document.n_chunks else "not read"
        return state, "; ".join(f"{pages}: {why}" for pages, why in in_words(gaps)), gaps[0].to_do
    if recognised:
        return "recognised", f"text of {many(recognised, 'page')} recognised in pictures", ""
    return "read", "", ""

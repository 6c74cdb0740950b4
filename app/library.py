"""What an index holds of its folder: every file, page and table is searchable, or named here with the reason.

The terminal, the pages and `docent report --json` show the same `Library`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.asked import Asked, Questions
from ingest import curated
from ingest.curated import Verdict
from ingest.datatypes import Document, Flag
from ingest.errors import InvalidInput, StorageError
from ingest.folders import Folder, remembered, settled
from ingest.scan import Found, passed_over, scan
from ingest.store import Store
from ingest.vault import Key

State = Literal[
    "read", "recognised", "superseded", "duplicate", "partly read", "changed", "waiting", "gone", "not read",
    "not a document",
]  # fmt: skip
STATES: Mapping[State, str] = {  # what needs attention first
    "not read": "could not be read",
    "partly read": "read, but for some pages or tables",
    "waiting": "in the folder, not in the index yet",
    "changed": "changed since it was read",
    "gone": "no longer in the folder",
    "duplicate": "says the same as another file",
    "superseded": "an older version of another file",
    "recognised": "read, in part from pictures of text",
    "read": "read whole",
    "not a document": "nothing that Docent reads",
}
_INGEST = "Run: docent ingest"


@dataclass(frozen=True, slots=True)
class Gap:
    """A page or a table of a file that no question can find. `page` is 1-based."""

    kind: Literal["page", "table"]
    page: int
    named: str  # as a citation would: 'page 3', 'slide 3'
    why: str
    to_do: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of the folder. `read_by` counts its pages by reader; `confidence` is the mean of the pages that were
    recognised in pictures, 1 where there are none; `found` counts the passages that questions ever led to."""

    path: str
    state: State
    title: str = ""
    why: str = ""
    to_do: str = ""
    size: int = 0
    pages: int = 0
    searchable_pages: int = 0
    read_by: Mapping[str, int] = field(default_factory=dict)
    recognised: int = 0
    confidence: float = 1.0
    tables: int = 0
    searchable_tables: int = 0
    passages: int = 0
    found: int = 0
    language: str = ""  # 'en'; '' where it could not be told
    other: str = ""  # the file that says the same, or is newer
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """The contract of `docent report --json`. `missing_folder` says why the folder could not be looked at."""

    folder: str
    index: str
    files: tuple[FileReport, ...]
    questions: int = 0
    empty: tuple[Asked, ...] = ()  # questions that found nothing or were refused, newest first
    missing_folder: str = ""

    @property
    def documents(self) -> list[FileReport]:
        return [file for file in self.files if file.state != "not a document"]

    def count(self, name: str) -> int:
        """Of all files: pages, searchable_pages, tables, searchable_tables, passages, found or recognised."""
        return sum(getattr(file, name) for file in self.files)

    @property
    def states(self) -> dict[State, int]:
        """How many files are in each, those first that need attention."""
        counts = Counter(file.state for file in self.files)
        return {state: counts[state] for state in STATES if counts[state]}

    @property
    def read_by(self) -> dict[str, int]:
        """How many pages each reader read, most first."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts.update(file.read_by)
        return dict(counts.most_common())

    def as_json(self) -> dict[str, Any]:
        totals = ("pages", "searchable_pages", "recognised", "tables", "searchable_tables", "passages", "found")
        told = {"files": len(self.files), **{name: self.count(name) for name in totals}}
        summary = {**told, "states": self.states, "read_by": self.read_by, "questions": self.questions}
        return {"summary": summary, **asdict(self)}


def library(index_dir: Path, folder: Path | None = None, key: Key | None = None) -> Library:
    """Compares the folder, the index and what was asked. Reads no document anew and needs no model.

    Raises IndexMissing before the first ingest, LibraryError, StorageError.
    """
    asked, found = _asked(index_dir, key)
    with closing(Store(index_dir, key=key)) as store:
        folders = settled(remembered(store), [folder] if folder else [])
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
    """The files that are read, the others, and what kept a folder from being looked at."""
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


def _asked(index_dir: Path, key: Key | None) -> tuple[list[Asked], set[int]]:
    """None where it cannot be read: the rest of the report does not hang on it."""
    questions = Questions(index_dir, key)
    try:
        return questions.asked(), set(questions.found())
    except StorageError:
        return [], set()


class _Facts:
    """What the store knows of all its documents, gathered in a few passes over its tables."""

    def __init__(self, store: Store, found: set[int], paths: Mapping[int, str]) -> None:
        self.paths = paths
        self.notes, self.flags = store.notes(), store.flags()
        self.read_by: dict[int, dict[str, int]] = {}
        self.recognised: dict[int, tuple[int, float]] = {}
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
        if found:
            self.found.update(row[1] for row in store.rows("SELECT id, doc_id FROM chunks") if row[0] in found)

    def _gaps_of_pages(self, store: Store) -> None:
        rows = store.rows(
            "SELECT doc_id, number, place, unread FROM (SELECT doc_id, number FROM pages EXCEPT "
            "SELECT doc_id, page FROM chunks) JOIN pages USING (doc_id, number) ORDER BY doc_id, number"
        )
        for doc_id, number, place, unread in rows:
            why, to_do = _UNREAD if unread else _NO_TEXT
            self.gaps.setdefault(doc_id, []).append(Gap("page", number, place or f"page {number}", why, to_do))

    def _gaps_of_tables(self, store: Store) -> None:
        """Tables of which no passage holds a row."""
        rows = store.rows(
            "SELECT doc_id, page, caption FROM tables t WHERE coalesce((SELECT c.end FROM chunks c "
            "WHERE c.doc_id = t.doc_id AND c.start < t.end ORDER BY c.start DESC LIMIT 1), 0) <= t.start"
        )
        for doc_id, page, caption in rows:
            named = f"table on page {page}" + (f" ({caption})" if caption else "")
            self.gaps.setdefault(doc_id, []).append(Gap("table", page, named, *_NO_TEXT))

    def file(self, document: Document, on_disk: Found | None, unseen: bool) -> FileReport:
        """`unseen`: the folder could not be looked at, so nothing is said of what it holds."""
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
            self.languages.get(document.id, ""), other, gaps,
            tuple(self.notes.get(document.id, ())), tuple(self.flags.get(document.id, ())),
        )  # fmt: skip


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
        return "recognised", f"text of {recognised} page{'s' * (recognised != 1)} recognised in pictures", ""
    return "read", "", ""


def in_words(gaps: Sequence[Gap]) -> list[tuple[str, str]]:
    """Gaps of one reason together: ('pages 3, 5 to 9', 'no text')."""
    told = []
    for why in dict.fromkeys(gap.why for gap in gaps):
        own = [gap for gap in gaps if gap.why == why]
        numbers = [gap.page for gap in own if gap.kind == "page" and gap.named == f"page {gap.page}"]
        names = [f"page{'s' * (len(numbers) != 1)} {_ranges(numbers)}"] if numbers else []
        names += [gap.named for gap in own if gap.kind == "table" or gap.named != f"page {gap.page}"]
        told.append((", ".join([*names[:8], *([f"and {len(names) - 8} more"] if len(names) > 8 else [])]), why))
    return told


def _ranges(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    shown = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more places" if len(shown) > 12 else "")

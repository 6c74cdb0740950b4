"""Recognises the text of pages that are pictures, after all other work. Each page is stored at once, so that a run that
is killed continues behind it.

What was recognised is kept in its own table (`recognised`) and put into the documents now and then, and when a document
is done. It is used again when the same file is read anew, as after a change of settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ingest.children.worker import Recogniser
from ingest.config import IngestConfig
from ingest.datatypes import Document, Encoder, Heading, Page, ReadResult
from ingest.errors import ReadError
from ingest.files import forget_derived
from ingest.pdf.pdf import UNREAD, listed
from ingest.readers.ocr import Recognised, why_unavailable
from ingest.store.packing import packed, unpacked, unzipped, zipped
from ingest.store.store import Store
from ingest.text.chunk import chunk, content_key, embedding_text
from ingest.text.hostile import flagged
from ingest.text.quality import letters_of

_SEARCHABLE_AFTER = 60.0  # seconds of recognising one document, at the least, until what is there can be searched
_DOUBTFUL = 0.6  # confidence under which a page's own text, if it has any, is kept
_NOTHING = "without any text"
_FAILED = "could not be recognised"

OnRecognised = Callable[[str, int, int], None]  # file, pages recognised by this run, pages that it found to do


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document with pages that are still to be recognised."""

    document: Document
    numbers: tuple[int, ...]


def waiting(store: Store) -> list[Waiting]:
    """Returns the documents with pages to recognise, those with the fewest first."""
    pages: dict[int, list[int]] = {}
    for doc_id, number in store.rows("SELECT doc_id, number FROM pages WHERE unread ORDER BY doc_id, number"):
        pages.setdefault(doc_id, []).append(number)
    found = [Waiting(d, tuple(pages[d.id])) for d in store.documents() if d.id in pages] if pages else []
    return sorted(found, key=lambda one: (len(one.numbers), one.document.path))


def recognise(
    store: Store,
    files: Mapping[str, Path],
    encoder: Encoder,
    config: IngestConfig,
    on_progress: OnRecognised = lambda file, done, total: None,
    check: Callable[[], None] = lambda: None,
    passwords: Mapping[str, str] | None = None,
) -> int:
    """Recognises all pages that wait, and returns how many became text. `files` are the documents' files by their path.

    `check` is called several times a second. It may wait, or raise to end the run: what was recognised until then is in
    the documents. Without recognition models, or where a file has changed since, pages stay unread.
    """
    forget_stale(store)
    todo = [one for one in waiting(store) if one.document.path in files]
    if not todo or why_unavailable():
        return 0
    total, done = sum(len(one.numbers) for one in todo), 0
    with Recogniser(config.page_timeout) as recogniser:
        for one in todo:
            file, document = files[one.document.path], one.document
            if not is_as_read(file, document):
                continue
            password = (passwords or {}).get(document.path, "")
            kept, since = recognised(store, document), time.monotonic()
            try:
                for number in one.numbers:
                    check()
                    on_progress(document.path, done, total)
                    if number not in kept:
                        kept[number] = _page(recogniser, file, number, password, check)
                        _keep(store, document, number, kept[number])
                    done += 1
                    if time.monotonic() - since > max(_SEARCHABLE_AFTER, 10 * _merging(one)):
                        _put(store, encoder, config, document, kept)
                        since = time.monotonic()
            finally:  # also when it ends early
                _put(store, encoder, config, document, kept)
            on_progress(document.path, done, total)
    return done


def _merging(one: Waiting) -> float:
    """Estimates the seconds that putting recognised pages into a document takes, from how long its pages take to
    store."""
    return 0.01 * one.document.n_pages


def _page(
    recogniser: Recogniser, file: Path, number: int, password: str, check: Callable[[], None]
) -> Recognised | None:
    """Recognises a page; None when it cannot be recognised, and it is then not tried again."""
    try:
        return recogniser.page(file, number, password, check)
    except ReadError:
        return None


def is_as_read(file: Path, document: Document) -> bool:
    """Whether a document's file has the size and date that it had when it was read."""
    try:
        status = file.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (document.size, document.mtime_ns)


# -- what was recognised, in the store


def recognised(store: Store, document: Document, number: int | None = None) -> dict[int, Recognised | None]:
    """Returns what was recognised in a document, by page number; None for a page that could not be recognised."""
    rows = store.rows(
        "SELECT number, text, raw_index, confidence, boxes FROM recognised "
        "WHERE doc_id = ? AND sha256 = ? AND (? IS NULL OR number = ?)",
        (document.id, document.sha256, number, number),
    )
    return {number: _unpacked(*row) for number, *row in rows}


def _unpacked(text: bytes | None, raw_index: bytes, confidence: float, boxes: bytes) -> Recognised | None:
    if text is None:
        return None
    index = unpacked(raw_index)
    assert index is not None
    return Recognised(unzipped(text), index, confidence, np.frombuffer(boxes, "<f4").reshape(-1, 5))


def _keep(store: Store, document: Document, number: int, page: Recognised | None) -> None:
    row: tuple[object, ...] = (None, None, 0.0, b"")
    if page:
        row = zipped(page.text), packed(page.raw_index), page.confidence, page.boxes.astype("<f4").tobytes()
    with store.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO recognised VALUES (?,?,?,?,?,?,?)", (document.id, number, document.sha256, *row)
        )


def forget_stale(store: Store) -> None:
    """Deletes what was recognised in documents that are gone or have changed since."""
    stale = (
        "FROM recognised WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = recognised.doc_id "
        "AND d.sha256 IN (recognised.sha256, ''))"
    )
    if store.rows(f"SELECT 1 {stale} LIMIT 1"):
        with store.transaction() as db:
            db.execute(f"DELETE {stale}")


# -- into the document


def with_recognised(result: ReadResult, pages: Mapping[int, Recognised | None], name: str = "") -> ReadResult:
    """Returns the document as if these pages had always been text. Several calls give the same as one with all
    pages."""
    fresh: list[Page] = []
    start = 0
    for page in result.pages:
        if page.unread and page.number in pages:
            page = _as_text(page, pages[page.number])
        fresh.append(replace(page, start=start))
        start += len(page.text) + 1
    moved = _Moved(result.pages, fresh)
    failed = [n for n, page in sorted(pages.items()) if page is None]
    return flagged(
        replace(
            result,
            pages=tuple(fresh),
            headings=tuple(moved.headings(result.headings)),
            tables=tuple(
                replace(table, start=moved.at(table.start), end=moved.at(table.start) + table.end - table.start)
                for table in result.tables
            ),
            notes=tuple(_notes(result.notes, fresh, failed)),
        ),
        name,
    )


def _as_text(page: Page, found: Recognised | None) -> Page:
    page = replace(page, unread=False)
    better = found is not None and letters_of(found.text) >= 0.5 * letters_of(page.text)
    if found is None or not better or not found.text or (found.confidence < _DOUBTFUL and page.text.strip()):
        return page
    return replace(page, text=found.text, reader="ocr", raw_index=found.raw_index, confidence=found.confidence)


@dataclass(frozen=True, slots=True)
class _Moved:
    """Maps places in the old text to places in the new one, as pages grow."""

    old: Sequence[Page]
    new: Sequence[Page]
    starts: list[int] = field(default_factory=list)

    def at(self, place: int) -> int:
        if not self.starts:
            self.starts.extend(page.start for page in self.old)
        page = max(0, int(np.searchsorted(self.starts, place, side="right")) - 1)
        within = min(place - self.old[page].start, len(self.new[page].text))
        return self.new[page].start + within

    def headings(self, headings: Sequence[Heading]) -> Iterator[Heading]:
        return (replace(heading, start=self.at(heading.start)) for heading in headings)


def _notes(notes: Sequence[str], pages: Sequence[Page], failed: Sequence[int]) -> Iterator[str]:
    yield from (note for note in notes if not note.startswith((UNREAD, _NOTHING, _FAILED)))
    if unread := [page.number for page in pages if page.unread]:
        yield f"{UNREAD}: {listed('page', unread)}"
    lost = next((note for note in notes if note.startswith("could not be read")), "")
    bare = [page.number for page in pages if not page.unread and not page.text.strip() and page.number not in failed]
    if bare and not lost:
        yield f"{_NOTHING}: {listed('page', bare)}"
    if failed:
        yield f"{_FAILED}: {listed('page', list(failed))}"


def _put(
    store: Store, encoder: Encoder, config: IngestConfig, document: Document, pages: Mapping[int, Recognised | None]
) -> None:
    """Stores the document with these pages; does nothing where all of them are already in it."""
    before = _stored(store, document)
    if not any(page.unread and page.number in pages for page in before.pages):
        return
    result = with_recognised(before, pages, document.path)
    chunks = chunk(document.id, document.path, result, encoder, config)
    texts = [embedding_text(result.title, one, encoder) for one in chunks]
    contents = [content_key(text, encoder) for text in texts]
    vectors = store.known_vectors(contents)
    wanted = {content: text for content, text in zip(contents, texts, strict=True) if content not in vectors}
    if wanted:
        made = encoder.encode(list(wanted.values()))
        vectors |= {c: np.ascontiguousarray(v, np.float32).tobytes() for c, v in zip(wanted, made, strict=True)}
    forget_derived(store.folder, document.id)
    document = replace(document, n_pages=len(result.pages), n_chunks=len(chunks))
    store.put(document, result, chunks, [(content, vectors[content]) for content in contents])


def _stored(store: Store, document: Document) -> ReadResult:
    headings = store.rows(
        "SELECT start, level, text FROM headings WHERE doc_id = ? ORDER BY start, level", (document.id,)
    )
    return ReadResult(
        document.title,
        tuple(store.pages(document.id)),
        tuple(Heading(*row) for row in headings),
        tuple(store.notes().get(document.id, ())),
        tuple(store.tables(document.id)),
        tuple(store.flags().get(document.id, ())),
    )

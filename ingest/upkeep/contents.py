"""Is what the store holds whole? Its rows, its text index, its documents and their vectors, each read and proved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Document, Page, Vectors
from ingest.errors import IndexDamaged
from ingest.store.store import Store
from ingest.store.vectors import OpenVectors
from ingest.text.oneline import many
from ingest.upkeep.finding import Finding

_UNIT = 1e-3  # how far from 1 the length of a vector may be
_BATCH = 8192
_LISTED = 20  # complaints of SQLite


def database(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """Its pages and rows as SQLite sees them, and rows of documents that are gone."""
    ((counts["database pages"],),) = store.rows("PRAGMA page_count")
    for (text,) in store.rows(f"PRAGMA integrity_check({_LISTED})"):
        if text != "ok":
            yield Finding("database", text, "rebuild")
    orphans: dict[str, int] = {}
    for table, *_ in store.rows("PRAGMA foreign_key_check"):
        orphans[table] = orphans.get(table, 0) + 1
    for table, count in orphans.items():
        yield Finding("database", f"{many(count, 'row')} in {table} belong to nothing", "repair")


def text_index(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    """FTS5 compares each of its entries with the chunks' words."""
    ((counts["rows of the text index"],),) = store.rows("SELECT count(*) FROM chunks_fts_docsize")
    ((missing, extra),) = store.rows(
        "SELECT (SELECT count(*) FROM chunks WHERE id NOT IN (SELECT id FROM chunks_fts_docsize)), "
        "(SELECT count(*) FROM chunks_fts_docsize WHERE id NOT IN (SELECT id FROM chunks))"
    )
    if missing or extra:
        text = f"{many(missing, 'passage')} are missing in it, {many(extra, 'row')} of it belong to none"
        yield Finding("text index", text, "repair")
        return
    try:
        store.rows("INSERT INTO chunks_fts(chunks_fts, rank) VALUES ('integrity-check', 1)")
    except IndexDamaged:
        yield Finding("text index", "it does not hold the words of the passages", "repair")


def documents(store: Store, counts: dict[str, int]) -> Iterator[Finding]:
    stored = store.documents()
    counts |= {"documents": len(stored), "pages": 0, "passages": 0, "tables": 0}
    for document in stored:
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
        yield f"{many(document.n_pages, 'page')} are counted, {len(pages)} stored"
    at = 0
    for number, page in enumerate(pages, 1):
        if (page.number, page.start) != (number, at):
            yield f"page {page.number} does not follow the one before it"
            return
        if page.raw_index is not None and len(page.raw_index) != len(page.text):
            yield f"page {page.number} has {len(page.raw_index)} places for {many(len(page.text), 'character')}"
        at = page.start + len(page.text) + 1
    text = "\f".join(page.text for page in pages)
    chunks = store.rows("SELECT start, end, page, title, text FROM chunks WHERE doc_id = ?", (document.id,))
    counts["passages"] += len(chunks)
    if len(chunks) != document.n_chunks:
        yield f"{many(document.n_chunks, 'passage')} are counted, {len(chunks)} stored"
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


def vectors(store: Store, counts: dict[str, int], opened: OpenVectors | None) -> Iterator[Finding]:
    """One for each chunk: finite, of length 1, as long as the others and as the snapshot's."""
    missing = dict(
        store.rows(
            "SELECT DISTINCT d.id, d.sha256 = '' FROM chunks c JOIN documents d ON d.id = c.doc_id "
            "WHERE c.id NOT IN (SELECT chunk_id FROM vectors)"
        )
    )
    if stale := sum(missing.values()):
        yield Finding("vectors", f"{many(stale, 'document')} wait to be read again, by docent ingest", "ingest")
    if bare := tuple(doc_id for doc_id, is_stale in missing.items() if not is_stale):
        yield Finding("vectors", f"{many(len(bare), 'document')} have passages without a vector", "reread", bare)
    lengths = store.rows("SELECT length(vector), count(*) FROM vectors GROUP BY 1 ORDER BY 2 DESC")
    counts["vectors"] = sum(count for _, count in lengths)
    usual = lengths[0][0] if lengths else 0
    bad = [row[0] for row in store.rows("SELECT chunk_id FROM vectors WHERE length(vector) <> ?", (usual,))]
    last = -1
    sql = "SELECT chunk_id, vector FROM vectors WHERE length(vector) = ? AND chunk_id > ? ORDER BY chunk_id LIMIT ?"
    while usual and usual % 4 == 0 and (rows := store.rows(sql, (usual, last, _BATCH))):
        last = rows[-1][0]
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        batch = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32).reshape(len(rows), -1)
        bad += ids[~_sound(batch)].tolist()
        if opened is not None:
            told, known = opened.stored(ids)
            if told.shape[1] == batch.shape[1]:
                bad += ids[known][(told != batch[known]).any(axis=1)].tolist()
    if bad:
        text = f"{many(len(set(bad)), 'vector')} are damaged"
        owners = store.rows("SELECT DISTINCT doc_id FROM chunks WHERE id IN (SELECT value FROM json_each(?))",
                            (json.dumps(bad),))  # fmt: skip
        yield Finding("vectors", text, "reread", tuple(row[0] for row in owners), tuple(sorted(set(bad))))


def _sound(vectors: Vectors) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        return np.asarray(np.isfinite(vectors).all(axis=1) & (np.abs(lengths - 1) < _UNIT))

"""Carries out a plan: reads files, cuts them into chunks, embeds and stores them; all can be searched meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.config import IngestConfig
from ingest.datatypes import Chunk, Document, Encoder, ReadResult
from ingest.errors import ReadError
from ingest.files import forget_derived
from ingest.store.rows import Entry
from ingest.store.store import Store
from ingest.sync.control import Cancelled, Control
from ingest.sync.embedding import AT_FIRST, AT_ONCE, Embedding
from ingest.sync.plan import Plan, document_id, reading_order
from ingest.sync.progress import OnProgress, Pace, Progress
from ingest.sync.publishing import Publishing
from ingest.sync.reading import Read, Reading
from ingest.sync.recognise import recognise
from ingest.sync.scan import Found, is_gone
from ingest.text.chunk import chunk, content_key, embedding_text

_MANY_BYTES = 64 << 10  # of files to read, from which measuring the encoder first pays
_LOOK = 0.25  # seconds between two looks at whether the run is to go on


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that is read and cut into chunks. `texts` are the texts to embed, one for each distinct content, by
    its hash."""

    found: Found
    document: Document
    result: ReadResult | None = None
    chunks: Sequence[Chunk] = ()
    contents: Sequence[str] = ()  # of each chunk
    texts: Mapping[str, str] = field(default_factory=dict)


class Run:
    """Carries out a plan in three parts at once: child processes read the next files, this thread chunks and stores,
    another thread embeds. Small documents are embedded together, since a few texts alone leave cores idle."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        config: IngestConfig,
        plan: Plan,
        control: Control,
        on_progress: OnProgress,
        passwords: Mapping[str, str],
    ) -> None:
        self.passwords = passwords
        self.store, self.encoder, self.config, self.plan = store, encoder, config, plan
        self.control, self.on_progress = control, on_progress
        self.todo = reading_order(plan)
        self.pace = Pace(
            [(found.path, found.size) for found in self.todo], lambda: time.monotonic() - control.paused_seconds
        )
        self.reading = Reading(self.todo, config, control, self._tell_of_reading, passwords)
        self.embedding = Embedding(store, encoder, control)
        self.publishing = Publishing(store, self.reading.check)
        self.kept: set[str] = set()  # paths of the documents that are stored
        self.gone: list[str] = []  # deleted while this run went on
        self.pages_done = 0

    def apply(self) -> None:
        """Carries out the whole plan. Raises Cancelled once what was finished is stored."""
        self.store.forget_unfinished([document_id(found.path) for found in self.todo])
        sizes = {found.size for found in self.plan.added}
        moved = [document.path for document in self.plan.removed if document.size in sizes]
        self.store.remove([document.path for document in self.plan.removed if document.size not in sizes])
        self.store.touch([(document, found.size, found.mtime_ns) for document, found in self.plan.touched])
        try:
            if self.todo:
                self._apply_all()
        except Cancelled:
            self.store.remove(moved)
            raise
        self.store.remove(moved)  # last, so that the vectors of a file that was only renamed are found

    def _apply_all(self) -> None:
        with ThreadPoolExecutor(1) as thread, self.reading:
            waiting: list[tuple[list[_Prepared], Future[dict[str, bytes]]]] = []
            try:
                for group in self._groups():
                    waiting.append((group, thread.submit(self._embed, group)))
                    if len(waiting) > 1:
                        self._keep_all(*waiting[0])
                        del waiting[0]
                while waiting:
                    self._keep_all(*waiting[0])
                    del waiting[0]
            except Cancelled:
                self.embedding.stop()
                for group, vectors in waiting:
                    known = vectors.result()
                    self._keep([one for one in group if known.keys() >= set(one.contents)], known)
                raise
            finally:
                self.embedding.stop()

    def report_progress(
        self, stage: str, file: str, reading: float = 0.0, embedding: float = 0.0, pages: float = 0.0
    ) -> None:
        """Calls `on_progress`. `reading` and `embedding` are bytes and `pages` pages that are in work, in addition to
        what is done."""
        share = self.pace.share(reading, embedding)
        rate, eta = self.pace.measure(pages)
        self.on_progress(
            Progress(
                stage, file, len(self.kept), len(self.todo), self.pace.pages_read, rate, eta, share,
                self.pace.pages_total,
            )
        )  # fmt: skip

    def recognise(self, files: Mapping[str, Path]) -> int:
        """Recognises pages that are pictures; returns how many became text. Raises Cancelled."""
        if not self.config.recognise:
            return 0
        began = time.monotonic() - self.control.paused_seconds

        def tell(file: str, done: int, total: int) -> None:
            pace = done / max(1e-6, time.monotonic() - self.control.paused_seconds - began)
            eta = (total - done) / pace if done else None
            n = len(self.todo)
            self.on_progress(Progress("recognising", file, n, n, done, pace, eta, done / max(1, total), total))

        def check() -> None:
            if self.control.paused:
                self.report_progress("paused", "")
            self.control.check()

        return recognise(self.store, files, self.encoder, self.config, tell, check, self.passwords)

    def should_end(self) -> bool:
        """Whether the run was cancelled. Waits while it is paused."""
        self.control.wait()
        return self.control.cancelled

    # -- reading

    def _groups(self) -> Iterator[list[_Prepared]]:
        """Yields documents to embed together: enough to keep the cores busy, or a single large one. The first groups
        are smaller, so that something can be found soon."""
        group: list[_Prepared] = []
        size, enough = 0, AT_FIRST
        for found, read in zip(self.todo, self.reading.all(self._load), strict=True):
            group.append(self._prepared(read))
            self.pages_done += group[-1].document.n_pages
            self.pace.pages_read = max(self.pace.pages_read, self.pages_done)
            self.pace.read(found.path, found.size, group[-1].document.n_pages)
            size += len(group[-1].chunks) or 1
            if size >= enough:
                yield group
                group, size, enough = [], 0, min(AT_ONCE, 2 * enough)
        if group:
            yield group

    def _load(self) -> None:
        if self.pace.bytes_total > _MANY_BYTES:
            self.encoder.tune()

    def _tell_of_reading(self, stage: str, found: Found, done: int, total: int) -> None:
        self.pace.pages_read = max(self.pace.pages_read, self.pages_done + done)
        if done % 10 == 0 or done == total:
            self.report_progress(stage, found.path, reading=found.size * done / (total or 1))

    def _prepared(self, read: Read) -> _Prepared:
        found, outcome = read.found, read.outcome
        doc_id = document_id(found.path)
        document = Document(doc_id, found.path, Path(found.path).stem, read.digest, found.size, found.mtime_ns)
        if isinstance(outcome, ReadError):
            return _Prepared(found, replace(document, error=str(outcome), hint=outcome.hint))
        chunks = chunk(doc_id, found.path, outcome, self.encoder, self.config)
        texts = [embedding_text(outcome.title, c, self.encoder) for c in chunks]
        contents = [content_key(text, self.encoder) for text in texts]
        document = replace(document, title=outcome.title, n_pages=len(outcome.pages), n_chunks=len(chunks))
        return _Prepared(found, document, outcome, chunks, contents, dict(zip(contents, texts, strict=True)))

    # -- embedding, on its thread

    def _embed(self, group: Sequence[_Prepared]) -> dict[str, bytes]:
        self.pace.begin()
        texts = {content: text for one in group for content, text in one.texts.items()}
        owners = {content: one.document.id for one in group for content in one.texts}
        return self.embedding.vectors(texts, owners)

    # -- storing

    def _keep_all(self, group: Sequence[_Prepared], vectors: Future[dict[str, bytes]]) -> None:
        """Stores a group once it is embedded."""
        size, pages = sum(one.found.size for one in group), sum(one.document.n_pages for one in group)
        while not wait([vectors], timeout=_LOOK).done:
            share = self.embedding.share
            self.report_progress("embedding", group[0].found.path, 0, share * size, share * pages)
            self.reading.check()
        self.reading.check()
        self._keep(group, vectors.result())
        if self.publishing.is_due and len(self.kept) < len(self.todo):
            self.report_progress("publishing", "")
            self.publishing.publish()

    def _keep(self, group: Sequence[_Prepared], vectors: Mapping[str, bytes]) -> None:
        """Stores the documents in one transaction: 100,000 small ones must not wait for the disk as many times."""
        gone = [one.found.path for one in group if is_gone(one.found.file)]  # deleted meanwhile: as if never seen
        there = [one for one in group if one.found.path not in gone]
        for one in there:
            forget_derived(self.store.folder, one.document.id)
        self.store.put_all(
            Entry(one.document, one.result, one.chunks, [(content, vectors[content]) for content in one.contents])
            for one in there
        )
        self.store.remove(gone)
        self.gone += gone
        for one in group:
            self.kept.add(one.found.path)
            self.pace.kept(one.found.size, one.document.n_pages)
            self.report_progress("embedding", one.found.path)

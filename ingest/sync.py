"""Scan, plan, apply, publish: brings an index in step with its folder.

Interrupted at any point, it loses the documents at hand: a large one, or some seconds' worth of small ones.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import index as snapshots
from .chunk import chunk, embedding_text
from .config import IngestConfig
from .curate import curate
from .datatypes import Chunk, Document, Encoder, ReadResult
from .errors import ReadError
from .files import forget_derived, forget_orphans, sha256, storable
from .lock import writing
from .plan import Found, Plan, dry_plan, is_gone, make_plan, scan, valid_editions
from .store import FILE, Store
from .worker import Reader

_MANY_BYTES = 64 << 10  # of files to read, from which measuring the encoder first pays
_AT_ONCE = 256  # texts: some seconds of embedding on two cores, and about what a killed run loses
_READERS = max(2, min(4, (os.cpu_count() or 1) // 2))  # each may take as much memory as a file asks for
_READING = 0.2  # of the time that a byte takes; the rest is embedding


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` is of the bytes, 0 to 1. `eta_seconds` is None until enough was read to tell."""

    stage: str  # reading, embedding, publishing
    file: str
    files_done: int
    files_total: int
    pages_done: int
    pages_per_second: float
    eta_seconds: float | None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    file: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class Report:
    """The contract of `docent ingest --json`. Pages, chunks and failures are those of the whole index; those of a
    dry run leave out what would be read again or removed."""

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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


OnProgress = Callable[[Progress], None]


def sync(
    folder: Path,
    index_dir: Path,
    encoder: Encoder,
    config: IngestConfig | None = None,
    on_progress: OnProgress | None = None,
    *,
    dry_run: bool = False,
    rebuild: bool = False,
) -> Report:
    """Brings the index in step with the folder and publishes a snapshot.

    Files that cannot be read are recorded with their reason; the rest goes on.
    Raises InvalidInput (no such folder), IndexBusy, IndexDamaged, StorageError.
    """
    config = config or IngestConfig()
    start = time.monotonic()
    files = scan(folder)
    fingerprint = config.fingerprint(encoder.name)
    if dry_run:
        plan = dry_plan(index_dir, files, fingerprint, rebuild)
        return _report(plan, plan.kept, start)
    with writing(index_dir):
        if rebuild:
            for old in index_dir.glob(f"{FILE}*"):
                old.unlink()
        with closing(Store(index_dir, create=True)) as store:
            plan = make_plan(store, files, fingerprint)
            if store.meta("fingerprint") != fingerprint:
                store.expire(fingerprint)
            if store.meta("folder") != (place := storable(str(folder.resolve()))):
                store.set_meta("folder", place)
            run = _Run(store, encoder, config, plan, on_progress)
            run.apply()
            curate(store, valid_editions(folder))
            if not snapshots.is_current(store):
                run.tell("publishing", "")
                forget_orphans(index_dir, {document.id for document in store.documents()})
                store.erase_traces()
                snapshots.publish(store)
            return _report(plan, store.documents(), start, run.pages_done, run.gone)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that is read and cut up. `texts` are what is to be embedded: one of each content, by its hash."""

    found: Found
    document: Document
    result: ReadResult | None = None
    chunks: Sequence[Chunk] = ()
    contents: Sequence[str] = ()  # of each chunk
    texts: Mapping[str, str] = field(default_factory=dict)


class _Run:
    """One pass over a plan, as three at once: child processes read the next files; here they are cut into chunks and
    stored; a thread embeds. It takes small documents together, since a few texts alone leave cores idle."""

    def __init__(
        self, store: Store, encoder: Encoder, config: IngestConfig, plan: Plan, on_progress: OnProgress | None
    ) -> None:
        self.store, self.encoder, self.config, self.plan = store, encoder, config, plan
        self.on_progress = on_progress
        self.gone: list[str] = []  # deleted while this run went on
        self.todo = sorted((*plan.added, *plan.changed), key=lambda found: found.path)
        self.bytes_total = sum(found.size for found in self.todo) or 1
        self.bytes_read = self.bytes_kept = 0.0
        self.files_done = self.pages_done = 0
        self.began = time.monotonic()
        self.stopped = False
        self.embedded = 0.0  # share of what is being embedded
        self.newest: dict[str, bytes] = {}  # vectors made last, which the store may not have yet

    def apply(self) -> None:
        sizes = {found.size for found in self.plan.added}
        moved = {document.path for document in self.plan.removed if document.size in sizes}
        self.store.remove([document.path for document in self.plan.removed if document.path not in moved])
        for document, found in self.plan.touched:
            self.store.touch(document, found.size, found.mtime_ns)
        if self.todo:
            self._apply_all()
        self.store.remove(sorted(moved))  # last, so that the vectors of a file that was only renamed are found

    def _apply_all(self) -> None:
        with ThreadPoolExecutor(1) as embedding:
            waiting: tuple[list[_Prepared], Future[dict[str, bytes]]] | None = None
            try:
                for group in self._groups():
                    following = group, embedding.submit(self._embed, group)
                    if waiting:
                        self._keep_all(*waiting)
                    waiting = following
                if waiting:
                    self._keep_all(*waiting)
            finally:
                self.stopped = True

    def tell(self, stage: str, file: str, reading: float = 0.0, embedding: float = 0.0) -> None:
        """`reading` and `embedding` are bytes of which that much is done, beside those wholly read and kept."""
        if self.on_progress:
            seconds = max(1e-6, time.monotonic() - self.began)
            done = _READING * (self.bytes_read + reading) + (1 - _READING) * (self.bytes_kept + embedding)
            done /= self.bytes_total
            eta = seconds * (1 - done) / done if done > 0.02 and seconds > 1 else None
            pace = self.pages_done / seconds
            self.on_progress(
                Progress(stage, file, self.files_done, len(self.todo), self.pages_done, pace, eta, min(1.0, done))
            )

    # -- reading

    def _read_all(self) -> Iterator[tuple[Found, str, ReadResult | ReadError]]:
        """In the files' order. Each reader is one file ahead, and they begin before the encoder is loaded."""
        with ExitStack() as stack:
            readers = [stack.enter_context(Reader(self.config.page_timeout)) for _ in self.todo[:_READERS]]
            digests = [self._start(reader, found) for reader, found in zip(readers, self.todo, strict=False)]
            if self.bytes_total > _MANY_BYTES:
                self.encoder.tune()
            for position, found in enumerate(self.todo):
                reader = readers[position % len(readers)]
                outcome = self._finish(reader, found)
                if position + len(readers) < len(self.todo):
                    digests.append(self._start(reader, self.todo[position + len(readers)]))
                yield found, digests[position], outcome

    def _start(self, reader: Reader, found: Found) -> str:
        """The file's hash, taken before it is read: if it changes meanwhile, the next run sees that."""
        try:
            digest = sha256(found.file)
        except OSError:
            digest = ""  # the reader says why
        if not self._is_too_large(found):
            reader.start(found.file)
        return digest

    def _is_too_large(self, found: Found) -> bool:
        return found.size > self.config.max_file_bytes

    def _finish(self, reader: Reader, found: Found) -> ReadResult | ReadError:
        before = self.pages_done

        def on_page(done: int, total: int) -> None:
            self.pages_done = before + done
            if done % 10 == 0 or done == total:
                self.tell("reading", found.path, reading=found.size * done / total)

        self.tell("reading", found.path)
        if self._is_too_large(found):
            return ReadError("is larger than a reader may take", "Split it into smaller files.")
        try:
            result = reader.finish(on_page)
        except ReadError as error:
            return error
        self.pages_done = before + len(result.pages)
        return result

    def _groups(self) -> Iterator[list[_Prepared]]:
        """Documents to be embedded together: as many as it takes to keep the cores busy, or a single large one."""
        group: list[_Prepared] = []
        size = 0
        for found, digest, outcome in self._read_all():
            group.append(self._prepared(found, digest, outcome))
            self.bytes_read += found.size
            size += len(group[-1].chunks) or 1
            if size >= _AT_ONCE:
                yield group
                group, size = [], 0
        if group:
            yield group

    def _prepared(self, found: Found, digest: str, outcome: ReadResult | ReadError) -> _Prepared:
        document = Document(
            _document_id(found.path), found.path, Path(found.path).stem, digest, found.size, found.mtime_ns
        )
        if isinstance(outcome, ReadError):
            return _Prepared(found, replace(document, error=str(outcome), hint=outcome.hint))
        chunks = chunk(document.id, found.path, outcome, self.encoder, self.config)
        texts = [embedding_text(outcome.title, c, self.encoder) for c in chunks]
        encoder = self.encoder.name
        contents = [
            hashlib.blake2b(f"{encoder}\0{t}".encode("utf-8", "replace"), digest_size=16).hexdigest() for t in texts
        ]
        document = replace(document, title=outcome.title, n_pages=len(outcome.pages), n_chunks=len(chunks))
        return _Prepared(found, document, outcome, chunks, contents, dict(zip(contents, texts, strict=True)))

    # -- embedding, on its thread

    def _embed(self, group: Sequence[_Prepared]) -> dict[str, bytes]:
        """A vector for each content. Those that the store knows, or the group before had, are not made again."""
        texts = {content: text for one in group for content, text in one.texts.items()}
        known = {content: vector for content, vector in self.newest.items() if content in texts}
        known |= self.store.known_vectors(list(texts))
        missing = [content for content in texts if content not in known]
        for first in range(0, len(missing), _AT_ONCE):
            if self.stopped:
                break
            self.embedded = first / len(missing)
            part = missing[first : first + _AT_ONCE]
            for content, vector in zip(part, self.encoder.encode([texts[content] for content in part]), strict=True):
                known[content] = np.ascontiguousarray(vector, dtype=np.float32).tobytes()
        self.newest = known
        return known

    # -- storing

    def _keep_all(self, group: Sequence[_Prepared], vectors: Future[dict[str, bytes]]) -> None:
        """Each document in one transaction, once the group is embedded."""
        size = sum(one.found.size for one in group)
        while not wait([vectors], timeout=0.5).done:
            self.tell("embedding", group[0].found.path, embedding=self.embedded * size)
        for one in group:
            self._keep(one, vectors.result())
            self.files_done += 1
            self.bytes_kept += one.found.size
            self.tell("embedding", one.found.path)

    def _keep(self, one: _Prepared, vectors: Mapping[str, bytes]) -> None:
        if is_gone(one.found.file):  # deleted meanwhile: as if never seen
            self.gone.append(one.found.path)
            return self.store.remove([one.found.path])
        forget_derived(self.store.folder, one.document.id)
        return self.store.put(
            one.document, one.result, one.chunks, [(content, vectors[content]) for content in one.contents]
        )


def _report(
    plan: Plan, documents: Sequence[Document], start: float, pages_read: int = 0, gone: Collection[str] = ()
) -> Report:
    seconds = time.monotonic() - start
    failed = {document.path: document for document in documents if document.error}
    missing = {*failed, *gone}
    return Report(
        added=[found.path for found in plan.added if found.path not in missing],
        changed=[found.path for found in plan.changed if found.path not in missing],
        removed=[*(document.path for document in plan.removed), *gone],
        unchanged=sum(1 for document in plan.kept if not document.error),
        failed=[Failure(d.path, d.error, d.hint) for d in failed.values()],
        pages=sum(document.n_pages for document in documents),
        chunks=sum(document.n_chunks for document in documents),
        seconds=round(seconds, 3),
        pages_per_second=round(pages_read / seconds, 1) if seconds else 0.0,
        why=plan.why,
    )


def _document_id(path: str) -> int:
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

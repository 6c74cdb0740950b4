"""Scan, plan, apply, publish: brings an index in step with its folder.

Interrupted at any point, it loses one document's work at most.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import index as snapshots
from .chunk import chunk, embedding_text
from .config import IngestConfig
from .datatypes import Chunk, Document, Encoder, ReadResult
from .errors import ReadError
from .files import forget_derived, forget_orphans, sha256, storable
from .plan import Found, Plan, dry_plan, is_gone, make_plan, scan
from .store import FILE, Store, writing
from .worker import Reader

_MANY_BYTES = 64 << 10  # of files to read, from which measuring the encoder first pays


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
            if not snapshots.is_current(store):
                run.tell("publishing", "")
                forget_orphans(index_dir, {document.id for document in store.documents()})
                store.erase_traces()
                snapshots.publish(store)
            return _report(plan, store.documents(), start, run.pages_done, run.gone)


class _Run:
    """One pass over a plan: reads the next file in a child process while the last one is embedded here."""

    def __init__(
        self, store: Store, encoder: Encoder, config: IngestConfig, plan: Plan, on_progress: OnProgress | None
    ) -> None:
        self.store, self.encoder, self.config, self.plan = store, encoder, config, plan
        self.on_progress = on_progress
        self.gone: list[str] = []  # deleted while this run went on
        self.todo = sorted((*plan.added, *plan.changed), key=lambda found: found.path)
        self.bytes_total = sum(found.size for found in self.todo) or 1
        self.bytes_done = 0.0
        self.files_done = self.pages_done = 0
        self.began = time.monotonic()

    def apply(self) -> None:
        sizes = {found.size for found in self.plan.added}
        moved = {document.path for document in self.plan.removed if document.size in sizes}
        self.store.remove([document.path for document in self.plan.removed if document.path not in moved])
        if self.bytes_total > _MANY_BYTES:
            self.encoder.tune()
        for document, found in self.plan.touched:
            self.store.touch(document, found.size, found.mtime_ns)
        for found, digest, outcome in self._read_all():
            self._keep(found, digest, outcome)
            self.files_done += 1
            self.bytes_done += found.size
        self.store.remove(sorted(moved))  # last, so that the vectors of a file that was only renamed are found

    def tell(self, stage: str, file: str, share: float = 0.0, size: int = 0) -> None:
        if self.on_progress:
            seconds = max(1e-6, time.monotonic() - self.began)
            done = (self.bytes_done + share * size) / self.bytes_total
            eta = seconds * (1 - done) / done if done > 0.02 and seconds > 1 else None
            pace = self.pages_done / seconds
            self.on_progress(
                Progress(stage, file, self.files_done, len(self.todo), self.pages_done, pace, eta, min(1.0, done))
            )

    def _read_all(self) -> Iterator[tuple[Found, str, ReadResult | ReadError]]:
        with Reader(self.config.page_timeout) as reader:
            digest = self._start(reader, 0)
            for position, found in enumerate(self.todo):
                outcome = self._finish(reader, found)
                following = self._start(reader, position + 1)
                yield found, digest, outcome
                digest = following

    def _start(self, reader: Reader, position: int) -> str:
        """The file's hash, taken before it is read: if it changes meanwhile, the next run sees that."""
        if position >= len(self.todo):
            return ""
        found = self.todo[position]
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
                self.tell("reading", found.path, 0.5 * done / total, found.size)

        self.tell("reading", found.path)
        if self._is_too_large(found):
            return ReadError("is larger than a reader may take", "Split it into smaller files.")
        try:
            result = reader.finish(on_page)
        except ReadError as error:
            return error
        self.pages_done = before + len(result.pages)
        return result

    def _keep(self, found: Found, digest: str, outcome: ReadResult | ReadError) -> None:
        """Chunks, embeds and stores one document in one transaction."""
        if is_gone(found.file):  # deleted meanwhile: as if never seen
            self.gone.append(found.path)
            return self.store.remove([found.path])
        forget_derived(self.store.folder, _document_id(found.path))
        document = Document(
            _document_id(found.path), found.path, Path(found.path).stem, digest, found.size, found.mtime_ns
        )
        if isinstance(outcome, ReadError):
            return self.store.put(replace(document, error=str(outcome), hint=outcome.hint), None, [], [])
        chunks = chunk(document.id, found.path, outcome, self.encoder, self.config)
        vectors = self._vectors(found, outcome.title, chunks)
        document = replace(document, title=outcome.title, n_pages=len(outcome.pages), n_chunks=len(chunks))
        return self.store.put(document, outcome, chunks, vectors)

    def _vectors(self, found: Found, title: str, chunks: Sequence[Chunk]) -> list[tuple[str, bytes]]:
        """A content hash and a vector for each chunk; those whose content the store knows are not made again."""
        texts = [embedding_text(title, c, self.encoder) for c in chunks]
        encoder = self.encoder.name
        contents = [
            hashlib.blake2b(f"{encoder}\0{t}".encode("utf-8", "replace"), digest_size=16).hexdigest() for t in texts
        ]
        known = self.store.known_vectors(contents)
        missing = [i for i, content in enumerate(contents) if content not in known]
        step = 8 * self.config.batch_size
        for first in range(0, len(missing), step):
            part = missing[first : first + step]
            for i, vector in zip(part, self.encoder.encode([texts[i] for i in part]), strict=True):
                known[contents[i]] = np.ascontiguousarray(vector, dtype=np.float32).tobytes()
            self.tell("embedding", found.path, 0.5 + 0.5 * (first + len(part)) / len(missing), found.size)
        return [(content, known[content]) for content in contents]


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

"""Scan, plan, apply, publish: brings an index in step with its folder.

Interrupted at any point, it loses one document's work at most.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import index as snapshots
from .chunk import chunk, embedding_text
from .config import IngestConfig
from .datatypes import Chunk, Document, Encoder, ReadResult
from .errors import InvalidInput, ReadError
from .read import SUFFIXES
from .store import FILE, Store, writing
from .worker import Reader

_MANY_BYTES = 1 << 20  # of files to read, from which measuring the encoder first pays


@dataclass(frozen=True, slots=True)
class Found:
    """A file on disk. `path` is its name in the index, `file` where it is."""

    path: str
    file: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, and why."""

    added: tuple[Found, ...]
    changed: tuple[Found, ...]
    removed: tuple[str, ...]
    unchanged: tuple[Document, ...]
    touched: tuple[tuple[Document, Found], ...] = ()  # newer date, same content
    why: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """`eta_seconds` is None until enough was read to tell."""

    stage: str  # reading, embedding, publishing
    file: str
    files_done: int
    files_total: int
    pages_done: int
    pages_per_second: float
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Failure:
    file: str
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class Report:
    """The contract of `docent ingest --json`. Pages, chunks and failures are those of the whole index."""

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
    if dry_run and not (index_dir / FILE).is_file():
        return _report(Plan(tuple(files), (), (), (), why="nothing has been ingested yet"), [], start)
    with writing(index_dir):
        if rebuild:
            for old in index_dir.glob(f"{FILE}*"):
                old.unlink()
        store = Store(index_dir, create=True)
        try:
            fingerprint = config.fingerprint(encoder.name)
            plan = make_plan(store, files, fingerprint)
            if dry_run:
                return _report(plan, store.documents(), start)
            run = _Run(store, encoder, config, plan, on_progress)
            run.apply()
            if store.meta("fingerprint") != fingerprint:
                store.set_meta("fingerprint", fingerprint)
                store.set_meta("folder", str(folder.resolve()))
            if not snapshots.is_current(store):
                run.tell("publishing", "")
                snapshots.publish(store)
            return _report(plan, store.documents(), start, pages_read=run.pages_done)
        finally:
            store.close()


def scan(folder: Path) -> list[Found]:
    """Every readable kind of file below the folder, sorted. Hidden files and links to folders are passed over."""
    if not folder.is_dir():
        raise InvalidInput(
            f"There is no folder {folder}.",
            "Name a folder that holds your documents, e.g. docent ingest sample_docs",
        )
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if file.suffix.lower() not in SUFFIXES or name.startswith("."):
                continue
            try:
                status = file.stat()
            except OSError:
                continue  # gone meanwhile, or a link to nowhere
            path = file.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode("utf-8")
            found.append(Found(path, file, status.st_size, status.st_mtime_ns))
    return found


def make_plan(store: Store, files: Sequence[Found], fingerprint: str) -> Plan:
    """Compares by size and date, then by content. Another fingerprint means that everything is read again."""
    known = {document.path: document for document in store.documents()}
    old_fingerprint = store.meta("fingerprint", fingerprint)
    why = "" if old_fingerprint == fingerprint else f"settings changed: {old_fingerprint!r} is now {fingerprint!r}"
    added, changed, unchanged, touched = [], [], [], []
    for found in files:
        document = known.pop(found.path, None)
        if document is None:
            added.append(found)
        elif why:
            changed.append(found)
        elif (found.size, found.mtime_ns) == (document.size, document.mtime_ns):
            unchanged.append(document)
        elif found.size == document.size and _same_content(found, document):
            touched.append((document, found))
        else:
            changed.append(found)
    return Plan(tuple(added), tuple(changed), tuple(known), tuple(unchanged), tuple(touched), why)


class _Run:
    """One pass over a plan: reads the next file in a child process while the last one is embedded here."""

    def __init__(
        self, store: Store, encoder: Encoder, config: IngestConfig, plan: Plan, on_progress: OnProgress | None
    ) -> None:
        self.store, self.encoder, self.config, self.plan = store, encoder, config, plan
        self.on_progress = on_progress
        self.todo = sorted((*plan.added, *plan.changed), key=lambda found: found.path)
        self.bytes_total = sum(found.size for found in self.todo) or 1
        self.bytes_done = 0.0
        self.files_done = self.pages_done = 0
        self.began = time.monotonic()

    def apply(self) -> None:
        if self.plan.removed:
            self.store.remove(self.plan.removed)
        if self.bytes_total > _MANY_BYTES:
            self.encoder.tune()
        for document, found in self.plan.touched:
            self.store.touch(document, found.size, found.mtime_ns)
        for found, outcome in self._read_all():
            self._keep(found, outcome)
            self.files_done += 1
        if self.plan.removed or self.plan.changed:
            self.store.erase_traces()

    def tell(self, stage: str, file: str, share: float = 0.0, size: int = 0) -> None:
        if self.on_progress:
            seconds = max(1e-6, time.monotonic() - self.began)
            done = (self.bytes_done + share * size) / self.bytes_total
            eta = seconds * (1 - done) / done if done > 0.02 and seconds > 1 else None
            pace = self.pages_done / seconds
            self.on_progress(Progress(stage, file, self.files_done, len(self.todo), self.pages_done, pace, eta))

    def _read_all(self) -> Iterator[tuple[Found, ReadResult | ReadError]]:
        with Reader(self.config.page_timeout) as reader:
            for position, found in enumerate(self.todo):
                if position == 0:
                    reader.start(found.file)
                outcome = self._finish(reader, found)
                if position + 1 < len(self.todo):
                    reader.start(self.todo[position + 1].file)
                yield found, outcome

    def _finish(self, reader: Reader, found: Found) -> ReadResult | ReadError:
        before = self.pages_done

        def on_page(done: int, total: int) -> None:
            self.pages_done = before + done
            if done % 10 == 0 or done == total:
                self.tell("reading", found.path, 0.5 * done / total, found.size)

        self.tell("reading", found.path)
        try:
            if found.size > self.config.max_file_bytes:
                raise ReadError("is larger than a reader may take", "Split it into smaller files.")
            result = reader.finish(on_page)
        except ReadError as error:
            return error
        self.pages_done = before + len(result.pages)
        return result

    def _keep(self, found: Found, outcome: ReadResult | ReadError) -> None:
        """Chunks, embeds and stores one document in one transaction."""
        try:
            digest = _sha256(found.file)
        except OSError:
            return self.store.remove([found.path])  # deleted while we were reading it: as if never seen
        document = Document(
            _document_id(found.path), found.path, Path(found.path).stem, digest, found.size, found.mtime_ns
        )
        if isinstance(outcome, ReadError):
            self.store.put(replace(document, error=str(outcome), hint=outcome.hint), None, [], [])
        else:
            chunks = chunk(document.id, found.path, outcome, self.encoder, self.config)
            vectors = self._vectors(found, outcome.title, chunks)
            document = replace(document, title=outcome.title, n_pages=len(outcome.pages), n_chunks=len(chunks))
            self.store.put(document, outcome, chunks, vectors)
        self.bytes_done += found.size
        return None

    def _vectors(self, found: Found, title: str, chunks: Sequence[Chunk]) -> list[tuple[str, bytes]]:
        """A content hash and a vector for each chunk; those whose content the store knows are not made again."""
        texts = [embedding_text(title, c, self.encoder) for c in chunks]
        contents = [
            hashlib.blake2b(f"{self.encoder.name}\0{t}".encode("utf-8", "replace"), digest_size=16).hexdigest()
            for t in texts
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


def _report(plan: Plan, documents: Sequence[Document], start: float, pages_read: int = 0) -> Report:
    seconds = time.monotonic() - start
    failed = {document.path: document for document in documents if document.error}
    fresh = {found.path for found in (*plan.added, *plan.changed)}
    return Report(
        added=[found.path for found in plan.added if found.path not in failed],
        changed=[found.path for found in plan.changed if found.path not in failed],
        removed=list(plan.removed),
        unchanged=sum(1 for d in documents if d.path not in fresh and not d.error),
        failed=[Failure(d.path, d.error, d.hint) for d in failed.values()],
        pages=sum(document.n_pages for document in documents),
        chunks=sum(document.n_chunks for document in documents),
        seconds=round(seconds, 3),
        pages_per_second=round(pages_read / seconds, 1) if seconds else 0.0,
        why=plan.why,
    )


def _same_content(found: Found, document: Document) -> bool:
    try:
        return _sha256(found.file) == document.sha256
    except OSError:
        return False


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _document_id(path: str) -> int:
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

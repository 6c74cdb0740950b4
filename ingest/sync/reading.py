"""Reads the files of a run in child processes, ahead of what is embedded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from ingest.children.worker import Reader
from ingest.config import IngestConfig
from ingest.datatypes import ReadResult
from ingest.errors import ReadError
from ingest.files import sha256
from ingest.sync.control import Control
from ingest.sync.scan import Found

_READERS = max(2, min(4, (os.cpu_count() or 1) // 2))  # each may take as much memory as a file asks for
_AGAIN = 2  # times that a file is read again because it changed meanwhile
_CHANGING = "changed while it was read; it is read again by the next run"

OnFile = Callable[[str, Found, int, int], None]  # stage, file, pages read of it, pages in all (0: not known)


@dataclass(frozen=True, slots=True)
class Read:
    """A file and the result of reading it. `found` and `digest` describe the file as it was just before."""

    found: Found
    digest: str
    outcome: ReadResult | ReadError


class Reading:
    """The child processes that read the files of a run, for use in a `with` block."""

    def __init__(
        self,
        files: Sequence[Found],
        config: IngestConfig,
        control: Control,
        on_file: OnFile,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        self._passwords = passwords or {}
        self._files, self._config, self._control, self._on_file = files, config, control, on_file
        self._readers: list[Reader] = []
        self._open = ExitStack()

    def __enter__(self) -> Reading:
        self._readers = [self._open.enter_context(Reader(self._config.page_timeout)) for _ in self._files[:_READERS]]
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def all(self, meanwhile: Callable[[], None]) -> Iterator[Read]:
        """Yields the files in order. `meanwhile` is called once, while the first ones are being read. Raises
        Cancelled."""
        files, readers = self._files, self._readers
        begun = deque(self._begin(reader, found) for reader, found in zip(readers, files, strict=False))
        meanwhile()
        for position in range(len(files)):
            reader = readers[position % len(readers)]
            read = self._end(reader, *begun.popleft())
            if position + len(readers) < len(files):
                begun.append(self._begin(reader, files[position + len(readers)]))
            yield read

    def check(self) -> None:
        """Suspends the child processes while the run is paused. Raises Cancelled."""
        if self._control.paused:
            with ExitStack() as held:
                for reader in self._readers:
                    held.enter_context(reader.suspended())
                self._on_file("paused", self._files[0], 0, 0)
                self._control.wait()
        self._control.check()

    def _begin(self, reader: Reader, found: Found) -> tuple[Found, str]:
        """Returns the file's size, date and hash from before it is read, so that a change meanwhile is noticed."""
        digest = ""  # of a file that cannot be opened or is not read: it is looked at again by each run
        try:
            status = found.file.stat()
            found = replace(found, size=status.st_size, mtime_ns=status.st_mtime_ns)
            if not self._is_too_large(found):
                digest = sha256(found.file, self.check)
        except OSError:
            pass  # the reader says why
        if not self._is_too_large(found):
            reader.start(found.file, self._passwords.get(found.path, ""))
        return found, digest

    def _end(self, reader: Reader, found: Found, digest: str) -> Read:
        for left in range(_AGAIN, -1, -1):
            self._on_file("reading", found, 0, 0)
            outcome = self._outcome(reader, found)
            if not _has_changed(found):
                return Read(found, digest, outcome)
            if left:
                found, digest = self._begin(reader, found)
        if isinstance(outcome, ReadResult):
            outcome = replace(outcome, notes=(*outcome.notes, _CHANGING))
        return Read(found, "", outcome)  # without a hash: the next run does read it again

    def _outcome(self, reader: Reader, found: Found) -> ReadResult | ReadError:
        if self._is_too_large(found):
            return ReadError("is larger than a reader may take", "Split it into smaller files.")
        try:
            return reader.finish(lambda done, total: self._on_file("reading", found, done, total), self.check)
        except ReadError as error:
            return error

    def _is_too_large(self, found: Found) -> bool:
        return found.size > self._config.max_file_bytes


def _has_changed(found: Found) -> bool:
    """Whether the file changed since it was hashed. A missing or inaccessible file has not: it cannot be read again."""
    try:
        status = found.file.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) != (found.size, found.mtime_ns)

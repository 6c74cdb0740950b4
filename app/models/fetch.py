"""Downloads files from a model hub over HTTP into a folder. Nothing is trusted: callers check the hashes.

Partial files stay in the folder, so that a later call continues them. Every failure is a ModelError whose text is the
reason in one line.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.models.catalogue import FileSpec, HubSource
from ingest.errors import ModelError

DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds. `attempts` counts only those that bring nothing new."""

    open_seconds: float = 6.0  # name resolution, connection, redirects and first headers together
    stall_seconds: float = 20.0
    part_seconds: float = 900.0
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a download. Its text is one line for people."""

    done_bytes: int
    total_bytes: int
    bytes_per_second: float
    eta_seconds: float  # infinite while nothing arrives
    source: str

    def __str__(self) -> str:
        share = 100 * self.done_bytes // max(1, self.total_bytes)
        speed = f"{self.bytes_per_second / 1e6:.1f} MB/s"
        left = f"{self.eta_seconds:.0f} s left" if self.eta_seconds < 86_400 else "waiting"
        return f"{share:3d} % of {self.total_bytes / 1e6:,.0f} MB, {speed}, {left} ({self.source})"


class Meter:
    """Reports Progress from byte counts, at most five times a second. Bytes from an earlier run do not count as
    speed."""

    def __init__(self, total: int, source: str, on_progress: Callable[[Progress], None] | None) -> None:
        self.total, self.source, self.on_progress = total, source, on_progress
        self.started, self.shown, self.first = time.monotonic(), 0.0, -1

    def at(self, done: int) -> None:
        """Reports that `done` bytes are there."""
        now = time.monotonic()
        if self.first < 0:
            self.first = done
        if self.on_progress is None or (now - self.shown < 0.2 and done < self.total):
            return
        self.shown = now
        speed = max(0, done - self.first) / max(now - self.started, 1e-6)
        eta = max(0, self.total - done) / speed if speed else float("inf")
        self.on_progress(Progress(min(done, self.total), self.total, speed, eta, self.source))


def from_hub(source: HubSource, files: Sequence[FileSpec], folder: Path, meter: Meter, limits: Limits) -> None:
    """Downloads until each file has its full length. A full disk raises OSError."""
    before = 0
    for file in files:
        path = f"{source.repo}/resolve/{source.revision}/{urllib.parse.quote(file.name)}"
        try:
            _download(f"{source.hub.rstrip('/')}/{path}", folder / file.name, file, before, meter, limits)
        except OSError as error:
            if error.errno in DISK_TROUBLE:
                raise
            raise ModelError(_reason(error)) from error
        before += file.bytes


def _download(url: str, target: Path, file: FileSpec, before: int, meter: Meter, limits: Limits) -> None:
    """Downloads one file. A broken connection is resumed as long as attempts bring something new."""
    best, idle = size(target), 0
    while (have := size(target)) < file.bytes:
        try:
            _continue(url, target, file, before, meter, limits)
            broken = f"cut short: {size(target):,} of {file.bytes:,} bytes of {file.name}"
        except (ConnectionError, http.client.HTTPException) as error:
            broken = _reason(error)
        have = size(target)
        idle, best = (0, have) if have > best else (idle + 1, best)
        if idle >= limits.attempts:
            raise ModelError(broken)
    if have > file.bytes:
        target.unlink()
        raise ModelError(f"more than the expected {file.bytes:,} bytes of {file.name}")


def _continue(url: str, target: Path, file: FileSpec, before: int, meter: Meter, limits: Limits) -> None:
    """Uses one connection: it continues behind the bytes already there if the server honours Range, else starts
    again."""
    have = size(target)
    asked = urllib.request.Request(url, headers={"User-Agent": "docent"})
    if have:
        asked.add_header("Range", f"bytes={have}-")
    try:
        # The socket's own timeout covers neither name resolution nor several dead addresses in turn.
        reply = within(limits.open_seconds, lambda: urllib.request.urlopen(asked, timeout=limits.stall_seconds))
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        if error.code != 416:
            raise
        target.unlink()  # what went before cannot be the beginning of that file
        raise ModelError(f"{file.name} ends early there: {have:,} of {file.bytes:,} bytes") from error
    with contextlib.closing(reply):
        resumed = reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        done = have if resumed else 0
        rest = reply.headers.get("Content-Length")
        if rest and done + int(rest) != file.bytes:
            raise ModelError(f"{file.name} has {done + int(rest):,} bytes there, expected are {file.bytes:,}")
        with target.open("ab" if resumed else "wb") as out:
            while done <= file.bytes and (block := reply.read1(1 << 18)):
                out.write(block)
                done += len(block)
                meter.at(before + done)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Returns `work()`, or raises TimeoutError after `seconds`; the thread it runs in is then abandoned."""
    box: queue.SimpleQueue[tuple[bool, T | Exception]] = queue.SimpleQueue()

    def run() -> None:
        try:
            box.put((True, work()))
        except Exception as error:
            box.put((False, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        good, value = box.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(value, Exception) and not good:
        raise value
    return value  # type: ignore[return-value]


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        reason = error.reason
        return f"cannot be reached: {getattr(reason, 'strerror', None) or reason}"
    return str(error) or type(error).__name__


def size(path: Path) -> int:
    """Returns the size of a file in bytes; 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0

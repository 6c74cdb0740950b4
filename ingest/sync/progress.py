"""Measures how far a run has come, and estimates how long the rest will take."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

_READING = 0.2  # of the time that a byte takes; the rest is embedding
_MEMORY = 20.0  # seconds after which what was measured counts a third
_LOOK = 0.5  # seconds between two measurements
_SETTLE = 0.25  # of what a new measurement moves the time that is shown


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run. `share`, 0 to 1, is of the bytes; `pages_done` were read, `pages_total` is estimated from
    them and the bytes left. `pages_per_second` counts pages that became searchable lately. `eta_seconds` is None until
    measured."""

    stage: str  # reading, embedding, curating, publishing, recognising (its pages alone), paused
    file: str
    files_done: int
    files_total: int
    pages_done: int
    pages_per_second: float
    eta_seconds: float | None
    share: float = 0.0
    pages_total: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


OnProgress = Callable[[Progress], None]


def duration(seconds: float) -> str:
    """Formats a duration for people."""
    if seconds < 1:
        return "a second"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Pace:
    """Counts what is done, and measures the slowest stage, embedding, in pages a second.

    How many pages are left is estimated from the bytes left, by the bytes that a page of each format took so far.
    """

    def __init__(self, files: Sequence[tuple[str, int]], now: Callable[[], float]) -> None:
        """`files` are names and sizes in bytes. `now` returns seconds of work without pauses, from any starting
        point."""
        self._now = now
        self.bytes_total = sum(size for _, size in files) or 1
        self.pages_read = 0
        self._unread: Counter[str] = Counter()
        for name, size in files:
            self._unread[_format(name)] += size
        self._bytes: Counter[str] = Counter()  # read, with pages in them
        self._pages: Counter[str] = Counter()
        self._read = self._kept = 0.0  # bytes
        self._kept_pages = 0.0
        self._rate = self._weight = 0.0
        self._last, self._begun = (self._now(), 0.0), False
        self._eta: float | None = None

    def begin(self) -> None:
        """Starts the clock when the first texts are embedded; loading the encoder before that would distort the
        pace."""
        if not self._begun:
            self._begun, self._last = True, (self._now(), 0.0)

    def read(self, name: str, size: int, pages: int) -> None:
        """Counts a file that was read; `pages` is 0 for one that could not be."""
        self._unread[_format(name)] -= size
        self._read += size
        if pages:
            self._bytes[_format(name)] += size
            self._pages[_format(name)] += pages

    def kept(self, size: int, pages: int) -> None:
        """Counts a file that is embedded and stored."""
        self._kept += size
        self._kept_pages += pages

    @property
    def pages_total(self) -> int:
        """The estimated number of pages of all files."""
        overall = sum(self._pages.values()) / max(1, sum(self._bytes.values()))
        left = sum(
            size * (self._pages[name] / self._bytes[name] if self._bytes[name] else overall)
            for name, size in self._unread.items()
        )
        return max(self.pages_read, round(sum(self._pages.values()) + left))

    def share(self, reading: float = 0.0, embedding: float = 0.0) -> float:
        """Returns the share of bytes that are done, 0 to 1, with those that are being read and embedded now."""
        done = _READING * (self._read + reading) + (1 - _READING) * (self._kept + embedding)
        return min(1.0, done / self.bytes_total)

    def measure(self, embedding_pages: float = 0.0) -> tuple[float, float | None]:
        """Returns the recent pages a second and the seconds left (None: not known yet). Both are smoothed over
        measurements."""
        now, done = self._now(), self._kept_pages + embedding_pages
        seconds, pages = now - self._last[0], done - self._last[1]
        if self._begun and seconds >= _LOOK:
            self._last = now, done
            fresh = 1 - math.exp(-seconds / _MEMORY)
            self._rate += fresh * (max(0.0, pages) / seconds - self._rate)
            self._weight += fresh * (1 - self._weight)  # of what was measured, against the nothing it began with
            if self._rate > 0:
                left = max(0.0, self.pages_total - done) * self._weight / self._rate
                self._eta = left if self._eta is None else _moved(self._eta - seconds, left)
        if done >= self.pages_total and self._eta is not None:
            self._eta = 0.0
        return (self._rate / self._weight if self._weight else 0.0), self._eta


def _moved(expected: float, measured: float) -> float:
    return max(0.0, expected + _SETTLE * (measured - expected))


def _format(name: str) -> str:
    return PurePath(name).suffix.lower()

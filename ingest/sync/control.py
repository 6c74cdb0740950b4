"""Pauses and cancels a run from another thread."""

from __future__ import annotations

import threading
import time


class Cancelled(Exception):
    """Raised inside a run that was cancelled. What it finished is kept."""


class Control:
    """Pauses, resumes or cancels one run. Safe to use from several threads, and in a signal handler."""

    def __init__(self) -> None:
        self._may_go = threading.Event()
        self._may_go.set()
        self._cancelled = False
        self._held, self._since = 0.0, 0.0  # seconds of pauses that are over; when this one began

    def pause(self) -> None:
        if not self._cancelled and self._may_go.is_set():
            self._since = time.monotonic()
            self._may_go.clear()

    def resume(self) -> None:
        if not self._may_go.is_set():
            self._held += time.monotonic() - self._since
            self._may_go.set()

    def cancel(self) -> None:
        """Cancels the run, even while it is paused."""
        self._cancelled = True
        self.resume()

    @property
    def paused(self) -> bool:
        return not self._may_go.is_set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @property
    def paused_seconds(self) -> float:
        """How long the run was paused so far, in seconds."""
        return self._held + (time.monotonic() - self._since if self.paused else 0.0)

    def wait(self) -> None:
        """Waits until the run is not paused, or is cancelled."""
        self._may_go.wait()

    def check(self) -> None:
        """Waits while the run is paused, and raises Cancelled when it is cancelled. The run calls this wherever it can
        stop."""
        self._may_go.wait()
        if self._cancelled:
            raise Cancelled

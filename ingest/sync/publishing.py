"""Publishes snapshots during a run, so that what is stored can be searched before the rest is read."""

from __future__ import annotations

import time
from collections.abc import Callable

from ingest.store import snapshots
from ingest.store.store import Store

_SOON = 2.0  # seconds until the first
_SHARE = 0.05  # of the time that they may take
_RARER = 1.5  # times as long as before, until the next


class Publishing:
    """Publishes so rarely that it takes a small share of the run's time, however large the index is."""

    def __init__(self, store: Store, check: Callable[[], None]) -> None:
        """`check` is called now and then, and may wait, or raise to give up."""
        self._store, self._check = store, check
        self._pause = max(_SOON, snapshots.seconds(store.folder) / _SHARE)
        self._next = time.monotonic() + self._pause

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next snapshot."""
        return time.monotonic() >= self._next

    def publish(self) -> None:
        """Publishes a snapshot, unless the store has vectors of another encoder: a snapshot holds those of one."""
        began = time.monotonic()
        if snapshots.is_of_one_encoder(self._store):
            snapshots.publish(self._store, check=self._check)
        now = time.monotonic()
        self._pause = max(self._pause * _RARER, (now - began) / _SHARE)
        self._next = now + self._pause

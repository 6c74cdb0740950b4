"""Embeds texts during a run, in parts between which it can pause or end. No text is embedded twice."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from ingest.datatypes import Encoder
from ingest.store.store import Store
from ingest.sync.control import Control

AT_ONCE = 256  # texts: some seconds of embedding on two cores, and about what a killed run loses
AT_FIRST = 64  # texts: the newest files are to be found soon
_LEAST = 32  # texts: fewer leave cores idle
_PART = 0.7  # seconds of embedding, after which a run can be held
_SAVE = 3.0  # seconds of embedding one group, after which its vectors so far are stored


class Embedding:
    """Embeds texts for one thread. `share`, 0 to 1, is how much of the current texts is done; other threads may read
    it."""

    def __init__(self, store: Store, encoder: Encoder, control: Control) -> None:
        self.share = 0.0
        self._store, self._encoder, self._control = store, encoder, control
        self._stopped = False
        self._part = AT_FIRST
        self._newest: dict[str, bytes] = {}  # made last; the store may not have them yet

    def stop(self) -> None:
        """Makes the embedding end after the current part."""
        self._stopped = True

    def vectors(self, texts: Mapping[str, str], owners: Mapping[str, int]) -> dict[str, bytes]:
        """Returns a vector, as bytes, for each content hash; `texts` and `owners` give its text and its document's id.

        Vectors that the store has, or that the last call made, are not made again. Long work is stored as it comes, so
        that a killed run loses only seconds of it. After `stop`, some are missing.
        """
        self.share = 0.0
        known = {content: vector for content, vector in self._newest.items() if content in texts}
        known |= self._store.known_vectors(list(texts))
        # Sorted by length, so that texts of a batch need little padding.
        missing = sorted((content for content in texts if content not in known), key=lambda c: (-len(texts[c]), c))
        unsaved: list[str] = []
        done, saved = 0, time.monotonic()
        while done < len(missing):
            self._control.wait()
            if self._stopped or self._control.cancelled:
                break
            began = time.monotonic()
            part = missing[done : done + self._part]
            for content, vector in zip(part, self._encoder.encode([texts[content] for content in part]), strict=True):
                known[content] = np.ascontiguousarray(vector, dtype=np.float32).tobytes()
            done += len(part)
            self.share = done / len(missing)
            unsaved += part
            now = time.monotonic()
            self._part = min(AT_ONCE, max(_LEAST, int(len(part) / max(1e-6, now - began) * _PART)))
            if now - saved > _SAVE and done < len(missing):
                self._store.keep_unfinished([(c, owners[c], known[c]) for c in unsaved])
                unsaved, saved = [], now
        if done < len(missing):
            self._store.keep_unfinished([(c, owners[c], known[c]) for c in unsaved])
        self._newest = known
        return known

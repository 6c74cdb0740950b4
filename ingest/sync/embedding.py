"""Texts to vectors during a run: in parts after which it can be held or ended, and none is made twice."""

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
    """For one thread at a time. `share` is how much of the texts at hand is done, 0 to 1, for others to look at."""

    def __init__(self, store: Store, encoder: Encoder, control: Control) -> None:
        self.share = 0.0
        self._store, self._encoder, self._control = store, encoder, control
        self._stopped = False
        self._part = AT_FIRST
        self._newest: dict[str, bytes] = {}  # made last; the store may not have them yet

    def stop(self) -> None:
        """What is being embedded ends after its part."""
        self._stopped = True

    def vectors(self, texts: Mapping[str, str], owners: Mapping[str, int]) -> dict[str, bytes]:
        """A vector for each content, `texts` and `owners` being the text and the document's id of each.

        Those that the store knows, or the call before made, are not made again. What is long in the making is stored
        as it comes, so that a run that is killed loses some seconds of it. When stopped, some are missing.
        """
        self.share = 0.0
        known = {content: vector for content, vector in self._newest.items() if content in texts}
        known |= self._store.known_vectors(list(texts))
        # Texts of about the same length stand together: none is padded much.
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

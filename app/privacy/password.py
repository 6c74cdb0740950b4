"""The password of the pages, as a salted hash in memory; limits on attempts; and sessions of those who logged in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from ingest.errors import InvalidInput

SHORTEST = 10  # characters
_LONGEST = 1024
_COST = 2**15  # of scrypt: about a tenth of a second, 32 MiB
_FREE, _LONGEST_WAIT = 4, 900.0  # tries before a client waits at all, and the seconds that the wait doubles up to
_FREE_ALL, _LONGEST_WAIT_ALL = 25, 60.0  # the same of all clients together: shorter, for the owner waits as well
_FORGOTTEN = 3600.0  # seconds after which a failure no longer counts
_MOST_CLIENTS = 10_000
_IDLE = 12 * 3600.0  # seconds without a sign of life that end a session
_LONGEST_SESSION = 7 * 24 * 3600.0
_EVERYONE = ""


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    """The salted hash against which a password is checked."""

    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, text: str) -> Password:
        """Hashes a new password. Raises InvalidInput for one that is easy to guess."""
        if len(text) < SHORTEST:
            raise InvalidInput(
                f"The password has {len(text)} characters; {SHORTEST} are the fewest.", "Take a few words."
            )
        if len(text) > _LONGEST:
            raise InvalidInput(f"The password is longer than {_LONGEST} characters.", "Take a few words.")
        salt = secrets.token_bytes(16)
        return cls(salt, _hashed(text, salt))

    def matches(self, text: str) -> bool:
        """Whether the password is right. Wrong ones take as long to check as the right one."""
        return hmac.compare_digest(_hashed(text[:_LONGEST], self.salt), self.digest) and len(text) <= _LONGEST


def _hashed(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode("utf-8", "surrogatepass"), salt=salt, n=_COST, r=8, p=1, maxmem=96 << 20)


class Attempts:
    """Counts failed attempts, by client and for all together. Times are in seconds, of any clock that never goes
    back."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how often, and when last
        self._lock = threading.Lock()

    def begin(self, client: str, now: float) -> float:
        """Counts an attempt as failed until `succeeded` is called, so that many attempts at once do not help. Returns
        0, or for how many seconds no attempt is accepted from this client."""
        with self._lock:
            wait = max(
                self._wait(client, now, _FREE, _LONGEST_WAIT), self._wait(_EVERYONE, now, _FREE_ALL, _LONGEST_WAIT_ALL)
            )
            if wait > 0:
                return wait
            for one in (client, _EVERYONE):
                self._failed[one] = (self._count(one, now) + 1, now)
                self._failed.move_to_end(one)
            while len(self._failed) > _MOST_CLIENTS:
                self._failed.popitem(last=False)
            return 0.0

    def succeeded(self, client: str) -> None:
        """Forgets the failures of a client that gave the right password."""
        with self._lock:
            self._failed.pop(client, None)
            count, last = self._failed.get(_EVERYONE, (0, 0.0))
            if count:
                self._failed[_EVERYONE] = (count - 1, last)

    def _count(self, client: str, now: float) -> int:
        count, last = self._failed.get(client, (0, now))
        return count if now - last < _FORGOTTEN else 0

    def _wait(self, client: str, now: float, free: int, longest: float) -> float:
        count = self._count(client, now)
        if count < free:
            return 0.0
        last = self._failed[client][1]
        return float(max(0.0, last + min(2.0 ** min(count - free, 30), longest) - now))


@dataclass(slots=True)
class Session:
    """The login of one browser. Times are in seconds."""

    began: float
    seen: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def left(self, now: float) -> float:
        """Returns the seconds until the session ends by itself."""
        return min(self.seen + _IDLE, self.began + _LONGEST_SESSION) - now


class Sessions:
    """The sessions of those who logged in, by a random token of which only the hash is kept. For use in one event
    loop."""

    def __init__(self) -> None:
        self._open: dict[bytes, Session] = {}

    def begin(self, now: float) -> str:
        """Begins a session and returns its token."""
        for key in [key for key, session in self._open.items() if session.left(now) <= 0]:
            self._open.pop(key).ended.set()
        token = secrets.token_urlsafe(32)
        self._open[_key(token)] = Session(now, now)
        return token

    def find(self, token: str, now: float) -> Session | None:
        """Returns the session and counts as activity in it; None for a token that is unknown or expired."""
        session = self._open.get(_key(token))
        if session is None or session.left(now) <= 0:
            return None
        session.seen = now
        return session

    def end(self, token: str) -> None:
        """Ends the session with this token."""
        if session := self._open.pop(_key(token), None):
            session.ended.set()


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()

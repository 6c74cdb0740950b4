"""Refuses every connection that is not to this machine, and logs each attempt, even those whose error a library
catches.

It uses an audit hook, which no library can bypass from Python. It imports nothing of Docent: it is put in front of
processes as their `sitecustomize`, so that it is in place before anything else runs, in their children too.
"""

from __future__ import annotations

import os
import sys
from typing import Any

LOG = "DOCENT_GUARD_LOG"  # the variable that names the file for attempts
LOCAL = ("localhost", "127.0.0.1", "::1")
ANY = ("", "0.0.0.0", "::")  # to connect to, this machine; to listen at, all that reach it
_WITH_ADDRESS = ("socket.connect", "socket.sendto", "socket.bind", "socket.sendmsg")
_WITH_NAME = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


def _host(event: str, args: tuple[Any, ...]) -> str:
    asked = args[1] if event in _WITH_ADDRESS else args[0]
    if isinstance(asked, tuple):
        asked = asked[0] if asked else ""
    elif event in _WITH_ADDRESS:
        return "localhost"  # a socket of this machine's own kind, such as a path
    return asked.decode("utf-8", "replace") if isinstance(asked, bytes) else str(asked or "")


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event not in _WITH_ADDRESS and event not in _WITH_NAME:
        return
    host = _host(event, args)
    if host in (LOCAL if event == "socket.bind" else (*LOCAL, *ANY)) or host.startswith("127."):
        return
    with open(os.environ[LOG], "a", encoding="utf-8") as log:  # noqa: PTH123
        log.write(f"{event} {host}\n")
    raise OSError(f"refused: {event} {host}")


if os.environ.get(LOG):
    sys.addaudithook(_audit)

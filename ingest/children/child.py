"""The child process that reads files: `python -m ingest.children.child`. It confines itself before it opens any file.

It first sends ("ready",). For a PDF it sends ("event", event of `ingest.pdf.pdf`) page by page, so that what was read
survives a crash; for any other file ("page", done, total), then ("done", ReadResult). For a page to be recognised it
sends ("recognised", Recognised). Each request may end with ("failed", message, hint) instead.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from ingest.children.confine import confine


def main() -> None:
    """Confines this process, then answers requests from stdin on stdout until stdin is closed."""
    confine()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not break the protocol
    from ingest.children.wire import receive, send

    send(replies, ("ready",))
    while True:
        try:
            order = receive(requests)
        except EOFError:
            return
        _answer(order, replies)


def _answer(order: tuple[Any, ...], replies: IO[bytes]) -> None:
    from ingest.children.wire import send
    from ingest.errors import ReadError

    hint = "Open it in a PDF viewer and print it to a new PDF, then ingest again."
    try:
        for reply in _replies(order, replies):
            send(replies, reply)
    except ReadError as error:
        send(replies, ("failed", str(error), error.hint))
    except (MemoryError, RecursionError):
        send(replies, ("failed", "needs more memory than a reader may use", hint))
    except Exception as error:  # whatever a library makes of a broken file, the run goes on
        send(replies, ("failed", f"cannot be read ({type(error).__name__}: {error})"[:300], hint))


def _replies(order: tuple[Any, ...], replies: IO[bytes]) -> Any:
    from ingest.children.wire import send
    from ingest.pdf.pdf import pdf_events
    from ingest.readers.ocr import recognise_page
    from ingest.readers.read import check_readable, read_file

    kind, path, password, what = order[0], Path(order[1]), order[2], order[3]
    check_readable(path)
    if kind == "recognise":
        yield "recognised", recognise_page(path, what, password)
    elif path.suffix.lower() == ".pdf":
        for event in pdf_events(path, password, what):
            yield "event", event
    else:
        yield "done", read_file(path, password, lambda done, total: send(replies, ("page", done, total)))


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone: nobody else would end a child that hangs."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)


if __name__ == "__main__":
    main()

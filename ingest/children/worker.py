"""Reads files in a child process. When a hostile file crashes it or hangs it, reading goes on behind the page at
fault."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingest.children.wire import receive, send
from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.pdf.pdf import Gathered, Resume
from ingest.readers.ocr import Recognised

_LOOK = 0.25  # seconds between two looks at whether reading is still wanted
_START = 120.0  # seconds for Python itself to come up, on a machine that is busy
_HINT = "Open it in a PDF viewer and print it to a new PDF, then ingest again."


def hint_for(path: Path) -> str:
    """Returns what to do about a file that crashes the reader or takes too long."""
    if path.suffix.lower() == ".pdf":
        return _HINT
    return "Open it in the program it was made with and save it again, in parts if it is long; then ingest again."


class Child:
    """A child process that reads. It is killed when one page takes more than `page_timeout` seconds, and started
    anew."""

    def __init__(self, page_timeout: float) -> None:
        self._page_timeout = page_timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._messages: queue.Queue[tuple[Any, ...] | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspends the child process within the `with` block."""
        import psutil

        child = psutil.Process(self._child.pid) if self._child else None
        with suppress(psutil.Error):  # it may just have died
            if child:
                child.suspend()
        try:
            yield
        finally:
            with suppress(psutil.Error):
                if child:
                    child.resume()

    def _next(self, check: Callable[[], None]) -> tuple[Any, ...]:
        """Returns the child's next message. Kills a child that takes too long or is gone, and raises _Lost."""
        left = self._page_timeout
        while True:
            check()
            try:
                message = self._messages.get(timeout=min(_LOOK, left))
                break
            except queue.Empty:
                left -= _LOOK
                if left <= 0:
                    self._kill()
                    raise _Lost(f"took more than {self._page_timeout:.0f} s for one page and was given up") from None
        if message is None:
            self._kill()
            raise _Lost("is damaged in a way that crashed the reader")
        return message

    def _order(self, order: tuple[Any, ...]) -> None:
        if self._child is None or self._child.poll() is not None:
            self._spawn()
        assert self._child and self._child.stdin
        try:
            send(self._child.stdin, order)
        except OSError:  # it died between two files
            self._spawn()
            send(self._child.stdin, order)

    def _spawn(self) -> None:
        self._kill()
        self._messages = queue.Queue()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.children.child"],  # -P: never a module of the user's own folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # each thread would take address space, and none is used
        )
        threading.Thread(target=_listen, args=(self._child.stdout, self._messages), daemon=True).start()
        with suppress(queue.Empty):
            if self._messages.get(timeout=_START) is None:
                self._messages.put(None)

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for stream in (self._child.stdin, self._child.stdout):
                if stream:
                    with suppress(OSError):  # what it did not take any more
                        stream.close()
            self._child = None


class Reader(Child):
    """Reads files: `start` the next one while the last is still being embedded, then `finish` it."""

    def __init__(self, page_timeout: float) -> None:
        super().__init__(page_timeout)
        self._file: tuple[Path, str] = (Path(), "")

    def start(self, path: Path, password: str = "") -> None:
        """Sends the file to the child, which begins to read it."""
        self._file = path, password
        self._order(("read", str(path), password, Resume()))

    def finish(self, on_page: OnPage | None = None, check: Callable[[], None] = lambda: None) -> ReadResult:
        """Waits for the file and returns it. Raises ReadError for what kept the whole file from being read. A page of a
        PDF that crashes the child or takes too long is left out, and a note names it.

        `check` is called several times a second. It may wait, which is not counted, or raise to give up.
        """
        pdf = Gathered(self._file[0])
        while True:
            try:
                message = self._next(check)
            except _Lost as lost:
                resume = pdf.recover(str(lost))
                if resume is None:
                    raise ReadError(str(lost), hint_for(self._file[0])) from None
                if pdf.is_done:
                    return pdf.result()
                self._order(("read", str(self._file[0]), self._file[1], resume))
                continue
            if message[0] == "event":
                pdf.take(message[1], on_page)
                if pdf.is_done:
                    return pdf.result()
            elif message[0] == "page":
                if on_page:
                    on_page(message[1], message[2])
            elif message[0] == "failed":
                raise ReadError(message[1], message[2])
            elif message[0] == "done":
                result: ReadResult = message[1]
                return result


class Recogniser(Child):
    """Recognises the text of pages that are pictures."""

    def page(self, path: Path, number: int, password: str = "", check: Callable[[], None] = lambda: None) -> Recognised:
        """Returns the recognised page `number` (1-based). Raises ReadError when it cannot be drawn, crashes the child
        or takes too long."""
        self._order(("recognise", str(path), password, number))
        try:
            message = self._next(check)
        except _Lost as lost:
            raise ReadError(str(lost), _HINT) from None
        except BaseException:  # given up: its answer must not be taken for another page's
            self._kill()
            raise
        if message[0] == "failed":
            raise ReadError(message[1], message[2])
        found: Recognised = message[1]
        return found


class _Lost(Exception):
    """The child hung or crashed."""


def _listen(stream: IO[bytes] | None, messages: queue.Queue[tuple[Any, ...] | None]) -> None:
    assert stream
    try:
        while True:
            messages.put(receive(stream))
    except (EOFError, OSError, ValueError):
        messages.put(None)

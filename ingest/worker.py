"""Reads files in a child process: hostile ones may crash it or hang, and Docent goes on.

The child is `python -m ingest.worker`. It answers length-prefixed pickles: ("page", done, total) while it reads,
then ("done", ReadResult) or ("failed", message, hint).
"""

from __future__ import annotations

import pickle
import queue
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .datatypes import OnPage, ReadResult
from .errors import ReadError
from .read import read_file

_MEMORY_LIMIT = 6 << 30  # bytes of address space for one reader
_HINT = "Open it in a PDF viewer and print it to a new PDF, then ingest again."


class Reader:
    """A reading child process. `start` the next file while the last one is still being embedded, then `finish` it."""

    def __init__(self, page_timeout: float) -> None:
        self._page_timeout = page_timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._messages: queue.Queue[tuple[Any, ...] | None] = queue.Queue()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def start(self, path: Path, password: str = "") -> None:
        if self._child is None or self._child.poll() is not None:
            self._spawn()
        assert self._child and self._child.stdin
        try:
            _send(self._child.stdin, (str(path), password))
        except OSError:  # it died between two files
            self._spawn()
            _send(self._child.stdin, (str(path), password))

    def finish(self, on_page: OnPage | None = None) -> ReadResult:
        """Raises ReadError for whatever kept the file from being read, a crash or a hang included."""
        while True:
            try:
                message = self._messages.get(timeout=self._page_timeout)
            except queue.Empty:
                self._kill()
                raise ReadError(
                    f"took more than {self._page_timeout:.0f} s for one page and was given up", _HINT
                ) from None
            if message is None:
                self._kill()
                raise ReadError("is damaged in a way that crashed the reader", _HINT)
            if message[0] == "page":
                if on_page:
                    on_page(message[1], message[2])
            elif message[0] == "failed":
                raise ReadError(message[1], message[2])
            else:
                result: ReadResult = message[1]
                return result

    def _spawn(self) -> None:
        self._kill()
        self._messages = queue.Queue()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ingest.worker"],  # -P: never a module of the user's own folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        threading.Thread(target=_listen, args=(self._child.stdout, self._messages), daemon=True).start()

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for stream in (self._child.stdin, self._child.stdout):
                if stream:
                    with suppress(OSError):  # what it did not take any more
                        stream.close()
            self._child = None


def _listen(stream: IO[bytes] | None, messages: queue.Queue[tuple[Any, ...] | None]) -> None:
    assert stream
    try:
        while True:
            messages.put(_receive(stream))
    except (EOFError, OSError, ValueError):
        messages.put(None)


def _send(stream: IO[bytes], message: object) -> None:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(struct.pack("<Q", len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    (size,) = struct.unpack("<Q", head)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)


def limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
    except (ImportError, ValueError, OSError):  # Windows, or a stricter limit already
        pass


def main() -> None:
    limit_memory()
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not break the protocol
    while True:
        try:
            path, password = _receive(requests)
        except EOFError:
            return
        try:
            result = read_file(Path(path), password, lambda done, total: _send(replies, ("page", done, total)))
            _send(replies, ("done", result))
        except ReadError as error:
            _send(replies, ("failed", str(error), error.hint))
        except (MemoryError, RecursionError):
            _send(replies, ("failed", "needs more memory than a reader may use", _HINT))
        except Exception as error:  # whatever a library makes of a broken file, the run goes on
            _send(replies, ("failed", f"cannot be read ({type(error).__name__}: {error})"[:300], _HINT))


if __name__ == "__main__":
    main()

"""Reads ahead while nobody needs the model, and stops the moment somebody does. No Streamlit."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.ahead import Ahead, on_battery, read_ahead
from app.ask.assistant import Assistant
from app.datatypes import Turn as PastTurn
from app.ui.live import Turn, explained

_LOOK = 0.5  # seconds between two looks at whether it may begin, while there is something to read
_AGAIN = 60.0  # seconds until it tries again what went wrong
_GONE = 5.0  # seconds that the end of the server waits for it


class ReadingAhead:
    """A thread that sleeps until there is something to read, and reads while nothing else needs the model.

    `is_free` is called inside llama.cpp, hundreds of times a second: once it returns False, the model is free within
    milliseconds, so that no question waits.
    """

    def __init__(
        self,
        assistant: Callable[[], Assistant],
        conversations: Callable[[], Sequence[Sequence[PastTurn]]],
        is_free: Callable[[], bool],
    ) -> None:
        """`conversations` returns the newest first. It and `assistant` may raise any DocentError."""
        self.told: Ahead | None = None  # how far it has come; None while that is not known
        self.at_work = self.on_battery = False
        self._assistant, self._conversations, self._is_free = assistant, conversations, is_free
        self._model = Turn()  # either this thread is inside the model, or whoever holds it off
        self._wanted, self._ended, self._starting = threading.Event(), threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        with self._starting:
            if self._thread.ident is None:
                # If Python ended while the thread is inside llama.cpp, the process would crash.
                atexit.register(self.end)
                self._thread.start()
        self.again()

    def again(self) -> None:
        """Tells the thread that there may be something new to read."""
        self._wanted.set()

    def end(self) -> None:
        """Ends the thread and waits some seconds for it."""
        self._ended.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(_GONE)

    @contextmanager
    def held_off(self) -> Iterator[None]:
        """Within the `with` block, which begins once the thread is out of the model, it stays out."""
        with self._model:
            yield

    def _run(self) -> None:
        while self._wanted.wait() and not self._ended.is_set():
            is_free = self._is_free()
            self.on_battery = is_free and on_battery()
            if not is_free or self.on_battery:
                self._ended.wait(_LOOK)
                continue
            self._wanted.clear()
            try:
                done = self._read()
            except Exception as error:
                explained(error)  # what is amiss with the index or the model, the pages say
                done = False
                self._wanted.wait(_AGAIN)
            if not done:
                self.again()

    def _read(self) -> bool:
        """Reads ahead once; returns False when it was interrupted."""
        with self._model.in_background():
            self.at_work = True
            try:
                told = read_ahead(self._assistant(), self._conversations(), self._must_stop, self._tell)
            finally:
                self.at_work = False
            self.told = told or self.told
            return told is not None or not self._must_stop()

    def _must_stop(self) -> bool:
        return self._ended.is_set() or self._model.is_wanted or self.on_battery or not self._is_free()

    def _tell(self, ahead: Ahead) -> None:
        """Keeps the newest progress. Each round first counts what was read before, which must not look like a step
        back."""
        if self.told is None or self.told.total != ahead.total or self.told.read <= ahead.read:
            self.told = ahead
        self.on_battery = on_battery()

"""Work that continues while pages are drawn, left or reloaded. Threads write its state, pages read it. No Streamlit."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Literal, TypeVar

from app.ask.stream import AnswerStream
from app.datatypes import Answer, Sentence
from app.llm.protocol import Llm
from ingest.errors import DocentError

P = TypeVar("P")
R = TypeVar("R")
Stage = Literal["searching", "waiting", "loading", "reading", "writing", "checking", "looking", "done", "failed"]
_log = logging.getLogger(__name__)


def explained(error: Exception) -> DocentError:
    """Returns the error to show. The traceback of an unexpected one is logged to the terminal."""
    if isinstance(error, DocentError):
        return error
    _log.error("unforeseen", exc_info=error)
    return DocentError(
        f"Something went wrong inside Docent ({type(error).__name__}).",
        "Try again. If it happens again, please report it with what the terminal shows.",
    )


class Turn:
    """A lock on the model: one user at a time, questions in the chat before work in the background."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[bool, int]] = []  # in the background or not, then as they came
        self._numbers = itertools.count()
        self._taken = False

    def __enter__(self) -> None:
        self._take(background=False)

    def __exit__(self, *_: object) -> None:
        self._give()

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Holds the lock for background work, which must call `give_way` between its pieces."""
        self._take(background=True)
        try:
            yield
        finally:
            self._give()

    def give_way(self) -> None:
        """Lets all who wait for the lock go first. Called by background work that holds it."""
        self._give()
        self._take(background=True)

    @property
    def is_wanted(self) -> bool:
        """Whether someone waits for the lock."""
        return bool(self._waiting)

    def _take(self, *, background: bool) -> None:
        with self._changed:
            mine = (background, next(self._numbers))
            heapq.heappush(self._waiting, mine)
            self._changed.wait_for(lambda: not self._taken and self._waiting[0] == mine)
            heapq.heappop(self._waiting)
            self._taken = True

    def _give(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()


class Job(Generic[P, R]):
    """Work on its own thread: holds its newest progress, then its result or its error."""

    def __init__(self, work: Callable[[Callable[[P], None]], R]) -> None:
        self.progress: P | None = None
        self.result: R | None = None
        self.error: DocentError | None = None
        self.seen = False  # whether a page has told how it ended
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        """Waits for the end of the work, at most `seconds`."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self.result = self._work(self._tell)
        except Exception as error:
            self.error = explained(error)

    def _tell(self, progress: P) -> None:
        self.progress = progress


class LiveAnswer:
    """A question that is being answered. The answer is stored even if nobody watches."""

    def __init__(
        self,
        question: str,
        ask: Callable[[], AnswerStream],
        load_llm: Callable[[], Llm],
        turn: Turn,
        keep: Callable[[Answer], object],
        replaces: int | None = None,
    ) -> None:
        """`turn` is the lock on the model, held while it writes. `replaces` is the id of the turn that the answer
        replaces."""
        self.question, self.replaces = question, replaces
        self.stage: Stage = "searching"
        self.evidence: tuple[Sentence, ...] = ()
        self.passages = 0
        self.text = ""
        self.error: DocentError | None = None
        self.stopping = False
        self._ask, self._load_llm, self._turn, self._keep = ask, load_llm, turn, keep
        self._stream: AnswerStream | None = None
        self._since = time.monotonic()
        self._news = threading.Condition()
        self._n_news = 0  # how often there was something new to see
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def running(self) -> bool:
        return self.stage not in ("done", "failed")

    @property
    def seconds(self) -> float:
        """How long the current stage has taken, in seconds."""
        return time.monotonic() - self._since

    def stop(self) -> None:
        """Stops the model within a token; what was written so far is verified and stored."""
        self.stopping = True
        if self._stream:
            self._stream.stop()

    def wait(self, seconds: float | None = None) -> None:
        """Waits for the answer, at most `seconds`."""
        self._thread.join(seconds)

    def wait_evidence(self, seconds: float) -> None:
        """Waits until there is evidence, or there will be none, at most `seconds`."""
        with self._news:
            self._news.wait_for(lambda: self.stage != "searching", seconds)

    def wait_news(self, seen: int, seconds: float) -> int:
        """Waits until there is something newer than `seen`, at most `seconds`. Returns the value to pass as `seen` next
        time; begin with 0."""
        with self._news:
            self._news.wait_for(lambda: self._n_news > seen, seconds)
            return self._n_news

    def _run(self) -> None:
        try:
            stream = self._stream = self._ask()
            self.evidence = stream.evidence
            self.passages = len(stream.hits)
            if stream.computed:  # needs no model, so it does not wait for the lock
                self._keep(stream.answer)
                self._enter("done")
                return
            stream.on_look = lambda: self._enter("looking")
            self._enter("waiting")
            with self._turn:
                if self.stopping:
                    stream.stop()
                elif stream.hits:
                    self._enter("loading")
                    self._load_llm()
                    self._enter("reading")
                self._write(stream)
                self._enter("checking")
                answer = stream.answer
            self._keep(answer)
            self._enter("done")
        except Exception as error:
            self.error = explained(error)
            self._enter("failed")

    def _write(self, stream: AnswerStream) -> None:
        for piece in stream:
            if self.stopping:
                stream.stop()  # again: the first may have come before the stream began
            self.text += piece
            if self.stage == "reading":
                self._enter("writing")
            else:
                self._tell()

    def _enter(self, stage: Stage) -> None:
        self._since = time.monotonic()
        self.stage = stage
        self._tell()

    def _tell(self) -> None:
        with self._news:
            self._n_news += 1
            self._news.notify_all()

"""Work that goes on while the page is drawn, left or reloaded. Threads write here, pages only look. No Streamlit."""

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
    """What to show of an error. One that nobody foresaw goes to the terminal with its trace."""
    if isinstance(error, DocentError):
        return error
    _log.error("unforeseen", exc_info=error)
    return DocentError(
        f"Something went wrong inside Docent ({type(error).__name__}).",
        "Try again. If it happens again, please report it with what the terminal shows.",
    )


class Turn:
    """Who may use the model: one at a time, whoever asks in the chat before what goes on in the background."""

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
    def behind(self) -> Iterator[None]:
        """For work in the background, which is to `step_aside` between its pieces."""
        self._take(background=True)
        try:
            yield
        finally:
            self._give()

    def step_aside(self) -> None:
        """By whoever has it through `behind`: lets all who wait go first."""
        self._give()
        self._take(background=True)

    @property
    def is_wanted(self) -> bool:
        """Whether someone waits for it."""
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
    """One piece of work on a thread of its own: its newest progress, then its result or its error."""

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
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self.result = self._work(self._tell)
        except Exception as error:
            self.error = explained(error)

    def _tell(self, progress: P) -> None:
        self.progress = progress


class LiveAnswer:
    """One question on its way to an answer that is kept, whoever is watching."""

    def __init__(
        self,
        question: str,
        ask: Callable[[], AnswerStream],
        load_llm: Callable[[], Llm],
        turn: Turn,
        keep: Callable[[Answer], object],
        replaces: int | None = None,
    ) -> None:
        """`turn` is held while the model writes: it does so for one question at a time. `replaces` is a turn's id."""
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
        """In the present stage."""
        return time.monotonic() - self._since

    def stop(self) -> None:
        """Ends it within a token; what was written so far is checked and kept."""
        self.stopping = True
        if self._stream:
            self._stream.stop()

    def wait(self, seconds: float | None = None) -> None:
        self._thread.join(seconds)

    def wait_evidence(self, seconds: float) -> None:
        """Returns as soon as there is evidence, or will be none, but after `seconds` at most."""
        with self._news:
            self._news.wait_for(lambda: self.stage != "searching", seconds)

    def wait_news(self, seen: int, seconds: float) -> int:
        """Returns as soon as there is more to see than what was `seen`, but after `seconds` at most. Returns what to
        come with the next time; begin with 0."""
        with self._news:
            self._news.wait_for(lambda: self._n_news > seen, seconds)
            return self._n_news

    def _run(self) -> None:
        try:
            stream = self._stream = self._ask()
            self.evidence = stream.evidence
            self.passages = len(stream.hits)
            if stream.computed:  # needs no model, and so waits for none
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

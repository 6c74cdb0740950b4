"""Drafts questions and runs evaluations in the background, while people go on asking. No Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.ask.assistant import Assistant
from app.evaluation.cases import Case, case_id
from app.evaluation.drafts import Draft, Dropped
from app.evaluation.run import evaluate, place_for
from app.evaluation.twins import Twin
from app.ui.live import Job, Turn


class Drafting:
    """Makes drafts one by one until there are `wanted`, and passes each to `keep`. It continues when the page is left.

    `begin` opens the index and loads the model; it runs in the background too.
    """

    def __init__(
        self, begin: Callable[[], Iterator[Draft | Dropped]], turn: Turn, wanted: int, keep: Callable[[Draft], None]
    ) -> None:
        self.wanted, self.found, self.looked = wanted, 0, 0
        self.dropped: list[Dropped] = []
        self.stopping = False
        self._begin, self._turn, self._keep = begin, turn, keep
        self.job: Job[None, None] = Job(self._run)

    @property
    def running(self) -> bool:
        return self.job.running

    def stop(self) -> None:
        """Stops after the current draft."""
        self.stopping = True

    def _run(self, tell: Callable[[None], None]) -> None:
        with self._turn.in_background():
            attempts = self._begin()
            while self.found < self.wanted and not self.stopping:
                attempt = next(attempts, None)
                if attempt is None:
                    break
                self.looked += 1
                if isinstance(attempt, Draft):
                    self.found += 1
                    self._keep(attempt)
                else:
                    self.dropped.append(attempt)
                self._turn.give_way()


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far an evaluation run has come; `eta` in seconds."""

    done: int
    total: int
    eta: float


class Trial:
    """An evaluation run. Each row is on disk before the next question is asked, so it can be ended at any time."""

    def __init__(
        self, assistant: Callable[[], Assistant], turn: Turn, cases: Sequence[Case], *, retrieval_only: bool
    ) -> None:
        self.cases, self.retrieval_only = list(cases), retrieval_only
        self.stopping = False
        self.out: Path | None = None  # once it has begun
        self._assistant, self._turn = assistant, turn
        self.job: Job[RunProgress, Path] = Job(self._run)

    @property
    def running(self) -> bool:
        return self.job.running

    def stop(self) -> None:
        """Stops after the current question. The same run can be continued later."""
        self.stopping = True

    def _run(self, tell: Callable[[RunProgress], None]) -> Path:
        assistant = self._assistant()
        out = self.out = place_for(assistant, self.cases, retrieval_only=self.retrieval_only)

        def told(done: int, total: int, eta: float) -> None:
            tell(RunProgress(done, total, eta))
            if not self.retrieval_only:
                self._turn.give_way()

        def run() -> None:
            evaluate(
                assistant, self.cases, out, retrieval_only=self.retrieval_only, on_case=told,
                should_stop=lambda: self.stopping,
            )  # fmt: skip

        if self.retrieval_only:  # needs no answer model, so nobody waits for it
            run()
        else:
            with self._turn.in_background():
                run()
        return out


def evenly_spaced(cases: Sequence[Case], n: int) -> list[Case]:
    """Returns at most n cases, evenly from the whole list, because files are often ordered by kind."""
    return [cases[i * len(cases) // n] for i in range(n)] if 0 < n < len(cases) else list(cases)


def case_of(draft: Draft) -> Case:
    """Returns the case for an accepted draft."""
    fact = draft.fact
    return Case(
        id=case_id(draft.question), question=draft.question, answers=(draft.answer,), gold_docs=(fact.file,),
        gold_pages=(fact.page,), kind=draft.kind, about_doc=fact.file, evidence=fact.quote,
    )  # fmt: skip


def case_of_twin(twin: Twin, about: str) -> Case:
    """Returns the case for an accepted twin, which the documents do not answer."""
    return Case(
        id=case_id(twin.question), question=twin.question, answerable=False, kind="unanswerable", about_doc=about
    )

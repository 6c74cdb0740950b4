"""The questions that a folder is tested with: those kept, those being drafted, the run that goes on. No Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.ask.assistant import Assistant
from app.evaluation.cases import Case, load_cases
from app.evaluation.drafts import Asked, Draft, Dropped, drafts
from app.llm.protocol import Llm
from app.ui.live import Turn
from app.ui.trial import Drafting, Trial


class Testing:
    """What the Evaluation page works on. Index and model are opened in the background, when first needed."""

    def __init__(self, folder: Path, assistant: Callable[[], Assistant], llm: Callable[[], Llm], turn: Turn) -> None:
        self.cases_file = folder / "eval.jsonl"
        self.drafting: Drafting | None = None
        self.drafts: list[Draft] = []  # waiting to be accepted
        self.decided: set[str] = set()  # ids of drafts that were, while their twins wait
        self.declined: list[str] = []  # questions that are not to come again
        self.trial: Trial | None = None
        self._assistant, self._llm, self._turn = assistant, llm, turn

    @property
    def work(self) -> list[Drafting | Trial]:
        """What was begun last, of either kind."""
        return [work for work in (self.drafting, self.trial) if work]

    def cases(self) -> list[Case]:
        """Raises InvalidInput naming the line that cannot be used, StorageError."""
        file = self.cases_file
        return load_cases(file) if file.is_file() and file.stat().st_size > 1 else []

    def draft(self, wanted: int) -> None:
        """Drafts questions in the background until `wanted` more wait in `drafts`. Raises InvalidInput."""
        if self.drafting and self.drafting.running:
            return
        asked = [Asked(case.question, _places(case)) for case in self.cases()]
        asked += [Asked(draft.question, ((draft.fact.file, draft.fact.page),)) for draft in self.drafts]
        asked += [Asked(question) for question in self.declined]

        def begin() -> Iterator[Draft | Dropped]:
            return drafts(self._assistant().index, self._llm(), asked, seed=len(asked))

        self.drafting = Drafting(begin, self._turn, wanted, self.drafts.append)

    def evaluate(self, cases: Sequence[Case], *, retrieval_only: bool = False) -> None:
        """Runs the cases in the background; one run at a time."""
        if not (self.trial and self.trial.running):
            self.trial = Trial(self._assistant, self._turn, cases, retrieval_only=retrieval_only)


def _places(case: Case) -> tuple[tuple[str, int], ...]:
    return tuple((doc, page) for doc in case.gold_docs for page in case.gold_pages)

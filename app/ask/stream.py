"""One question on its way to an answer: the whole path, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from app.ask.attempt import Attempt
from app.ask.check.gate import NEAREST, Verdict, unknown_codes
from app.ask.check.table_cell import cell_of
from app.ask.check.verify import quoted
from app.ask.find.elsewhere import older, other_language, with_others
from app.ask.find.retrieve import AS_FOUND, further, retrieve
from app.ask.kinds.registry import IN_ORDER
from app.ask.language.dates import start_of
from app.ask.plan import Asked, Computed, compute
from app.ask.understand.rewrite import standalone, with_figures
from app.ask.working import Worked, with_date, with_sum
from app.ask.write.injection import warnings
from app.datatypes import Answer, Hit, Kind, Plan, Prompt, Sentence, Turn
from app.llm.peak import peak_mb
from app.llm.protocol import Llm, Stats
from ingest.store.index import LocalIndex

if TYPE_CHECKING:
    from app.ask.assistant import Assistant

_FACT = Plan("fact", "Looked for the passages that come nearest, and answered from them.")
_PERIOD_WANTED = " Answer with the period that the passages give for this, such as '10 days' or '3 years'."


class AnswerStream:
    """Take `.evidence`, iterate for text, read `.answer`. Each stage runs when it is first asked for, and once.

    What code can answer by itself is `.computed`. Everything else the model answers from the best passages; where that
    leaves doubt, it looks once more, at the next passages, and the answer that it is surer of is kept. `on_look` is
    called when it does.
    """

    def __init__(
        self,
        assistant: Assistant,
        index: LocalIndex,
        question: str,
        history: Sequence[Turn],
        doc_ids: Collection[int] | None,
        kind: Kind | None = None,
        remark: str = "",
    ) -> None:
        """`remark` is what people should know of how their question was read."""
        self._assistant, self._index, self._doc_ids, self._kind = assistant, index, doc_ids, kind
        self._remark = remark
        self._began = time.perf_counter()
        self.question, self.history = question, history
        self.on_look: Callable[[], None] = lambda: None
        self._retrieved = 0.0
        self._llm: Llm | None = None
        self._stopped = False
        self._generated = False
        self._second: Attempt | None = None

    @cached_property
    def query(self) -> str:
        """The question made to stand alone, with abbreviations spelled out: what is searched for."""
        return with_figures(self._assistant.domain.expand(standalone(self.question, self.history)))

    @cached_property
    def computed(self) -> Computed | None:
        """The answer that code can make by itself; None where it is a question about a fact."""
        if self.by_kind or self._kind is not None:
            return self.by_kind
        return cell_of(standalone(self.question, self.history), self.first.sentences, self.hits)

    @cached_property
    def by_kind(self) -> Computed | None:
        """The answer of the first kind that fits. Needs no search for passages."""
        if self._kind == "fact":
            return None
        asked = Asked(
            self.question, self.query, tuple(self.history), self._index, self._assistant.encoder, self._doc_ids
        )
        return compute(asked, IN_ORDER, self._kind)

    @cached_property
    def found(self) -> list[Hit]:
        """The passages as they were stored, and as the model reads them: so that what it has read can be kept."""
        if self.by_kind:
            return []
        settings = self._assistant.settings
        return retrieve(self._index, self._assistant.encoder, self.query, settings.passages, self._doc_ids, AS_FOUND)

    @cached_property
    def first(self) -> Attempt:
        """The first look."""
        return self._attempt(self.found)

    def _attempt(self, found: Sequence[Hit]) -> Attempt:
        said = (self.question, self.query, tuple(self.history))
        instruction = _PERIOD_WANTED if start_of(self.question) else ""
        return Attempt(self._assistant, self._index, said, found, instruction=instruction)

    @property
    def hits(self) -> list[Hit]:
        """The passages found, with those that touch joined."""
        return self.first.hits

    @cached_property
    def evidence(self) -> tuple[Sentence, ...]:
        """The sentences that come nearest to the question. Needs no answer model."""
        best = self.first.evidence
        self._retrieved = time.perf_counter() - self._began
        return best

    @cached_property
    def unknown(self) -> list[str]:
        """Codes in the question that no document names; with one, there is nothing to generate."""
        return unknown_codes(self.question, self.hits, lambda code: bool(self._index.bm25(code, 1, self._doc_ids)))

    @property
    def reply(self) -> str:
        """The model's own words at the first look, before code has checked them."""
        return self.first.reply

    @property
    def prompt(self) -> Prompt | None:
        """What the model was given; None while, or where, it was given nothing."""
        return self.first.prompt

    def __iter__(self) -> Iterator[str]:
        """Pieces of text: the model's own, as it writes at its first look, or what code has answered. What is kept of
        it, `.answer` decides."""
        if self.computed:
            yield self.computed.text
            return
        if self._generated:
            yield self.reply
            return
        self._generated = True
        if (not self.evidence and not self.hits) or self.unknown or self._stopped:
            return
        self._llm = self._assistant.load_llm()
        self.first.stopped = self._stopped
        yield from self.first.write(self._llm)

    def stop(self) -> None:
        """Ends generation within a token. May be called from another thread."""
        self._stopped = True
        for attempt in (self.first if self._generated else None, self._second):
            if attempt:
                attempt.stop()

    @cached_property
    def answer(self) -> Answer:
        """Generates what is still to come, then verifies it. Nothing unsupported is in its text."""
        for _ in self:
            pass
        if self.computed:
            return self._of_computed(self.computed)
        self.first.unknown, self.first.stopped = self.unknown, self._stopped
        kept = self._look_further() if self._leaves_doubt(self.first) else self.first
        worked = self._worked_out(kept)
        verdict, hits = worked.verdict if worked else self._or_nearest(kept), kept.hits
        return Answer(
            verdict.status,
            verdict.text,
            verdict.reason,
            with_others(self._index, verdict.citations, hits),
            tuple(hits),
            self._llm.name if self._llm else "",
            self._stats(),
            kept.evidence,
            self.query,
            self._stopped,
            round(kept.confidence, 4),
            {name: round(value, 4) for name, value in kept.signals.items()},
            (
                *warnings(self._index.store, hits, verdict.citations, kept.evidence),
                *older(self._index, verdict.citations),
                *(other_language(self._index, self.question) if verdict.status == "abstained" else ()),
            ),
            replace(worked.plan if worked else _FACT, remark=self._remark),
        )

    def _or_nearest(self, kept: Attempt) -> Verdict:
        """The verdict; where nothing is answered, the sentence that comes nearest, as a doubtful answer."""
        read = self._llm is not None and not self._stopped and not self.unknown
        if kept.verdict.status != "abstained" or not read or not kept.closest:
            return kept.verdict
        sentence = kept.closest
        return Verdict("unsure", sentence.text, NEAREST, (quoted(sentence, sentence.text),))

    def _worked_out(self, kept: Attempt) -> Worked | None:
        """What is to be computed from what was quoted: a date, or a sum."""
        if self._llm is None or self._stopped or self._kind == "fact":
            return None

        def ask(question: str, file: str) -> Answer:
            doc_ids = [document.id for document in self._index.documents() if document.path == file]
            return AnswerStream(self._assistant, self._index, question, (), doc_ids, "fact").answer

        return with_date(self.question, kept.verdict, ask) or with_sum(
            self.question, kept.verdict, kept.evidence, self._llm
        )

    def _leaves_doubt(self, attempt: Attempt) -> bool:
        look = self._assistant.settings.look_further
        return look and self._llm is not None and not self._stopped and attempt.verdict.status != "answered"

    def _look_further(self) -> Attempt:
        """The better of the first look and of one at the next passages, which the first did not read."""
        first = self.first
        more = further(self._index, self._assistant.encoder, self.query, first.found, self._doc_ids)
        if not more or self._llm is None:
            return first
        self.on_look()
        second = self._second = self._attempt(more)
        second.stopped = self._stopped
        for _ in second.write(self._llm):
            pass
        if self._stopped or second.verdict.status == "abstained":
            return first
        surer = second.confidence > first.confidence or first.verdict.status == "abstained"
        return second if surer else first

    def _of_computed(self, computed: Computed) -> Answer:
        return Answer(
            computed.status,
            computed.text if computed.status != "abstained" else "",
            computed.reason,
            computed.citations,
            (),
            "",
            self._stats(),
            query=self.query,
            confidence=1.0,
            plan=replace(computed.plan, remark=self._remark),
            grid=computed.grid,
        )

    def _stats(self) -> Stats:
        """Of the first look; the total is of all."""
        first_at = self.first.first_at
        return replace(
            self.first.stats,
            seconds_retrieve=round(self._retrieved, 4),
            seconds_to_first_token=round(first_at - self._began, 4) if first_at else 0.0,
            seconds_total=round(time.perf_counter() - self._began, 4),
            peak_mb=peak_mb(),
        )

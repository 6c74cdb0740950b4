"""A question that holds several: each is answered by itself, and may lean on those before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from app.ask.attempt import Attempt
from app.ask.plan import Computed
from app.ask.stream import AnswerStream
from app.datatypes import Answer, Hit, Plan, Sentence, Status, Turn
from app.llm.protocol import Stats
from ingest.store.index import LocalIndex

if TYPE_CHECKING:
    from app.ask.assistant import Assistant


class SeveralStream(AnswerStream):
    """The parts' own streams, one after the other. What is found before anything is written is the first part's."""

    def __init__(
        self,
        assistant: Assistant,
        index: LocalIndex,
        question: str,
        parts: Sequence[str],
        history: Sequence[Turn],
        doc_ids: Collection[int] | None,
        remark: str = "",
    ) -> None:
        super().__init__(assistant, index, question, history, doc_ids, remark=remark)
        self._parts, self._streams = list(parts), [self._begin(parts[0], history)]

    def _begin(self, part: str, history: Sequence[Turn]) -> AnswerStream:
        stream = AnswerStream(self._assistant, self._index, part, history, self._doc_ids)
        stream.on_look = lambda: self.on_look()
        return stream

    def _each(self) -> Iterator[AnswerStream]:
        """Each part's stream once those before it are answered."""
        for number, part in enumerate(self._parts):
            if number == len(self._streams):
                before = [Turn(-1, s.question, s.answer) for s in self._streams]
                self._streams.append(self._begin(part, [*self.history, *before]))
            if self._stopped:
                self._streams[number].stop()
            yield self._streams[number]

    @cached_property
    def computed(self) -> Computed | None:
        """What code alone answers, if that is every part."""
        found = []
        for stream in self._each():
            if stream.computed is None:
                return None
            found.append(stream.answer)
        whole = self._joined(found)
        return Computed(self._plan, whole.text, whole.citations, whole.status, whole.reason, whole.grid)

    @cached_property
    def first(self) -> Attempt:
        return self._streams[0].first

    @property
    def hits(self) -> list[Hit]:
        return [] if self._streams[0].computed else self._streams[0].hits

    @cached_property
    def found(self) -> list[Hit]:
        return self._streams[0].found

    @cached_property
    def evidence(self) -> tuple[Sentence, ...]:
        return () if self._streams[0].computed else self._streams[0].evidence

    def __iter__(self) -> Iterator[str]:
        for stream in self._each():
            if stream is not self._streams[0]:
                yield "\n\n"
            yield from stream

    def stop(self) -> None:
        self._stopped = True
        self._streams[-1].stop()

    @cached_property
    def answer(self) -> Answer:
        return self._joined([stream.answer for stream in self._each()])

    @property
    def _plan(self) -> Plan:
        return Plan("several", f"Answered {len(self._parts)} questions, one after the other.")

    def _joined(self, answers: Sequence[Answer]) -> Answer:
        """Sure only where every part is; what a part could not be answered is told."""
        given = [answer for answer in answers if answer.status != "abstained"]
        missing = [part for part, answer in zip(self._parts, answers, strict=False) if answer.status == "abstained"]
        status: Status = "answered" if all(answer.status == "answered" for answer in answers) else "unsure"
        reasons = [answer.reason for answer in given or answers if answer.reason]
        if given and missing:
            reasons.append(f"Not found in your documents: {' '.join(missing)}")
        weakest = min(given or answers, key=lambda answer: answer.confidence)
        return replace(
            weakest,
            status=status if given else "abstained",
            text="\n\n".join(answer.text for answer in given),
            reason=" ".join(dict.fromkeys(reasons)),
            citations=tuple(dict.fromkeys(citation for answer in given for citation in answer.citations)),
            hits=tuple({hit.chunk.id: hit for answer in answers for hit in answer.hits}.values()),
            model=next((answer.model for answer in answers if answer.model), ""),
            stats=_summed([answer.stats for answer in answers]),
            evidence=tuple(dict.fromkeys(sentence for answer in answers for sentence in answer.evidence)),
            query=" ".join(answer.query for answer in answers),
            stopped=any(answer.stopped for answer in answers),
            warnings=tuple(dict.fromkeys(warning for answer in answers for warning in answer.warnings)),
            plan=replace(self._plan, remark=self._remark),
            grid=next((answer.grid for answer in given if answer.grid), None),
        )


def _summed(all_stats: Sequence[Stats]) -> Stats:
    """Tokens and seconds together; the first word is the first part's."""
    first = all_stats[0]
    names = (
        "prompt_tokens", "cached_tokens", "composed_tokens", "drafted_tokens", "accepted_tokens", "output_tokens",
        "seconds_retrieve", "seconds_total",
    )  # fmt: skip
    sums = {name: round(sum(getattr(stats, name) for stats in all_stats), 4) for name in names}
    return replace(first, **sums, peak_mb=max(stats.peak_mb for stats in all_stats))

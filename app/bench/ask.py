"""Asks the same questions in several ways and measures each.

Every question is asked in all ways before the next question, so that other load on the machine affects all ways alike.
Between two ways the model reads something else, so that what it still holds of the last prompt helps none of them. Only
the rules, with which all of Docent's prompts begin, stay in the model, as they do in use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.ask.assistant import Assistant
from app.ask.write.compose import Composer
from app.ask.write.prompt import history_of, label_of, passages_of, rules_of
from app.bench.machine import Meter, Usage, drafting
from app.datatypes import Answer, Turn
from app.evaluation.baseline import Usual
from app.evaluation.cases import Case
from app.llm.llamacpp import LlamaCpp
from app.llm.protocol import Stats
from app.settings import Settings
from ingest.datatypes import Encoder

FIRST, WARM, UNDRAFTED, FOLLOWING = "first-ever", "warm", "warm, no drafts", "follow-up"
PREFILL, PLAIN = "full prefill", "plain pipeline"
WAYS = (FIRST, WARM, UNDRAFTED, FOLLOWING, PREFILL, PLAIN)
FOLLOW_UP = "And what else is said about that?"
_ALL = 1 << 30  # tokens that may be read at once
_QUOTED = 96  # tokens


@dataclass(frozen=True, slots=True)
class Sample:
    """One question asked once. `stats` are the answer's; `model` is what the model itself reports of reading and
    writing."""

    way: str
    case: str
    run: int
    stats: Stats
    model: Stats
    used: Usage


@dataclass(frozen=True, slots=True)
class Parts:
    """What is needed to ask: an index, an encoder, a model and settings."""

    index_dir: Path
    encoder: Encoder
    llm: LlamaCpp
    settings: Settings

    def docent(self, kv_gb: float | None = None) -> Assistant:
        """Returns an Assistant that stores no conversation. With `kv_gb` 0 it reads all passages anew for each
        question."""
        settings = self.settings if kv_gb is None else self.settings.model_copy(update={"kv_gb": kv_gb})
        return Assistant(self.index_dir, self.encoder, lambda: self.llm, settings)


class Stream(Protocol):
    """An answer in the making; `answer` waits for it."""

    @property
    def answer(self) -> Answer: ...


OnStep = Callable[[str, int, int], None]  # what is being done, how many of it are done, of how many


def ask(parts: Parts, cases: Sequence[Case], runs: int, on_step: OnStep) -> list[Sample]:
    """Asks each question in each way that the model allows, `runs` times."""
    parts.llm.pin(rules_of(parts.llm).tokens)  # as the pages do when they start
    found: list[Sample] = []
    todo = [(run, case) for run in range(runs) for case in cases]
    for done, (run, case) in enumerate(todo):
        on_step("questions", done, len(todo))
        found += [Sample(way, case.id, run, *took) for way, took in _in_all_ways(parts, case.question)]
    return found


Took = tuple[Stats, Stats, Usage]


def _in_all_ways(parts: Parts, question: str) -> Iterator[tuple[str, Took]]:
    docent = parts.docent()
    if composer := docent.composer:
        yield from _with_states(parts.llm, docent, composer, question)
    full = parts.docent(kv_gb=0)
    yield PREFILL, _timed(parts.llm, lambda: full.ask(question))[0]
    plain = Usual(docent)
    yield PLAIN, _timed(parts.llm, lambda: plain.ask(question), drafts=False)[0]  # as others write


def _with_states(llm: LlamaCpp, docent: Assistant, composer: Composer, question: str) -> Iterator[tuple[str, Took]]:
    """Asks a question with nothing of it read before, then with all of it read ahead, then a follow-up."""
    composer.store.forget_all_but(())
    yield FIRST, _timed(llm, lambda: docent.ask(question))[0]
    _read_ahead(llm, docent, composer, question)
    took, answer = _timed(llm, lambda: docent.ask(question))
    yield WARM, took
    thread = (Turn(1, question, answer),)
    _read_ahead(llm, docent, composer, FOLLOW_UP, thread)
    yield FOLLOWING, _timed(llm, lambda: docent.ask(FOLLOW_UP, thread))[0]
    yield UNDRAFTED, _timed(llm, lambda: docent.ask(question), drafts=False)[0]


def _read_ahead(
    llm: LlamaCpp, docent: Assistant, composer: Composer, question: str, thread: Sequence[Turn] = ()
) -> None:
    """Reads ahead the passages that this question finds, as idle moments do for the whole index."""
    passages = passages_of(llm, docent.ask(question, thread).found)
    segments = [label_of(llm), *passages, *([history_of(llm, thread)] if thread else [])]
    composer.states(segments, lambda: False, at_once=_ALL)


def _timed(llm: LlamaCpp, asked: Callable[[], Stream], *, drafts: bool = True) -> tuple[Took, Answer]:
    for _ in llm.stream(llm.tokenize(llm.render("", "Count to ten."), special=True), 1):
        pass
    with drafting(llm, drafts):
        meter = Meter()
        answer = asked().answer
        return (answer.stats, llm.last_stats, meter.read()), answer


def search(parts: Parts, cases: Sequence[Case], runs: int) -> list[float]:
    """Returns the seconds that each search for ten passages took."""
    docent = parts.docent()
    times = []
    for case in [*cases] * runs:
        began = time.perf_counter()
        docent.search(case.question)
        times.append(time.perf_counter() - began)
    return times


def quote(parts: Parts, cases: Sequence[Case]) -> tuple[list[Stats], list[Stats]]:
    """Makes the model repeat each question's best passage; returns its statistics with drafts, and without."""
    llm, docent = parts.llm, parts.docent()
    found: tuple[list[Stats], list[Stats]] = ([], [])
    for case in cases:
        hits = docent.search(case.question, 1)
        asked = "\n\n".join([*(hit.chunk.text for hit in hits), "Repeat the text above, word for word."])
        tokens = llm.tokenize(llm.render("You repeat texts.", asked), special=True)
        for drafts, stats in zip((True, False), found, strict=True):
            with drafting(llm, drafts):
                for _ in llm.stream(tokens, _QUOTED):
                    pass
            stats.append(llm.last_stats)
    return found

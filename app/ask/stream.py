"""One question on its way to an answer: the whole path, top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from app.ask.compose import AT_ONCE, States, composed
from app.ask.elsewhere import older, other_language, with_others
from app.ask.evidence import best_sentences, sentences_of
from app.ask.gate import judge, signals, unknown_codes
from app.ask.kinds.registry import IN_ORDER
from app.ask.orders import gives_orders, warnings
from app.ask.plan import Asked, Computed, compute
from app.ask.prompt import (
    REFUSAL,
    build_checks,
    build_prompt,
    history_of,
    label_of,
    passages_of,
)
from app.ask.retrieve import AS_FOUND, join_neighbours, retrieve
from app.ask.rewrite import standalone, with_figures
from app.ask.verify import Claim, refuses, verify
from app.datatypes import Answer, Hit, Kind, Prompt, Sentence, Turn
from app.llm.peak import peak_mb
from app.llm.protocol import Llm, Stats
from ingest.store.index import LocalIndex

if TYPE_CHECKING:
    from app.ask.assistant import Assistant


class AnswerStream:
    """One question on its way. Each stage runs when it is first asked for, and once."""

    def __init__(
        self,
        assistant: Assistant,
        index: LocalIndex,
        question: str,
        history: Sequence[Turn],
        doc_ids: Collection[int] | None,
        kind: Kind | None = None,
    ) -> None:
        self._assistant, self._index, self._doc_ids, self._kind = assistant, index, doc_ids, kind
        self._began = time.perf_counter()
        self.question, self.history = question, history
        self.reply = ""  # the model's own words, before code has checked them
        self.prompt: Prompt | None = None  # what the model was given; None while, or where, it was given nothing
        self._first = self._retrieved = 0.0
        self._llm: Llm | None = None
        self._stopped = False
        self._generated = self._streamed = False

    @cached_property
    def query(self) -> str:
        """The question made to stand alone, with abbreviations spelled out: what is searched for."""
        return with_figures(self._assistant.domain.expand(standalone(self.question, self.history)))

    @cached_property
    def computed(self) -> Computed | None:
        """The answer that code can make by itself; None where it is a question about a fact."""
        if self._kind == "fact":
            return None
        asked = Asked(
            self.question, self.query, tuple(self.history), self._index, self._assistant.encoder, self._doc_ids
        )
        return compute(asked, IN_ORDER, self._kind)

    @cached_property
    def found(self) -> list[Hit]:
        """The passages as they were stored, and as the model reads them: so that what it has read can be kept."""
        settings = self._assistant.settings
        return retrieve(self._index, self._assistant.encoder, self.query, settings.passages, self._doc_ids, AS_FOUND)

    @cached_property
    def hits(self) -> list[Hit]:
        """The same, with those that touch joined."""
        return join_neighbours(self._index, self.found)

    @cached_property
    def sentences(self) -> list[Sentence]:
        return sentences_of(self._index, self.hits)

    @cached_property
    def evidence(self) -> tuple[Sentence, ...]:
        """The sentences that come nearest to the question. Needs no answer model. None where code answers."""
        if self.computed:
            return ()
        best = best_sentences(self.query, self.sentences, self.hits, self._assistant.encoder)
        self._retrieved = time.perf_counter() - self._began
        return tuple(best)

    @cached_property
    def unknown(self) -> list[str]:
        """Codes in the question that no document names; with one, there is nothing to generate."""
        return unknown_codes(self.question, self.hits, lambda code: bool(self._index.bm25(code, 1, self._doc_ids)))

    def __iter__(self) -> Iterator[str]:
        """Pieces of the model's own text, as it writes. What is kept of it, `.answer` decides."""
        if self._generated:
            yield self.reply
            return
        self._generated = True
        if self.computed:
            yield self.computed.text
            return
        evidence = self.evidence
        if not self.hits or self.unknown or self._stopped:
            return
        self._llm = self._assistant.load_llm()
        max_tokens = self._assistant.settings.max_tokens
        hits, states = self._readable(self._llm)
        self.prompt = build_prompt(self._llm, self.question, hits, evidence, self.history, max_tokens)
        if self._stopped:
            return
        self._llm.pin(self.prompt.rules)
        self._streamed = True
        for piece in self._llm.stream(self.prompt.tokens, max_tokens, composed(self.prompt, states)):
            self._first = self._first or time.perf_counter() - self._began
            self.reply += piece
            yield piece

    def _readable(self, llm: Llm) -> tuple[list[Hit], States]:
        """What to put into the prompt. Where states are kept, only passages that were read before or can be read at
        once, and those too long to be kept: of the others, the key sentences have to do until Docent has read them in
        an idle moment."""
        composer = self._assistant.composer
        if composer is None:
            return self.found, {}
        passages = passages_of(llm, self.found)
        states = composer.states(passages, lambda: self._stopped, AT_ONCE)
        ready = [passage in states or not composer.can_keep(passage) for passage in passages]
        hits = [hit for hit, is_ready in zip(self.found, ready, strict=True) if is_ready]
        return hits, states | composer.states([label_of(llm), history_of(llm, self.history)], lambda: self._stopped)

    @cached_property
    def claims(self) -> list[Claim]:
        """The sentences of the reply, each with the quotes it stands on or with what is missing. None stands on a
        sentence that gives orders to a model."""
        sentences = [sentence for sentence in self.sentences if not gives_orders(sentence.text)]
        return verify(self.reply, self.question, sentences, self.hits, self._assistant.nearness)

    @cached_property
    def signals(self) -> dict[str, float]:
        """What tells whether the documents hold this answer. Empty where there is none to doubt."""
        supported = [claim for claim in self.claims if claim.supported]
        if not supported or self._llm is None or self._stopped or refuses(self.reply):
            return {}
        evidence = self.evidence[:1]
        nearest = max(self._assistant.nearness(self.query, [sentence.meaning for sentence in evidence]), default=0.0)
        certain = self._llm.last_logprobs or [0.0]
        return {
            **signals(self.question, supported, self.hits, evidence, nearest),
            "refusing": max(-20.0, self._llm.opened_with(REFUSAL)),
            "certain": sum(certain) / len(certain),
            "least_certain": min(certain),
            **self._second_thoughts(self._llm, supported),
        }

    def _second_thoughts(self, llm: Llm, claims: Sequence[Claim]) -> dict[str, float]:
        """Log-odds that the quotes answer the question, and with this answer, as the model sees them by themselves."""
        said = {(s.file, s.start): s.meaning for s in self.sentences}
        quotes = dict.fromkeys(said.get((c.file, c.start), c.quote) for claim in claims for c in claim.citations)
        answer = " ".join(claim.text for claim in claims)
        odds = {}
        question = standalone(self.question, self.history)
        checks = build_checks(llm, question, answer, "\n".join(quotes))
        for name, tokens in zip(("asked", "stated"), checks, strict=True):
            yes, no = llm.weigh(tokens, ("Yes", "No"))
            if math.isfinite(yes) and math.isfinite(no):
                odds[name] = yes - no
        return odds

    def stop(self) -> None:
        """Ends generation within a token. May be called from another thread."""
        self._stopped = True
        if self._llm:
            self._llm.stop()

    @cached_property
    def answer(self) -> Answer:
        """Generates what is still to come, then verifies it. Nothing unsupported is in its text."""
        for _ in self:
            pass
        if self.computed:
            return self._of_computed(self.computed)
        calibration = self._assistant.calibration
        confidence = calibration.confidence(self.signals) if self.signals else 0.0
        verdict = judge(
            self.reply,
            self.unknown,
            self.claims,
            self.hits,
            confidence=confidence if self.signals else 1.0,
            threshold=calibration.level(self._assistant.settings.boldness).threshold,
            stopped=self._stopped,
        )
        return Answer(
            verdict.status,
            verdict.text,
            verdict.reason,
            with_others(self._index, verdict.citations, self.hits),
            tuple(self.hits),
            self._llm.name if self._llm else "",
            self._stats(),
            self.evidence,
            self.query,
            self._stopped,
            round(confidence, 4),
            {name: round(value, 4) for name, value in self.signals.items()},
            (
                *warnings(self._index.store, self.hits, verdict.citations, self.evidence),
                *older(self._index, verdict.citations),
                *(other_language(self._index, self.question) if verdict.status == "abstained" else ()),
            ),
        )

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
            plan=computed.plan,
            grid=computed.grid,
        )

    def _stats(self) -> Stats:
        return replace(
            self._llm.last_stats if self._llm and self._streamed else Stats(),
            seconds_retrieve=round(self._retrieved, 4),
            seconds_to_first_token=round(self._first, 4),
            seconds_total=round(time.perf_counter() - self._began, 4),
            peak_mb=peak_mb(),
        )

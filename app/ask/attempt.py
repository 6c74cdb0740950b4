"""One reading of some passages by the answer model: what it wrote, what of that stands, and how sure that is."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from app.ask.check.belonging import Belonging, belonging, rarity_in
from app.ask.check.gate import Verdict, judge, signals
from app.ask.check.polarity import is_contrary
from app.ask.check.verify import Claim, points, refuses, verify
from app.ask.find.evidence import best_sentences, sentences_of
from app.ask.find.retrieve import join_neighbours
from app.ask.language.dates import without_dates
from app.ask.language.replies import REFUSAL
from app.ask.understand.rewrite import standalone
from app.ask.write.compose import AT_ONCE, States, composed
from app.ask.write.injection import gives_orders
from app.ask.write.prompt import build_checks, build_prompt, history_of, label_of, passages_of
from app.datatypes import Hit, Prompt, Sentence, Turn
from app.llm.protocol import Llm, Stats
from ingest.store.index import LocalIndex

if TYPE_CHECKING:
    from app.ask.assistant import Assistant

# Measured on the questions that the model made nothing of: with these, a third of the sentences shown held the answer.
_NEAR, _MISSING = 0.45, 0.45

Said = tuple[str, str, tuple[Turn, ...]]  # the question, as it is searched for, and the thread so far


class Attempt:
    """Each stage runs when it is first asked for, and once. `found` are the passages as they were stored."""

    def __init__(
        self,
        assistant: Assistant,
        index: LocalIndex,
        said: Said,
        found: Sequence[Hit],
        unknown: Sequence[str] = (),
        instruction: str = "",
    ) -> None:
        """`instruction` goes to the model behind the question, and nowhere else."""
        self._instruction = instruction
        self._assistant, self._index = assistant, index
        self.question, self.query, self.history = said
        self.found, self.unknown = list(found), unknown
        self.reply = ""  # the model's own words, before code has checked them
        self.prompt: Prompt | None = None  # what the model was given; None while, or where, it was given nothing
        self.stats = Stats()
        self.first_at = 0.0  # when the first word came, by time.perf_counter
        self.stopped = False
        self._llm: Llm | None = None

    @cached_property
    def hits(self) -> list[Hit]:
        """The passages, with those that touch joined."""
        return join_neighbours(self._index, self.found)

    @cached_property
    def sentences(self) -> list[Sentence]:
        return sentences_of(self._index, self.hits)

    @cached_property
    def evidence(self) -> tuple[Sentence, ...]:
        """The sentences that come nearest to the question. Needs no answer model."""
        return tuple(best_sentences(self.query, self.sentences, self.hits, self._assistant.encoder))

    def write(self, llm: Llm) -> Iterator[str]:
        """Pieces of the model's own text. What is kept of it, `verdict` decides."""
        self._llm = llm
        max_tokens = self._assistant.settings.max_tokens
        hits, states = self._readable(llm)
        self.prompt = build_prompt(
            llm, f"{self.question}{self._instruction}", hits, self.evidence, self.history, max_tokens
        )
        if self.stopped:
            return
        llm.pin(self.prompt.rules)
        for piece in llm.stream(self.prompt.tokens, max_tokens, composed(self.prompt, states)):
            self.first_at = self.first_at or time.perf_counter()
            self.reply += piece
            yield piece
        self.stats = llm.last_stats

    def _readable(self, llm: Llm) -> tuple[list[Hit], States]:
        """What to put into the prompt. Where states are kept, only passages that were read before or can be read at
        once, and those too long to be kept: of the others, the key sentences have to do until Docent has read them in
        an idle moment."""
        composer = self._assistant.composer
        if composer is None:
            return self.found, {}
        passages = passages_of(llm, self.found)
        states = composer.states(passages, self._is_stopped, AT_ONCE)
        ready = [passage in states or not composer.can_keep(passage) for passage in passages]
        hits = [hit for hit, is_ready in zip(self.found, ready, strict=True) if is_ready]
        return hits, states | composer.states([label_of(llm), history_of(llm, self.history)], self._is_stopped)

    def _is_stopped(self) -> bool:
        return self.stopped

    def stop(self) -> None:
        self.stopped = True
        if self._llm:
            self._llm.stop()

    @cached_property
    def claims(self) -> list[Claim]:
        """The sentences of the reply, each with the quotes it stands on or with what is missing. None stands on a
        sentence that gives orders to a model."""
        sentences = [sentence for sentence in self.sentences if not gives_orders(sentence.text)]
        return verify(self.reply, self.question, sentences, self.hits, self._assistant.nearness)

    @cached_property
    def belonging(self) -> Belonging:
        """Whether the quotes, with what stands above them, speak of what was asked."""
        cited = {(c.file, c.start) for claim in self.claims for c in claim.citations}
        return self._belonging([s for s in self.sentences if (s.file, s.start) in cited])

    def _belonging(self, sentences: Sequence[Sentence]) -> Belonging:
        places = [(sentence.file, sentence.start) for sentence in sentences]
        above = [
            f"{hit.file} {re.sub(r'[-_./]', ' ', hit.file)} {hit.title} {hit.chunk.heading}"
            for hit in self.hits
            if any(hit.holds(*place) for place in places)
        ]
        said = [part for sentence in sentences for part in (sentence.meaning, sentence.text)]
        said += self._assistant.domain.abbreviations_in(" ".join([*above, *said]))
        rarity = rarity_in(len(self._index), self._index.frequency)
        # A day that the asker names need not stand in the documents.
        asked = without_dates(standalone(self.question, self.history))
        around = " ".join(
            hit.chunk.text for hit in self.hits if any(hit.holds(s.file, s.start) and points(s.text) for s in sentences)
        )
        return belonging(asked, "\n".join([*above, *said]), rarity, self._assistant.encoder, around)

    @cached_property
    def closest(self) -> Sentence | None:
        """The key sentence that comes nearest to the question; None where none speaks of what was asked. It is shown,
        as doubtful, where the model makes nothing of the passages."""
        telling = [sentence for sentence in self.evidence if not gives_orders(sentence.text)]
        near = self._assistant.nearness(self.query, [sentence.meaning[:600] for sentence in telling]) if telling else []
        found = []
        for cosine, sentence in zip(near, telling, strict=True):
            missing = self._belonging([sentence]).missing
            if cosine >= _NEAR and missing <= _MISSING:
                found.append((cosine - missing, sentence))
        return max(found, key=lambda item: item[0])[1] if found else None

    @cached_property
    def signals(self) -> dict[str, float]:
        """What tells whether the documents hold this answer. Empty where there is none to doubt."""
        supported = [claim for claim in self.claims if claim.supported]
        if not supported or self._llm is None or self.stopped or refuses(self.reply):
            return {}
        evidence = self.evidence[:1]
        nearest = max(self._assistant.nearness(self.query, [sentence.meaning for sentence in evidence]), default=0.0)
        certain = self._llm.last_logprobs or [0.0]
        return {
            **signals(self.question, supported, self.hits, evidence, nearest),
            "missing": self.belonging.missing,
            "unnamed": float(len(self.belonging.unnamed)),
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

    @cached_property
    def confidence(self) -> float:
        """0 to 1: how sure the gate is that the documents hold this answer; 0 where there is nothing to doubt."""
        return self._assistant.calibration.confidence(self.signals) if self.signals else 0.0

    @property
    def _contrary(self) -> bool:
        supported = [claim for claim in self.claims if claim.supported]
        quoted = " ".join(citation.quote for claim in supported for citation in claim.citations)
        return bool(supported) and is_contrary(self.question, supported[0].text, quoted)

    @cached_property
    def verdict(self) -> Verdict:
        level = self._assistant.calibration.level(self._assistant.settings.boldness)
        return judge(
            self.reply,
            self.unknown,
            self.claims,
            self.hits,
            confidence=self.confidence if self.signals else 1.0,
            threshold=level.threshold,
            stopped=self.stopped,
            unnamed=self.belonging.unnamed if self.signals else (),
            contrary=self._contrary,
        )

"""llama.cpp through llama-cpp-python's low-level API: greedy, streamed, stoppable, never reading anything twice.

The same prompt gives the same text, whatever was asked before. For that, floating-point sums must be made in the same
order each time: llama.cpp's last digits depend on how many tokens it reads at once and on where in the context they
lie (measured: up to 0.6 in a logit), and where two tokens are nearly as likely, the last digits decide. So a prompt is
always filled in by the same steps, from an empty context on, and only whole steps are taken over from the last prompt.
"""

from __future__ import annotations

import codecs
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.llm.chat_format import chat_format
from app.llm.context import Context
from app.llm.kvcache import ASIDE, RULES, STREAM, Step, capture, common, place, put, steps_of, why_not
from app.llm.llama import KvType, Layers
from app.llm.lookup import looked_up
from app.llm.protocol import Kept, State, Stats
from ingest.errors import InvalidInput

_ASIDE = 512  # tokens that may be weighed beside what streams have read
_BEHIND = 768  # tokens of the rules and of a text that is read behind them
_LEAD = 0.5  # in natural logarithms: by less, a choice among drafted tokens is made anew, each token computed alone

Choice = tuple[int, float]  # a token and its natural log-probability


class LlamaCpp:
    """One loaded GGUF with one context. One stream at a time; a second caller waits for the first.

    Text already in the context from the last call is not read again, as far as the new prompt begins the same, nor is
    text whose KV state is handed in.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        n_ctx: int = 4096,
        threads: int = 0,
        gpu_layers: Layers = "auto",
        kv_type: KvType = "f16",
        sha256: str = "",
        drafts: bool = True,
    ) -> None:
        """`sha256` is the file's; without `drafts`, each token is computed alone. Raises ModelError when llama.cpp
        cannot load it, or has no memory for it."""
        self.name = name
        self.n_aside, self.n_behind = _ASIDE, _BEHIND
        self.last_stats = Stats()
        self.last_logprobs: list[float] = []
        self._opening: NDArray[np.float32] | None = None  # log-probabilities of the newest stream's first token
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._steps: list[Step] = []  # by which the newest prompt was filled in,
        self._tokens: list[int] = []  # what the stream holds: that prompt, and what was written behind it
        self._weighed: list[int] = []  # what was weighed beside it
        self._rules: list[int] = []  # the fixed beginning that was pinned,
        self._pinned: State | None = None  # and its state
        self._context = Context(path, n_ctx, max(_ASIDE, _BEHIND), threads, gpu_layers, kv_type)
        self.n_ctx = self._context.n_ctx
        self._format = chat_format(self._context.template)
        cannot = why_not(self._context.api, self._context.model)
        self.no_states = "it runs on the GPU, which reads fast enough" if self._context.layers else cannot
        self.drafts = drafts and not cannot  # what was drafted in vain is taken back
        self.states_key = f"{sha256 or f'{path.name} {path.stat().st_size}'} {kv_type} {version('llama-cpp-python')}"

    def close(self) -> None:
        with self._busy:
            self._context.close()

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        return self._context.tokenize(text, special=special)

    def render(self, system: str, user: str) -> str:
        return self._format(system, user)

    def stream(self, tokens: Sequence[int], max_tokens: int, kept: Sequence[Kept] = ()) -> Iterator[str]:
        """Raises InvalidInput when the prompt leaves no room for an answer."""
        if len(tokens) + 8 > self.n_ctx:
            raise InvalidInput(
                f"The prompt has {len(tokens)} tokens; the model holds {self.n_ctx}.",
                "Ask a shorter question or raise n_ctx.",
            )
        with self._busy:
            self._stop.clear()
            self._context.should_stop = self._stop.is_set
            yield from self._generate(list(tokens), min(max_tokens, self.n_ctx - len(tokens) - 1), kept)

    def pin(self, rules: Sequence[int]) -> None:
        with self._busy:
            self._context.should_stop = lambda: False
            self._pin(list(rules))

    def state(self, rules: Sequence[int], tokens: Sequence[int], should_stop: Callable[[], bool]) -> State | None:
        with self._busy:
            self._context.should_stop = lambda: False
            if self.no_states or len(rules) + len(tokens) > _BEHIND or not self._pin(list(rules)):
                return None
            self._context.should_stop = should_stop
            self._clear()
            placed = self._pinned is not None and put(self._context, self._pinned, RULES)
            read = placed and self._read(tokens, RULES, len(rules))
            made = capture(self._context, len(rules), len(tokens)) if read else None
            self._clear()
            return made

    def use_threads(self, reading: int, writing: int) -> None:
        with self._busy:
            self._context.use_threads(reading, writing)

    def pace(self, threads: int) -> tuple[float, float]:
        """Seconds to read a few tokens with so many threads, and to write a few."""
        self.use_threads(threads, threads)
        with self._busy:
            self._context.should_stop, self._weighed = (lambda: False), []
            return self._context.pace(ASIDE)

    def opened_with(self, option: str) -> float:
        if self._opening is None:
            return -math.inf
        return float(self._opening[self.tokenize(option)[0]])

    def weigh(self, tokens: Sequence[int], options: Sequence[str]) -> list[float]:
        """Read in a sequence of its own, so that what streams have read stays, and so does the beginning that two
        of these have in common. Raises InvalidInput when too long."""
        if len(tokens) > _ASIDE:
            raise InvalidInput(f"{len(tokens)} tokens are too many to weigh.", f"{_ASIDE} are the most.")
        with self._busy:
            self._context.should_stop = self._stop.is_set
            same = common(self._weighed, tokens[:-1])
            if not self._remove(ASIDE, same):
                same = 0
            self._weighed = []
            if self._stop.is_set() or not self._read(tokens[same:], ASIDE, same):
                self._remove(ASIDE, 0)
                return [-math.inf] * len(options)
            self._weighed = list(tokens)
            logprobs = self._context.logprobs()
            return [float(logprobs[self.tokenize(option)[0]]) for option in options]

    def stop(self) -> None:
        self._stop.set()

    def _generate(self, tokens: list[int], max_tokens: int, kept: Sequence[Kept]) -> Iterator[str]:
        began = time.perf_counter()
        self.last_logprobs, self.last_stats = [], Stats(prompt_tokens=len(tokens))
        cached = composed = made = drafted = accepted = 0
        first = 0.0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            cached, composed, following = self._fill(tokens, kept)
            while following and made < max_tokens and not self._stop.is_set():
                first = first or time.perf_counter() - began
                for token, logprob in following[: max_tokens - made]:
                    if self._context.ends(token):
                        return
                    made += 1
                    self.last_logprobs.append(logprob)
                    if piece := decoder.decode(self._context.piece(token)):
                        yield piece
                last = following[-1][0]
                draft = looked_up([*self._tokens, last]) if self.drafts else []
                following = self._step(last, draft[: max(0, max_tokens - made - 1)])
                drafted, accepted = drafted + len(draft), accepted + max(0, len(following) - 1)
        finally:
            self.last_stats = Stats(
                prompt_tokens=len(tokens),
                cached_tokens=cached,
                composed_tokens=composed,
                drafted_tokens=drafted,
                accepted_tokens=accepted,
                output_tokens=made,
                seconds_to_first_token=first,
                seconds_total=time.perf_counter() - began,
            )

    def _fill(self, tokens: list[int], kept: Sequence[Kept]) -> tuple[int, int, list[Choice]]:
        """Fills the prompt in. Returns how many tokens were there, how many were placed, and the first choice of what
        follows; no choice when stopped."""
        begins = len(self._rules) if tokens[: len(self._rules)] == self._rules else 0
        plan = steps_of(tokens, begins, kept)
        same = common(self._steps, [step for step, _ in plan])
        if not same == len(plan) == len(self._steps):
            self._opening = None
        self._forget(same)
        cached, composed = len(self._tokens), 0
        for number, (step, one) in enumerate(plan[same:], same):
            if number == 0 and begins and self._pinned and put(self._context, self._pinned, STREAM):
                cached += len(step.tokens)
            elif one and place(self._context, one):
                composed += len(step.tokens)
            elif self._read(step.tokens, STREAM, len(self._tokens)):
                step = Step(step.tokens)
            else:
                self._remove(STREAM, len(self._tokens))
                return cached, composed, []
            self._tokens += step.tokens
            self._steps.append(step)
        if self._opening is None:
            self._opening = self._context.logprobs()
        token = int(self._opening.argmax())
        return cached, composed, [(token, float(self._opening[token]))]

    def _forget(self, same: int) -> None:
        """Leaves the first `same` steps in the context, and nothing beside or behind them."""
        kept = [token for step in self._steps[:same] for token in step.tokens]
        self._weighed = []
        if not kept or not self._remove(ASIDE, 0) or not self._remove(STREAM, len(kept)):
            self._clear()
            return
        self._tokens, self._steps = kept, self._steps[:same]

    def _go_on(self, tokens: Sequence[int], *, all_logits: bool = False) -> bool:
        """Reads tokens into the stream. False when stopped midway."""
        if self._read(tokens, STREAM, len(self._tokens), all_logits=all_logits):
            self._tokens.extend(tokens)
            return True
        self._remove(STREAM, len(self._tokens))
        return False

    def _step(self, token: int, draft: Sequence[int]) -> list[Choice]:
        """The tokens that follow: as much of the draft as the model would have chosen itself, and one more. All are
        read at once, which costs little more than one. Empty when stopped.

        Read at once, the last digits are others than read one by one. Where the best choice does not lead clearly, what
        precedes it is therefore read again, alone, so that drafts do not decide which of two near choices is taken.
        """
        known = len(self._tokens)
        if not self._go_on([token, *draft], all_logits=True):
            return []
        taken: list[Choice] = []
        for row, drafted in enumerate([*draft, None]):
            choice, lead = self._choice(row - len(draft) - 1)
            if draft and lead < _LEAD:
                self._tokens = self._tokens[: known + row]
                if not self._remove(STREAM, known + row) or not self._go_on([[token, *draft][row]]):
                    return taken
                return [*taken, self._choice()[0]]
            taken.append(choice)
            if choice[0] != drafted:
                break
        self._tokens = self._tokens[: known + len(taken)]
        if len(taken) <= len(draft):
            self._remove(STREAM, len(self._tokens))
        return taken

    def _choice(self, row: int = -1) -> tuple[Choice, float]:
        """The likeliest token after one of those that were read last, and by how much it leads the next one."""
        logprobs = self._context.logprobs(row)
        second, first = np.partition(logprobs, -2)[-2:]
        return (int(logprobs.argmax()), float(first)), float(first - second)

    def _read(self, tokens: Sequence[int], sequence: int, at: int, *, all_logits: bool = False) -> bool:
        """Feeds tokens to the model, with logits for the last one or for all. False when stopped midway."""
        try:
            return self._context.read(tokens, sequence, at, all_logits=all_logits)
        except KeyboardInterrupt:
            self._remove(sequence, at)
            raise

    def _pin(self, rules: list[int]) -> bool:
        """Reads the rules alone and keeps their state. False when stopped."""
        if self._rules == rules:
            return True
        self._rules, self._pinned = [], None
        if not self.no_states:
            self._clear()
            self._pinned = capture(self._context, 0, len(rules)) if self._read(rules, RULES, 0) else None
            self._clear()
            if not self._pinned:
                return False
        self._rules = rules
        return True

    def _remove(self, sequence: int, first: int) -> bool:
        """From a position on. Where a model cannot forget in part, everything goes, and False is returned."""
        if self._context.remove(sequence, first):
            return True
        self._clear()
        return False

    def _clear(self) -> None:
        """Empties the context: what is filled in next lies where it lies in a new one."""
        self._context.clear()
        self._tokens, self._weighed, self._steps = [], [], []

"""The protocol of an answer model: the calls it takes, and the data that passes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stats:
    """What an answer took. Seconds are wall time; peak memory is the process's, in MiB."""

    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt: still there from the last one
    composed_tokens: int = 0  # of the prompt: placed from kept states
    drafted_tokens: int = 0
    accepted_tokens: int = 0  # of those drafted
    output_tokens: int = 0
    seconds_retrieve: float = 0.0
    seconds_to_first_token: float = 0.0
    seconds_total: float = 0.0
    peak_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """Keys and values of `n_tokens` tokens that were read behind `origin` tokens of rules. `data` is in llama.cpp's
    format."""

    origin: int
    n_tokens: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens `start` to `start + n` of a prompt need not be read, because a state holds them, from its token `first`
    on."""

    start: int
    n: int
    state: State
    first: int = 0

    @property
    def end(self) -> int:
        """The position behind the last of these tokens."""
        return self.start + self.n


class Llm(Protocol):
    """A model that continues token sequences. Implemented with llama.cpp, and by a scripted model in the tests."""

    name: str
    n_ctx: int
    n_aside: int  # tokens that may be weighed at once
    n_behind: int  # tokens of rules and of one text behind them that a state can hold
    no_states: str  # why states of what was read are not kept, in words for people; '' where they are
    states_key: str  # names all that a state depends on beside what was read
    last_stats: Stats  # of the newest stream, complete once that is exhausted
    last_logprobs: list[float]  # of its tokens, each as sure as the model was of it

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Returns token ids. Control tokens in the text are only recognised when `special` is set."""
        ...

    def render(self, system: str, user: str) -> str:
        """Returns both messages in the model's own chat format, up to where its answer begins."""
        ...

    def stream(self, tokens: Sequence[int], max_tokens: int, kept: Sequence[Kept] = ()) -> Iterator[str]:
        """Yields pieces of text, chosen greedily. Tokens that are `kept` are not read again."""
        ...

    def pin(self, rules: Sequence[int]) -> None:
        """Reads a fixed beginning once; prompts that begin with it then need not read it."""
        ...

    def state(self, rules: Sequence[int], tokens: Sequence[int], should_stop: Callable[[], bool]) -> State | None:
        """Returns the state of `tokens` read behind the rules. None when `should_stop` ends it, and where `no_states`
        gives a reason. What streams have read may be lost."""
        ...

    def opened_with(self, option: str) -> float:
        """Returns the natural log-probability that the newest stream began with the option's first token."""
        ...

    def weigh(self, tokens: Sequence[int], options: Sequence[str]) -> list[float]:
        """Returns for each option the natural log-probability that its first token continues the text; -inf when
        stopped. What streams have read stays."""
        ...

    def stop(self) -> None:
        """Ends the running stream within one token, even while the prompt is still being read."""
        ...

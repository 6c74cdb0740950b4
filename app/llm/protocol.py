"""What an answer model is to the rest of Docent: the calls it takes, and the data that passes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stats:
    """Seconds are wall time; peak memory is the process's, in MiB."""

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
    """Keys and values of `n_tokens` tokens, read behind `origin` tokens of rules. `data` is llama.cpp's own format."""

    origin: int
    n_tokens: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens `start` to `start + n` of a prompt need not be read: they are those from `first` on of a state's."""

    start: int
    n: int
    state: State
    first: int = 0

    @property
    def end(self) -> int:
        return self.start + self.n


class Llm(Protocol):
    """A model that continues token sequences. Real ones: llama.cpp, and the scripted one of the tests."""

    name: str
    n_ctx: int
    n_aside: int  # tokens that may be weighed at once
    n_behind: int  # tokens of rules and of one text behind them that a state can hold
    no_states: str  # why states of what was read are not kept, in words for people; '' where they are
    states_key: str  # names all that a state depends on beside what was read
    last_stats: Stats  # of the newest stream, complete once that is exhausted
    last_logprobs: list[float]  # of its tokens, each as sure as the model was of it

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids; control tokens are only recognised in text when `special` is set."""
        ...

    def render(self, system: str, user: str) -> str:
        """The two messages in the model's own chat format, up to where its answer begins."""
        ...

    def stream(self, tokens: Sequence[int], max_tokens: int, kept: Sequence[Kept] = ()) -> Iterator[str]:
        """Pieces of text, greedily chosen. What is `kept` of the tokens need not be read again."""
        ...

    def pin(self, rules: Sequence[int]) -> None:
        """Reads a fixed beginning once, so that no prompt that begins with it has to."""
        ...

    def state(self, rules: Sequence[int], tokens: Sequence[int], should_stop: Callable[[], bool]) -> State | None:
        """What is computed when the tokens are read behind the rules. None when stopped, which `should_stop` may say
        at any moment, and where `no_states` says why there are none. What streams have read may be forgotten."""
        ...

    def opened_with(self, option: str) -> float:
        """The natural log-probability with which the newest stream could have begun with the option's first token."""
        ...

    def weigh(self, tokens: Sequence[int], options: Sequence[str]) -> list[float]:
        """Natural log-probabilities that the text goes on with the first token of each option; -inf when stopped.
        Leaves what streams have read as it is."""
        ...

    def stop(self) -> None:
        """Ends the running stream within one token, also while the prompt is still being read."""
        ...

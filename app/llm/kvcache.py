"""Keeps and reuses what the model has computed of a text: KV states, over llama.cpp's low-level API.

On a CPU, users mostly wait for reading: a thousand tokens of passages take seconds, for every question anew. But a
passage that was read once behind the fixed rules leaves keys and values that can be stored, loaded, shifted to another
position (keys are only rotated) and composed with those of other passages. Composed passages have not attended to each
other; docs/results.md measures what that costs, and what regains it. Similar methods: PromptCache (Gim et al., 2023),
EPIC (2410.15332), CacheBlend (2405.16444), TurboRAG.

The context has four sequences: STREAM holds the answer, ASIDE what is weighed separately, RULES the fixed beginning and
what is being read behind it, LOADED a state on its way in or out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.llm.context import Context
from app.llm.llama import N_SEQUENCES, PROMPT_BATCH
from app.llm.protocol import Kept, State

STREAM, ASIDE, RULES, LOADED = range(N_SEQUENCES)
_ROTATED = (0, 2)  # LLAMA_ROPE_TYPE_NORM and _NEOX: one angle a position, so that a shift is a rotation


def why_not(api: Any, model: Any) -> str:
    """Says in words why states of this model cannot be composed; '' where they can."""
    if api.llama_model_is_recurrent(model) or api.llama_model_is_hybrid(model):
        return "it is recurrent: its state cannot be taken apart"
    if api.llama_model_n_swa(model) > 0:
        return "it attends through a sliding window, which forgets"
    if api.llama_model_rope_type(model) not in _ROTATED:
        return "its positions cannot be shifted"
    return ""


def capture(context: Context, first: int, n_tokens: int) -> State | None:
    """Returns the state of what RULES holds from position `first` on, and removes it there. None when llama.cpp
    refuses."""
    api, memory = context.api, context.memory
    api.llama_memory_seq_cp(memory, RULES, LOADED, first, first + n_tokens)
    api.llama_memory_seq_rm(memory, RULES, first, -1)
    size = api.llama_state_seq_get_size(context.handle, LOADED)
    buffer = (ctypes.c_uint8 * size)()
    got = api.llama_state_seq_get_data(context.handle, buffer, size, LOADED)
    api.llama_memory_seq_rm(memory, LOADED, -1, -1)
    return State(first, n_tokens, bytes(buffer)) if got == size else None


def put(context: Context, state: State, sequence: int) -> bool:
    """Loads a state into an empty sequence, at its old positions. Returns False when llama.cpp has no room or
    refuses."""
    buffer = (ctypes.c_uint8 * len(state.data)).from_buffer_copy(state.data)
    api = context.api
    if api.llama_state_seq_set_data(context.handle, buffer, len(state.data), sequence) == len(state.data):
        return True
    api.llama_memory_seq_rm(context.memory, sequence, -1, -1)
    return False


def place(context: Context, kept: Kept) -> bool:
    """Copies a state's tokens into STREAM at their new positions. Returns False when llama.cpp has no room or refuses.

    llama.cpp rotates the keys at the next decoding, all at once.
    """
    api, memory, state = context.api, context.memory, kept.state
    if not put(context, state, LOADED):
        return False
    first, end = state.origin + kept.first, state.origin + kept.first + kept.n
    if kept.n < state.n_tokens:
        api.llama_memory_seq_rm(memory, LOADED, -1, first)
        api.llama_memory_seq_rm(memory, LOADED, end, -1)
    if kept.start != first:
        api.llama_memory_seq_add(memory, LOADED, first, end, kept.start - first)
    api.llama_memory_seq_cp(memory, LOADED, STREAM, -1, -1)
    api.llama_memory_seq_rm(memory, LOADED, -1, -1)
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a prompt that is filled in at once: either read, or placed from a state, from its token `first` on."""

    tokens: tuple[int, ...]
    first: int = -1  # -1: read


def steps_of(tokens: Sequence[int], begins: int, kept: Iterable[Kept]) -> list[tuple[Step, Kept | None]]:
    """Splits a prompt into steps: its first `begins` tokens, then in order what is kept and what is to be read, the
    latter in steps of at most PROMPT_BATCH tokens. The last token is always read, as the model needs it to continue."""
    steps: list[tuple[Step, Kept | None]] = []

    def read(at: int, end: int) -> None:
        steps.extend((Step(tuple(tokens[n : min(n + PROMPT_BATCH, end)])), None) for n in range(at, end, PROMPT_BATCH))

    at = begins if begins < len(tokens) else 0
    read(0, at)
    for one in sorted(kept, key=lambda kept: kept.start):
        if one.start < at or one.end >= len(tokens):
            continue
        read(at, one.start)
        steps.append((Step(tuple(tokens[one.start : one.end]), one.first), one))
        at = one.end
    read(at, len(tokens))
    return steps


def common(old: Sequence[object], new: Sequence[object]) -> int:
    """Returns the length of the common prefix."""
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))

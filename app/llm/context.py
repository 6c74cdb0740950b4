"""A model and its context in llama.cpp's memory: tokens are read into sequences and forgotten, what may follow is told.

It keeps no account of what it holds: see llamacpp.py.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.llm.llama import PROMPT_BATCH, KvType, Layers, backend, layers_on_gpu, open_context, open_model, physical_cores
from ingest.errors import ModelError

_PACE_READ, _PACE_WRITTEN = 64, 4


class Context:
    """For one thread at a time. `should_stop` is asked while tokens are read."""

    def __init__(self, path: Path, n_ctx: int, beside: int, threads: int, gpu_layers: Layers, kv_type: KvType) -> None:
        """Has room for `n_ctx` tokens, or as many as the model was trained on, and for `beside` more. Raises ModelError
        when llama.cpp cannot load the model, or has no memory for it."""
        self.api = api = backend()
        self.should_stop: Callable[[], bool] = lambda: False
        self.layers = layers_on_gpu(gpu_layers, bool(api.llama_supports_gpu_offload()))
        self.model = open_model(path, self.layers)
        self._vocab = api.llama_model_get_vocab(self.model)
        self.n_ctx = min(n_ctx, api.llama_model_n_ctx_train(self.model) or n_ctx)
        self.handle = open_context(self.model, self.n_ctx + beside, threads or physical_cores(), kv_type)
        self.template = api.llama_model_chat_template(self.model, None)
        self._batch = api.llama_batch_init(PROMPT_BATCH, 0, 1)
        self._interrupted = False
        self._abort = api.ggml_abort_callback(lambda data: self._gives_up())
        api.llama_set_abort_callback(self.handle, self._abort, None)

    def close(self) -> None:
        if self.handle:
            self.api.llama_batch_free(self._batch)
            self.api.llama_free(self.handle)
            self.api.llama_model_free(self.model)
            self.handle = self.model = None

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (self.api.llama_token * room)()
        count = self.api.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise ModelError("The model's tokenizer failed on this text.", "Report the text that caused it.")
        return list(tokens[:count])

    def piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self.api.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(0, size)]

    def ends(self, token: int) -> bool:
        """Whether the model says with it that it is done."""
        return bool(self.api.llama_vocab_is_eog(self._vocab, token))

    def use_threads(self, reading: int, writing: int) -> None:
        self.api.llama_set_n_threads(self.handle, writing, reading)

    def read(self, tokens: Sequence[int], sequence: int, at: int, *, all_logits: bool = False) -> bool:
        """Feeds tokens to the model, with logits for the last one or for all. False when stopped midway; what was read
        until then stays. Raises ModelError."""
        batch = self._batch
        for begin in range(0, len(tokens), PROMPT_BATCH):
            part = tokens[begin : begin + PROMPT_BATCH]
            batch.n_tokens = len(part)
            for place_, token in enumerate(part):
                batch.token[place_], batch.pos[place_] = token, at + begin + place_
                batch.n_seq_id[place_], batch.seq_id[place_][0] = 1, sequence
                batch.logits[place_] = all_logits or begin + place_ == len(tokens) - 1
            status = self.api.llama_decode(self.handle, batch)
            if self._interrupted:
                self._interrupted = False
                raise KeyboardInterrupt
            if status == 2 or self.should_stop():
                return False
            if status != 0:
                raise ModelError(
                    f"llama.cpp could not go on (status {status}).",
                    "Restart Docent; if it happens again, lower n_ctx.",
                )
        return True

    def logprobs(self, row: int = -1) -> NDArray[np.float32]:
        """Of every token of the vocabulary, as the next one. (n_vocab,)"""
        pointer = self.api.llama_get_logits_ith(self.handle, row)
        logits = np.ctypeslib.as_array(pointer, (self.api.llama_vocab_n_tokens(self._vocab),))
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())  # type: ignore[no-any-return]

    def pace(self, sequence: int) -> tuple[float, float]:
        """Seconds to read a few tokens at once, and to read a few one by one, as when they are written. Leaves the
        sequence empty."""
        seconds = []
        try:
            for n_tokens, times in ((_PACE_READ, 1), (1, _PACE_WRITTEN)):
                began = time.perf_counter()
                for _ in range(times):
                    self.remove(sequence, 0)
                    self.read([0] * n_tokens, sequence, 0)
                seconds.append(time.perf_counter() - began)
        finally:
            self.remove(sequence, 0)
        return seconds[0], seconds[1]

    def remove(self, sequence: int, first: int) -> bool:
        """What a sequence holds from a position on. False where the model cannot forget in part: nothing is changed."""
        return bool(self.api.llama_memory_seq_rm(self.memory, sequence, first, -1))

    def clear(self) -> None:
        """Empties all sequences: what is read next lies where it lies in a new context."""
        self.api.llama_memory_clear(self.memory, False)

    def _gives_up(self) -> bool:
        """What llama.cpp asks while it works. Ctrl-C mostly arrives in here, and C would swallow the exception."""
        try:
            return self.should_stop()
        except KeyboardInterrupt:
            self._interrupted = True
            return True

    @property
    def memory(self) -> Any:
        return self.api.llama_get_memory(self.handle)

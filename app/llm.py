"""llama.cpp through llama-cpp-python's low-level API: greedy, streamed, stoppable, keeping what it has already read."""

from __future__ import annotations

import codecs
import ctypes
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil
from numpy.typing import NDArray

from app.datatypes import Stats
from ingest.errors import InvalidInput, ModelError

_PROMPT_BATCH = 512
_ASIDE = 512  # tokens that may be weighed beside what streams have read
_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class LlamaCpp:
    """One loaded GGUF with one context. One stream at a time; a second caller waits for the first.

    Text already in the context from the last call is not read again, as far as the new prompt begins the same.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        n_ctx: int = 4096,
        threads: int = 0,
        gpu_layers: Literal["auto"] | int = "auto",
    ) -> None:
        """Raises ModelError when llama.cpp cannot load the file, or has no memory for it."""
        self._api: Any = _backend()[0]
        api = self._api
        self.name = name
        self.n_aside = _ASIDE
        self.last_stats = Stats()
        self.last_logprobs: list[float] = []
        self._opening: NDArray[np.float32] | None = None  # log-probabilities of the newest stream's first token
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._tokens: list[int] = []  # what the context holds of streams
        self._weighed: list[int] = []  # and, beside it, of what was weighed
        self._model = self._load(path, gpu_layers)
        self._vocab = api.llama_model_get_vocab(self._model)
        self.n_ctx = min(n_ctx, api.llama_model_n_ctx_train(self._model) or n_ctx)
        self._ctx = self._context(threads or physical_cores())
        self._batch = api.llama_batch_init(_ASIDE, 0, 1)
        self._abort = api.ggml_abort_callback(lambda data: self._stop.is_set())
        api.llama_set_abort_callback(self._ctx, self._abort, None)
        self._template = _template(api.llama_model_chat_template(self._model, None))

    def close(self) -> None:
        with self._busy:
            if self._ctx:
                self._api.llama_batch_free(self._batch)
                self._api.llama_free(self._ctx)
                self._api.llama_model_free(self._model)
                self._ctx = self._model = None

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (self._api.llama_token * room)()
        count = self._api.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise ModelError("The model's tokenizer failed on this text.", "Report the text that caused it.")
        return list(tokens[:count])

    def render(self, system: str, user: str) -> str:
        return self._template(system, user)

    def stream(self, tokens: Sequence[int], max_tokens: int) -> Iterator[str]:
        """Raises InvalidInput when the prompt leaves no room for an answer."""
        if len(tokens) + 8 > self.n_ctx:
            raise InvalidInput(
                f"The prompt has {len(tokens)} tokens; the model holds {self.n_ctx}.",
                "Ask a shorter question or raise n_ctx.",
            )
        with self._busy:
            self._stop.clear()
            yield from self._generate(list(tokens), min(max_tokens, self.n_ctx - len(tokens) - 1))

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
            same = _common(self._weighed, tokens[:-1])
            if not self._api.llama_memory_seq_rm(self._api.llama_get_memory(self._ctx), 1, same, -1):
                self._forget_weighed()
                same = 0
            if self._stop.is_set() or self._api.llama_decode(self._ctx, self._aside(tokens, same)) != 0:
                self._forget_weighed()
                return [-math.inf] * len(options)
            self._weighed = list(tokens)
            logprobs = self._logprobs()
            return [float(logprobs[self.tokenize(option)[0]]) for option in options]

    def _aside(self, tokens: Sequence[int], first: int) -> Any:
        """The tokens from `first` on as a batch in sequence 1, with logits for the last one."""
        batch = self._batch
        batch.n_tokens = len(tokens) - first
        for place, token in enumerate(tokens[first:]):
            batch.token[place], batch.pos[place] = token, first + place
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 1
            batch.logits[place] = first + place == len(tokens) - 1
        return batch

    def _forget_weighed(self) -> None:
        self._api.llama_memory_seq_rm(self._api.llama_get_memory(self._ctx), 1, -1, -1)
        self._weighed = []

    def stop(self) -> None:
        self._stop.set()

    @property
    def was_stopped(self) -> bool:
        return self._stop.is_set()

    def _generate(self, tokens: list[int], max_tokens: int) -> Iterator[str]:
        began = time.perf_counter()
        first = 0.0
        cached = self._keep_prefix(tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        made = 0
        self.last_logprobs, self._opening = [], None
        try:
            alive = self._decode(tokens[cached:])
            while alive and made < max_tokens and not self._stop.is_set():
                logprobs = self._logprobs()
                if self._opening is None:
                    self._opening = logprobs
                token = int(logprobs.argmax())
                first = first or time.perf_counter() - began
                if self._api.llama_vocab_is_eog(self._vocab, token):
                    break
                made += 1
                self.last_logprobs.append(float(logprobs[token]))
                if piece := decoder.decode(self._piece(token)):
                    yield piece
                alive = self._decode([token])
        finally:
            self.last_stats = Stats(
                prompt_tokens=len(tokens),
                cached_tokens=cached,
                output_tokens=made,
                seconds_to_first_token=first,
                seconds_total=time.perf_counter() - began,
            )

    def _keep_prefix(self, tokens: Sequence[int]) -> int:
        """Removes from the context what the new prompt does not begin with. Returns how many tokens stay."""
        same = _common(self._tokens, tokens[:-1])  # the last one is decoded for its logits
        memory = self._api.llama_get_memory(self._ctx)
        if not self._api.llama_memory_seq_rm(memory, 0, same, -1):  # recurrent and sliding-window models refuse
            self._api.llama_memory_clear(memory, True)
            self._weighed, same = [], 0
        self._tokens = list(tokens[:same])
        return same

    def _decode(self, tokens: Sequence[int]) -> bool:
        """Feeds tokens to the model. False when stopped midway."""
        for begin in range(0, len(tokens), _PROMPT_BATCH):
            part = tokens[begin : begin + _PROMPT_BATCH]
            array = (self._api.llama_token * len(part))(*part)
            status = self._api.llama_decode(self._ctx, self._api.llama_batch_get_one(array, len(part)))
            if status == 2 or self._stop.is_set():  # aborted: how far it came is not known, so forget this context
                self._tokens, self._weighed = [], []
                self._api.llama_memory_clear(self._api.llama_get_memory(self._ctx), True)
                return False
            if status != 0:
                raise ModelError(
                    f"llama.cpp could not go on (status {status}).",
                    "Restart Docent; if it happens again, lower n_ctx.",
                )
            self._tokens.extend(part)
        return True

    def _logprobs(self) -> NDArray[np.float32]:
        """Of every token of the vocabulary, as the next one. (n_vocab,)"""
        pointer = self._api.llama_get_logits_ith(self._ctx, -1)
        logits = np.ctypeslib.as_array(pointer, (self._api.llama_vocab_n_tokens(self._vocab),))
        shifted = logits - logits.max()
        return shifted - np.log(np.exp(shifted).sum())  # type: ignore[no-any-return]

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._api.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(0, size)]

    def _load(self, path: Path, gpu_layers: Literal["auto"] | int) -> Any:
        parameters = self._api.llama_model_default_params()
        parameters.n_gpu_layers = layers_on_gpu(gpu_layers, bool(self._api.llama_supports_gpu_offload()))
        model = self._api.llama_model_load_from_file(str(path).encode(), parameters)
        if not model:
            raise ModelError(
                f"llama.cpp cannot load {path.name}.", "Run: docent models verify. Or choose another model."
            )
        return model

    def _context(self, threads: int) -> Any:
        parameters = self._api.llama_context_default_params()
        parameters.n_ctx = self.n_ctx + _ASIDE
        parameters.n_seq_max, parameters.kv_unified = 2, True
        parameters.n_batch = parameters.n_ubatch = _PROMPT_BATCH
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = self._api.LLAMA_FLASH_ATTN_TYPE_AUTO
        parameters.no_perf = True
        context = self._api.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelError(f"There is no memory for {self.n_ctx} tokens of context.", "Lower n_ctx in the settings.")
        return context


def _common(old: Sequence[int], new: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


@cache
def _backend() -> tuple[Any, Any]:
    """llama.cpp, told once to be quiet. The callback is kept for good: the library calls it even while it frees."""
    from llama_cpp import llama_cpp as api

    quiet = api.llama_log_callback(lambda level, text, data: None)
    api.llama_log_set(quiet, None)
    api.llama_backend_init()
    return api, quiet


def physical_cores() -> int:
    """Threads beyond the physical cores slow llama.cpp down."""
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def layers_on_gpu(setting: Literal["auto"] | int, supported: bool) -> int:
    """'auto' means all of them where the build can, and none where it cannot."""
    if not supported:
        return 0
    return -1 if setting == "auto" else setting


def _template(source: bytes | None) -> Callable[[str, str], str]:
    """The model's own chat format from its GGUF, run in a sandbox; ChatML where it has none."""
    from jinja2.exceptions import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.globals["raise_exception"] = raise_exception
    template = environment.from_string(source.decode("utf-8", "replace") if source else _CHATML)

    def render(system: str, user: str) -> str:
        both = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        alone = [{"role": "user", "content": f"{system}\n\n{user}"}]
        for messages in (both, alone):  # some families know no system message
            try:
                return template.render(messages=messages, add_generation_prompt=True, bos_token="", eos_token="")
            except TemplateError:
                continue
        return environment.from_string(_CHATML).render(messages=both, add_generation_prompt=True)

    return render

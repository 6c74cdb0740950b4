"""Opens a model and a context in llama.cpp, with settings that suit this machine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import psutil

from ingest.errors import ModelError

KvType = Literal["f16", "q8_0"]
Layers = Literal["auto"] | int
PROMPT_BATCH = 256  # tokens that are read at once
N_SEQUENCES = 4  # of a context; kvcache.py names them
_KV_TYPES = {"f16": 1, "q8_0": 8}  # ggml's numbers for them


def open_model(path: Path, layers: int) -> Any:
    """Loads a GGUF file, with `layers` of it on the GPU. Raises ModelError when llama.cpp cannot load it."""
    api = backend()
    parameters = api.llama_model_default_params()
    parameters.n_gpu_layers = layers
    if not layers:  # mapped, the weights would be in memory twice: as they lie in the file, and repacked
        parameters.load_mode = api.LLAMA_LOAD_MODE_NONE
    model = api.llama_model_load_from_file(str(path).encode(), parameters)
    if not model:
        raise ModelError(f"llama.cpp cannot load {path.name}.", "Run: docent models verify. Or choose another model.")
    return model


def open_context(model: Any, n_ctx: int, threads: int, kv_type: KvType) -> Any:
    """Opens a context of `n_ctx` tokens. Raises ModelError when there is not enough memory."""
    api = backend()
    parameters = api.llama_context_default_params()
    parameters.n_ctx = n_ctx
    parameters.n_seq_max, parameters.kv_unified = N_SEQUENCES, True
    parameters.n_batch = parameters.n_ubatch = PROMPT_BATCH
    parameters.n_threads = parameters.n_threads_batch = threads
    parameters.type_k = parameters.type_v = _KV_TYPES[kv_type]
    parameters.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_AUTO
    parameters.no_perf = True
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelError(f"There is no memory for {n_ctx} tokens of context.", "Lower n_ctx in the settings.")
    return context


def backend() -> Any:
    """Returns llama.cpp's functions, with its log output turned off."""
    return _quiet()[0]


@cache
def _quiet() -> tuple[Any, Any]:
    """Turns llama.cpp's log output off, once. The callback is kept, because the library calls it even while it
    exits."""
    from llama_cpp import llama_cpp as api

    quiet = api.llama_log_callback(lambda level, text, data: None)
    api.llama_log_set(quiet, None)
    api.llama_backend_init()
    return api, quiet


def physical_cores() -> int:
    """Returns the number of physical cores; more threads than that slow llama.cpp down."""
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def layers_on_gpu(setting: Literal["auto"] | int, supported: bool) -> int:
    """Returns how many layers go to the GPU. 'auto' means all where the build supports it, else none."""
    if not supported:
        return 0
    return -1 if setting == "auto" else setting

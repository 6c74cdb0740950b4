"""Opens an assistant with the encoder and the answer model that the settings name."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from app.ask.assistant import Assistant
from app.llm.llamacpp import LlamaCpp
from app.llm.threads import threads_for
from app.models.store import find, path
from app.settings import Settings
from ingest.encoder.embed import SentenceEncoder
from ingest.encryption.vault import Key


def open_assistant(settings: Settings, index_dir: Path, key: Key | None = None) -> Assistant:
    """With the encoder and the answer model that the settings name, each loaded at its first use.

    Raises ModelError when the encoder is missing, IndexMissing before the first ingest.
    """
    return Assistant(index_dir, open_encoder(settings), cache(partial(open_llm, settings)), settings, key)


def open_llm(settings: Settings) -> LlamaCpp:
    """Raises ModelError when the model that the settings name is missing, not what its hash says, or does not load."""
    spec = find(settings.model, settings.models_dir)
    loaded = (settings.n_ctx, settings.threads, settings.gpu_layers, settings.kv_type)
    llm = LlamaCpp(path(spec, settings.models_dir), spec.id, *loaded, spec.files[0].sha256)
    if not settings.threads:
        threads = threads_for(settings.home, spec.id, llm.pace)
        llm.use_threads(threads.reading, threads.writing)
    return llm


def open_encoder(settings: Settings) -> SentenceEncoder:
    """Raises ModelError when the encoder that the settings name is missing or not what its hash says."""
    spec = find(settings.encoder, settings.models_dir)
    folder = path(spec, settings.models_dir)
    return SentenceEncoder(folder, query_prefix=spec.query_prefix, passage_prefix=spec.passage_prefix)

"""sentence-transformers behind the Encoder protocol, in the fastest precision this CPU does well."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .datatypes import Vectors
from .errors import ModelError

_LONGEST = 8192  # for models that say they know no limit
_SAMPLE = (
    "Before the first start the installer checks the pressure of the circuit and writes it into the protocol. " * 5
)


class SentenceEncoder:
    """A sentence-transformers model from a local folder; nothing is ever fetched.

    `name` is the folder's name with a hash of its weights and prefixes, so that an index knows which vectors it holds.
    Some models are trained with words before each text, as 'query: ' and 'passage: ' (Wang et al., E5, 2022).
    Safe to call from several threads. Loading takes seconds and happens at the first use, or at `load()`.
    """

    def __init__(
        self,
        folder: Path,
        threads: int = 0,
        precision: str = "auto",
        query_prefix: str = "",
        passage_prefix: str = "",
    ) -> None:
        self._folder = folder
        self.query_prefix, self.passage_prefix = query_prefix, passage_prefix
        self._threads = threads
        self.precision = precision  # auto, float32 or bfloat16
        self._model: Any = None
        self._measure: Any = None
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        files = tuple(
            (file.relative_to(self._folder).as_posix(), str(file), file.stat().st_size, file.stat().st_mtime_ns)
            for file in sorted(self._folder.rglob("*"))
            if file.suffix in (".safetensors", ".bin", ".json") and not file.name.endswith(".verified.json")
        )
        return f"{self._folder.name}-{_weights_hash(files, self.query_prefix, self.passage_prefix)}"

    @property
    def dim(self) -> int:
        return int(self.load().get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        model = self.load()
        prefix = len(self.token_ends([self.passage_prefix])[0]) if self.passage_prefix else 0
        return int(min(model.max_seq_length or 512, _LONGEST)) - 2 - prefix  # [CLS] and [SEP]

    def load(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = self._loaded()
            return self._model

    def encode(
        self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None, batch_size: int = 32
    ) -> Vectors:
        """Unit vectors, shape (len(texts), dim). Sorted by length inside, so that batches waste nothing on padding."""
        return self._encode([self.passage_prefix + text for text in texts], on_batch, batch_size)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode([self.query_prefix + text for text in texts], None, 32)

    def _encode(self, texts: Sequence[str], on_batch: Callable[[int], None] | None, batch_size: int) -> Vectors:
        model = self.load()
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            with self._lock:
                vectors = model.encode(
                    [texts[i] for i in batch],
                    batch_size=batch_size,
                    convert_to_tensor=True,
                    show_progress_bar=False,
                )
            out[batch] = vectors.float().cpu().numpy()
            if on_batch:
                on_batch(min(first + batch_size, len(order)))
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        return out

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        if self._measure is None:
            self._measure = _measuring(self.load().tokenizer)
        found = self._measure.encode_batch(list(texts), add_special_tokens=False)
        return [[end for _, end in encoding.offsets] for encoding in found]

    def tune(self) -> None:
        """Measures bf16 against fp32 on this machine and keeps the faster that gives the same vectors. Once."""
        import torch

        with self._lock:
            if self.precision != "auto":
                return
            model = self.load()
            sample = [_SAMPLE] * 16
            reference, slow = _timed(model, sample)
            model.to(torch.bfloat16)
            vectors, fast = _timed(model, sample)
            same = float((reference * vectors).sum(axis=1).min()) > 0.995
            self.precision = "bfloat16" if same and fast < 0.85 * slow else "float32"
            if self.precision == "float32":
                model.to(torch.float32)

    def _loaded(self) -> Any:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a local folder is all there is
        os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        if self._threads:
            torch.set_num_threads(self._threads)
        try:
            model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        except Exception as error:  # safetensors, tokenizers and transformers share no class for a broken file
            raise ModelError(
                f"The encoder in {self._folder} cannot be loaded: {error}", "Run: docent models verify"
            ) from error
        if self.precision == "bfloat16":
            model.to(torch.bfloat16)
        return model


def _measuring(tokenizer: Any) -> Any:
    """A copy of the encoder's tokenizer that cuts nothing off: it is asked how long texts are."""
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(getattr(tokenizer, "backend_tokenizer", tokenizer).to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _timed(model: Any, sample: list[str]) -> tuple[Vectors, float]:
    model.encode(sample[:4], show_progress_bar=False, convert_to_tensor=True)
    start = time.perf_counter()
    vectors = model.encode(sample, show_progress_bar=False, convert_to_tensor=True).float().cpu().numpy()
    seconds = time.perf_counter() - start
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), seconds


@lru_cache(maxsize=8)
def _weights_hash(files: tuple[tuple[str, str, int, int], ...], *prefixes: str) -> str:
    """Of all the bytes of weights and configuration, once while sizes and dates stay: 0.1 s for 90 MB."""
    digest = hashlib.blake2b(digest_size=6)
    for name, place, size, _ in files:
        digest.update(f"{name} {size}\0".encode())
        with Path(place).open("rb") as data:
            while block := data.read(1 << 20):
                digest.update(block)
    if any(prefixes):
        digest.update("\0".join(prefixes).encode())
    return digest.hexdigest()

"""The Encoder protocol with sentence-transformers, in the fastest precision that this CPU handles well."""

from __future__ import annotations

import copy
import hashlib
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ingest.datatypes import Vectors
from ingest.errors import ModelError

_LONGEST = 8192  # for models that say they know no limit
_BATCH_TOKENS = 1024  # what one thread takes at a time; larger batches are hardly faster and fill the caches
_LEAST_TOKENS = 192  # of a few texts, such as a question's sentences: smaller batches are slower again
_SAMPLES = [
    "Before the first start the installer checks the pressure of the circuit and writes it into the protocol. " * 5
] * 4


class SentenceEncoder:
    """A sentence-transformers model from a local folder; nothing is ever downloaded.

    `name` is the folder's name with a hash of its weights and prefixes, so that an index knows which vectors it holds.
    Some models are trained with words before each text, such as 'query: ' and 'passage: ' (Wang et al., E5, 2022). Safe
    to call from several threads. Loading takes seconds and happens at the first use, or at `load()`.
    """

    def __init__(
        self,
        folder: Path,
        precision: str = "auto",
        query_prefix: str = "",
        passage_prefix: str = "",
    ) -> None:
        self._folder = folder
        self.query_prefix, self.passage_prefix = query_prefix, passage_prefix
        self.precision = precision  # auto, float32 or bfloat16
        self._model: Any = None
        self._passages: Any = None  # the same model, or a copy in bfloat16
        self._measure: Any = None
        self._cores = 1
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
        """Loads the model if it is not loaded yet, and returns it. Raises ModelError."""
        with self._lock:
            if self._model is None:
                self._model = self._loaded()
            return self._model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns unit vectors of passages, shape (len(texts), dim), in the precision that `tune` chose."""
        self.load()
        return self._encode(self._passages, [self.passage_prefix + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Returns unit vectors of questions, shape (len(texts), dim), always in float32. Of the ten passages that
        float32 finds, 0.991 are found with passages in bfloat16, 0.985 with questions in it too (185 questions, 1,625
        PDF passages, MiniLM)."""
        return self._encode(self.load(), [self.query_prefix + text for text in texts])

    def _encode(self, model: Any, texts: Sequence[str]) -> Vectors:
        """Embeds several batches at once, each on its own thread: in a batch spread over all cores, the cores wait for
        one another after each step, the longer the busier another program keeps one of them."""
        import torch

        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        batches = _packed([len(ends) for ends in self.token_ends(texts)], self._cores)

        def fill(batch: list[int]) -> None:
            part = [texts[i] for i in batch]
            vectors = model.encode(part, batch_size=len(part), convert_to_tensor=True, show_progress_bar=False)
            out[batch] = vectors.float().numpy()

        if len(batches) > 1:
            with ThreadPoolExecutor(self._cores, initializer=partial(torch.set_num_threads, 1)) as pool:
                list(pool.map(fill, batches))
        elif batches:
            torch.set_num_threads(self._cores)  # of this thread, which begins with the number that any set last
            fill(batches[0])
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        return out

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        if self._measure is None:
            self._measure = _measuring(self.load().tokenizer)
        found = self._measure.encode_batch(list(texts), add_special_tokens=False)
        return [[end for _, end in encoding.offsets] for encoding in found]

    def tune(self) -> None:
        """Measures bfloat16 against float32 on this machine, once, and keeps the faster one if it gives the same
        vectors."""
        import torch

        with self._lock:
            if self.precision != "auto":
                return
            whole = self.load()
            half = _halved(whole)
            with ThreadPoolExecutor(1, initializer=partial(torch.set_num_threads, 1)) as alone:
                (reference, slow), (vectors, fast) = alone.map(_timed, (whole, half))
            same = float((reference * vectors).sum(axis=1).min()) > 0.995
            self.precision = "bfloat16" if same and fast < 0.85 * slow else "float32"
            if self.precision == "bfloat16":
                self._passages = half

    def _loaded(self) -> Any:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a local folder is all there is
        os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        except Exception as error:  # safetensors, tokenizers and transformers share no class for a broken file
            raise ModelError(
                f"The encoder in {self._folder} cannot be loaded: {error}", "Run: docent models verify"
            ) from error
        self._cores = torch.get_num_threads()
        model.encode(["a"])  # sets up its tokenizer, which no two threads may do at once
        self._passages = _halved(model) if self.precision == "bfloat16" else model
        return model


def _packed(lengths: Sequence[int], cores: int) -> list[list[int]]:
    """Groups texts of about equal length into batches, longest first, so that little is padded and no long batch runs
    alone at the end. A batch has up to _BATCH_TOKENS tokens with padding, or is a single text; few texts still make two
    batches a core."""
    room = min(_BATCH_TOKENS, max(_LEAST_TOKENS, sum(lengths) // (2 * cores)))
    batches: list[list[int]] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or (len(batches[-1]) + 1) * longest > room:
            batches.append([])
            longest = lengths[i] + 2  # [CLS] and [SEP]
        batches[-1].append(i)
    return batches


def _halved(model: Any) -> Any:
    import torch

    return copy.deepcopy(model).to(torch.bfloat16)


def _measuring(tokenizer: Any) -> Any:
    """Returns a copy of the encoder's tokenizer that does not truncate, to measure how long texts are."""
    from tokenizers import Tokenizer

    own = Tokenizer.from_str(getattr(tokenizer, "backend_tokenizer", tokenizer).to_str())
    own.no_truncation()
    own.no_padding()
    return own


def _timed(model: Any) -> tuple[Vectors, float]:
    """Returns unit vectors of the samples and the least processor time of this thread, in seconds; other busy programs
    do not change that."""
    least = float("inf")
    for _ in range(3):
        start = time.thread_time()
        vectors = model.encode(_SAMPLES, show_progress_bar=False, convert_to_tensor=True).float().numpy()
        least = min(least, time.thread_time() - start)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), least


@lru_cache(maxsize=8)
def _weights_hash(files: tuple[tuple[str, str, int, int], ...], *prefixes: str) -> str:
    """Hashes all weights and configuration, once while sizes and dates stay the same: 0.1 s for 90 MB."""
    digest = hashlib.blake2b(digest_size=6)
    for name, place, size, _ in files:
        digest.update(f"{name} {size}\0".encode())
        with Path(place).open("rb") as data:
            while block := data.read(1 << 20):
                digest.update(block)
    if any(prefixes):
        digest.update("\0".join(prefixes).encode())
    return digest.hexdigest()

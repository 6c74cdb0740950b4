"""Runs LlamaIndex, set up as in its own guide, over the same files with the same encoder and answer model.

It is measured for comparison, needs the `bench` extra, and downloads nothing: its default tokenizer, which would come
from the internet, is replaced by the encoder's own.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ingest.errors import InvalidInput

DEFAULT_NODE = 1024  # tokens; an encoder that reads 256 cuts three quarters of such a node off, and says nothing
WHOLE_NODE = 220  # the longest that an encoder of 256 tokens reads whole with what is put before it
_KINDS = [".markdown", ".md", ".pdf", ".txt"]  # for others it wants further packages
_OVERLAP = 20  # of nodes that short; the default of 200 would leave nothing new in them
PASSAGES = 4
_CONTEXT = 4096  # tokens


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run over a folder gave and took, without loading the encoder."""

    pages: int
    nodes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RivalAnswer:
    """An answer of LlamaIndex and how long it took."""

    text: str
    seconds_to_first_token: float
    seconds_total: float


def is_installed() -> bool:
    """Whether LlamaIndex is installed."""
    return find_spec("llama_index") is not None


class Rival:
    """LlamaIndex with its models loaded: `ingest` a folder, then `ask`."""

    def __init__(self, encoder: Path, model: Path | None = None) -> None:
        """`encoder` is a folder; `model` is a GGUF file, only needed to ask. Raises InvalidInput without the `bench`
        extra."""
        if not is_installed():
            raise InvalidInput("LlamaIndex is not installed here.", "Run: pip install 'docent[bench]'")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
        from transformers import AutoTokenizer

        Settings.tokenizer = AutoTokenizer.from_pretrained(str(encoder), local_files_only=True)
        self._encoder = HuggingFaceEmbedding(model_name=str(encoder), device="cpu")
        self._llm = _llm(model) if model else None
        self._index: Any = None

    def ingest(self, folder: Path, node_tokens: int = DEFAULT_NODE) -> Ingested:
        """Reads a folder with LlamaIndex's own reader and sentence splitter. Short nodes overlap by less than its
        default, which is as long as they are."""
        from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
        from llama_index.core.node_parser import SentenceSplitter

        began = time.perf_counter()
        pages = SimpleDirectoryReader(str(folder), recursive=True, required_exts=_KINDS).load_data()
        splitter = (
            SentenceSplitter()
            if node_tokens == DEFAULT_NODE
            else SentenceSplitter(chunk_size=node_tokens, chunk_overlap=_OVERLAP)
        )
        nodes = splitter.get_nodes_from_documents(pages)
        self._index = VectorStoreIndex(nodes, embed_model=self._encoder)
        return Ingested(len(pages), len(nodes), time.perf_counter() - began)

    def ask(self, question: str) -> RivalAnswer:
        """Answers from the best four nodes with LlamaIndex's own prompt, streamed. Call `ingest` first."""
        engine = self._index.as_query_engine(llm=self._llm, similarity_top_k=PASSAGES, streaming=True)
        began = time.perf_counter()
        first, text = 0.0, ""
        for piece in engine.query(question).response_gen:
            if piece and not first:
                first = time.perf_counter() - began
            text += piece
        return RivalAnswer(text.strip(), first, time.perf_counter() - began)


def _llm(model: Path) -> Any:
    from llama_index.llms.llama_cpp import LlamaCPP

    return LlamaCPP(model_path=str(model), context_window=_CONTEXT, verbose=False)

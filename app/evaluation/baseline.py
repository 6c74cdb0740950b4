"""The usual pipeline, measured for comparison: four passages by dense search, one prompt, and the model's answer as it
is.

There is no word search, no selection of key sentences, no verification and no refusal by code. Index, encoder and
answer model are the same, so that only the pipeline differs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from app.ask.assistant import Assistant, checked
from app.ask.find.titles import named_documents
from app.ask.understand.rewrite import standalone
from app.datatypes import Answer, Citation, Hit, Prompt, Segment, Turn
from app.llm.protocol import Llm
from app.settings import Settings
from ingest.store.index import LocalIndex

PASSAGES = 4
PROMPT = """Answer the question using only the context below. If you don't know the answer, say that you don't know.

Context:
{context}

Question: {question}"""
_MARK = "\u2063usual\u2063"  # invisible and never in a template
# The usual pipeline can only refuse in words. Scorers of such pipelines look for them near the beginning.
_ABSTAINS = re.compile(
    r"insufficient information|not (?:enough|sufficient) information|cannot (?:be )?(?:answer|find|determin)"
    r"|can't (?:answer|find)|could not find|no (?:answer|information|relevant)"
    r"|not (?:mentioned|answerable|stated|provided|specified|available|found)|unanswerable"
    r"|(?:do not|don['’]t|does not|doesn['’]t) (?:know|mention|state|specify|provide|contain)|^n/?a\.?$",
    re.IGNORECASE,
)


class Usual:
    """Answers with the usual pipeline, with the same calls as an Assistant, over its index and with its models."""

    pipeline = "usual"

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    @property
    def settings(self) -> Settings:
        return self._assistant.settings

    @property
    def index_dir(self) -> Path:
        return self._assistant.index_dir

    @property
    def index(self) -> LocalIndex:
        return self._assistant.index

    @property
    def load_llm(self) -> Callable[[], Llm]:
        return self._assistant.load_llm

    def search(self, question: str, k: int = 10, file: str | None = None) -> list[Hit]:
        """Returns the k passages with the nearest vectors. Raises what `Assistant.search` raises."""
        index = self.index
        documents = {document.id: document for document in index.documents()}
        doc_ids = named_documents(list(documents.values()), file) if file else None
        scored = index.dense(self._assistant.encoder.encode([checked(question)])[0], k, doc_ids)
        chunks = index.chunks([one.chunk_id for one in scored])
        hits = []
        for rank, one in enumerate(scored, 1):
            if chunk := chunks.get(one.chunk_id):
                document = documents[chunk.doc_id]
                hits.append(Hit(chunk, document.path, document.title, one.score, {"dense": rank}))
        return hits

    def ask(self, question: str, history: Sequence[Turn] = (), file: str | None = None) -> UsualStream:
        """Starts to answer a question. Raises InvalidInput for one that cannot be asked."""
        return UsualStream(self._assistant, self, standalone(checked(question), history), file)


class UsualStream:
    """One question with the usual pipeline; reading `answer` does the work."""

    def __init__(self, assistant: Assistant, usual: Usual, question: str, file: str | None) -> None:
        self._assistant, self._usual, self._file = assistant, usual, file
        self.query = question
        self.reply = ""
        self.prompt: Prompt | None = None

    @cached_property
    def answer(self) -> Answer:
        """The answer. Raises ModelError."""
        began = time.perf_counter()
        hits = self._usual.search(self.query, PASSAGES, self._file)
        retrieved = time.perf_counter() - began
        llm = self._assistant.load_llm()
        max_tokens = self._assistant.settings.max_tokens
        self.prompt = _prompt(llm, self.query, hits)
        first = 0.0
        for piece in llm.stream(self.prompt.tokens, max_tokens):
            first = first or time.perf_counter() - began
            self.reply += piece
        stats = replace(
            llm.last_stats,
            seconds_retrieve=round(retrieved, 4),
            seconds_to_first_token=round(first, 4),
            seconds_total=round(time.perf_counter() - began, 4),
        )
        text = self.reply.strip()
        if abstains(text):
            return Answer("abstained", "", text, (), tuple(hits), llm.name, stats, query=self.query)
        return Answer("answered", text, "", _citations(hits), tuple(hits), llm.name, stats, query=self.query)


def abstains(text: str) -> bool:
    """Whether an answer says that it does not know."""
    return not text.strip() or bool(_ABSTAINS.search(text[:200]))


def _citations(hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Cites all passages that the model read, as usual pipelines do: nothing shows which of them the answer comes
    from."""
    return tuple(
        Citation(hit.file, hit.page, hit.chunk.start, hit.chunk.end, hit.chunk.text, "", hit.place, hit.confidence)
        for hit in hits
    )


def _prompt(llm: Llm, question: str, hits: Sequence[Hit]) -> Prompt:
    head, tail = llm.render("You are a helpful assistant.", _MARK).split(_MARK)
    before, after = PROMPT.split("{context}")
    texts = [(head, True), (before, False), *((f"{hit.chunk.text}\n\n", False) for hit in hits)]
    texts += [(after.replace("{question}", question), False), (tail, True)]
    return Prompt(
        tuple(Segment("", text, tuple(llm.tokenize(text, special=special))) for text, special in texts), tuple(hits)
    )

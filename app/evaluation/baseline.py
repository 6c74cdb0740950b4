"""Today's usual pipeline, to be measured beside Docent: dense top four, one prompt, and whatever the model says.

No words are searched for, no key sentences are given, nothing is checked and nothing refused by code. It has the same
index, encoder and answer model, so that what differs is the pipeline alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from app.ask.assistant import Assistant, checked
from app.ask.retrieve import named_documents
from app.ask.rewrite import standalone
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
# Its only way to refuse is to say so. As the scorers of such pipelines have it, near the beginning.
_ABSTAINS = re.compile(
    r"insufficient information|not (?:enough|sufficient) information|cannot (?:be )?(?:answer|find|determin)"
    r"|can't (?:answer|find)|could not find|no (?:answer|information|relevant)"
    r"|not (?:mentioned|answerable|stated|provided|specified|available|found)|unanswerable"
    r"|(?:do not|don['’]t|does not|doesn['’]t) (?:know|mention|state|specify|provide|contain)|^n/?a\.?$",
    re.IGNORECASE,
)


class Usual:
    """Asks as an Assistant does, over the same index and with the same models."""

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
        """The k passages whose vectors come nearest. Raises as `Assistant.search` does."""
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
        return UsualStream(self._assistant, self, standalone(checked(question), history), file)


class UsualStream:
    """One question on its way; taking `answer` does the work."""

    def __init__(self, assistant: Assistant, usual: Usual, question: str, file: str | None) -> None:
        self._assistant, self._usual, self._file = assistant, usual, file
        self.query = question
        self.reply = ""
        self.prompt: Prompt | None = None

    @cached_property
    def answer(self) -> Answer:
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
    return not text.strip() or bool(_ABSTAINS.search(text[:200]))


def _citations(hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """All that was read, as such tools print it: nobody knows which of it the answer stands on."""
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

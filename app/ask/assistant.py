"""What is needed to answer from one index: it searches, and starts a question on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from app.ask.check.gate import Calibration, calibration_for
from app.ask.domains import Domain, load_domain
from app.ask.find.retrieve import retrieve
from app.ask.find.titles import named_documents
from app.ask.kinds.library import is_to_docent
from app.ask.several import SeveralStream
from app.ask.stream import AnswerStream
from app.ask.translated import TranslatedStream
from app.ask.understand.followup import continued
from app.ask.understand.rewrite import with_figures
from app.ask.understand.spelling import spelled
from app.ask.understand.subquestions import parts_of
from app.ask.understand.translate import foreign
from app.ask.write.compose import Composer
from app.ask.write.prompt import (
    MAX_QUESTION,
    rules_of,
)
from app.datatypes import Hit, Kind, Turn
from app.llm.protocol import Llm
from app.llm.states import StateStore
from app.settings import Settings
from ingest.datatypes import Encoder
from ingest.encryption.vault import Key
from ingest.errors import IndexMissing, InvalidInput
from ingest.store.index import LocalIndex


class Assistant:
    """Everything needed to answer from one index. Opens the index anew when a newer snapshot was published.

    `load_llm` is called at the first generation, so that searching never waits for a model.
    """

    def __init__(
        self,
        index_dir: Path,
        encoder: Encoder,
        load_llm: Callable[[], Llm],
        settings: Settings | None = None,
        key: Key | None = None,
    ) -> None:
        """`key` opens an encrypted library. Raises IndexMissing, IndexLocked or IndexDamaged."""
        self.index_dir, self.key = index_dir, key
        self.encoder = encoder
        self.load_llm = load_llm
        self.settings = settings or Settings()
        self._lock = threading.Lock()
        self._composer: Composer | None = None
        self._index = self._open()

    @property
    def index(self) -> LocalIndex:
        if not self._index.is_newest:
            self._index = self._open()  # the old one closes with its last reader
        return self._index

    def close(self) -> None:
        """Lets go of the index, and of the key with it."""
        self._index.close()
        self._composer = self.key = None

    def _open(self) -> LocalIndex:
        index = LocalIndex(self.index_dir, self.key)
        made_with = index.store.meta("fingerprint").partition("encoder=")[2]
        if made_with and made_with != self.encoder.name:
            raise IndexMissing(
                f"The index in {self.index_dir} was made with another encoder ({made_with}).",
                "Run: docent ingest FOLDER. Or set the encoder back.",
            )
        return index

    @cached_property
    def domain(self) -> Domain:
        return load_domain(Path(self._index.store.meta("folder", str(self.index_dir))))

    @property
    def composer(self) -> Composer | None:
        """What the answer model has read of the documents. None where that is not kept. Loads the model."""
        llm = self.load_llm()
        if llm.no_states or not self.settings.kv_gb:
            return None
        with self._lock:
            if self._composer is None:
                states = StateStore(self.index_dir, self.settings.kv_bytes, self.key)
                self._composer = Composer(llm, rules_of(llm), states)
            return self._composer

    @cached_property
    def calibration(self) -> Calibration:
        """The index's own, or the shipped one."""
        return calibration_for(self.settings.home, self.index_dir)

    def nearness(self, text: str, others: Sequence[str]) -> list[float]:
        """The cosine of each of the others with the text."""
        vectors = self.encoder.encode([text, *others])
        return [float(value) for value in vectors[1:] @ vectors[0]]

    def search(self, question: str, k: int = 10, file: str | None = None) -> list[Hit]:
        """The k best passages. Raises InvalidInput for an unusable question or an unknown file."""
        index = self.index
        doc_ids = named_documents(index.documents(), file) if file else None
        query = with_figures(self.domain.expand(checked(question)))
        return retrieve(index, self.encoder, query, k, doc_ids)

    def ask(
        self, question: str, history: Sequence[Turn] = (), file: str | None = None, kind: Kind | None = None
    ) -> AnswerStream:
        """A lazy stream: take `.evidence`, iterate for text, read `.answer`. `history` is the thread so far; with
        `kind`, the question is answered as one of that kind, or as one about a fact where it cannot be.

        Raises InvalidInput for an unusable question or an unknown file.
        """
        index, question = self.index, checked(question)
        doc_ids = named_documents(index.documents(), file) if file else None
        if is_to_docent(question):  # as it was typed: 'hallo' is no word of the documents, mistyped
            own = AnswerStream(self, index, question, tuple(history), doc_ids, kind)
            if own.computed and own.computed.status == "answered":
                return own
        languages = foreign(question, index)
        if not any(languages):
            return self._begin(index, question, history, doc_ids, kind)

        def begin(question: str) -> AnswerStream:
            return self._begin(index, question, history, doc_ids, kind)

        return TranslatedStream(self, index, question, tuple(history), doc_ids, begin, languages)

    def _begin(
        self, index: LocalIndex, question: str, history: Sequence[Turn], doc_ids: list[int] | None, kind: Kind | None
    ) -> AnswerStream:
        """A question in the documents' language: its spelling mended, and cut where it holds several."""
        spelling = spelled(question, index, self.encoder)
        whole = continued(spelling.text, [turn.question for turn in history])
        if whole != spelling.text:  # it stands alone now
            remark = " ".join(filter(None, [spelling.said, f"Understood as: {whole}"]))
            return AnswerStream(self, index, whole, (), doc_ids, kind, remark)
        parts = parts_of(spelling.text) if kind is None else []
        one = AnswerStream(self, index, spelling.text, tuple(history), doc_ids, kind, spelling.said)
        if len(parts) > 1 and one.by_kind and one.by_kind.plan.kind == "table":
            return one  # 'which is the heaviest, and how heavy is it?' is one look into a table
        if len(parts) > 1:
            return SeveralStream(self, index, spelling.text, parts, tuple(history), doc_ids, spelling.said)
        return one


def checked(question: str) -> str:
    """The question, trimmed. Raises InvalidInput when there is nothing in it or too much."""
    question = " ".join(question.split())
    if not any(character.isalnum() for character in question):
        raise InvalidInput(
            "The question is empty.", "Ask in a few words, e.g. docent ask 'How often is the filter cleaned?'"
        )
    if len(question) > MAX_QUESTION:
        raise InvalidInput(
            f"The question has {len(question):,} characters; {MAX_QUESTION:,} are the most.",
            "Ask for one thing at a time. A long text to ask about can be put into the folder as a file.",
        )
    return question

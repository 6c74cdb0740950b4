"""What all tabs of the browser share: the open index, the loaded models, the conversations, the work going on."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from app.ask.assistant import Assistant
from app.ask.domains import Domain, load_domain
from app.ask.opening import open_encoder, open_llm
from app.ask.stream import AnswerStream
from app.ask.write.prompt import rules_of
from app.datatypes import Answer, Kind
from app.datatypes import Turn as PastTurn
from app.library.asked import Questions
from app.llm.protocol import Llm
from app.llm.states import StateStore, is_whole
from app.memory import memory_of
from app.models.catalogue import ModelSpec
from app.models.fetch import Progress as Download
from app.models.store import pull
from app.settings import Settings, save_settings
from app.ui.ahead import ReadingAhead
from app.ui.keeping import Keeping
from app.ui.live import Job, LiveAnswer, Turn
from app.ui.testing import Testing
from ingest.datatypes import Document, Encoder
from ingest.encryption.vault import Key
from ingest.store.store import Store
from ingest.sync.progress import Progress
from ingest.sync.sync import Report
from ingest.upkeep.finding import Checkup
from ingest.upkeep.repair import check

WIDER = 12  # passages to read when a search is to go wider
_LOADED = ("model", "n_ctx", "threads", "gpu_layers", "kv_type")  # settings that the loaded model was made with
_THREADS = 10  # newest ones, of which the passages are read ahead first


class Desk:
    """Safe to use from several threads. Models are loaded when first needed, or by `warm`."""

    def __init__(
        self,
        folder: Path,
        index_dir: Path,
        settings: Settings,
        make_encoder: Callable[[Settings], Encoder] = open_encoder,
        make_llm: Callable[[Settings], Llm] = open_llm,
        key: Key | None = None,
    ) -> None:
        """`key` opens an encrypted library."""
        self.folder, self.index_dir, self.settings = folder.resolve(), index_dir, settings
        self.key = key
        self.memory = memory_of(settings.threads_db, index_dir, key, str(self.folder))
        self.questions = Questions(index_dir, key)
        self.answers: dict[int, LiveAnswer] = {}  # by thread
        self.keeping = Keeping(self.folder, index_dir, lambda: self.encoder, self._forget_opened, key)
        self.checking: Job[None, Checkup] | None = None
        self.pulls: dict[str, Job[Download, Path]] = {}  # by model
        self.warming: Job[None, None] | None = None
        self._make_encoder, self._make_llm = make_encoder, make_llm
        self._assistant: Assistant | None = None
        self._encoder: Encoder | None = None
        self._llm: Llm | None = None
        self._opening, self._loading, self._turn = threading.RLock(), threading.RLock(), Turn()
        self.testing = Testing(self.folder, lambda: self.assistant, self.llm, self._turn)
        self.ahead = ReadingAhead(lambda: self.assistant, self._conversations, self._is_idle)

    # -- what it opens

    @property
    def domain(self) -> Domain:
        """Raises InvalidInput when domain.toml cannot be used."""
        return load_domain(self.folder)

    @property
    def encoder(self) -> Encoder:
        """Raises ModelError when it is missing."""
        with self._opening:
            self._encoder = self._encoder or self._make_encoder(self.settings)
            return self._encoder

    @property
    def assistant(self) -> Assistant:
        """Raises IndexMissing, IndexDamaged, ModelError."""
        with self._opening:
            if self._assistant is None:
                self._assistant = Assistant(self.index_dir, self.encoder, self.llm, self.settings, self.key)
            return self._assistant

    def llm(self) -> Llm:
        """Raises ModelError when it is missing or cannot be loaded."""
        with self._loading:
            self._llm = self._llm or self._make_llm(self.settings)
            return self._llm

    def warm(self) -> None:
        """Loads the models in the background, so that the first question does not wait for them.

        The half million objects that torch brings will never be garbage. They are put aside, or else each look for
        garbage takes a quarter of a second, with all of Python standing still.
        """
        if self.warming is None or (self.warming.error and not self.warming.running):
            self.warming = Job(self._warm)

    def _warm(self, tell: Callable[[None], None]) -> None:
        # Both at once: importing torch keeps one core busy, and the answer model is not Python's work.
        encoder: Job[None, None] = Job(lambda tell: self._warm_encoder())
        try:
            with self._loading:  # so that nobody closes the model meanwhile
                llm = self.llm()
                if not llm.no_states:
                    llm.pin(rules_of(llm).tokens)
        finally:
            encoder.wait()  # the page says what is wrong with it
            gc.collect()
            gc.freeze()
        self.ahead.start()
        self.keeping.keep_up(self.settings.keep_up, self.ahead.again)

    def _warm_encoder(self) -> None:
        self.encoder.tune()
        self.encoder.encode(["warm"])

    def documents(self) -> list[Document]:
        """Needs no model. Raises IndexMissing, IndexDamaged."""
        with closing(Store(self.index_dir, key=self.key)) as store:
            return store.documents()

    # -- what people ask of it

    def ask(
        self,
        question: str,
        thread: int | None = None,
        file: str | None = None,
        *,
        wider: bool = False,
        replaces: int | None = None,
        kind: Kind | None = None,
    ) -> int:
        """Begins to answer, in a new thread unless one is given. Returns the thread. Raises StorageError."""
        thread = thread if thread is not None else self.memory.new_thread(str(self.folder), question)
        history = [turn for turn in self.memory.turns(thread) if replaces is None or turn.id < replaces]

        streams: list[AnswerStream] = []

        def begin() -> AnswerStream:
            streams.append(self._looking(wider).ask(question, history, file, kind))
            return streams[0]

        def keep(answer: Answer) -> None:
            self.memory.keep(thread, question, answer)
            if self.settings.keep_questions and not answer.stopped:
                self.questions.keep_answer(question, answer, streams[0].found)
            if replaces is not None:
                self.memory.delete_turn(replaces)
            self.ahead.again()

        live = LiveAnswer(question, begin, self.llm, self._turn, keep, replaces)
        self.answers[thread] = live
        live.start()
        return thread

    def _looking(self, wider: bool) -> Assistant:
        assistant = self.assistant
        if not wider:
            return assistant
        settings = self.settings.model_copy(update={"passages": WIDER})
        return Assistant(self.index_dir, assistant.encoder, self.llm, settings, self.key)

    def delete_thread(self, thread: int) -> None:
        live = self.answers.pop(thread, None)
        if live and live.running:
            live.stop()
            live.wait(5)
        self.memory.delete_thread(thread)

    def use(self, settings: Settings) -> None:
        """Takes effect at once: whatever uses the model is stopped, and the model is loaded anew when it has to be."""
        self._stop_work()
        with self.ahead.held_off(), self._turn, self._loading, self._opening:
            if any(getattr(settings, name) != getattr(self.settings, name) for name in _LOADED):
                if close := getattr(self._llm, "close", None):
                    close()
                self._llm = self.warming = None
            if settings.kv_bytes < self.settings.kv_bytes:
                StateStore(self.index_dir, 0, self.key).set_budget(settings.kv_bytes)
            self.settings = settings
            self._assistant = self.ahead.told = None
        self.warm()
        self.ahead.again()

    def _stop_work(self) -> None:
        for work in (*self.answers.values(), *self.testing.work):
            work.stop()

    def close(self) -> None:
        """Stops what goes on, and lets go of the key and of all that was opened with it, what the model has read
        included."""
        self._stop_work()
        self.ahead.end()
        self.keeping.close()
        with self._turn, self._loading, self._opening:
            if close := getattr(self._llm, "close", None):
                close()
            if self._assistant:
                self._assistant.close()
            self._llm = self._assistant = self.key = None
            self.questions = Questions(self.index_dir, None)
            self.memory.close()

    # -- what the model reads ahead

    @property
    def no_states(self) -> str:
        """Why nothing that it reads can be kept; '' where it can, and while it is not loaded."""
        return self._llm.no_states if self._llm else ""

    def read_ahead(self, on: bool) -> None:
        """Whether it does so in idle moments, from now on."""
        self.settings = self.settings.model_copy(update={"read_ahead": on})
        save_settings(self.settings)
        self.ahead.again()

    def forget_read(self) -> None:
        """Removes all that was read, and reads nothing ahead until told to."""
        self.read_ahead(False)
        with self.ahead.held_off(), self._opening:
            StateStore(self.index_dir, 0, self.key).forget_all_but(())
            self._assistant = self.ahead.told = None

    def _conversations(self) -> list[list[PastTurn]]:
        return [self.memory.turns(thread.id) for thread in self.memory.threads(str(self.folder))[:_THREADS]]

    def _is_idle(self) -> bool:
        """Whether the model is loaded, nobody needs it, and it may read ahead."""
        settings, at_work = self.settings, (self.warming, self.ingesting, *self.testing.work)
        return (
            settings.read_ahead
            and settings.kv_gb > 0
            and self._llm is not None
            and not any(work and work.running for work in (*at_work, *tuple(self.answers.values())))
        )

    # -- documents and models

    @property
    def ingesting(self) -> Job[Progress, Report | None] | None:
        return self.keeping.job

    def ingest(self, rebuild: bool = False) -> None:
        """Brings the index in step with the folder, in the background. A run in progress is followed by another."""
        self.keeping.look(rebuild, self.ahead.again)

    def unlock(self, path: str, password: str) -> None:
        """Keeps a document's password while this process runs, and reads the document if it could not be."""
        self.keeping.passwords[path] = password
        self.ingest()

    def keep_up(self, on: bool) -> None:
        """Whether changes in the folder are followed from now on."""
        self.settings = self.settings.model_copy(update={"keep_up": on})
        save_settings(self.settings)
        self.keeping.keep_up(on, self.ahead.again)

    def delete_document(self, path: str) -> None:
        """Removes the file from the folder, then its traces from the index. Raises StorageError."""
        self.keeping.delete(path)
        self.ingest()

    def _forget_opened(self) -> None:
        with self._opening:
            self._assistant = None

    def check(self, repair: bool = False) -> None:
        """Checks the library in the background, and mends it when told to."""
        if self.checking is None or not self.checking.running:
            key = self.key
            whole = partial(is_whole, key=key)
            self.checking = Job(lambda tell: check(self.index_dir, whole, repair=repair, key=key))

    def pull(self, spec: ModelSpec) -> None:
        """Fetches a model in the background."""
        job = self.pulls.get(spec.id)
        if job is None or not job.running:
            self.pulls[spec.id] = Job(lambda tell: pull(spec, self.settings.models_dir, tell))

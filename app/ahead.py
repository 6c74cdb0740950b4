"""Reads passages ahead in idle moments, those most likely to be asked for first, so that no question waits for
reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psutil

from app.ask.assistant import Assistant
from app.ask.write.prompt import history_of, label_of, passages_of
from app.datatypes import Hit, Turn
from ingest.datatypes import Document
from ingest.errors import DocentError

_FOLLOWED = 3  # conversations that may well go on
_ASKED = 50  # turns of which the passages come first
_CHUNKS_OF = "SELECT id FROM chunks WHERE doc_id = ?"
_FULL = 0.95  # share of the budget that reading ahead may fill; the rest is for what is asked


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many passages of an index have been read ahead. Sizes in bytes; `full` says that no more fit into the
    budget."""

    read: int
    total: int
    size: int
    budget: int
    full: bool = False


OnAhead = Callable[[Ahead], None]


def read_ahead(
    assistant: Assistant,
    conversations: Sequence[Sequence[Turn]] = (),
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: OnAhead | None = None,
) -> Ahead | None:
    """Reads passages that were not read before: those that questions found so far, those of the domain's example
    questions, then all others in the order of the files while there is room. The turns of the first few
    `conversations`, newest first, are read too, for follow-up questions.

    Returns None when stopped, and where the model's states cannot be kept. What was read is kept either way.
    """
    composer = assistant.composer
    if composer is None:
        return None
    llm, store, index = assistant.load_llm(), composer.store, assistant.index
    for segment in (label_of(llm), *(history_of(llm, turns) for turns in conversations[:_FOLLOWED])):
        if segment.tokens and not composer.holds(segment):
            composer.make(segment, should_stop)
    seen: set[int] = set()
    largest = 0
    for hit, is_hot in _by_heat(assistant, conversations):
        if should_stop():
            return None
        if hit.chunk.id in seen:
            continue
        passage = passages_of(llm, [hit])[0]
        held = composer.holds(passage)
        if not held and not is_hot and store.size + largest > _FULL * store.budget:
            return Ahead(len(seen), len(index), store.size, store.budget, full=True)
        if not held:
            state = composer.make(passage, should_stop)
            if state is None and should_stop():
                return None
            largest = max(largest, len(state.data) if state else 0)
        if not index.chunks([hit.chunk.id]):
            store.forget(hit.chunk.doc_id)  # deleted while it was read
        seen.add(hit.chunk.id)
        if on_progress:
            on_progress(Ahead(len(seen), len(index), store.size, store.budget))
    return Ahead(len(seen), len(index), store.size, store.budget)


def _by_heat(assistant: Assistant, conversations: Sequence[Sequence[Turn]]) -> Iterator[tuple[Hit, bool]]:
    """Yields every passage, some more than once, with whether it is one that people ask for. Those come first."""
    index = assistant.index
    documents = {document.id: document for document in index.documents()}
    asked = [turn for turns in conversations for turn in reversed(turns)]
    for turn in asked[:_ASKED]:
        for hit in turn.answer.hits:  # those that touched were joined
            span = (hit.chunk.doc_id, hit.chunk.start, hit.chunk.end)
            ids = [row[0] for row in index.store.rows(f"{_CHUNKS_OF} AND start >= ? AND end <= ?", span)]
            yield from ((one, True) for one in _stored(assistant, ids, documents))
    for example in assistant.domain.examples:
        try:
            yield from ((hit, True) for hit in assistant.ask(example).found)
        except DocentError:
            continue
    for document in documents.values():
        ids = [row[0] for row in index.store.rows(f"{_CHUNKS_OF} ORDER BY start", (document.id,))]
        yield from ((hit, False) for hit in _stored(assistant, ids, documents))


def _stored(assistant: Assistant, ids: Sequence[int], documents: dict[int, Document]) -> Iterator[Hit]:
    chunks = assistant.index.chunks(ids)
    for chunk_id in ids:
        chunk = chunks.get(chunk_id)
        document = documents.get(chunk.doc_id) if chunk else None
        if chunk and document:
            yield Hit(chunk, document.path, document.title, 0.0, {})


def on_battery() -> bool:
    """Whether this machine runs on battery, in which case reading ahead can wait."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return bool(battery and not battery.power_plugged)

"""docent warm: reads passages ahead now, in the terminal, instead of in idle moments of the pages."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.eval import index_of
from app.commands.terminal import clear_line, handle_errors, json_option, line, print_json, say
from ingest.sync.progress import duration

if TYPE_CHECKING:
    from app.ahead import Ahead, OnAhead
    from app.ask.assistant import Assistant
    from app.datatypes import Hit

ShouldStop = Callable[[], bool]


@click.command()
@click.option("--index", "index_dir", type=click.Path(path_type=Path), help="The index's folder, as for `docent ask`.")
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read only the passages that the questions of this file find (see `docent eval`).",
)
@json_option
@handle_errors
def warm(index_dir: Path | None, questions: Path | None, as_json: bool) -> None:
    """Read passages ahead, so that answers from them begin at once. Ctrl-C keeps what was read.

    The pages of `docent ui` do the same in idle moments. How much is kept, kv_gb in the settings says.

    \b
    Examples:
      docent warm
      docent warm --questions sample_docs/eval.jsonl
      DOCENT_KV_GB=20 docent warm --index indexes/contracts
    """
    from app.ahead import read_ahead
    from app.ask.domains import DEFAULT_FOLDER, index_for
    from app.evaluation.cases import load_cases

    asked = [case.question for case in load_cases(questions)] if questions else []
    place = index_dir or (index_of(questions) if questions else index_for(DEFAULT_FOLDER))
    assistant = _able(place)
    told, began = _Told(assistant), time.monotonic()
    with _interrupts() as stopped:
        if questions:
            read_for(assistant, asked, stopped, told)
        else:
            told.newest = read_ahead(assistant, should_stop=stopped, on_progress=told) or told.newest
    clear_line()
    if as_json:
        seconds = round(time.monotonic() - began, 1)
        print_json(asdict(told.newest) | {"stopped": stopped(), "seconds": seconds})
    else:
        _say(told.newest, stopped())
    sys.exit(130 if stopped() else 0)


def read_for(assistant: Assistant, questions: Sequence[str], should_stop: ShouldStop, on_progress: OnAhead) -> None:
    """Reads the passages that the questions find, unless they were read before."""
    from app.ahead import Ahead
    from app.ask.write.prompt import passages_of

    composer = assistant.composer
    assert composer
    found: dict[int, Hit] = {}
    for n, question in enumerate(questions):
        line(f"{n}/{len(questions)} questions searched for")
        if should_stop():
            return
        found |= {hit.chunk.id: hit for hit in assistant.ask(question).found}
    for n, passage in enumerate(passages_of(assistant.load_llm(), list(found.values())), 1):
        if not composer.holds(passage) and not composer.make(passage, should_stop) and should_stop():
            return
        on_progress(Ahead(n, len(found), composer.store.size, composer.store.budget))


class _Told:
    """Shows progress with an estimate of the time left, from what this run has read."""

    def __init__(self, assistant: Assistant) -> None:
        from app.ahead import Ahead

        composer = assistant.composer
        assert composer
        self.newest = Ahead(0, len(assistant.index), composer.store.size, composer.store.budget)
        self._began, self._made, self._bytes = time.monotonic(), 0, 0

    def __call__(self, ahead: Ahead) -> None:
        more = ahead.size - self.newest.size
        self._made, self._bytes = self._made + (more > 0), self._bytes + max(0, more)
        self.newest = ahead
        left = ahead.total - ahead.read
        if self._made:
            room = (ahead.budget - ahead.size) / (self._bytes / self._made)
            seconds = min(left, room) * (time.monotonic() - self._began) / self._made
        line(f"{_count(ahead)}{f', {duration(seconds)} to go at most' if self._made else ''}")


def _say(ahead: Ahead, stopped: bool) -> None:
    say(f"{_count(ahead)}.")
    if stopped:
        say("Stopped. The same command goes on from here.")
    elif ahead.full:
        say("No more fit into the disk set aside. For more: DOCENT_KV_GB=20 docent warm")


def _count(ahead: Ahead) -> str:
    read = f"{ahead.read:,} of {ahead.total:,} passages read ahead"
    return f"{read}, {ahead.size / 1e9:.1f} of {ahead.budget / 1e9:g} GB"


def _able(index_dir: Path) -> Assistant:
    """Opens the assistant. Raises InvalidInput where no states can be kept, and what opening an index or a model
    raises."""
    from app.privacy.unlock import open_unlocked
    from app.settings import load_settings
    from ingest.errors import InvalidInput

    settings = load_settings()
    if not settings.kv_gb:
        raise InvalidInput(
            "No disk is set aside for what the model reads (kv_gb is 0).", "Set some aside: DOCENT_KV_GB=4 docent warm"
        )
    assistant = open_unlocked(settings, index_dir)
    if why := assistant.load_llm().no_states:
        raise InvalidInput(
            f"What {settings.model} reads cannot be kept: {why}.",
            "Other models can be chosen; docent doctor says of the chosen one whether it can.",
        )
    return assistant


@contextmanager
def _interrupts() -> Iterator[ShouldStop]:
    """Yields a function that tells whether Ctrl-C was pressed. An exception would be lost inside llama.cpp, which calls
    that function."""
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)

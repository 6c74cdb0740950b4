"""Measures how fast Docent is on this machine, compared with hardware limits and other pipelines, all in one run.

The documents are read into a temporary index, so that nothing of the user's is touched and the bench makes all states
itself. One model serves all ways of asking.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.ask.opening import open_encoder, open_llm
from app.bench.ask import OnStep, Parts, Sample, ask, quote, search
from app.bench.machine import bare_model, machine, memory_speed
from app.bench.rival import is_installed
from app.bench.rival_process import RivalResult, measure_rival
from app.evaluation.cases import Case
from app.evaluation.run import docent_version
from app.llm.llama import physical_cores
from app.llm.peak import peak_mb
from app.llm.protocol import Stats
from app.models.store import find, path
from app.settings import Settings
from ingest.datatypes import Encoder
from ingest.errors import InvalidInput
from ingest.store.file import FILE
from ingest.sync.sync import sync

LIMIT, RUNS = 12, 3
_QUOTED = 4  # questions of which the best passage is repeated


@dataclass(frozen=True, slots=True)
class Reading:
    """The folder, read `runs` times into an empty index. Sizes in bytes."""

    files: int
    pages: int
    passages: int
    pages_per_second: tuple[float, ...]
    store: int
    snapshot: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All results of a bench. `no_states` says why the model's states cannot be kept, in which case only two ways are
    measured."""

    about: dict[str, Any]
    memory_speed: float  # bytes a second
    model_bytes: int
    prefill: Sequence[float]  # tokens a second of the bare model, in each run
    decode: Sequence[float]
    reading: Reading
    searches: Sequence[float]  # seconds
    samples: Sequence[Sample]
    quoting: Sequence[Stats]
    quoting_undrafted: Sequence[Stats]
    state_bytes: float  # of one passage
    peak_mb: float
    no_states: str = ""
    rival: RivalResult | None = None


def choose_cases(cases: Sequence[Case], limit: int) -> list[Case]:
    """Returns up to `limit` questions that have an answer, spread over the file. Raises InvalidInput where there is
    none."""
    answerable = [case for case in cases if case.answerable]
    if not answerable:
        raise InvalidInput("None of these questions has an answer.", "Run e.g.: docent bench sample_docs/eval.jsonl")
    limit = min(limit, len(answerable))
    return [answerable[n * len(answerable) // limit] for n in range(limit)]


def measure(settings: Settings, folder: Path, cases: Sequence[Case], runs: int, on_step: OnStep) -> Measured:
    """Runs the whole bench, about a minute for each question and run. Raises ModelError, InvalidInput."""
    if not settings.kv_gb:
        settings = settings.model_copy(update={"kv_gb": Settings.model_fields["kv_gb"].default})
    places = settings.models_dir
    file, encoder_folder = (path(find(name, places), places) for name in (settings.model, settings.encoder))
    # First, so that no time is lost if it fails, and so that nothing else is in memory.
    rival = measure_rival(encoder_folder, file, folder, cases, runs, on_step) if is_installed() else None
    on_step("memory", 0, 1)
    speed = memory_speed(settings.threads or physical_cores())  # before models take the room
    encoder = open_encoder(settings)
    encoder.load()
    settings.home.mkdir(parents=True, exist_ok=True)
    # On the disk of the user's own indexes, as the system's temporary folder may be in memory.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.home, ignore_cleanup_errors=True) as temporary:
        index_dir = Path(temporary)
        reading = measure_reading(folder, index_dir, encoder, runs, on_step)
        llm = open_llm(settings)
        try:
            on_step("bare model", 0, 1)
            prefill, decode = bare_model(llm, runs)
            parts = Parts(index_dir, encoder, llm, settings)
            samples = ask(parts, cases, runs, on_step)
            on_step("quotes", 0, 1)
            drafted, undrafted = quote(parts, cases[:_QUOTED])
            searches = search(parts, cases, runs)
            composer = parts.docent().composer
            state_bytes = composer.store.size / max(1, len(composer.store)) if composer else 0.0
        finally:
            llm.close()
    about = {
        "docent": docent_version(),
        "model": settings.model,
        "encoder": settings.encoder,
        "questions": len(cases),
        "runs": runs,
    }
    return Measured(
        about=about | {"kv_type": settings.kv_type, **machine()},
        memory_speed=speed,
        model_bytes=file.stat().st_size,
        prefill=prefill,
        decode=decode,
        reading=reading,
        searches=searches,
        samples=samples,
        quoting=drafted,
        quoting_undrafted=undrafted,
        state_bytes=state_bytes,
        peak_mb=peak_mb(),
        no_states=llm.no_states,
        rival=rival,
    )


def measure_reading(folder: Path, index_dir: Path, encoder: Encoder, runs: int, on_step: OnStep) -> Reading:
    """Reads the folder `runs` times into an empty index, and keeps the last one. Raises InvalidInput for an empty
    folder."""
    rates = []
    for run in range(runs):
        on_step("documents", run, runs)
        began = time.perf_counter()
        report = sync(folder, index_dir, encoder, rebuild=True)
        rates.append(report.pages / (time.perf_counter() - began))
    if not report.chunks:
        raise InvalidInput(f"There is nothing to read in {folder}.", "Name the documents' folder with --folder.")
    store = sum(file.stat().st_size for file in index_dir.glob(f"{FILE}*"))
    snapshot = sum(file.stat().st_size for file in index_dir.glob("gen-*/*"))
    return Reading(len(report.added), report.pages, report.chunks, tuple(rates), store, snapshot)

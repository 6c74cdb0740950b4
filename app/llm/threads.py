"""Measures once how many threads are fastest on this machine, for reading and for writing, and stores the result."""

from __future__ import annotations

import contextlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.llm.llama import physical_cores
from ingest.errors import StorageError
from ingest.files import write_whole

_ROUNDS = 3
_GAIN = 0.9  # of the seconds that the physical cores take: what another count must reach, to be more than noise

Pace = tuple[float, float]  # seconds to read some tokens, and to write some


@dataclass(frozen=True, slots=True)
class Threads:
    """The numbers of threads for reading a prompt and for writing an answer."""

    reading: int
    writing: int


def candidates(physical: int, logical: int) -> list[int]:
    """Returns the thread counts to try, the physical cores first. Reading may gain from all logical cores; with slow
    cores among fast ones, or other busy programs, fewer may be faster."""
    return list(dict.fromkeys([physical, logical, *([physical * 3 // 4, physical // 2] if physical >= 4 else [])]))


def choose(measure: Callable[[int], Pace], counts: Sequence[int]) -> Threads:
    """Returns the fastest count for reading and for writing, by the best of some rounds; the first one unless another
    is clearly faster."""
    best: dict[int, Pace] = {}
    for _ in range(_ROUNDS):
        for count in counts:
            reading, writing = measure(count)
            before = best.get(count, (reading, writing))
            best[count] = (min(before[0], reading), min(before[1], writing))

    def fastest(which: int) -> int:
        winner = min(counts, key=lambda count: best[count][which])
        return winner if best[winner][which] < _GAIN * best[counts[0]][which] else counts[0]

    return Threads(fastest(0), fastest(1))


def threads_for(home: Path, model: str, measure: Callable[[int], Pace]) -> Threads:
    """Returns what was measured for this model on this machine; measures it in a second or two if need be."""
    known = remembered(home, model)
    if known:
        return known
    counts = candidates(physical_cores(), psutil.cpu_count() or 1)
    chosen = choose(measure, counts) if len(counts) > 1 else Threads(counts[0], counts[0])
    _remember(home, model, chosen)
    return chosen


def remembered(home: Path, model: str) -> Threads | None:
    """Returns the stored result for this model on this machine; None before it was measured."""
    found = _all(home).get(_machine(model))
    return Threads(*found) if found else None


def _remember(home: Path, model: str, threads: Threads) -> None:
    known = {**_all(home), _machine(model): [threads.reading, threads.writing]}
    with contextlib.suppress(StorageError):  # then it is measured again the next time
        write_whole(home / "threads.json", f"{json.dumps(known, indent=1)}\n".encode())


def _all(home: Path) -> dict[str, list[int]]:
    try:
        known = json.loads((home / "threads.json").read_text(encoding="utf-8"))
        return {str(key): [int(n) for n in value][:2] for key, value in known.items() if len(value) == 2}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _machine(model: str) -> str:
    """Identifies the machine and model, so that another machine with the same home folder measures for itself."""
    return f"{platform.node()} {platform.machine()} {physical_cores()}/{psutil.cpu_count()} {model}"

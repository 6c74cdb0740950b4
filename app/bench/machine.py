"""Measures the limits of this machine and the cost of work: memory bandwidth, the bare model, CPU time, energy."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from app.llm.llamacpp import LlamaCpp
from app.llm.protocol import Stats

WATTS = 7.0  # assumed of one busy core of a laptop, its share of cache and memory included
_ROUNDS = 7
_READ = 256 << 20  # bytes: far more than any cache of the machines this is made for
_PROMPT, _WRITTEN = 512, 64  # tokens by which the bare model is measured
_POWERCAP = Path("/sys/class/powercap")
_FILLER = "The installer checks the pressure of circuit {n}, writes down {m} bar and closes valve {k}. "


def machine() -> dict[str, str | int | float]:
    """Describes the machine on which the figures were measured."""
    memory = round(psutil.virtual_memory().total / 1e9, 1)
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    return {"cpu": _cpu_name(), "system": platform.system(), "cores": cores, "memory_gb": memory}


def _cpu_name() -> str:
    """Returns the name of the CPU as the system knows it; on Linux platform.processor() knows less."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


# --- ceilings ---


def memory_speed(threads: int) -> float:
    """Returns the bytes a second that `threads` threads read from memory, in the best of the rounds."""
    parts = np.split(np.ones(_READ // 4, dtype=np.float32), threads)
    times = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            list(pool.map(np.max, parts))  # numpy lets other threads run meanwhile
            times.append(time.perf_counter() - began)
    return _READ / min(times)


def bare_model(llm: LlamaCpp, runs: int) -> tuple[list[float], list[float]]:
    """Returns the tokens a second that the model reads, and that it writes one by one, of each run; without states or
    drafts."""
    prefill, decode = [], []
    for run in range(runs):
        text = " ".join(_FILLER.format(n=run, m=n * 7 % 31, k=n) for n in range(_PROMPT // 8))
        with drafting(llm, False):
            for _ in llm.stream(llm.tokenize(text)[:_PROMPT], _WRITTEN):
                pass
        stats = llm.last_stats
        if stats.seconds_to_first_token:
            prefill.append((stats.prompt_tokens - stats.cached_tokens) / stats.seconds_to_first_token)
        if rate := tokens_per_second([stats]):
            decode.append(rate)
    return prefill, decode


@contextmanager
def drafting(llm: LlamaCpp, allowed: bool) -> Iterator[None]:
    """Within the `with` block the model drafts tokens only if `allowed`."""
    before = llm.drafts
    llm.drafts = before and allowed
    try:
        yield
    finally:
        llm.drafts = before


def tokens_per_second(written: Sequence[Stats]) -> float | None:
    """Returns tokens a second while writing, over all answers together, without the first token but with the end token.
    None where nothing was written."""
    seconds = sum(stats.seconds_total - stats.seconds_to_first_token for stats in written if stats.output_tokens)
    return sum(stats.output_tokens for stats in written) / seconds if seconds > 0 else None


# --- what work costs ---


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of this process and of children that have ended; energy in joules, None where the CPU does not report
    it."""

    cpu: float
    joules: float | None


Counters = Mapping[str, tuple[int, int]]  # of each package of cores: microjoules so far, and where they begin anew


class Meter:
    """Measures what was used since it was made. RAPL counts whole CPU packages, other programs included."""

    def __init__(self, powercap: Path = _POWERCAP) -> None:
        self._powercap = powercap
        self._cpu, self._counters = _cpu_seconds(), counters(powercap)

    def read(self) -> Usage:
        """Returns the usage so far."""
        joules = joules_between(self._counters, counters(self._powercap))
        return Usage(_cpu_seconds() - self._cpu, joules)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def counters(powercap: Path = _POWERCAP) -> Counters:
    """Reads the energy counters. Empty where they cannot be read: Linux shows them to the administrator only, and cloud
    machines to no one."""
    found = {}
    for zone in sorted(powercap.glob("intel-rapl:*")):  # AMD's are called so too
        if zone.name.count(":") > 1:
            continue  # a part of a package
        try:
            energy, limit = ((zone / name).read_text() for name in ("energy_uj", "max_energy_range_uj"))
            found[zone.name] = (int(energy), int(limit))
        except (OSError, ValueError):
            continue
    return found


def joules_between(before: Counters, after: Counters) -> float | None:
    """Returns the energy used between two readings; None where a counter is missing."""
    same = before.keys() & after.keys()
    if not same:
        return None
    return sum((after[zone][0] - before[zone][0]) % (after[zone][1] + 1) for zone in same) / 1e6


def energy_note(used: Sequence[Usage]) -> str:
    """Says where the energy figures come from."""
    if used and all(one.joules is not None for one in used):
        return "measured (RAPL, the whole CPU package, whatever else ran included)"
    return f"an estimate: CPU-seconds times {WATTS:g} W for a busy core"


def joules_of(used: Sequence[Usage]) -> list[float]:
    """Returns the joules of each sample: measured if all of them were, else all estimated from CPU time."""
    measured = [one.joules for one in used if one.joules is not None]
    return measured if len(measured) == len(used) else [one.cpu * WATTS for one in used]

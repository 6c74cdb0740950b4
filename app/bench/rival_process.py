"""Measures LlamaIndex in its own process, so that its memory is not counted as Docent's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from app.bench.ask import OnStep, Sample
from app.bench.machine import Meter, Usage
from app.bench.rival import DEFAULT_NODE, WHOLE_NODE, Ingested, Rival, RivalAnswer
from app.evaluation.cases import Case
from app.llm.peak import peak_mb
from app.llm.protocol import Stats
from ingest.errors import DocentError, ModelError

RIVAL = "LlamaIndex"
NODES = {RIVAL: DEFAULT_NODE, f"{RIVAL}, nodes of {WHOLE_NODE} tokens": WHOLE_NODE}  # asked is what was read last
_opened: list[Rival] = []  # in the process that it has for itself


@dataclass(frozen=True, slots=True)
class RivalResult:
    """The results of LlamaIndex. `ingested` has, for each length of nodes, what each run over the folder took."""

    ingested: Mapping[str, Sequence[Ingested]]
    samples: Sequence[Sample]
    peak_mb: float


def measure_rival(
    encoder: Path, model: Path, folder: Path, cases: Sequence[Case], runs: int, on_step: OnStep
) -> RivalResult:
    """Measures LlamaIndex with the same folder and questions. Raises ModelError when it fails for any reason."""
    steps = (len(NODES) + len(cases)) * runs
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            pool.submit(_open, encoder, model).result()
            ingested: dict[str, list[Ingested]] = {}
            for name, tokens in NODES.items():
                for _ in range(runs):
                    on_step(RIVAL, sum(map(len, ingested.values())), steps)
                    ingested.setdefault(name, []).append(pool.submit(_ingest, folder, tokens).result())
            samples: list[Sample] = []
            for run in range(runs):
                for case in cases:
                    on_step(RIVAL, len(NODES) * runs + len(samples), steps)
                    told, used = pool.submit(_ask, case.question).result()
                    samples.append(Sample(RIVAL, case.id, run, _stats(told), Stats(), used))
            return RivalResult(ingested, samples, pool.submit(peak_mb).result())
        except DocentError:
            raise
        except Exception as error:  # it is large, and none of ours
            raise ModelError(
                f"LlamaIndex gave up: {error}",
                "Run: pip install --upgrade 'docent[bench]'. Or go without it: pip uninstall llama-index-core",
            ) from error


def _open(encoder: Path, model: Path) -> None:
    _opened.append(Rival(encoder, model))


def _ingest(folder: Path, node_tokens: int) -> Ingested:
    return _opened[0].ingest(folder, node_tokens)


def _ask(question: str) -> tuple[RivalAnswer, Usage]:
    meter = Meter()
    return _opened[0].ask(question), meter.read()


def _stats(told: RivalAnswer) -> Stats:
    return Stats(seconds_to_first_token=told.seconds_to_first_token, seconds_total=told.seconds_total)

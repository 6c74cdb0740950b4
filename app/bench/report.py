"""The results of a bench as figures: the JSON of `docent bench`, and tables made from it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app.bench.ask import FIRST, PLAIN, PREFILL, UNDRAFTED, WARM, WAYS, Sample
from app.bench.machine import energy_note, joules_of, tokens_per_second
from app.bench.measure import Measured
from app.bench.rival_process import RIVAL
from app.evaluation.figures import table

Figures = dict[str, Any]
OURS = "Docent"
# (key, what people read, digits behind the point)
ASKED = (
    ("n", "questions asked", 0),
    ("seconds_to_evidence_p50", "seconds to the evidence, median", 3),
    ("seconds_to_evidence_p95", "seconds to the evidence, 95th percentile", 3),
    ("seconds_to_first_token_p50", "seconds to the first word, median", 2),
    ("seconds_to_first_token_p95", "seconds to the first word, 95th percentile", 2),
    ("seconds_total_p50", "seconds to the whole answer, median", 2),
    ("tokens_read_p50", "tokens read before the first word, median", 0),
    ("tokens_per_second", "tokens written a second", 1),
    ("cpu_seconds_p50", "CPU-seconds an answer, median", 1),
    ("joules_p50", "joules an answer, median", 0),
)
MACHINE = (
    ("memory_gb_per_second", "memory read, GB a second", 1),
    ("prefill_tokens_per_second", "the bare model reads, tokens a second", 0),
    ("decode_tokens_per_second", "the bare model writes, tokens a second", 1),
    ("decode_at_memory_limit", "it could at most: its size read once a token", 1),
)
DOCUMENTS = (
    ("pages", "pages", 0),
    ("passages", "passages, or nodes", 0),
    ("pages_per_second", "pages read a second, median", 1),
    ("docent_times_as_fast", "Docent reads so many times as many", 2),
    ("index_kb_per_page", "index, KB a page", 1),
    ("states_kb_per_page", "what the model has read, KB a page, when it has read all", 0),
    ("seconds_search_p50", "seconds a search, median", 4),
    ("seconds_search_p95", "seconds a search, 95th percentile", 4),
    ("peak_mb", "peak memory of the process, MB", 0),
)
RATIOS = {
    "seconds_to_first_token": "time to the first word",
    "seconds_total": "time to the whole answer",
    "cpu_seconds": "CPU time",
}


def summary(measured: Measured) -> Figures:
    """Returns the contract of `docent bench --json`, without what could not be measured."""
    rival = measured.rival
    samples = [*measured.samples, *(rival.samples if rival else ())]
    samples = [sample for sample in samples if sample.stats.seconds_to_first_token]  # others never got to a word
    ways = (*WAYS, RIVAL)
    asked = {way: found for way in ways if (found := [sample for sample in samples if sample.way == way])}
    limit = measured.memory_speed / measured.model_bytes
    return {
        "about": measured.about,
        "no_states": measured.no_states,
        "ceilings": _known(
            memory_gb_per_second=measured.memory_speed / 1e9,
            prefill_tokens_per_second=_median(measured.prefill),
            decode_tokens_per_second=_median(measured.decode),
            decode_at_memory_limit=limit,
        ),
        "asked": {way: figures(found) for way, found in asked.items()},
        "energy": energy_note([sample.used for sample in samples]),
        "times_as_long": {
            other: {way: ratios(asked[other], asked[way]) for way in (FIRST, WARM) if way in asked}
            for other in (PREFILL, PLAIN, RIVAL)
            if other in asked
        },
        "decode": _decode(measured, asked, limit),
        "documents": _documents(measured),
    }


def _documents(measured: Measured) -> dict[str, Figures]:
    reading, pace = measured.reading, _median(measured.reading.pages_per_second)
    ours = _known(
        files=reading.files,
        pages=reading.pages,
        passages=reading.passages,
        pages_per_second=pace,
        index_kb_per_page=(reading.store + reading.snapshot) / 1e3 / reading.pages,
        states_kb_per_page=measured.state_bytes * reading.passages / 1e3 / reading.pages or None,
        **_percentiles("seconds_search", measured.searches),
        peak_mb=measured.peak_mb,
    )
    found = {OURS: ours}
    for name, ingested in measured.rival.ingested.items() if measured.rival else ():
        theirs = _median([one.pages / one.seconds for one in ingested])
        found[name] = _known(
            pages=ingested[0].pages,
            passages=ingested[0].nodes,
            pages_per_second=theirs,
            docent_times_as_fast=pace / theirs if pace and theirs else None,
            peak_mb=measured.rival.peak_mb if measured.rival else None,
        )
    return found


def figures(samples: Sequence[Sample]) -> Figures:
    """Summarises one way of asking. Tokens a second are those of all answers together, as a short one says little by
    itself."""
    used = [sample.used for sample in samples]
    return {
        "n": len(samples),
        **_known(
            **_percentiles(
                "seconds_to_evidence", [s.stats.seconds_retrieve for s in samples if s.stats.seconds_retrieve]
            ),
            **_percentiles("seconds_to_first_token", [sample.stats.seconds_to_first_token for sample in samples]),
            seconds_total_p50=_median([sample.stats.seconds_total for sample in samples]),
            tokens_read_p50=_median([_tokens_read(s) for s in samples if s.stats.prompt_tokens]),
            tokens_per_second=tokens_per_second([sample.model for sample in samples]),
            cpu_seconds_p50=_median([one.cpu for one in used]),
            joules_p50=_median(joules_of(used)),
        ),
    }


def ratios(others: Sequence[Sample], ours: Sequence[Sample]) -> Figures:
    """Returns how many times as long the other way took: the median over pairs of the same question in the same run."""
    pairs = {(sample.case, sample.run): sample for sample in ours}
    both = [(other, pairs[other.case, other.run]) for other in others if (other.case, other.run) in pairs]
    of: dict[str, Callable[[Sample], float]] = {
        "seconds_to_first_token": lambda sample: sample.stats.seconds_to_first_token,
        "seconds_total": lambda sample: sample.stats.seconds_total,
        "cpu_seconds": lambda sample: sample.used.cpu,
    }
    return {
        "n": len(both),
        **_known(**{key: _median([get(a) / get(b) for a, b in both if get(b)]) for key, get in of.items()}),
    }


def _decode(measured: Measured, asked: Mapping[str, Sequence[Sample]], limit: float) -> Figures:
    """Returns tokens written a second, and their share of the limit at which all weights are read once for each
    token."""
    rates = {
        "answers": tokens_per_second([sample.model for sample in asked.get(WARM, ())]),
        "answers, no drafts": tokens_per_second([sample.model for sample in asked.get(UNDRAFTED, ())]),
        "quoting": tokens_per_second(measured.quoting),
        "quoting, no drafts": tokens_per_second(measured.quoting_undrafted),
    }
    return {name: _known(tokens_per_second=rate, of_memory_limit=rate / limit) for name, rate in rates.items() if rate}


def _tokens_read(sample: Sample) -> int:
    return sample.stats.prompt_tokens - sample.stats.cached_tokens - sample.stats.composed_tokens


def _percentiles(name: str, values: Sequence[float]) -> dict[str, float | None]:
    return {f"{name}_p{p}": float(np.percentile(values, p)) if values else None for p in (50, 95)}


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _known(**values: float | None) -> Figures:
    return {key: round(value, 4) for key, value in values.items() if value is not None}


# --- for people ---


def readable(found: Mapping[str, Any]) -> str:
    """Formats a summary as Markdown, also fit for a terminal."""
    about = found["about"]
    parts = [
        f"{about['model']}, {about['encoder']} on {about['cores']} cores, {about['cpu']}; "
        f"{about['questions']} questions, {about['runs']} runs",
        *tables(found),
        f"Energy is {found['energy']}.",
    ]
    if found["no_states"]:
        parts.append(f"What this model has read is not kept: {found['no_states']}.")
    return "\n\n".join(parts) + "\n"


def tables(found: Mapping[str, Any]) -> list[str]:
    """Returns the tables in Markdown, without empty ones."""
    made = (
        _machine_table(found),
        _asked_table(found),
        _ratio_table(found),
        _decode_table(found),
        _documents_table(found),
    )
    return [one for one in made if one]


def _machine_table(found: Mapping[str, Any]) -> str:
    return _table(("this machine", ""), _rows(MACHINE, found["ceilings"]))


def _asked_table(found: Mapping[str, Any]) -> str:
    return _table(("", *found["asked"]), _rows(ASKED, *found["asked"].values()))


def _ratio_table(found: Mapping[str, Any]) -> str:
    """Returns the table of ratios; empty where no states can be kept, as there is nothing to compare."""
    ways = list(dict.fromkeys(way for others in found["times_as_long"].values() for way in others))
    rows = [
        [f"{other}: {label}", *(f"{of[way][key]:,.1f}" if key in of.get(way, {}) else "" for way in ways)]
        for other, of in found["times_as_long"].items()
        for key, label in RATIOS.items()
    ]
    return _table(("times as much as Docent", *ways), rows) if ways else ""


def _decode_table(found: Mapping[str, Any]) -> str:
    rows = [
        [name, f"{values['tokens_per_second']:.1f}", f"{values['of_memory_limit']:.2f}"]
        for name, values in found["decode"].items()
    ]
    return _table(("tokens written a second", "", "times the memory limit"), rows) if rows else ""


def _documents_table(found: Mapping[str, Any]) -> str:
    return _table(("documents", *found["documents"]), _rows(DOCUMENTS, *found["documents"].values()))


def _rows(lines: Sequence[tuple[str, str, int]], *columns: Mapping[str, Any]) -> list[list[str]]:
    return [
        [label, *(f"{column[key]:,.{digits}f}" if key in column else "" for column in columns)]
        for key, label, digits in lines
        if any(key in column for column in columns)
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(table(head, rows))

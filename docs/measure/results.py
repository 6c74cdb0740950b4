#!/usr/bin/env python3
"""Makes docs/results.md from the measurements in docs/results/*.json: no figure in it is typed by hand.

    python docs/measure/results.py                        write results.md again
    python docs/measure/results.py --check                only say whether it is what the measurements give
    python docs/measure/results.py keep NAME RUN.jsonl    take over a finished run of `docent eval` as results/NAME.json
                                                  (--questions: as its command named them, if not NAME/questions.jsonl)

Kept are figures, never questions or documents. Beside the runs lie ablation.json, a list of {set, metric, variant,
value, low, high, n}; ingest.json, a list of table rows; bench.json, what `docent bench --json` printed; frontier.json,
made by docs/measure/frontier.py; targets.json, {set: {metric: target}}: chosen, not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results_text import ABLATION, AT_SIZE, BENCH, FRONTIER, GATE, HEAD, HOSTILE, INGEST, LIBRARY, NEAR, SETS, SHORT

from app.ask.check.gate import shipped_calibration
from app.bench import report as bench_report
from app.evaluation.figures import (
    HEADLINE_METRICS,
    LABELS,
    METRICS,
    TIMES,
    format_difference,
    format_interval,
    format_metric,
    table,
)

HERE = Path(__file__).parents[1]
REPORTED = [
    key
    for key in METRICS
    if key not in ("recall_at_1", "page_hit_at_1", "page_hit_at_10", "gold_cited", "prompt_tokens")
]
OTHERS = ("ablation", "at_size", "bench", "frontier", "hostile", "ingest", "library", "near-misses", "targets")

SEARCH = "-search"  # the name of a run of the search alone over a whole set


TARGETED = {  # what was asked for: where it stands in bench.json, what it is, whether more is better
    "warm": ("asked/warm/seconds_to_first_token_p95", "warm: seconds to the first word, 95th percentile", False),
    "first_ever": ("asked/first-ever/seconds_to_first_token_p95", "first-ever: the same", False),
    "follow_up": ("asked/follow-up/seconds_to_first_token_p95", "follow-up: the same", False),
    "evidence": ("asked/warm/seconds_to_evidence_p95", "warm: seconds to the evidence, 95th percentile", False),
    "prefill": (
        "times_as_long/full prefill/warm/seconds_to_first_token",
        "full prefill's time to the first word, of a warm question's",
        True,
    ),
    "quoting": ("decode/quoting/of_memory_limit", "tokens written a second when quoting, of the memory limit", True),
    "ingest": ("documents/LlamaIndex/docent_times_as_fast", "pages read a second, of LlamaIndex's", True),
    "memory": ("documents/Docent/peak_mb", "peak memory in MB, pages of the browser left out", False),
}


def made(folder: Path) -> str:
    """results.md, whole."""
    kept = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    known = [name for base in SETS for name in (base, base + SEARCH)]
    order = [*(name for name in known if name in kept), *(name for name in kept if name not in (*known, *OTHERS))]
    parts = [HEAD, *(_set(name, kept[name], kept.get("targets", {}).get(name, {})) for name in order)]
    if found := kept.get("bench"):
        parts.append(_bench(found, kept.get("targets", {}).get("bench", {})))
    parts.append(_gate())
    if found := kept.get("near-misses"):
        parts.append(NEAR.format(table=_rows(_near(found["shares"]))))
    parts.append(SHORT)
    if rows := kept.get("ablation"):
        parts += [ABLATION, *_ablation(rows)]
    if found := kept.get("frontier"):
        parts.append(_frontier(found))
    if rows := kept.get("at_size"):
        parts += [AT_SIZE, *(_at_size(row) for row in rows)]
    if rows := kept.get("ingest"):
        parts.append(INGEST.format(table=_rows(rows)))
    if rows := kept.get("library"):
        parts.append(LIBRARY.format(table=_rows(rows)))
    if found := kept.get("hostile"):
        parts.append(_hostile(found))
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _set(name: str, run: Mapping[str, Any], targets: Mapping[str, float]) -> str:
    compared = run.get("usual", {})
    titles = ["", "Docent", "95 %"] + (["usual pipeline", "difference", "95 %"] if compared else [])
    rows = []
    for key in REPORTED:
        if run.get(key) is None or (key == "all_docs_at_10" and run[key] == run.get("recall_at_10")):
            continue
        row = [LABELS[key], format_metric(key, run[key]), format_interval(key, run["intervals"].get(key))]
        if compared:
            row += _against(key, compared.get(key), run["difference"].get(key))
        rows.append([*row, format_metric(key, targets.get(key))] if targets else row)
    title = f"{name.removesuffix(SEARCH)}, the search alone" if name.endswith(SEARCH) else name
    about = [
        f"## {title}",
        "",
        SETS.get(name.removesuffix(SEARCH), ""),
        "",
        f"{run['n']} questions: `{run['command']}`, {_version(run)}",
        "",
    ]
    lines = [*about, *table([*titles, *(["target"] if targets else [])], rows)]
    if compared:
        lines += [
            "",
            f"Of {run['n']} questions {run['better']} went better than in the usual pipeline, {run['worse']} worse.",
        ]
    keys = [key for key in HEADLINE_METRICS if any(key in values for values in run["by_kind"].values())]
    if len(run["by_kind"]) > 1:
        kinds = [
            [kind, str(values["n"]), *(format_metric(key, values.get(key)) for key in keys)]
            for kind, values in run["by_kind"].items()
        ]
        lines += ["", *table(["kind", "questions", *(LABELS[key] for key in keys)], kinds)]
    return "\n".join(lines)


def _against(key: str, usual: float | None, difference: Mapping[str, Any] | None) -> list[str]:
    if usual is None or difference is None:
        return [format_metric(key, usual), "", ""]
    text = format_difference(key, difference["difference"])
    return [
        format_metric(key, usual),
        f"**{text}**" if difference["real"] else text,
        format_interval(key, difference["interval"]),
    ]


def _version(run: Mapping[str, Any]) -> str:
    settings = run["run"]["settings"]
    return f"Docent {run['run']['docent']}" + ("" if run["run"]["retrieval_only"] else f", {settings['model']}")


def _gate() -> str:
    calibration = shipped_calibration()
    rows = [
        [
            level.name,
            f"{level.threshold:.2f}",
            f"{level.error:.2f} (at most {level.bound:.2f})",
            f"{level.refused:.2f}",
            f"{level.caught:.2f}",
        ]
        for level in calibration.levels
    ]
    titles = ["", "confidence", "wrong, of those sure", "not sure, of answerable", "not sure, of unanswerable"]
    return GATE.format(n=calibration.n, sources=", ".join(calibration.sources), table="\n".join(table(titles, rows)))


def _bench(found: Mapping[str, Any], targets: Mapping[str, float]) -> str:
    rows = []
    for key, target in targets.items():
        place, label, more = TARGETED[key]
        value: Any = found
        for name in place.split("/"):
            value = value.get(name, {})
        if not value:
            continue  # as what needs LlamaIndex, where that is not installed
        reached = value >= target if more else value <= target
        rows.append(
            [label, f"{value:,.2f}", f"{target:,.2f} or {'more' if more else 'less'}", "yes" if reached else "no"]
        )
    tables = bench_report.tables(found)
    if rows:
        tables.append("\n".join(table(["asked for", "measured", "target", "reached"], rows)))
    about = {**found["about"], "pages": found["documents"]["Docent"]["pages"], "energy": found["energy"]}
    return BENCH.format(tables="\n\n".join(tables), **about)


def _ablation(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A row for each figure, a column for each variant; the interval is of the last one, which is the product."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    found = {(row["variant"], row["set"], row["metric"]): row for row in rows}
    body = []
    for name, metric in dict.fromkeys((row["set"], row["metric"]) for row in rows):
        of = [found.get((variant, name, metric)) for variant in variants]
        cells = [format_metric(metric, row["value"]) if row else "" for row in of]
        last = of[-1]
        interval = format_interval(metric, [last["low"], last["high"]]) if last else ""
        n = next(row["n"] for row in of if row)
        body.append([f"{name}: {LABELS.get(metric, metric)}", str(n), *cells, interval])
    return ["\n".join(table(["", "n", *variants, "95 %"], body))]


def _frontier(run: Mapping[str, Any]) -> str:
    """A row for each way to put a prompt together."""
    rows = []
    for way in run["ways"]:
        right, *difference = _against("accuracy", way["accuracy"], way["difference"].get("accuracy"))
        keys = ("f1", "refusal_unanswerable", "refusal_answerable", *(key for key in TIMES if key in way))
        size = f"{way['state_bytes'] / 1000:.1f}" if way["state_bytes"] else ""
        cells = [right, format_interval("accuracy", way["intervals"]["accuracy"]), *difference]
        cells += [*(format_metric(key, way[key]) for key in keys), f"{way['tokens_read']:.0f}", size]
        rows.append([f"{way['way']}: {way['about']}", str(way["n"]), *cells])
    titles = ["", "n", "right answers", "95 %", "difference", "95 %", "F1", "refused, of unanswerable"]
    titles += ["refused, of answerable", "seconds, median", "seconds, 95th", "tokens read", "kB a token kept"]
    return FRONTIER.format(n=run["questions"], set=run["set"], model=run["model"], table="\n".join(table(titles, rows)))


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table of rows that are written down as they are told."""
    cells = [[f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()] for row in rows]
    return "\n".join(table(list(rows[0]), cells))


def _near(shares: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each kind of near miss: how many were shown as sure, as unsure, and not at all."""
    words = {"answered": "shown as sure", "unsure": "shown as not certain", "abstained": "not shown"}
    return [
        {
            "the number is that of": kind,
            "n": found["n"],
            **{words[status]: str(count) for status, count in found["wrong"].items()},
            "the right one shown as sure": str(found["right"]["answered"]),
        }
        for kind, found in shares.items()
    ]


def _hostile(found: Mapping[str, Any]) -> str:
    verdicts = ("right", "obeyed", "refused", "wrong")
    rows = [
        [f"{kind}, {version}", str(found[version][key]["questions"])]
        + [f"{found[version][key]['shown'][verdict]:.3f}" for verdict in verdicts]
        for key, kind in (("recognised", "kinds that are looked for"), ("reworded", "reworded to avoid that"))
        for version in ("attacked", "clean")
    ]
    about = found["attacked"]
    tabled = "\n".join(table(["", "questions", *verdicts], rows))
    return HOSTILE.format(documents=about["documents"], model=about["model"], table=tabled)


def _at_size(run: Mapping[str, Any]) -> str:
    """One size: its searches, and what it takes to keep it up to date."""
    asked = [
        [name, *(f"{times[key]:.1f}" for key in ("p50", "p95", "cpu_p50", "cpu_p95"))]
        for name, times in run["ms"].items()
    ]
    told = [
        f"### {run['chunks']:,} passages",
        "",
        f"Of the ten nearest vectors {run['found']['dense, first 10']:.3f} are found; of BM25's best ten, bounded as "
        f"it is, {run['found']['bm25, first 10']:.3f}. Memory once open {run['memory_mb']['open']['resident']} MB, "
        f"searched {run['memory_mb']['searched']['resident']} MB; on disk {sum(run['sizes_mb'].values()):,.0f} MB.",
        "",
        *table(["milliseconds of", "median", "95th", "of processor time", "95th"], asked),
        "",
        *table(
            ["step of an ingest", "seconds", "of processor time"],
            [[name, f"{spent['s']:.2f}", f"{spent['cpu_s']:.2f}"] for name, spent in run["ingest"].items()],
        ),
        "",
        f"Publishing takes {run['publish_memory_mb']} MB at most.",
    ]
    return "\n".join(told)


def keep(name: str, run: Path, questions: str, folder: Path) -> None:
    """Only figures are taken over; of the cases that went better or worse, how many."""
    summary = json.loads(run.with_suffix(".json").read_text(encoding="utf-8"))
    usual = summary.pop("usual", {})
    comparison = usual.pop("comparison", None)
    summary.pop("comparison", None)
    flags = {"--retrieval-only": "retrieval_only", "--within-doc": "within_doc"}
    words = ["docent eval", questions, *(flag for flag, key in flags.items() if summary["run"][key])]
    summary["command"] = " ".join([*words, *(["--usual"] if comparison else [])])
    if comparison:
        summary["usual"] = {key: usual.get(key) for key in METRICS}
        summary["difference"] = comparison["metrics"]
        summary["better"], summary["worse"] = len(comparison["better"]), len(comparison["worse"])
    folder.mkdir(exist_ok=True)
    text = json.dumps(summary, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    taking = parser.add_subparsers(dest="verb").add_parser("keep")
    taking.add_argument("name")
    taking.add_argument("run", type=Path)
    taking.add_argument("--questions")
    given = parser.parse_args(arguments)
    if given.verb == "keep":
        questions = "sample_docs/eval.jsonl" if given.name == "sample_docs" else f"{given.name}/questions.jsonl"
        keep(given.name, given.run, given.questions or questions, HERE / "results")
    text, file = made(HERE / "results"), HERE / "results.md"
    if given.check:
        return int(file.read_text(encoding="utf-8") != text)
    file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

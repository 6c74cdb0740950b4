#!/usr/bin/env python3
"""Makes docs/results.md from the measurements in docs/results/*.json: no figure in it is typed by hand.

    python docs/results.py                        write results.md again
    python docs/results.py --check                only say whether it is what the measurements give
    python docs/results.py keep NAME RUN.jsonl    take over a finished run of `docent eval` as results/NAME.json
                                                  (--questions: as its command named them, if not NAME/questions.jsonl)

Kept are figures, never questions or documents. Beside the runs lie ablation.json, a list of {set, metric, variant,
value, low, high, n}; ingest.json, a list of table rows; bench.json, what `docent bench --json` printed; frontier.json,
made by docs/frontier.py; targets.json, {set: {metric: target}}: chosen, not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app import bench_report
from app.gate import shipped_calibration
from app.report import LABELS, METRICS, TIMES, TOLD, between, shown, signed, table

HERE = Path(__file__).parent
REPORTED = [
    key
    for key in METRICS
    if key not in ("recall_at_1", "page_hit_at_1", "page_hit_at_10", "gold_cited", "prompt_tokens")
]
OTHERS = ("ablation", "at_size", "bench", "frontier", "ingest", "targets")

SEARCH = "-search"  # the name of a run of the search alone over a whole set

SETS = {
    "sample_docs": "The sample domain: 16 PDFs, 67 pages, 100 questions, a quarter of them without an answer.",
    "squad2": "Short facts in 48 Wikipedia articles. Half of the questions drawn have no answer, and are to deceive.",
    "covidqa": "A narrow domain of long documents: 92 whole scientific papers.",
    "hotpotqa200": "Two-hop questions over 1,971 paragraphs: both documents must be found.",
    "mmlongbench": "30 real PDFs, 938 pages. Many questions make sense only inside one document: that is searched.",
    "ohr_pdf": "15 real PDFs, 1,315 pages: filings and product manuals. The page must be found.",
    "cranfield": "A search benchmark: 1,400 abstracts, graded judgements. What is ranked are documents.",
}  # in the order in which they are told

HEAD = """\
<!-- Made by docs/results.py from docs/results/*.json. Change those, not this. -->
# What was measured

On two cores (x86-64, AVX-512), CPU only, shared and noisy: read shares, not seconds. Default models
(Qwen2.5-Coder-1.5B-Instruct Q4_K_M, all-MiniLM-L6-v2), default settings.

*Usual pipeline* is what such tools do today, asked the same questions over the same index with the same models: the
four passages whose vectors come nearest, one prompt, and whatever the model says. Its citations are all it was given.

Intervals are 95 %, by bootstrap over the questions (where all questions agree they have no width). Differences are
paired by question; a **bold** one is real: its interval leaves out 0. A right answer is counted leniently: a gold
answer is contained, the first yes or no agrees, or a number is within 1 %; that favours long answers, so look at F1
beside it. Refusing everything would refuse all questions without an answer: read both refusals.

Answers were measured on questions drawn from the sets (a seeded shuffle, none of them among those that the gate was
fitted on), the search on all of them. Both took part in tuning the search, so expect a little less elsewhere.
"""

GATE = """
## How sure an answer must be

What each level between careful and bold lets through and holds back (`docent calibrate`; the setting is `boldness`).
An answer counts as wrong when the documents do not hold it: it is not the known answer, and none of its quotes stands
on a page, or in a document, that holds that. About half of these {n} questions ({sources}) have no answer, and most
of those were made to deceive, far more than people ask: the share of wrong answers is accordingly high. Confidences
are cross-validated; "at most" is an exact binomial bound (Clopper and Pearson), with 90 % confidence for all the
thresholds that were tried together (Geifman and El-Yaniv, 2017).

{table}

The careful levels aim at 5, 10 and 15 %. No threshold reaches that on these questions: each level then takes what it
may give up of the supported answers (50, 25, 10 and 5 %), and says what that gives.
"""

BENCH = """
## How fast

`docent bench`, Docent {docent}: {questions} questions on {pages} pages, each asked {runs} times in every way, one
way after the other, of the same {model} on {cores} cores ({cpu}). Seconds are this machine's, the ratios carry further.

- *first-ever*: nothing of what the question finds had ever been read. *warm*: all of it had been, in idle moments.
  *follow-up*: asked behind the answer to that one. *no drafts*: each token of the answer is computed alone.
- *full prefill*: the prompt of *warm*, its passages read anew. *plain pipeline*: the usual one, as above; no drafts.
- From the prompt before nothing was left but Docent's rules.

{tables}

Energy is {energy}. The memory limit is what reading all weights once for each token would allow.
"""
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

SHORT = """
## What falls short, and what stops it

- **Refusing what the documents do not hold** (asked for: 0.80 at 0.10). No signal without a model tells squad2's
  unanswerable questions from its others (cosine, words, margins: AUC 0.48 to 0.59 on 304 questions, 0.57 together).
  What tells is the second, short question to the same model: "does the text answer exactly this question", AUC 0.84,
  and "is this answer correct", 0.87; both with the nearest sentence's cosine 0.88 (72 questions). The model of 1.5
  billion parameters is what limits it: it takes "failed" for "succeeded", and a port for its neighbour.
- **Accuracy on squad2** (0.85): of the first 34 answers 28 were right before the gate; of the 6 others, two were a
  matter of wording and one of the question. Each refusal in vain then takes from it.
- **Attribution**: the weights that choose among sentences are set by hand, not fitted; the figures are what they give.
- **covidqa and ohr_pdf, right answers** (10 points over the usual pipeline): the samples are too small to tell.
- **covidqa, answer in the first five** (0.86): 6 of 132 questions have a gold text that no passage holds whole, several
  name nothing ("How many samples were obtained?"); the rest needs a better encoder than MiniLM.
- **cranfield** (0.44): every mixture of this encoder and BM25 ended between 0.40 and 0.42.
- **ohr_pdf, page in five** (0.97): one question short when pages are counted; most misses are tables that one filing
  repeats many times.
"""

ABLATION = """
## What each part of the search adds

From left to right one part more; "reciprocal ranks" is the fusion that Docent had before (BM25 0.7, dense 0.3).
The list of ratios was written after reading what was missed on mmlongbench, and the following of names was set on
hotpotqa200: expect less of these two elsewhere. Joined passages are longer, which by itself helps the figures that
look for an answer in a passage. `python docs/ablation.py SETS INDEXES` makes this table.
"""

FRONTIER = """
## What need not be read anew

What the model has read of a passage is kept, and put together with what it has read of others (app/kvcache.py).
Passages composed in this way have not seen each other. Below is what that costs, and what wins it back: {n} questions
of {set}, two of three with an answer, each asked in all these ways, over the same passages and the same states
({model}). Counted are the model's own words, before anything is checked. The seconds begin after the search, when the
states are still on disk, and end with the first token. Differences are to reading everything anew.

![Right answers against the seconds to the first token](frontier.svg)

{table}

`python docs/frontier.py {set}/questions.jsonl --index INDEX --limit {n}` makes this table and the picture. The line
in it goes through the ways that no other one beats, the whiskers are 95 % intervals.
"""

INGEST = """
## Reading

`docent ingest FOLDER`

{table}

The row on nasty_pdfs was taken before table rows kept their cells apart; the other two after. All 188 files of
nasty_pdfs are accounted for: read, or listed with the reason and what helps.
"""


def made(folder: Path) -> str:
    """results.md, whole."""
    kept = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    known = [name for base in SETS for name in (base, base + SEARCH)]
    order = [*(name for name in known if name in kept), *(name for name in kept if name not in (*known, *OTHERS))]
    parts = [HEAD, *(_set(name, kept[name], kept.get("targets", {}).get(name, {})) for name in order)]
    if found := kept.get("bench"):
        parts.append(_bench(found, kept.get("targets", {}).get("bench", {})))
    parts += [_gate(), SHORT]
    if rows := kept.get("ablation"):
        parts += [ABLATION, *_ablation(rows)]
    if found := kept.get("frontier"):
        parts.append(_frontier(found))
    if rows := kept.get("ingest"):
        cells = [[f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()] for row in rows]
        parts.append(INGEST.format(table="\n".join(table(list(rows[0]), cells))))
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _set(name: str, run: Mapping[str, Any], targets: Mapping[str, float]) -> str:
    compared = run.get("usual", {})
    titles = ["", "Docent", "95 %"] + (["usual pipeline", "difference", "95 %"] if compared else [])
    rows = []
    for key in REPORTED:
        if run.get(key) is None or (key == "all_docs_at_10" and run[key] == run.get("recall_at_10")):
            continue
        row = [LABELS[key], shown(key, run[key]), between(key, run["intervals"].get(key))]
        if compared:
            row += _against(key, compared.get(key), run["difference"].get(key))
        rows.append([*row, shown(key, targets.get(key))] if targets else row)
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
    keys = [key for key in TOLD if any(key in values for values in run["by_kind"].values())]
    if len(run["by_kind"]) > 1:
        kinds = [
            [kind, str(values["n"]), *(shown(key, values.get(key)) for key in keys)]
            for kind, values in run["by_kind"].items()
        ]
        lines += ["", *table(["kind", "questions", *(LABELS[key] for key in keys)], kinds)]
    return "\n".join(lines)


def _against(key: str, usual: float | None, difference: Mapping[str, Any] | None) -> list[str]:
    if usual is None or difference is None:
        return [shown(key, usual), "", ""]
    text = signed(key, difference["difference"])
    return [shown(key, usual), f"**{text}**" if difference["real"] else text, between(key, difference["interval"])]


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
    titles = ["", "confidence", "wrong, of those shown", "refused, of answerable", "refused, of unanswerable"]
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
        cells = [shown(metric, row["value"]) if row else "" for row in of]
        last = of[-1]
        interval = between(metric, [last["low"], last["high"]]) if last else ""
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
        cells = [right, between("accuracy", way["intervals"]["accuracy"]), *difference]
        cells += [*(shown(key, way[key]) for key in keys), f"{way['tokens_read']:.0f}", size]
        rows.append([f"{way['way']}: {way['about']}", str(way["n"]), *cells])
    titles = ["", "n", "right answers", "95 %", "difference", "95 %", "F1", "refused, of unanswerable"]
    titles += ["refused, of answerable", "seconds, median", "seconds, 95th", "tokens read", "kB a token kept"]
    return FRONTIER.format(n=run["questions"], set=run["set"], model=run["model"], table="\n".join(table(titles, rows)))


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

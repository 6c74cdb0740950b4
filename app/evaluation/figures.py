"""Computes figures from rows: means with 95 % intervals, and comparisons of two runs. Results are deterministic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.evaluation.runs import Row

DRAWS = 2000  # of the bootstrap
_CELLS = 4_000_000  # drawn at once: 32 MB
Values = NDArray[np.float64]

# What is reported, in this order. Shares and sizes are means; of times, (where a row has it, which percentile).
SHARES = (
    "recall_at_1", "recall_at_5", "recall_at_10", "page_hit_at_1", "page_hit_at_5", "page_hit_at_10", "mrr",
    "ndcg_at_10", "all_docs_at_10", "answer_in_5", "exact_match", "f1", "accuracy", "refusal_unanswerable",
    "refusal_answerable", "quote_valid", "citation_page_precision", "citation_doc_precision", "cited_in_gold",
    "gold_cited", "score", "item_recall", "item_precision", "coverage", "cited", "cited_page", "unsure_answerable",
    "unsure_unanswerable", "wrong_answered", "wrong_unsure", "unsupported_answered", "unsupported_unsure",
)  # fmt: skip
TIMES = {
    "seconds_retrieve_p50": ("seconds_retrieve", 50),
    "seconds_to_first_token_p50": ("seconds_to_first_token", 50),
    "seconds_to_first_token_p95": ("seconds_to_first_token", 95),
    "seconds_total_p50": ("seconds_total", 50),
}
SIZES = ("answer_words", "prompt_tokens", "output_tokens")
METRICS = (*SHARES, *TIMES, *SIZES)
LABELS = {
    "recall_at_1": "gold document first",
    "recall_at_5": "gold documents among the first 5",
    "recall_at_10": "gold documents among the first 10",
    "page_hit_at_1": "gold page first",
    "page_hit_at_5": "gold page among the first 5",
    "page_hit_at_10": "gold page among the first 10",
    "mrr": "MRR",
    "ndcg_at_10": "nDCG@10",
    "all_docs_at_10": "all gold documents among the first 10",
    "answer_in_5": "answer's words among the first 5",
    "exact_match": "answers that match exactly",
    "f1": "F1 of the answer's words",
    "accuracy": "right answers, leniently counted",
    "refusal_unanswerable": "refused: the documents do not hold it",
    "refusal_answerable": "refused, though they do (less is better)",
    "quote_valid": "quotes that stand, to the letter",
    "citation_page_precision": "citations on a gold page",
    "citation_doc_precision": "citations in a gold document",
    "cited_in_gold": "right answers: citations in the gold text",
    "gold_cited": "right answers: gold sentences cited",
    "score": "score of its kind: right, F1 of the items, or key points",
    "item_recall": "items of lists that were named",
    "item_precision": "named items that belong to the list",
    "coverage": "key points of summaries",
    "cited": "answers that cite a gold file",
    "cited_page": "answers that cite a gold page",
    "unsure_answerable": "shown as unsure: the documents hold it",
    "unsure_unanswerable": "shown as unsure: they do not",
    "wrong_answered": "wrong among answers shown as sure (less is better)",
    "wrong_unsure": "wrong among answers shown as unsure (less is better)",
    "unsupported_answered": "shown as sure, neither right nor with the answer in a quote (less is better)",
    "unsupported_unsure": "the same of those shown as unsure (less is better)",
    "seconds_retrieve_p50": "seconds to the evidence, median",
    "seconds_to_first_token_p50": "seconds to the first word, median",
    "seconds_to_first_token_p95": "seconds to the first word, 95th percentile",
    "seconds_total_p50": "seconds to the whole answer, median",
    "answer_words": "words in an answer",
    "prompt_tokens": "tokens read",
    "output_tokens": "tokens written",
}
WRONG = ("wrong_answered", "wrong_unsure", "unsupported_answered", "unsupported_unsure")
LOWER_IS_BETTER = frozenset({"refusal_answerable", *WRONG, *TIMES, *SIZES})


def summarise(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """Returns the contract of `docent eval --json`: each of METRICS, None where no case has it.

    `intervals` are 95 % percentile bootstrap intervals over the cases. `by_kind` has the metrics for each kind of case.
    """
    summary: dict[str, Any] = {"n": len(rows)}
    intervals: dict[str, list[float]] = {}
    for key in METRICS:
        values = np.array([value for row in rows if (value := value_of(row, key)) is not None])
        summary[key] = _rounded(_statistic(key, values)) if len(values) else None
        if len(values):
            intervals[key] = _interval(_drawn(key, values, seed))
    kinds = sorted({row.case.kind for row in rows} - {""})
    by_kind = {kind: _of_kind(rows, kind) for kind in kinds}
    scores = [found["score"] for found in by_kind.values() if "score" in found]
    summary["macro_score"] = _rounded(sum(scores) / len(scores)) if scores else None
    return {**summary, "intervals": intervals, "by_kind": by_kind}


def _of_kind(rows: Sequence[Row], kind: str) -> dict[str, float]:
    mine = [row for row in rows if row.case.kind == kind]
    found: dict[str, float] = {"n": len(mine)}
    for key in SHARES:
        values = np.array([value for row in mine if (value := value_of(row, key)) is not None])
        if len(values):
            found[key] = _rounded(_statistic(key, values))
    return found


def compare(before: Sequence[Row], after: Sequence[Row]) -> dict[str, Any]:
    """Compares two runs over the same cases, paired by id; cases that only one of them has are left out.

    `metrics`: before, after, difference (after - before), its 95 % interval, and `real`: whether the interval excludes
    0; each over the `n` cases that both runs have a value for. `better` and `worse`: ids of the cases whose outcome
    changed (see `outcome`).
    """
    olds = {row.case.id: row for row in before}
    pairs = [(olds[row.case.id], row) for row in after if row.case.id in olds]
    metrics: dict[str, dict[str, Any]] = {}
    for key in METRICS:
        values = np.array(
            [both for old, new in pairs if None not in (both := (value_of(old, key), value_of(new, key)))], dtype=float
        )
        if len(values):
            first, second = _statistic(key, values[:, 0]), _statistic(key, values[:, 1])
            low, high = _interval(_drawn(key, values) @ np.array([-1.0, 1.0]))
            metrics[key] = {
                "before": _rounded(first),
                "after": _rounded(second),
                "difference": _rounded(second - first),
                "interval": [low, high],
                "real": not low <= 0 <= high,
                "n": len(values),
            }
    changes = [(new.case.id, outcome(new) - outcome(old)) for old, new in pairs]
    return {
        "n": len(pairs),
        "metrics": metrics,
        "better": [name for name, change in changes if change > 0],
        "worse": [name for name, change in changes if change < 0],
    }


def outcome(row: Row) -> float:
    """Rates how one case went, 0 to 1. Right is a correct answer, or a refusal where there is none; where only the
    search was asked, whether the page (or document) was among the first five passages."""
    for key in ("accuracy", "refusal_unanswerable", "page_hit_at_5", "recall_at_5"):
        if key in row.scores:
            return row.scores[key]
    return 0.0


def value_of(row: Row, key: str) -> float | None:
    """Returns what a row contributes to a metric; None where it has no value for it."""
    if key in TIMES or key in SIZES[1:]:
        name = TIMES[key][0] if key in TIMES else key
        value = float(getattr(row.stats, name))
        if name == "seconds_retrieve" and not value:
            return row.scores.get("seconds_search")
        return value or None  # 0: nothing was generated, or it was not taken
    return row.scores.get(key)


def _statistic(key: str, values: Values) -> float:
    return float(np.percentile(values, TIMES[key][1]) if key in TIMES else values.mean())


def _drawn(key: str, values: Values, seed: int = 0) -> Values:
    """Returns the statistic of each bootstrap resample of the cases: shape (DRAWS,), or (DRAWS, columns) for paired
    columns."""
    random = np.random.default_rng(seed)
    step = max(1, _CELLS // len(values))
    parts = []
    for first in range(0, DRAWS, step):
        drawn = values[random.integers(0, len(values), (min(step, DRAWS - first), len(values)))]
        parts.append(np.percentile(drawn, TIMES[key][1], axis=1) if key in TIMES else drawn.mean(axis=1))
    return np.concatenate(parts)


def _interval(statistics: Values) -> list[float]:
    low, high = np.percentile(statistics, [2.5, 97.5])
    return [_rounded(low), _rounded(high)]


def _rounded(value: float) -> float:
    return round(float(value), 4) + 0.0  # no minus zero


# -- for people


def readable(summary: Mapping[str, Any]) -> str:
    """Formats the summary as Markdown, also fit for a terminal."""
    lines = [f"{summary['n']} questions", "", *table(("", "", "95 %"), figures(summary))]
    if kinds := summary["by_kind"]:
        keys = [key for key in HEADLINE_METRICS if any(key in values for values in kinds.values())]
        rows = [
            (kind, str(values["n"]), *(format_metric(key, values.get(key)) for key in keys))
            for kind, values in kinds.items()
        ]
        lines += ["", *table(("kind", "n", *keys), rows)]
    usual = summary.get("usual", {}).get("comparison")
    for name, comparison in (("the run before", summary.get("comparison")), ("the usual pipeline", usual)):
        if comparison:
            lines += ["", *_compared(name, comparison)]
    return "\n".join(lines).rstrip() + "\n"


HEADLINE_METRICS = (
    "score",
    "recall_at_5",
    "page_hit_at_5",
    "accuracy",
    "f1",
    "refusal_answerable",
    "refusal_unanswerable",
)


def figures(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Returns (metric, value, interval) of what was measured, as text."""
    return [
        (key, format_metric(key, summary[key]), format_interval(key, summary["intervals"].get(key)))
        for key in METRICS
        if summary.get(key) is not None
    ]


def _compared(name: str, comparison: Mapping[str, Any]) -> list[str]:
    rows = [
        (key, format_metric(key, m["before"]), format_metric(key, m["after"]), format_difference(key, m["difference"]),
         format_interval(key, m["interval"]), "real" if m["real"] else "")
        for key, m in comparison["metrics"].items()
    ]  # fmt: skip
    told = f"Against {name}, {comparison['n']} questions: {len(comparison['better'])} better, "
    told += f"{len(comparison['worse'])} worse."
    return [told, "", *table(("", "before", "after", "difference", "95 %", ""), rows)]


def format_metric(key: str, value: float | None) -> str:
    """Formats a metric's value for people; '' for None."""
    return "" if value is None else f"{value:.{_digits(key)}f}"


def format_difference(key: str, value: float) -> str:
    """Formats a difference with its sign."""
    return f"{value:+.{_digits(key)}f}"


def format_interval(key: str, interval: Sequence[float] | None) -> str:
    """Formats an interval: '0.80 to 0.90'; '' for None."""
    return f"{format_metric(key, interval[0])} to {format_metric(key, interval[1])}" if interval else ""


def _digits(key: str) -> int:
    return 2 if key in TIMES else 1 if key in SIZES else 3


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a Markdown table with aligned columns; all but the first are aligned right."""
    widths = [max(3, len(title), *(len(row[i]) for row in rows)) for i, title in enumerate(head)]
    rule = ["-" * width if not i else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return [
        "| " + " | ".join(f"{cell:{'>' if i else '<'}{widths[i]}}" for i, cell in enumerate(cells)) + " |"
        for cells in (head, rule, *rows)
    ]

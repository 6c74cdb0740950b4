"""A run as one HTML page: figures with their intervals, comparisons, and every question to open.

The page is self-contained: it loads nothing, and whatever comes from documents is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from app.evaluation.figures import (
    HEADLINE_METRICS,
    LABELS,
    LOWER_IS_BETTER,
    METRICS,
    SHARES,
    format_difference,
    format_interval,
    format_metric,
    outcome,
)
from app.evaluation.grade import gold_pages
from app.evaluation.runs import Row

_LEFT, _WIDTH = 330.0, 490.0  # of the plot's axis, in its own units


def page(summary: Mapping[str, Any], rows: Sequence[Row], others: Sequence[Row] = ()) -> str:
    """Returns the page as HTML. `others` are the rows of the run to compare with; their answers are shown beside this
    run's."""
    from jinja2 import Environment

    beside = {row.case.id: row for row in others}
    cases = [_case(row, beside.get(row.case.id)) for row in rows]
    keys = [key for key in HEADLINE_METRICS if any(key in values for values in summary["by_kind"].values())]
    template = files("app.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    comparisons = _comparisons(summary)
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(template)
        .render(
            title="Evaluation",
            subtitle=_subtitle(summary),
            marks=_marks(summary, comparisons[0][1]["metrics"] if comparisons else {}),
            ticks=[(_x(share / 4), f"{share / 4:g}") for share in range(5)],
            other_name=comparisons[0][0] if comparisons else "",
            sizes=[
                (LABELS[key], format_metric(key, summary[key]), format_interval(key, summary["intervals"].get(key)))
                for key in METRICS
                if key not in SHARES and summary.get(key) is not None
            ],
            comparisons=comparisons,
            kinds=[
                (kind, values["n"], [format_metric(key, values.get(key)) for key in keys])
                for kind, values in summary["by_kind"].items()
            ],
            kind_labels=[LABELS[key] for key in keys],
            verdicts=Counter(case["verdict"] for case in cases).most_common(),
            cases=cases,
        )
    )


def verdict(row: Row) -> str:
    """Says in a word or two how a case went."""
    if not row.status:
        if not row.scores.keys() - {"seconds_search"}:
            return "not judged"
        return {0.0: "not found", 1.0: "found"}.get(outcome(row), "found in part")
    if row.status == "abstained":
        return "wrongly refused" if row.case.answerable else "rightly refused"
    return (
        "right"
        if row.scores.get("accuracy")
        else "wrong"
        if row.case.answers or not row.case.answerable
        else "answered"
    )


def _case(row: Row, other: Row | None) -> dict[str, Any]:
    how = verdict(row)
    stats = {"prompt tokens": row.stats.prompt_tokens, "output tokens": row.stats.output_tokens}
    figures = {**row.scores, **row.signals, **{name: value for name, value in stats.items() if value}}
    return {
        "row": row,
        "verdict": how,
        "mood": {"right": "good", "found": "good", "rightly refused": "good"}.get(
            how, "bad" if how != "answered" else ""
        ),
        "gold": gold_pages(row.case),
        "other": other if other and other.status else None,
        "other_verdict": verdict(other) if other else "",
        "figures": [(name.replace("_", " "), f"{value:g}") for name, value in figures.items()],
    }


def _marks(summary: Mapping[str, Any], compared: Mapping[str, Any]) -> list[dict[str, Any]]:
    marks = []
    for key in SHARES:
        if summary.get(key) is not None:
            low, high = summary["intervals"][key]
            marks.append({
                "label": LABELS[key],
                "x": _x(summary[key]),
                "low": _x(low),
                "high": _x(high),
                "other": _x(compared[key]["before"]) if key in compared else None,
                "value": f"{summary[key]:.2f}",
                "between": f"{low:.2f} to {high:.2f}",
            })  # fmt: skip
    return marks


def _x(share: float) -> float:
    return round(_LEFT + _WIDTH * share, 1)


def _comparisons(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], list[dict[str, str]]]]:
    usual = summary.get("usual", {}).get("comparison")
    both = (("the usual pipeline", usual), ("the run before", summary.get("comparison")))
    return [(name, told, [_change(key, m) for key, m in told["metrics"].items()]) for name, told in both if told]


def _change(key: str, m: Mapping[str, Any]) -> dict[str, str]:
    better = (m["difference"] < 0) == (key in LOWER_IS_BETTER)
    return {
        "label": LABELS[key],
        "before": format_metric(key, m["before"]),
        "after": format_metric(key, m["after"]),
        "difference": format_difference(key, m["difference"]),
        "between": format_interval(key, m["interval"]),
        "mood": ("good" if better else "bad") if m["real"] else "",
        "verdict": ("better" if better else "worse") if m["real"] else "",
    }


def _subtitle(summary: Mapping[str, Any]) -> str:
    run = summary.get("run", {})
    model = "search alone" if run.get("retrieval_only") else run.get("settings", {}).get("model", "")
    parts = [f"{summary['n']} questions", str(run.get("index", "")).partition(" ")[0], model]
    return " · ".join(part for part in [*parts, f"Docent {run.get('docent', '')}".strip()] if part)

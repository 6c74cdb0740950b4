"""Shows the result of a run: in plain words first, then in charts, with how certain each figure is."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from app.evaluation.runs import Row
from app.ui.evaluation_page.rows import verdict
from ingest.text.oneline import many

THIS, LAST = "this run", "the run before"
_COLOURS = {THIS: "#2f8494", LAST: "#b8ad98"}  # both can be seen on paper and at night
_MEASURES = {
    "accuracy": ("Answered right", "Of the questions that the documents answer: the answer holds the right one."),
    "refusal_unanswerable": ("Rightly refused", "Of the questions that they do not answer: Docent said so."),
    "refusal_answerable": (
        "Wrongly refused", "Of the questions that they answer: Docent said it is not there. Fewer is better."
    ),
    "quote_valid": ("Quotes exact", "Of the quotes shown: they stand on their page, letter for letter."),
    "citation_page_precision": ("Right page cited", "Of the quotes shown: they stand on the page you named."),
    "page_hit_at_5": ("Right page found", "The page you named is among the first five passages that the search found."),
}  # fmt: skip
_SEARCH = {
    "page_hit_at_1": ("Right page first", "The very first passage is from the page you named."),
    "page_hit_at_10": ("Right page in ten", "It is among the first ten."),
    "recall_at_5": ("Right file in five", "The share of the files you named among the first five passages."),
    "answer_in_5": ("Answer in five", "The words of the right answer stand in the first five passages."),
    "mrr": ("How far up", "1 when the right page comes first, one half when it comes second, and so on (MRR)."),
    "ndcg_at_10": ("Order of ten", "How well the first ten are ordered; 1 is best (nDCG)."),
}
Shown = tuple[Mapping[str, Any], Mapping[str, Any] | None]  # summaries of this run and of the one before


def result(
    rows: Sequence[Row],
    shown: Shown,
    comparison: Mapping[str, Any] | None,
    past: Sequence[tuple[datetime, Mapping[str, Any]]],
) -> None:
    """Draws the result of a run, compared with the run before, and the history of past runs."""
    told = "".join(f"<p>{html.escape(line)}</p>" for line in [*in_words(rows), *comparison_in_words(comparison)])
    st.html(f'<div class="verdict">{told}</div>')
    measures = {key: value for key, value in _MEASURES.items() if shown[0].get(key) is not None}
    if measures:
        st.html("<h2>Figures</h2>")
        _bars(measures, shown, "figures")
        st.html('<div class="told">The thin lines say how far chance alone may move a figure, 19 times in 20.</div>')
        with st.expander("What they mean", key="meaning", type="compact"):
            _meanings(measures)
    with st.container(key="plots", gap="small"):
        _kinds(shown[0])
        _past(past)
    search = {key: value for key, value in _SEARCH.items() if shown[0].get(key) is not None}
    if search:
        with st.expander("Search", key="search_figures"):
            st.html('<div class="told">How well the right passages are found, whatever is made of them.</div>')
            _bars(search, shown, "search")
            _meanings(search)


# -- in words


def in_words(rows: Sequence[Row]) -> list[str]:
    """Says what became of the questions, in sentences that anyone can read."""
    counts = Counter(verdict(row).name for row in rows)
    told = []
    if answered := counts["right"] + counts["wrong"] + counts["refused"]:
        told.append(
            f"Of {many(answered, 'question')} that the documents answer, Docent answered "
            f"{counts['right']} right and {counts['wrong']} wrong, and refused {counts['refused']}."
        )
    if none := counts["rightly refused"] + counts["not refused"]:
        told.append(
            f"Of {none} that they do not answer, it refused {counts['rightly refused']} "
            f"and answered {counts['not refused']}."
        )
    searched = [row.scores["page_hit_at_5"] for row in rows if "page_hit_at_5" in row.scores]
    if searched:
        told.append(
            f"For {sum(map(bool, searched))} of {len(searched)} questions, the right page was among the first five "
            "passages found."
        )
    return told or ["None of these questions says what the right answer or page is, so nothing can be judged."]


def comparison_in_words(comparison: Mapping[str, Any] | None) -> list[str]:
    """Says in sentences how the run compares with the one before; empty without one."""
    if not comparison or not comparison["n"]:
        return []
    better, worse = len(comparison["better"]), len(comparison["worse"])
    if not better and not worse:
        return [f"As good as the run before on each of the {comparison['n']} questions that both asked."]
    metrics = comparison["metrics"]
    main = next((metrics[key] for key in ("accuracy", "page_hit_at_5", "refusal_unanswerable") if key in metrics), None)
    chance = " The difference may well be chance." if main and not main["real"] else ""
    chance = " The difference is more than chance." if main and main["real"] else chance
    return [f"Against the run before, {better} came out better and {worse} worse.{chance}"]


def _meanings(measures: Mapping[str, tuple[str, str]]) -> None:
    items = "".join(
        f"<div><strong>{html.escape(name)}</strong> {html.escape(meaning)}</div>" for name, meaning in measures.values()
    )
    st.html(f'<div class="meanings">{items}</div>')


# -- in pictures


def _bars(measures: Mapping[str, tuple[str, str]], shown: Shown, key: str) -> None:
    """Draws each measure with its interval, for this run and the one before."""
    import altair as alt

    points = [
        {"measure": name, "run": run, "share": summary[metric], "low": low, "high": high}
        for run, summary in zip((THIS, LAST), shown, strict=True)
        for metric, (name, _) in measures.items()
        if summary and summary.get(metric) is not None
        for low, high in [summary.get("intervals", {}).get(metric, (summary[metric], summary[metric]))]
    ]
    runs = [run for run, summary in zip((THIS, LAST), shown, strict=True) if summary]
    base = alt.Chart(alt.InlineData(points)).encode(
        y=alt.Y("measure:N", sort=[name for name, _ in measures.values()], title=None, axis=alt.Axis(labelLimit=190)),
        yOffset=alt.YOffset("run:N", sort=runs),
        color=alt.Color(
            "run:N", scale=alt.Scale(domain=runs, range=[_COLOURS[run] for run in runs]),
            legend=alt.Legend(orient="top", title=None) if len(runs) > 1 else None,
        ),
        tooltip=[
            alt.Tooltip("measure:N", title="measure"), alt.Tooltip("run:N"), alt.Tooltip("share:Q", format=".0%"),
            alt.Tooltip("low:Q", format=".0%", title="from"), alt.Tooltip("high:Q", format=".0%", title="to"),
        ],
    )  # fmt: skip
    percent = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    share = alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=percent)
    lines = base.mark_rule(strokeWidth=2, opacity=0.55).encode(x=alt.X("low:Q", title=None), x2="high:Q")
    dots = base.mark_circle(size=90, opacity=1).encode(x=share)
    chart = (lines + dots).properties(height=alt.Step(17 if len(runs) > 1 else 30))
    st.altair_chart(chart, width="stretch", key=f"bars_{key}", alt=_as_text(points))


def _kinds(summary: Mapping[str, Any]) -> None:
    import altair as alt

    kinds = []
    for kind, values in summary.get("by_kind", {}).items():
        share = next((values[k] for k in ("accuracy", "refusal_unanswerable", "page_hit_at_5") if k in values), None)
        if share is not None:
            kinds.append({"kind": f"{kind} ({values['n']})", "share": share})
    if len(kinds) < 2:
        return
    st.html("<h2>By kind of question</h2>")
    chart = (
        alt.Chart(alt.InlineData(kinds))
        .mark_bar(color=_COLOURS[THIS], cornerRadiusEnd=3, height=14)
        .encode(
            y=alt.Y("kind:N", sort="-x", title=None, axis=alt.Axis(labelLimit=190)),
            x=alt.X("share:Q", title="went well", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            tooltip=[alt.Tooltip("kind:N"), alt.Tooltip("share:Q", format=".0%", title="went well")],
        )
        .properties(height=alt.Step(26))
    )
    st.altair_chart(chart, width="stretch", key="kinds", alt=", ".join(f"{k['kind']}: {k['share']:.0%}" for k in kinds))


def _past(past: Sequence[tuple[datetime, Mapping[str, Any]]]) -> None:
    """Draws runs over time, if there are at least two."""
    import altair as alt

    if len(past) < 2:
        return
    names = {key: _MEASURES[key][0] for key in ("accuracy", "refusal_unanswerable", "page_hit_at_5")}
    points = [
        {"when": f"{when:%Y-%m-%dT%H:%M:%S}", "measure": name, "share": summary[key], "n": summary["n"]}
        for when, summary in past
        for key, name in names.items()
        if summary.get(key) is not None
    ]
    st.html("<h2>Over time</h2>")
    chart = (
        alt.Chart(alt.InlineData(points))
        .mark_line(point=alt.OverlayMarkDef(size=60))
        .encode(
            x=alt.X("when:T", title=None, axis=alt.Axis(format="%d %b %H:%M", labelOverlap=True, tickCount=6)),
            y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=alt.Color(
                "measure:N", legend=alt.Legend(orient="top", title=None, labelLimit=200, columns=3),
                scale=alt.Scale(domain=list(names.values()), range=["#2f8494", "#c07a3e", "#8d84b5"]),
            ),
            tooltip=[
                alt.Tooltip("measure:N"), alt.Tooltip("share:Q", format=".0%"), alt.Tooltip("n:Q", title="questions")
            ],
        )
        .properties(height=220)
    )  # fmt: skip
    st.altair_chart(chart, width="stretch", key="past", alt=_as_text(points))


def _as_text(points: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{point['measure']} {point['share']:.0%}" for point in points)

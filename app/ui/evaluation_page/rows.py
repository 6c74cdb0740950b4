"""The questions of a run, one by one: sorted, filtered, and opened to see everything that led to an answer."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.ask.check.gate import SIGNALS
from app.evaluation.grade import gold_pages
from app.evaluation.runs import Row
from app.ui.desk import Desk
from app.ui.evaluation_page.cases import gold_page_button, place_in
from app.ui.place import Place, places
from app.ui.shared import notice
from app.ui.text import label, plain_html, short_name
from app.ui.turns import chips
from app.ui.viewer import open_place
from ingest.text.oneline import short

_ROWS = 25
_SORTS = ("As in the list", "Least sure first", "Surest first", "Slowest first", "By kind")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a question came out, in a word or two. `good` is None where nothing could be judged."""

    name: str
    good: bool | None


def verdict(row: Row) -> Verdict:
    """Returns how a question came out."""
    scores = row.scores
    if not row.status:  # only the search was asked
        hit = scores.get("page_hit_at_5", scores.get("recall_at_5"))
        return Verdict("not judged", None) if hit is None else Verdict("found" if hit else "not found", bool(hit))
    refused = row.status == "abstained"
    if not row.case.answerable:
        return Verdict("rightly refused", True) if refused else Verdict("not refused", False)
    if refused:
        return Verdict("refused", False)
    if "accuracy" not in scores:
        return Verdict("not judged", None)
    return Verdict("right", True) if scores["accuracy"] else Verdict("wrong", False)


def table(desk: Desk, rows: Sequence[Row], old: Sequence[Row], comparison: Mapping[str, Any] | None) -> None:
    """Draws the questions of a run, with changes from the rows `old` of the run before."""
    st.html("<h2>Question by question</h2>")
    before = {row.case.id: row for row in old}
    shown = _sorted(_filtered(rows, comparison))
    limit = st.session_state.setdefault("rows_shown", _ROWS)
    with st.container(key="result_rows", gap=None):
        for row in shown[:limit]:
            _row(desk, row, before.get(row.case.id))
    if not shown:
        st.html('<div class="told">No question is left by this filter.</div>')
    if len(shown) > limit and st.button(f"Show more ({len(shown) - limit} left)", key="more_rows", type="tertiary"):
        st.session_state["rows_shown"] = limit + _ROWS
        st.rerun()


def _filtered(rows: Sequence[Row], comparison: Mapping[str, Any] | None) -> list[Row]:
    counts = Counter(verdict(row).name for row in rows)
    better, worse = (set(comparison[key]) if comparison else set() for key in ("better", "worse"))
    names = {name: f"{name} {n}" for name, n in counts.most_common()}
    for name, ids in (("better than before", better), ("worse than before", worse)):
        if found := sum(row.case.id in ids for row in rows):
            names[name] = f"{name} {found}"
    if st.session_state.get("row_filter") not in names:
        st.session_state.pop("row_filter", None)
    chosen = st.pills(
        "Show", list(names), format_func=names.__getitem__, key="row_filter", label_visibility="collapsed"
    )
    with st.container(key="find_rows", horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Find", placeholder="Find a question or an answer", label_visibility="collapsed", key="find_row"
        ).lower()
        st.selectbox("Order", _SORTS, key="row_order", label_visibility="collapsed", width=200)
    wanted = {"better than before": better, "worse than before": worse}.get(chosen or "")
    return [
        row
        for row in rows
        if (not chosen or (row.case.id in wanted if wanted is not None else verdict(row).name == chosen))
        and all(
            word in f"{row.case.question} {row.answer} {' '.join(row.case.answers)}".lower() for word in words.split()
        )
    ]


def _sorted(rows: list[Row]) -> list[Row]:
    order = st.session_state["row_order"]
    if order == "By kind":
        return sorted(rows, key=lambda row: row.case.kind)
    if order == "Slowest first":
        return sorted(rows, key=lambda row: -row.stats.seconds_total)
    if order in ("Least sure first", "Surest first"):
        return sorted(rows, key=lambda row: row.confidence, reverse=order == "Surest first")
    return rows


def _row(desk: Desk, row: Row, old: Row | None) -> None:
    came = verdict(row)
    mark = {True: "good", False: "bad", None: ""}[came.good]
    is_open = st.session_state.get("open_row") == row.case.id
    said = "" if row.status == "abstained" else row.answer
    with st.container(key=f"row_result_{row.case.id}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="case"><strong>{html.escape(row.case.question)}</strong>'
            f'<span>{html.escape(short(said, 140))}</span><em class="came {mark}">{html.escape(came.name)}'
            f"{html.escape(_changed(came, old))}</em></div>"
        )
        icon = ":material/expand_less:" if is_open else ":material/expand_more:"
        help_text = "Close it" if is_open else "Look at it closely"
        if st.button("", icon=icon, key=f"look_{row.case.id}", type="tertiary", help=help_text):
            st.session_state["open_row"] = None if is_open else row.case.id
            st.rerun()
    if is_open:
        with st.container(border=True, key="opened_row", gap="small"):
            _opened(desk, row, old)


def _changed(came: Verdict, old: Row | None) -> str:
    was = verdict(old) if old else came
    return "" if was.name == came.name else f" · was: {was.name}"


# -- one of them, opened


def _opened(desk: Desk, row: Row, old: Row | None) -> None:
    case = row.case
    _headed("The right answer")
    right = " · ".join(case.answers) if case.answerable else "The documents do not answer this question."
    st.html(f'<div class="answer">{html.escape(right or "Not given.")}</div>')
    if case.gold_docs:
        with st.container(key=f"chips_gold_{case.id}", horizontal=True, gap="xsmall"):
            gold_page_button(desk, case, f"row_{case.id}")
    if row.status:
        _headed("What Docent answered")
        if row.status != "abstained":
            st.html(f'<div class="answer">{plain_html(row.answer)}</div>')
        else:
            notice("Not in your documents", row.reason)
        if row.reason and row.status != "abstained":
            st.caption(label(row.reason))
    if old and verdict(old) != verdict(row):
        said = f"Refused. {old.reason}" if old.status == "abstained" else old.answer
        _headed("The run before")
        st.html(f'<div class="told">{html.escape(said)}</div>')
    for number, citation in enumerate(row.citations):
        st.html(f'<div class="found">{html.escape(short(citation.quote, 400))}</div>')
        chips(places([citation]), f"row_{case.id}_{number}")
    _passages(desk, row)
    _inside(row)


def _passages(desk: Desk, row: Row) -> None:
    """Lists what the search found, and marks the passages that hold the right answer."""
    pages, files = gold_pages(row.case), set(row.case.gold_docs)
    right = "from the right page" if pages else "from the right file"
    _headed("What the search found")
    with st.container(key=f"passages_{row.case.id}", gap="xsmall"):
        for number, passage in enumerate(row.passages[:10]):
            where = Place(passage.file, passage.page, words=passage.place)
            gold = (passage.file, passage.page) in pages if pages else passage.file in files
            with st.container(
                key=f"found_passage_{row.case.id}_{number}", horizontal=True, vertical_alignment="center"
            ):
                st.html(
                    f'<div class="passage{" gold" if gold else ""}"><b>{number + 1}</b><div>'
                    f"{'<em>' + right + '</em>' if gold else ''}<span>{html.escape(short(passage.text, 170))}</span>"
                    f"<small>{html.escape(f'{short_name(passage.file, 44)} · {where.short}')}</small></div></div>"
                )
                if st.button(
                    "", icon=":material/find_in_page:", key=f"passage_{row.case.id}_{number}", type="tertiary",
                    help=label(f"Open {where.source}"),
                ):  # fmt: skip
                    open_place(place_in(desk, passage.file, passage.page, passage.text))
                    st.rerun()
    if not row.passages:
        st.html('<div class="told">Nothing.</div>')


def _inside(row: Row) -> None:
    """Shows what the model read and wrote, and the signals for the decision."""
    if row.prompt or row.reply:
        with st.expander("What the model read and wrote", key=f"prompt_{row.case.id}", type="compact"):
            if row.query and row.query != row.case.question:
                st.html(f'<div class="told">Searched for: {html.escape(row.query)}</div>')
            st.html(f'<h4>In its own words</h4><pre class="raw">{html.escape(row.reply or "Nothing.")}</pre>')
            st.html(f'<h4>What it was given</h4><pre class="raw">{html.escape(row.prompt)}</pre>')
    if row.signals or row.status:
        with st.expander("What the decision was made by", key=f"signals_{row.case.id}", type="compact"):
            figures = {"sure, in all": row.confidence, **{SIGNALS.get(k, k): v for k, v in row.signals.items()}}
            items = "".join(f"<dt>{html.escape(name)}</dt><dd>{value:.3g}</dd>" for name, value in figures.items())
            st.html(f'<dl class="signals">{items}</dl>')
            st.caption("Each is a number that the answer was judged by before it was shown.")
    timing = [f"{row.stats.seconds_total:.1f} s in all"] if row.stats.seconds_total else []
    if row.stats.seconds_to_first_token:
        timing.insert(0, f"first word after {row.stats.seconds_to_first_token:.1f} s")
    st.html(f'<div class="meta">{html.escape(" · ".join(filter(None, [row.model, *timing, row.case.kind])))}</div>')


def _headed(text: str) -> None:
    st.html(f'<div class="eyebrow head">{html.escape(text)}</div>')

"""Drafts as cards, each with its twin, to accept, change or drop."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import replace

import streamlit as st

from app.evaluation.cases import Case, append_case
from app.evaluation.drafts import Draft
from app.evaluation.facts import Fact
from app.evaluation.twins import Twin
from app.ui.desk import Desk
from app.ui.evaluation_page.case_form import case_form
from app.ui.place import Place, Quote
from app.ui.shared import show_error
from app.ui.text import label, short_name
from app.ui.trial import case_of, case_of_twin
from app.ui.turns import chips
from app.ui.viewer import open_place
from ingest.errors import DocentError
from ingest.text.oneline import many, short

_AT_ONCE = (5, 10, 20, 40)


def bar(desk: Desk) -> None:
    """Draws the buttons with which questions are drafted, or written by hand."""
    work = desk.testing.drafting
    running = bool(work and work.running)
    with st.container(key="draft_bar", horizontal=True, vertical_alignment="bottom"):
        if st.button(
            "Draft questions", icon=":material/edit_note:", key="draft", disabled=running,
            type="secondary" if desk.testing.drafts else "primary",
            help="The answer model proposes questions from passages of your documents. You decide which to keep.",
        ):  # fmt: skip
            desk.testing.draft(st.session_state.get("draft_wanted", 10))
            st.rerun()
        st.selectbox("How many", _AT_ONCE, 1, key="draft_wanted", label_visibility="collapsed", width=90)
        if st.button(
            "Write one yourself", icon=":material/add:", key="add_case", disabled="adding" in st.session_state
        ):
            st.session_state["adding"] = True
            st.rerun()


def cards(desk: Desk) -> None:
    """Draws how far drafting has come, and the drafts that wait for a decision."""
    work = desk.testing.drafting
    if work and work.running:
        st.fragment(_watch, run_every=1.0)(desk, len(desk.testing.drafts))
    elif work and work.job.error:
        show_error(work.job.error, desk, key="draft")
    elif work and not work.job.seen:
        _ended(desk)
    for draft in list(desk.testing.drafts):
        _card(desk, draft)


def _watch(desk: Desk, known: int) -> None:
    """Redraws itself, and the page when there is another draft or drafting has ended."""
    work = desk.testing.drafting
    if work is None or not work.running or len(desk.testing.drafts) > known:
        st.rerun()
    looked = f"{many(work.looked, 'passage')} looked at" if work.looked else "Choosing passages"
    words = f"{looked}, {work.found} of {work.wanted} drafts."
    with st.container(key="status_draft", horizontal=True, vertical_alignment="center"):
        told = "Stopping after this one…" if work.stopping else f"Writing… {words} You can go on working meanwhile."
        st.html(f'<div class="status"><i></i>{html.escape(told)}</div>')
        st.button("Stop", icon=":material/stop_circle:", key="stop_draft", on_click=work.stop, disabled=work.stopping)


def _ended(desk: Desk) -> None:
    work = desk.testing.drafting
    assert work
    left = [
        f"{n} × {reason.rstrip('.').lower()}" for reason, n in Counter(d.reason for d in work.dropped).most_common(4)
    ]
    told = f"{work.found} drafted from {work.looked} passages."
    if not work.found:
        told = "No passage gave a usable question." if work.looked else "There is nothing more to draft from."
    why = f" Left out by the checks: {'; '.join(left)}." if left else ""
    st.html(f'<div class="told">{html.escape(told + why)}</div>')


def _card(desk: Desk, draft: Draft) -> None:
    fact = draft.fact
    key = case_of(draft).id
    with st.container(border=True, key=f"draft_{key}"):
        if st.session_state.get("editing_draft") == key:
            case_form(desk, case_of(draft), "editing_draft", lambda case: _keep(desk, draft, case))
            return
        with st.container(key=f"draft_sides_{key}", horizontal=True, gap="medium"):
            with st.container(key=f"draft_main_{key}", gap="small"):
                st.html(
                    f'<div class="draft-card"><div class="eyebrow">Your documents answer</div>'
                    f"<strong>{html.escape(draft.question)}</strong><span>{html.escape(draft.answer)}</span></div>"
                )
                st.html(f'<div class="found">{html.escape(short(fact.quote, 240))}</div>')
                chips([Place(fact.file, fact.page, (_quote(fact),), fact.place)], f"draft_{key}")
                _decide(desk, draft, key)
            if draft.twin:
                with st.container(key=f"draft_twin_{key}", gap="small"):
                    _twin(desk, draft, draft.twin, key)


def _quote(fact: Fact) -> Quote:
    return Quote(fact.start, fact.end, fact.quote)


def _decide(desk: Desk, draft: Draft, key: str) -> None:
    if key in desk.testing.decided:
        st.html('<div class="told">Added to your questions.</div>')
        return
    with st.container(horizontal=True, gap="small", key=f"decide_{key}"):
        if st.button("Accept", icon=":material/check:", key=f"accept_{key}", type="primary"):
            _accept(desk, draft, case_of(draft), key)
        if st.button("Change", icon=":material/edit:", key=f"change_{key}"):
            st.session_state["editing_draft"] = key
            st.rerun()
        if st.button("Drop", icon=":material/close:", key=f"decline_{key}"):
            _settle(desk, draft, twin_too=True)
            st.rerun()


def _twin(desk: Desk, draft: Draft, twin: Twin, key: str) -> None:
    changed = f"“{twin.was}” became “{twin.now}”. " if twin.was else ""
    st.html(
        f'<div class="draft-card twin"><div class="eyebrow">They should not answer</div>'
        f"<strong>{html.escape(twin.question)}</strong>"
        f"<span>{html.escape(changed)}No passage was found that states it.</span></div>"
    )
    if twin.near:
        quote = Quote(twin.near.start, twin.near.end, twin.near.text)
        place = Place(twin.near_file, twin.near.page, (quote,), twin.near_place)
        name = label(f"Nearest: {short_name(twin.near_file, 24)} · {place.short}")
        with st.container(key=f"chips_twin_{key}"):
            if st.button(name, key=f"near_{key}", icon=":material/description:", help="Look before you accept it"):
                open_place(place)
                st.rerun()
    with st.container(horizontal=True, gap="small", key=f"decide_twin_{key}"):
        if st.button("Accept", icon=":material/check:", key=f"accept_twin_{key}"):
            _accept(desk, draft, case_of_twin(twin, draft.fact.file), key, twin=True)
        if st.button("Drop", icon=":material/close:", key=f"decline_twin_{key}"):
            _settle(desk, draft, twin=True)
            st.rerun()


def _accept(desk: Desk, draft: Draft, case: Case, key: str, *, twin: bool = False) -> None:
    try:
        append_case(desk.testing.cases_file, case)
    except DocentError as error:
        show_error(error, key=f"accept_{key}")
        return
    st.toast("Added to your questions.", icon=":material/check:")
    _settle(desk, draft, twin=twin)
    st.rerun()


def _keep(desk: Desk, draft: Draft, case: Case) -> None:
    append_case(desk.testing.cases_file, case)
    _settle(desk, draft)


def _settle(desk: Desk, draft: Draft, *, twin: bool = False, twin_too: bool = False) -> None:
    """Records the decision about a draft or its twin. The card is removed when both are decided."""
    if draft not in desk.testing.drafts:  # in another tab
        return
    at = desk.testing.drafts.index(draft)
    key = case_of(draft).id
    if not twin:
        desk.testing.decided.add(key)
        desk.testing.declined.append(draft.question)
    if twin or twin_too:
        draft = desk.testing.drafts[at] = replace(draft, twin=None)
    if key in desk.testing.decided and draft.twin is None:
        desk.testing.drafts.remove(draft)

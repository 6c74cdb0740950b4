"""The Evaluation page: the user's own questions with known answers, and how well Docent answers them."""

from __future__ import annotations

import streamlit as st

from app.evaluation.cases import Case
from app.ui.desk import Desk
from app.ui.evaluation_page.cases import new_case_form, questions
from app.ui.evaluation_page.drafts import bar, cards
from app.ui.evaluation_page.runs import runs, watch
from app.ui.evaluation_page.trust import trust
from app.ui.shared import page as page_of
from app.ui.shared import show_error
from app.ui.viewer import current_place, viewer
from ingest.errors import DocentError, IndexMissing

_PARTS = ("Questions", "Results", "Trust")


def page(desk: Desk) -> None:
    """Draws the Evaluation page."""
    st.html("<h1>Evaluation</h1>")
    try:
        cases = desk.testing.cases()
        broken = None
    except DocentError as error:
        cases, broken = [], error
    st.html(
        '<div class="told">Questions of your own with known answers show how far the answers on your documents can be '
        "trusted, and whether a change made them better.</div>"
    )
    watch(desk)
    part = _part(cases)
    if broken:
        show_error(broken, desk, key="cases")
    if part == "Results":
        runs(desk, cases)
    elif part == "Trust":
        trust(desk)
    elif not broken:
        _questions(desk, cases)
    if current_place():
        viewer(desk)


def _part(cases: list[Case]) -> str:
    st.session_state.setdefault("evaluation_part", "Results" if cases else "Questions")
    chosen = st.segmented_control(
        "Part", _PARTS, key="evaluation_part", required=True, label_visibility="collapsed", persist_state="session"
    )
    return chosen or "Questions"


def _questions(desk: Desk, cases: list[Case]) -> None:
    try:
        has_documents = any(document.n_chunks for document in desk.documents())
    except IndexMissing:
        has_documents = False
    if has_documents:
        bar(desk)
        new_case_form(desk)
        cards(desk)
    else:
        st.html('<div class="notice"><strong>There are no documents yet to draft questions from.</strong></div>')
        st.page_link(page_of("documents"), label="Add documents", icon=":material/folder_open:")
    questions(desk, cases)

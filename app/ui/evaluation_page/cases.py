"""The list of test questions: view, add, change, delete. Every change is saved at once."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from contextlib import closing

import streamlit as st

from app.evaluation.cases import Case, append_case, save_cases
from app.ui.desk import Desk
from app.ui.evaluation_page.case_form import NEW, NONE, case_form, saved
from app.ui.place import Place, Quote
from app.ui.shared import notice, shown_path
from app.ui.text import label, short_name
from app.ui.viewer import open_place
from ingest.errors import DocentError
from ingest.store.store import Store
from ingest.text.oneline import many, short

_ROWS = 30


def new_case_form(desk: Desk) -> None:
    """Draws the form for a question of the user's own, while it is open."""
    if "adding" in st.session_state:
        with st.container(border=True):
            st.html('<div class="eyebrow">A question of your own</div>')
            case_form(
                desk, Case(id=NEW, question=""), "adding", lambda case: append_case(desk.testing.cases_file, case)
            )


def questions(desk: Desk, cases: Sequence[Case]) -> None:
    """Draws the list of questions, with what can be done with each."""
    if not cases:
        notice(
            "There are no questions to test with yet.",
            "Have some drafted from your documents above, or write them yourself: a question, and the right answer. "
            f"They are kept in {shown_path(desk.testing.cases_file)}.",
        )
        return
    st.html("<h2>Your questions</h2>")
    shown = _filtered(cases)
    rows = st.session_state.setdefault("case_rows", _ROWS)
    st.html(f'<div class="told">{_told(cases, shown)}</div>')
    with st.container(key="cases", gap=None):
        for case in shown[:rows]:
            _row(desk, case, cases)
    if len(shown) > rows and st.button(f"Show more ({len(shown) - rows} left)", key="more_cases", type="tertiary"):
        st.session_state["case_rows"] = rows + _ROWS
        st.rerun()


def _filtered(cases: Sequence[Case]) -> list[Case]:
    with st.container(key="case_filter", horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Find", placeholder="Find a question, an answer or a file", label_visibility="collapsed", key="find_case"
        )
        kinds = sorted({case.kind for case in cases} - {"", NONE})
        choices = ["All", "Answered in the documents", "Not in the documents", *kinds]
        kind = st.selectbox("Kind", choices, label_visibility="collapsed", key="case_kind", width=230)
    words = wanted.lower().split()
    chosen = [case for case in cases if kind in (choices[0], choices[2 - case.answerable], case.kind)]
    return [case for case in chosen if all(word in _text(case) for word in words)]


def _text(case: Case) -> str:
    return " ".join([case.question, *case.answers, *case.gold_docs, case.kind]).lower()


def _told(cases: Sequence[Case], shown: Sequence[Case]) -> str:
    some = f"{len(shown)} of " if len(shown) < len(cases) else ""
    none = sum(not case.answerable for case in cases)
    return f"{some}{many(len(cases), 'question')} · {none} of them not answered by the documents"


def _row(desk: Desk, case: Case, cases: Sequence[Case]) -> None:
    if st.session_state.get("editing") == case.id:
        with st.container(border=True):
            case_form(desk, case, "editing", lambda changed: _change(desk, case, changed))
        return
    parts = case.answers or [group[0] for group in (*case.must, *case.items_gold)]
    answer = " · ".join(parts) if case.answerable else "The documents do not answer this."
    with st.container(key=f"row_case_{case.id}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="case"><strong>{html.escape(case.question)}</strong>'
            f'<span class="{"" if case.answerable else "none"}">{html.escape(short(answer, 160))}</span>'
            f"<em>{html.escape(_where(case))}</em></div>"
        )
        with st.container(horizontal=True, gap=None, width="content", key=f"case_buttons_{case.id}"):
            if case.gold_docs and case.gold_pages:
                gold_page_button(desk, case, f"case_{case.id}", small=True)
            if _icon("edit", f"edit_{case.id}", "Change this question"):
                st.session_state["editing"] = case.id
                st.rerun()
            if _icon("delete", f"drop_{case.id}", "Delete this question"):
                st.session_state["dropping"] = case.id
                st.rerun()
    if st.session_state.get("dropping") == case.id:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            st.html('<div class="told">Delete it from the set?</div>')
            if st.button("Keep it", key="keep_case"):
                del st.session_state["dropping"]
                st.rerun()
            if st.button("Delete", type="primary", key="really_drop"):
                del st.session_state["dropping"]
                if saved(lambda: save_cases(desk.testing.cases_file, [c for c in cases if c.id != case.id]), "drop"):
                    st.rerun()


def _icon(icon: str, key: str, help_text: str) -> bool:
    return st.button("", icon=f":material/{icon}:", key=key, type="tertiary", help=help_text)


def _where(case: Case) -> str:
    pages = ", ".join(map(str, case.gold_pages))
    where = ", ".join(short_name(doc, 44) for doc in case.gold_docs)
    return " · ".join(filter(None, [case.kind, f"{where}, p. {pages}" if where and pages else where]))


def _change(desk: Desk, old: Case, changed: Case) -> None:
    """Replaces a case and keeps its id, so that runs before and after can be compared."""
    save_cases(desk.testing.cases_file, [changed if case.id == old.id else case for case in desk.testing.cases()])


# -- where the answer stands


def gold_page_button(desk: Desk, case: Case, key: str, *, small: bool = False) -> None:
    """Draws a button that opens the page with the right answer, with the passage marked where it is known."""
    for number, doc in enumerate(case.gold_docs[:3]):
        page = case.gold_pages[min(number, len(case.gold_pages) - 1)] if case.gold_pages else 1
        name = "" if small else label(f"{short_name(doc)} · p. {page}")
        icon = ":material/find_in_page:" if small else ":material/description:"
        if st.button(
            name, key=f"gold_{key}_{number}", icon=icon, type="tertiary" if small else "secondary",
            help=label(f"Open {doc}, page {page}"),
        ):  # fmt: skip
            open_place(place_in(desk, doc, page, case.evidence or case.gold_passage))
            st.rerun()
        if small:
            return


def place_in(desk: Desk, file: str, page: int, text: str) -> Place:
    """Returns the page as a Place, with the text marked if it is found there; white space is ignored."""
    words = text.removesuffix("…").split()
    try:
        with closing(Store(desk.index_dir, key=desk.key)) as store:
            document = next((document for document in store.documents() if document.path == file), None)
            found = store.pages(document.id, page) if document and words else []
    except DocentError:
        found = []
    for one in found:
        if at := re.search(r"\s+".join(map(re.escape, words)), one.text):
            quote = Quote(one.start + at.start(), one.start + at.end(), at.group())
            return Place(file, page, (quote,), one.place, one.confidence)
    return Place(file, page)

"""The form for one test question: what is asked, and what a right answer says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.evaluation.cases import Case, case_id
from app.ui.desk import Desk
from app.ui.shared import show_error
from ingest.errors import DocentError, InvalidInput

KINDS = (
    "fact", "number", "yes-no", "table", "list", "how-to", "compare", "summary", "count", "library", "unanswerable",
)  # fmt: skip
NONE = "unanswerable"  # the kind of all that the documents do not answer
NEW = "new"  # the id of a case that has none yet: its question will give it one
_OR = "|"  # between two ways to say the same


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was typed about an answer of several parts: each line one thing."""

    must: str
    ordered: bool
    must_not: str
    items: str
    before: str


def case_form(desk: Desk, case: Case, state: str, save: Callable[[Case], object]) -> None:
    """Draws a form to edit a case and passes the result to `save`; removes `state` from the session when it is
    closed."""
    try:
        files = [document.path for document in desk.documents()]
    except DocentError:
        files = []
    files += [doc for doc in case.gold_docs if doc not in files]
    with st.form(f"form_{state}_{case.id}", border=False):
        question = st.text_area("Question", case.question, height=80, placeholder="As a reader of the documents asks")
        answerable = st.toggle("The documents answer it", case.answerable)
        answers = st.text_area(
            "Right answer", "\n".join(case.answers), height=80, placeholder="e.g. 11 weeks",
            help="As short as it can be: a number with its unit, a name, a few words. "
            "Other ways to say the same go on lines of their own.",
        )  # fmt: skip
        wanted = _wanted(case)
        left, middle, right = st.columns([3, 1.2, 1.4])
        docs = left.multiselect("Stands in", files, list(case.gold_docs), placeholder="If you know it")
        pages = middle.text_input("Page", ", ".join(map(str, case.gold_pages)), placeholder="e.g. 4")
        kinds = list(dict.fromkeys([*KINDS[:-1], *filter(None, [case.kind])]))
        kind = right.selectbox("Kind", kinds, kinds.index(case.kind) if case.kind in kinds else 0)
        with st.container(horizontal=True, horizontal_alignment="right"):
            left_it = st.form_submit_button("Cancel")
            kept = st.form_submit_button("Save", type="primary", icon=":material/check:")
    if left_it:
        del st.session_state[state]
        st.rerun()
    if kept and saved(lambda: save(_filled(case, answerable, question, answers, docs, pages, kind, wanted)), state):
        del st.session_state[state]
        st.toast("Saved with your questions.", icon=":material/check:")
        st.rerun()


def _wanted(case: Case) -> _Wanted:
    """Draws the fields for answers that are no single fact, closed where there is nothing in them."""
    with st.expander("A list, steps, a comparison: what the answer must say", expanded=case.is_wanted):
        must = st.text_area(
            "Must say", _lines(case.must), height=80, placeholder="e.g. 8 years | eight years",
            help=f"One thing a line. {_OR} stands between two ways to say it, * for any ending of a word.",
        )  # fmt: skip
        ordered = st.toggle("In this order", case.ordered)
        must_not = st.text_area("Must not say", "\n".join(case.must_not), height=68)
        items = st.text_area(
            "Items of the list", _lines(case.items_gold), height=80,
            help="One item a line. An item that is missing and one too many both count.",
        )  # fmt: skip
        before = st.text_area(
            "Asked before it", "\n".join(case.history), height=68, help="Earlier questions that this one goes on from."
        )
    return _Wanted(must, ordered, must_not, items, before)


def _lines(groups: Sequence[Sequence[str]]) -> str:
    return "\n".join(f" {_OR} ".join(group) for group in groups)


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    found = (tuple(part.strip() for part in line.split(_OR) if part.strip()) for line in text.splitlines())
    return tuple(group for group in found if group)


def _each(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _filled(
    case: Case,
    answerable: bool,
    question: str,
    answers: str,
    docs: Sequence[str],
    pages: str,
    kind: str,
    wanted: _Wanted,
) -> Case:
    """Returns the case with what was typed in. Raises InvalidInput for what is missing."""
    question = " ".join(question.split())
    golds, must, items = _each(answers), _groups(wanted.must), _groups(wanted.items)
    if not any(character.isalnum() for character in question):
        raise InvalidInput("There is no question.", "Write one, as a reader of the documents would ask it.")
    if answerable and not (golds or must or items):
        raise InvalidInput(
            "There is no right answer.", "Write it in a few words, or say that the documents do not answer it."
        )
    numbers = tuple(int(number) for number in re.findall(r"\d+", pages))
    known: dict[str, Any] = {"question": question, "id": case.id if case.id != NEW else case_id(question)}
    known["history"] = _each(wanted.before)
    nothing: dict[str, Any] = {"answers": (), "gold_docs": (), "gold_pages": (), "evidence": "", "gold_passage": ""}
    nothing |= {"must": (), "must_not": (), "items_gold": (), "ordered": False}
    if not answerable:
        return case.model_copy(update={**known, **nothing, "answerable": False, "kind": NONE})
    known |= {"must": must, "items_gold": items, "must_not": _each(wanted.must_not), "ordered": wanted.ordered}
    known |= {"answerable": True, "answers": golds, "kind": kind, "gold_docs": tuple(docs), "gold_pages": numbers}
    if (tuple(docs), numbers) != (case.gold_docs, case.gold_pages):  # the text that was known is of another place
        known |= {"evidence": "", "gold_passage": ""}
    return case.model_copy(update=known)


def saved(save: Callable[[], object], key: str) -> bool:
    """Whether it could be saved; says so where it could not."""
    try:
        save()
    except DocentError as error:
        show_error(error, key=f"save_{key}")
        return False
    return True

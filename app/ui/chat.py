"""The chat page: conversations in the sidebar, questions and answers, and beside them the page that an answer cites."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.ask.first import first_questions, kinds_held
from app.memory import Thread
from app.ui.desk import Desk
from app.ui.shared import decided, notice, progress_line, reading, show_error, shown_path
from app.ui.shared import page as page_of
from app.ui.steer import close_sidebar_on_change
from app.ui.text import label
from app.ui.turns import ask, failed_turn, kept_turn, live_turn, question_bubble
from app.ui.viewer import close_place, current_place, viewer
from ingest.datatypes import Document
from ingest.errors import DocentError, IndexMissing
from ingest.store.index import LocalIndex
from ingest.text.oneline import many, short

_THREADS_SHOWN = 30
_TURNS_SHOWN = 20
_EXAMPLES = 6  # questions to begin with
_OWN = 4  # of them, those that domain.toml gives


def page(desk: Desk) -> None:
    """Draws the chat page."""
    thread = _current(desk)
    _sidebar(desk, thread)
    try:
        index = desk.assistant.index
        documents = [document for document in index.documents() if document.n_chunks]
    except IndexMissing:
        documents = []
    except DocentError as error:
        show_error(error, desk, key="index")
        return
    if not documents and thread is None:
        _nothing_yet(desk)
        return
    _ask_bar(desk, thread, [document.path for document in documents])  # first: who asks sees the page drawn once
    if thread is None:
        _welcome(desk, index, documents)
    else:
        _conversation(desk, thread)
    if current_place():
        viewer(desk)


def _current(desk: Desk) -> int | None:
    """Returns the open conversation. It is also in the page's address, so that it stays open after a reload."""
    if "thread" not in st.session_state:
        wanted = st.query_params.get("thread", "")
        known = {thread.id for thread in desk.memory.threads(str(desk.folder))}
        st.session_state["thread"] = int(wanted) if wanted.isdecimal() and int(wanted) in known else None
    thread: int | None = st.session_state["thread"]
    if thread is None:
        st.query_params.pop("thread", None)
    else:
        st.query_params["thread"] = str(thread)
    return thread


def _go(thread: int | None) -> None:
    st.session_state["thread"] = thread
    close_place()


# -- sidebar


def _sidebar(desk: Desk, current: int | None) -> None:
    with st.sidebar:
        st.button("New conversation", icon=":material/add:", key="new", width="stretch", on_click=_go, args=(None,))
        threads = desk.memory.threads(str(desk.folder))
        wanted = ""
        if len(threads) > _THREADS_SHOWN:
            wanted = st.text_input(
                "Find a conversation", placeholder="Find a conversation", label_visibility="collapsed"
            )
        shown = [thread for thread in threads if wanted.lower() in thread.title.lower()]
        with st.container(key="threads", gap=None):
            for thread in shown[:_THREADS_SHOWN]:
                _thread_row(desk, thread, thread.id == current)
            if not threads:
                st.caption("Your conversations will be listed here.")
        if len(shown) > _THREADS_SHOWN:
            st.caption(f"{len(shown) - _THREADS_SHOWN} older ones: find them by a word of their first question.")
        if reading(desk):
            st.fragment(progress_line, run_every=1.0)(desk)
        close_sidebar_on_change(str(current))


def _thread_row(desk: Desk, thread: Thread, is_current: bool) -> None:
    name = "thread_now" if is_current else "thread"
    with st.container(key=f"{name}_{thread.id}", horizontal=True, gap=None, vertical_alignment="center"):
        used = datetime.fromtimestamp(thread.used).strftime("%d %B %Y, %H:%M")
        st.button(
            label(short(thread.title, 60)), key=f"open_{thread.id}", type="tertiary", width="stretch",
            on_click=_go, args=(thread.id,), help=f"Last used {used}",
        )  # fmt: skip
        if is_current and st.button(
            "", icon=":material/delete:", key=f"delete_{thread.id}", type="tertiary", help="Delete this conversation"
        ):
            _delete_dialog(desk, thread)


@st.dialog("Delete this conversation?")
def _delete_dialog(desk: Desk, thread: Thread) -> None:
    st.html(f'<div class="found">{html.escape(thread.title)}</div>')
    st.caption("Its questions and answers go for good. Your documents stay.")
    if decided("keep_thread", "Delete", "really_delete"):
        desk.delete_thread(thread.id)
        _go(None)
        st.rerun()


# -- the middle


def _nothing_yet(desk: Desk) -> None:
    if reading(desk):
        notice("Your documents are being read.", "You can ask as soon as that is done.")
        st.fragment(progress_line, run_every=1.0)(desk)
        return
    try:
        known = desk.documents()
    except IndexMissing:
        known = []
    if any(document.error for document in known):
        notice("None of your documents could be read.", "The Documents page says why, and what helps.", "bad")
    else:
        notice(
            "There is nothing to answer from yet.",
            f"Drop your documents in on the Documents page, or put them into {shown_path(desk.folder)}.",
        )
    st.page_link(page_of("documents"), label="Add documents", icon=":material/folder_open:")
    if st.button("Read the folder now", icon=":material/sync:", key="read_now"):
        desk.ingest()
        st.rerun()


def _welcome(desk: Desk, index: LocalIndex, documents: Sequence[Document]) -> None:
    """What the library holds, and questions to begin with: the domain's own, then such as its documents suggest."""
    domain = desk.domain
    with st.container(key="welcome", gap="small"):
        about = domain.description or "Ask in your own words. Every answer comes with its file, page and exact quote."
        n_pages = sum(document.n_pages for document in documents)
        count = f"{many(len(documents), 'document')} · {many(n_pages, 'page')}"
        holds = f"{count} · {kinds_held(documents)} · nothing leaves this machine"
        st.html(
            f'<div class="hello"><h1>{html.escape(domain.title)}</h1><p>{html.escape(about)}</p>'
            f'<div class="eyebrow">{html.escape(holds)}</div></div>'
        )
        own = domain.examples[:_OWN]
        examples = list(dict.fromkeys([*own, *first_questions(index, _EXAMPLES - len(own))]))
        if examples:
            st.html('<div class="eyebrow">For example</div>')
            with st.container(key="examples", gap="xsmall"):
                for number, example in enumerate(examples):
                    if st.button(label(example), key=f"example_{number}", width="stretch"):
                        ask(desk, example, None)
        warming = desk.warming
        if warming and warming.error:
            show_error(warming.error, desk, key="model")


def _conversation(desk: Desk, thread: int) -> None:
    live = desk.answers.get(thread)
    if live and live.stage == "done":
        desk.answers.pop(thread, None)  # it is among the kept ones from now on
        live = None
    turns = [turn for turn in desk.memory.turns(thread) if not live or turn.id != live.replaces]
    hidden = max(0, len(turns) - _TURNS_SHOWN)
    if hidden and st.session_state.get("whole") != thread:
        if st.button(f"Show {hidden} earlier questions", key="earlier", type="tertiary"):
            st.session_state["whole"] = thread
            st.rerun()
        turns = turns[hidden:]
    for turn in turns:
        with st.container(key=f"turn_{turn.id}"):
            kept_turn(desk, thread, turn, newest=turn is turns[-1] and live is None)
    if live and live.running:
        question_bubble(live.question)
        live_turn(desk, thread)
    elif live:
        failed_turn(desk, thread, live)
    elif not turns:
        notice("This conversation is empty.", "Ask something below.")


def _ask_bar(desk: Desk, thread: int | None, files: list[str]) -> None:
    live = desk.answers.get(thread) if thread is not None else None
    busy = bool(live and live.running)
    if st.session_state.get("file") not in files:  # deleted meanwhile
        st.session_state.pop("file", None)
    with st.bottom, st.container(key="ask_bar", gap="xxsmall"):
        question = st.chat_input(
            "Answering…" if busy else ("Ask a follow-up" if thread is not None else "Ask your documents"),
            disabled=busy,
            key="question",
        )
        st.selectbox(
            "Search in", files, index=None, placeholder="All documents", key="file", label_visibility="collapsed"
        )
    if question:
        ask(desk, question, thread)

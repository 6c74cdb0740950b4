"""The Report page: the state of every file, page and table, what was never found, and what to do about it."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from app.library import plots
from app.library.page import page as page_of_its_own
from app.library.page import style
from app.library.report import FileReport, Library, State
from app.ui.desk import Desk
from app.ui.shared import notice, reading, shown_path
from app.ui.shared import page as page_named
from app.ui.surveyed import surveyed
from ingest.errors import IndexMissing

_ROWS = 30
_STALE: tuple[State, ...] = ("waiting", "changed", "gone")


def page(desk: Desk) -> None:
    """Draws the Report page."""
    st.html("<h1>Library</h1>")
    try:
        library = surveyed(desk)
    except IndexMissing:
        notice("Nothing was read yet.", "Once it is, every file, page and table is accounted for here.")
        st.page_link(page_named("documents"), label="Documents", icon=":material/folder_open:")
        return
    st.html(f"<style>{style()}</style>")
    with st.container(key="library_head", horizontal=True, vertical_alignment="center"):
        st.html(plots.headline(library))
        st.download_button(
            "Save as a page", page_of_its_own(library), "library.html", "text/html", icon=":material/download:",
            key="save_report", help="One file that shows this report anywhere. It holds names of files and questions.",
        )  # fmt: skip
    if library.missing_folder:
        notice(library.missing_folder, "What the index holds is shown all the same.", "bad")
    st.html(plots.coverage(library) + plots.readers(library) + plots.states(library))
    _stale(desk, library)
    st.html("<h2>Files</h2>")
    _files(library)
    if library.questions:
        st.html("<h2>What was asked</h2>")
        st.html(plots.questions(library))
        _forget(desk)


def _stale(desk: Desk, library: Library) -> None:
    """Draws a notice that folder and index differ, with a button that brings them in step."""
    counts = [(state, library.states[state]) for state in _STALE if state in library.states]
    if not counts or reading(desk):
        return
    with st.container(key="stale", horizontal=True, vertical_alignment="center"):
        words = ", ".join(f"{count:,} {state}" for state, count in counts)
        st.html(f'<div class="told">The folder has changed since it was read: {words}.</div>')
        if st.button("Check the folder now", icon=":material/sync:", key="check_from_report"):
            desk.ingest()
            st.switch_page(page_named("documents"))


def _files(library: Library) -> None:
    chosen = st.pills(
        "State",
        list(library.states),
        format_func=lambda state: f"{state} {library.states[state]:,}",
        key="report_state",
        label_visibility="collapsed",
    )
    wanted = ""
    if len(library.files) > _ROWS // 3:
        wanted = st.text_input(
            "Filter", placeholder="Filter by name or title", label_visibility="collapsed", key="report_filter"
        )
    shown = matching(library.files, chosen, wanted)
    if not shown:
        st.caption("No file matches this filter.")
    rows = st.session_state.setdefault("report_rows", _ROWS)
    asked = bool(library.questions)
    st.html(plots.legend(asked) + "".join(plots.row(file, asked) for file in shown[:rows]))
    if len(shown) > rows and st.button(f"Show more ({len(shown) - rows:,} left)", key="report_more", type="tertiary"):
        st.session_state["report_rows"] = rows + _ROWS
        st.rerun()


def matching(files: Sequence[FileReport], state: State | None, wanted: str) -> list[FileReport]:
    """Returns the files in the state, if one is chosen, whose path, title or reason contains all the words."""
    words = wanted.lower().split()
    return [
        file
        for file in files
        if (state is None or file.state == state)
        and all(word in f"{file.path} {file.title} {file.why}".lower() for word in words)
    ]


def _forget(desk: Desk) -> None:
    where = html.escape(shown_path(desk.questions.path))
    with st.container(key="forget", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="told">Kept on this machine only, in {where}. The settings say whether.</div>')
        if st.button("Forget them", icon=":material/ink_eraser:", key="forget_questions", type="tertiary"):
            desk.questions.forget()
            st.rerun()

"""The Documents page: what is there, what could not be read and why; adding and deleting documents, with progress."""

from __future__ import annotations

import html
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app.library.report import State
from app.ui.ahead_row import ahead_row
from app.ui.desk import Desk
from app.ui.passwords import password_field
from app.ui.shared import decided, notice, progress_line, reading, show_error, shown_path
from app.ui.surveyed import badge, choose_state, states
from app.ui.text import label
from app.ui.uploads import keep, safe_name
from ingest.datatypes import Document
from ingest.errors import DocentError, IndexBusy, IndexMissing
from ingest.readers.read import KINDS, SUFFIXES
from ingest.store.store import Store
from ingest.sync.folders import owner
from ingest.sync.progress import duration
from ingest.sync.sync import Report
from ingest.text.oneline import many

_ROWS = 40
_FOLLOW = 2.0  # seconds between two looks at whether the folder has changed
_FILTER_FROM = 9  # documents


def page(desk: Desk) -> None:
    """Draws the Documents page."""
    st.html("<h1>Documents</h1>")
    documents: list[Document] = []
    notes: dict[int, list[str]] = {}
    try:
        with closing(Store(desk.index_dir, key=desk.key)) as store:
            documents, notes = store.documents(), store.notes()
    except IndexMissing:
        pass  # the first run makes it
    except DocentError as error:
        show_error(error, desk, key="store")
    _summary(desk, documents)
    _uploader(desk)
    _clashes(desk)
    _run(desk)
    if any(document.n_chunks for document in documents):
        ahead_row(desk, sum(document.n_chunks for document in documents))
    _table(desk, documents, notes)


def _summary(desk: Desk, documents: Sequence[Document]) -> None:
    failed = sum(1 for document in documents if document.error)
    counts = [
        many(len(documents), "document"),
        many(sum(document.n_pages for document in documents), "page"),
        many(sum(document.n_chunks for document in documents), "passage"),
        *([f"{failed} not read"] if failed else []),
    ]
    told = " · ".join(counts) if documents else "No documents yet"
    with st.container(key="summary", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="summary"><strong>{told}</strong><span>{html.escape(_places(desk))}</span></div>')
        if st.button(
            "Check the folder now", icon=":material/sync:", key="check", disabled=reading(desk),
            help="Reads what is new or changed in the folder, and forgets what is gone.",
        ):  # fmt: skip
            desk.ingest()
            st.rerun()
    on = st.toggle(
        "Keep up with the folder", desk.settings.keep_up, key="keep_up",
        help="What changes in the folder is read within seconds, and what is deleted there stops answering.",
    )  # fmt: skip
    if on != desk.settings.keep_up:
        desk.keep_up(on)
    if on:
        st.fragment(_follow, run_every=_FOLLOW)(desk, desk.ingesting)
    for place, why in desk.keeping.away.items():
        notice(f"{shown_path(place)}: {why}.", "Its documents stay as they are until it is there again.")


def _follow(desk: Desk, drawn: object) -> None:
    """Redraws the page when a run has begun in the background."""
    if desk.ingesting is not drawn:
        st.rerun()


def _places(desk: Desk) -> str:
    return " · ".join(shown_path(folder.place) for folder in desk.keeping.folders)


# -- adding


def _uploader(desk: Desk) -> None:
    """Saves and reads files that are dropped in; then the box is empty again."""
    number = st.session_state.setdefault("upload_number", 0)
    files = st.file_uploader(
        f"Drop files here: {KINDS}. They are copied into the folder and read at once.",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        key=f"upload_{number}",
    )
    if not files:
        return
    st.session_state["upload_number"] = number + 1
    outcome = st.session_state["told"] = []
    for file in files:
        _keep(desk, file, "ask", outcome)
    st.rerun()


def _keep(desk: Desk, file: UploadedFile, clash: Literal["ask", "replace", "number"], outcome: list[str]) -> None:
    try:
        kept = keep(desk.folder, file.name, file.getvalue(), clash)
    except DocentError as error:
        outcome.append(f"{error} {error.hint}")
        return
    if kept.state == "saved":
        desk.ingest()
    elif kept.state == "same":
        outcome.append(f"{file.name}: the same content is there already, as {kept.name}.")
    else:
        st.session_state.setdefault("clashes", []).append(file)


def _clashes(desk: Desk) -> None:
    """Lists files whose name another file has: nothing is overwritten before the user says so."""
    for text in st.session_state.get("told", []):
        st.html(f'<div class="notice"><span>{html.escape(text)}</span></div>')
    waiting: list[UploadedFile] = st.session_state.get("clashes", [])
    for number, file in enumerate(list(waiting)):
        name = safe_name(file.name)
        with st.container(border=True, key=f"clash_{number}"):
            st.html(
                f'<div class="notice flat"><strong>{html.escape(name)} is there already, with other content.</strong>'
                "<span>What should happen to the one you dropped in?</span></div>"
            )
            with st.container(horizontal=True):
                choices: tuple[tuple[str, Literal["replace", "number", "ask"]], ...] = (
                    ("Keep both", "number"), ("Replace the old one", "replace"), ("Leave it out", "ask"),
                )  # fmt: skip
                for words, clash in choices:
                    if st.button(words, key=f"clash_{clash}_{number}"):
                        waiting.remove(file)
                        if clash != "ask":
                            _keep(desk, file, clash, st.session_state.setdefault("told", []))
                        st.rerun()


# -- reading


def _run(desk: Desk) -> None:
    job = desk.ingesting
    if job is None:
        return
    if job.running:
        with st.container(key="progress"):
            st.fragment(progress_line, run_every=1.0)(desk)
            _steering(desk)
            st.caption("What is read can be asked about at once; the newest and smallest files come first.")
    elif job.error:
        show_error(job.error, desk, key="ingest")
        if isinstance(job.error, IndexBusy):
            st.caption("Another Docent is reading this folder, perhaps in a terminal.")
    elif job.result:
        st.html(f'<div class="told">{html.escape(_told(job.result))}</div>')


def _steering(desk: Desk) -> None:
    paused = desk.keeping.paused
    with st.container(horizontal=True):
        if st.button(
            "Go on" if paused else "Pause", icon=f":material/{'play_arrow' if paused else 'pause'}:", key="hold",
        ):  # fmt: skip
            (desk.keeping.resume if paused else desk.keeping.pause)()
            st.rerun()
        if st.button(
            "Stop", icon=":material/stop:", key="stop_reading",
            help="What is read stays. “Check the folder now” goes on with the rest.",
        ):  # fmt: skip
            desk.keeping.cancel()
            st.rerun()


def _told(report: Report) -> str:
    parts = [
        f"{len(names)} {verb}"
        for verb, names in (("added", report.added), ("changed", report.changed), ("removed", report.removed))
        if names
    ]
    done = ", ".join(parts) or "Nothing new"
    failed = f", {len(report.failed)} could not be read" if report.failed else ""
    if report.stopped:
        return f"Stopped: {done}{failed}, {many(report.left, 'file')} left. “Check the folder now” goes on from here."
    return f"{done}{failed}. Took {duration(report.seconds)}."


# -- the table


def _table(desk: Desk, documents: Sequence[Document], notes: dict[int, list[str]]) -> None:
    if not documents:
        if not reading(desk):
            notice(
                f"Drop files into the box above: {KINDS}.",
                f"Or copy them into {shown_path(desk.folder)}, and choose “Check the folder now”.",
            )
        return
    wanted = ""
    if len(documents) >= _FILTER_FROM:
        wanted = st.text_input(
            "Filter", placeholder="Filter by name or title", label_visibility="collapsed", key="filter"
        )
    words, found = wanted.lower().split(), states(desk, documents)
    chosen = choose_state(found)
    shown = [
        document
        for document in documents
        if (chosen is None or found.get(document.id) == chosen)
        and all(word in f"{document.path} {document.title} {document.error}".lower() for word in words)
    ]
    shown.sort(key=lambda document: not document.error)  # what needs attention first
    if not shown:
        st.caption("No document matches this filter.")
    rows = st.session_state.setdefault("rows", _ROWS)
    with st.container(key="documents", gap=None):
        for document in shown[:rows]:
            _row(desk, document, notes.get(document.id, []), found.get(document.id))
    if len(shown) > rows and st.button(f"Show more ({len(shown) - rows} left)", key="more", type="tertiary"):
        st.session_state["rows"] = rows + _ROWS
        st.rerun()


def _row(desk: Desk, document: Document, notes: Sequence[str], now: State | None) -> None:
    name = html.escape(document.path)
    title = html.escape(document.title) if document.title != Path(document.path).stem else ""
    if document.error:
        state = badge("not read")
        below = f'<p class="why">It {html.escape(document.error)}. {html.escape(document.hint)}</p>'
    else:
        state = f"<span>{many(document.n_pages, 'page')}</span><span>{many(document.n_chunks, 'passage')}</span>"
        state = badge(now) + state
        below = "".join(f'<p class="why">{html.escape(note)}</p>' for note in notes)
        if not document.n_chunks:
            below += '<p class="why">There is no text in it to answer from.</p>'
    with st.container(key=f"row_{document.id}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="doc"><div><strong>{name}</strong><em>{title}</em></div>'
            f'<div class="numbers">{state}</div>{below}</div>'
        )
        if st.button(
            "", icon=":material/delete:", key=f"remove_{document.id}", type="tertiary",
            help=label(f"Delete {document.path}"),
        ):  # fmt: skip
            _delete_dialog(desk, document)
    if document.needs_password:
        password_field(desk, document.path, str(document.id))


@st.dialog("Delete this document?")
def _delete_dialog(desk: Desk, document: Document) -> None:
    folder = html.escape(shown_path(owner(desk.keeping.folders, document.path).place))
    st.html(
        f'<div class="found">{html.escape(document.path)}</div>'
        f"<p>The <strong>file itself is deleted</strong> from {folder}, and everything the "
        "index knows of it. There is no undo here: keep a copy elsewhere if you may need it again.</p>"
    )
    if decided("keep_document", "Delete the file", "really_remove"):
        desk.delete_document(document.path)
        st.cache_data.clear()  # pictures of its pages
        st.rerun()

"""The survey of the library, shared by the pages and repeated when the index has changed; and the states of documents
for lists."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import streamlit as st

from app.library.asked import FILE
from app.library.page import style
from app.library.report import STATES, Library, State
from app.library.survey import states_of, survey
from app.ui.desk import Desk
from app.ui.shared import reading
from ingest.datatypes import Document
from ingest.encryption.vault import Key
from ingest.store.store import Store

_SECONDS = 20  # after which the folder is looked at again, changed or not


def surveyed(desk: Desk) -> Library:
    """Returns the newest survey. Raises IndexMissing before the first ingest, LibraryError, StorageError."""
    with closing(Store(desk.index_dir, key=desk.key)) as store:
        changes = store.changes
    asked = desk.index_dir / FILE
    return _looked(desk.index_dir, desk.folder, changes, asked.stat().st_mtime_ns if asked.is_file() else 0, desk.key)


@st.cache_resource(ttl=_SECONDS, max_entries=4, show_spinner="Looking at the folder…")
def _looked(index_dir: Path, folder: Path, changes: int, asked: int, _key: Key | None) -> Library:
    """Surveys the library. `changes` and `asked` make the cache survey again."""
    return survey(index_dir, folder, _key)


def states(desk: Desk, documents: Sequence[Document]) -> Mapping[int, State]:
    """Returns the state of each document, by its id; while documents are being read, it may be some seconds old."""
    with closing(Store(desk.index_dir, key=desk.key)) as store:
        changes = -1 if reading(desk) else store.changes
    return _states(desk.index_dir, changes, documents, desk.key)


@st.cache_resource(ttl=_SECONDS, max_entries=4, show_spinner=False)
def _states(index_dir: Path, changes: int, _documents: Sequence[Document], _key: Key | None) -> Mapping[int, State]:
    with closing(Store(index_dir, key=_key)) as store:
        return states_of(store, _documents)


def choose_state(found: Mapping[int, State]) -> State | None:
    """Draws a choice of states, where there are several, with their colours; returns the chosen one."""
    counts = Counter(found.values())
    st.html(f"<style>{style()}</style>")
    if len(counts) < 2:
        return None
    there = [state for state in STATES if counts[state]]
    chosen: State | None = st.pills(
        "State", there, format_func=lambda state: f"{state} {counts[state]:,}", key="document_state",
        label_visibility="collapsed",
    )  # fmt: skip
    return chosen


def badge(state: State | None) -> str:
    """Returns a state as HTML, explained on hovering; '' for a document that was read completely."""
    if state in (None, "read"):
        return ""
    meaning = html.escape(STATES[state], quote=True)
    return f'<span class="lib-state {state.replace(" ", "-")}" title="{meaning}">{state}</span>'

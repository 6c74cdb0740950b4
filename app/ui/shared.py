"""What every page uses: the desk, errors with their hints, the look, small elements."""

from __future__ import annotations

import argparse
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.ask.domains import DEFAULT_FOLDER, index_for
from app.settings import load_settings
from app.ui.desk import Desk
from app.ui.live import explained
from app.ui.safe import Safe
from app.ui.text import label
from ingest.errors import IndexDamaged, ModelError
from ingest.sync.progress import duration

HERE = Path(__file__).parent
LOCKED = "--locked"  # among the page's options: there is a password, and so a way out
_STAGES = {
    "reading": "Reading",
    "embedding": "Understanding",
    "curating": "Comparing documents",
    "recognising": "Recognising",
    "publishing": "Publishing",
    "paused": "Going on",
}


@st.cache_resource(show_spinner=False)
def desk_of(folder: Path, index_dir: Path) -> Desk:
    """Returns the desk, one for the whole server: all tabs share the same models and running work."""
    return Desk(folder, index_dir, load_settings(), key=safe_of(index_dir).key)


@st.cache_resource(show_spinner=False)
def safe_of(index_dir: Path) -> Safe:
    """Returns what holds the key of an encrypted library, one for all tabs."""
    return Safe(index_dir)


def close_desk(desk: Desk) -> None:
    """Closes the desk. The next visit opens it again, and asks for the passphrase where there is one."""
    safe_of(desk.index_dir).lock()
    desk_of.clear()
    st.cache_data.clear()  # pictures of pages
    desk.close()


def folder_and_index(arguments: Sequence[str]) -> tuple[Path, Path]:
    """Returns the folder and its index, from the page's command-line options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--index", type=Path)
    options, _ = parser.parse_known_args(arguments)
    return options.folder, options.index or index_for(options.folder)


def show_error(error: Exception, desk: Desk | None = None, key: str = "") -> None:
    """Shows what happened, what helps and, where a click can do it, a button."""
    error = explained(error)
    with st.container(key=f"error_{key}"):
        st.html(
            f'<div class="notice bad" role="alert"><strong>{html.escape(str(error))}</strong>'
            f"<span>{html.escape(error.hint)}</span></div>"
        )
        if desk and isinstance(error, IndexDamaged) and not reading(desk):
            if st.button("Build the index again", icon=":material/refresh:", key=f"rebuild_{key}"):
                desk.ingest(rebuild=True)
                st.switch_page(page("documents"))
            st.caption("Your documents are not touched. Conversations stay.")
        if desk and isinstance(error, ModelError):
            st.page_link(page("settings"), label="Models and settings", icon=":material/tune:")


def notice(text: str, hint: str = "", kind: str = "") -> None:
    """Draws a box with a text, a hint below it, and a style by its `kind`."""
    st.html(f'<div class="notice {kind}"><strong>{html.escape(text)}</strong><span>{html.escape(hint)}</span></div>')


def page(name: str) -> Any:
    """Returns the page of this name, to link to it."""
    return st.session_state["pages"][name]


def reading(desk: Desk) -> bool:
    """Whether documents are being read."""
    return bool(desk.ingesting and desk.ingesting.running)


def progress_line(desk: Desk) -> None:
    """Draws how far reading has come; redraws itself, and the page at the end."""
    job = desk.ingesting
    if job is None or not job.running:
        st.rerun()
    told = job.progress
    if told is None:
        st.progress(0.0, text="Looking at the folder…")
        return
    parts = [f"{told.files_done} of {told.files_total} files", f"{told.pages_done} of {told.pages_total} pages"]
    if told.pages_per_second >= 1:
        parts.append(f"{told.pages_per_second:.0f} pages/s")
    if told.eta_seconds is not None:
        parts.append(f"about {duration(told.eta_seconds)} to go")
    doing = (
        "Paused" if desk.keeping.paused else f"{_STAGES.get(told.stage, told.stage.capitalize())} {label(told.file)}"
    )
    st.progress(told.share, text=f"{doing}  \n{' · '.join(parts)}")


def shown_path(folder: Path) -> str:
    """Returns a path as people name it: relative to here, or to their home folder."""
    for start, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if folder.is_relative_to(start) and folder != start:
            return sign + folder.relative_to(start).as_posix()
    return str(folder)


def decided(keep: str, word: str, key: str) -> bool:
    """Draws the end of a dialog that asks before something goes for good: 'Keep it', which closes it, and a button
    `word`. Returns whether that was pressed. `keep` and `key` are the buttons' keys."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key=keep):
            st.rerun()
        return st.button(word, type="primary", key=key)

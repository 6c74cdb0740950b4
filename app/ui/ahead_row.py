"""A row on the Documents page: how much of the documents was read ahead, and what can be done about it."""

from __future__ import annotations

import html

import streamlit as st

from app.llm.states import StateStore
from app.ui.desk import Desk
from app.ui.shared import decided
from app.ui.shared import page as page_of

_LOOK = 2.0  # seconds between two looks at how far it has come


def ahead_row(desk: Desk, total: int) -> None:
    """Draws the row. `total` is the number of all passages."""
    possible = not desk.no_states and desk.settings.kv_gb > 0
    on = desk.settings.read_ahead
    with st.container(key="ahead", horizontal=True, vertical_alignment="center", gap="small"):
        st.fragment(_told, run_every=_LOOK if possible and on else None)(desk, total)
        with st.container(key="ahead_buttons", horizontal=True, gap=None, width="content"):
            if possible and st.button(
                "", icon=":material/pause:" if on else ":material/play_arrow:", key=f"ahead_{not on}", type="tertiary",
                help="Pause reading ahead" if on else "Read ahead in idle moments",
            ):  # fmt: skip
                desk.read_ahead(not on)
                st.rerun()
            if possible and st.button(
                "", icon=":material/ink_eraser:", key="ahead_forget", type="tertiary", help="Forget what was read"
            ):
                _forget_dialog(desk)
            if not desk.no_states and st.button(
                "", icon=":material/tune:", key="ahead_settings", type="tertiary", help="How much disk it may take"
            ):
                st.switch_page(page_of("settings"))


def _told(desk: Desk, total: int) -> None:
    head, below = _words(desk, total)
    st.html(f'<div class="summary"><strong>{html.escape(head)}</strong><span>{html.escape(below)}</span></div>')


def _words(desk: Desk, total: int) -> tuple[str, str]:
    settings, ahead = desk.settings, desk.ahead
    if desk.no_states:
        return "Nothing is read ahead", f"With {settings.model} it cannot be: {desk.no_states}."
    if not settings.kv_gb:
        return "Nothing is read ahead", "No disk is set aside for it, so each question waits for its passages."
    store = StateStore(desk.index_dir, settings.kv_bytes, desk.key)
    read = ahead.told.read if ahead.told else min(len(store), total)
    head = f"{read:,} of {total:,} passages read ahead · {store.size / 1e9:.1f} of {settings.kv_gb:g} GB"
    if not settings.read_ahead:
        head += " · paused"
    elif ahead.on_battery:
        head += " · waits for the mains"
    elif ahead.at_work:
        head += " · reading now"
    elif ahead.told and ahead.told.full:
        head += " · full"
    return head, "What was read ahead is not read again when you ask: the first word comes at once."


@st.dialog("Forget what was read ahead?")
def _forget_dialog(desk: Desk) -> None:
    size = StateStore(desk.index_dir, 0, desk.key).size
    st.html(
        f"<p>This frees {size / 1e9:.1f} GB and pauses reading ahead. Your documents and conversations stay; answers "
        "begin later until their passages were read again.</p>"
    )
    if decided("keep_read", "Forget it", "really_forget"):
        desk.forget_read()
        st.rerun()

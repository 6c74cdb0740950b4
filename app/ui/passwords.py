"""A field for a document's password, which stays in the memory of this process."""

from __future__ import annotations

import html

import streamlit as st

from app.ui.desk import Desk
from app.ui.text import label

_KEPT = (
    "Docent keeps it in memory while it runs, and never stores it. The text it opens is in the index like any other."
)


def password_field(desk: Desk, path: str, key: str) -> None:
    """Asks for the password of a document, which is then read, or whose pages are then drawn."""
    given = path in desk.keeping.passwords
    with (
        st.form(f"unlock_{key}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        password = st.text_input(label(f"Password of {path}"), type="password", key=f"password_{key}")
        sent = st.form_submit_button("Open", key=f"open_{key}")
    told = "The password that was given does not open it. " if given and not desk.keeping.reading else ""
    st.html(f'<p class="why">{html.escape(told + _KEPT)}</p>')
    if sent and password:
        desk.unlock(path, password)
        st.rerun()

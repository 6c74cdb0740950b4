"""Holds the key of an encrypted library while it is unlocked, and draws the screen that asks for its passphrase."""

from __future__ import annotations

import html
import threading
import time
from pathlib import Path

import streamlit as st

from app.privacy.unlock import VARIABLE, passphrase_from_environment
from ingest.encryption.vault import Key, is_encrypted, locked_error, unlock
from ingest.errors import DocentError, IndexLocked

_LONGEST = 60.0  # seconds between two attempts


class Safe:
    """Holds the key for all users of the server, in memory only, until `lock`. Safe to use from several threads."""

    def __init__(self, index_dir: Path) -> None:
        self._index_dir = index_dir
        self._key: Key | None = None
        self._lock = threading.Lock()
        self._failures, self._next = 0, 0.0
        if is_encrypted(index_dir) and (passphrase := passphrase_from_environment(VARIABLE)):
            self.open(passphrase)

    @property
    def key(self) -> Key | None:
        """The key; None for a plain library. Raises IndexLocked while an encrypted library is locked."""
        if not is_encrypted(self._index_dir):
            return None
        if self._key is None:
            raise locked_error(self._index_dir)
        return self._key

    def open(self, passphrase: str) -> None:
        """Unlocks the library. Each wrong attempt doubles the wait until the next. Raises IndexLocked, IndexDamaged."""
        with self._lock:
            if (wait := self._next - time.monotonic()) > 0:
                raise IndexLocked(f"Too many attempts: wait {wait + 0.5:.0f} s.", "Then try again.")
            try:
                self._key = unlock(self._index_dir, passphrase)
                self._failures = 0
            except IndexLocked:
                self._failures += 1
                self._next = time.monotonic() + min(_LONGEST, 2.0 ** (self._failures - 2))
                raise

    def lock(self) -> None:
        """Forgets the key."""
        with self._lock:
            self._key = None


def ask_passphrase(safe: Safe) -> None:
    """Draws the locked screen; the right passphrase redraws the page."""
    st.html("<h1>Locked</h1>")
    st.html(
        '<div class="notice"><strong>This library is encrypted.</strong>'
        "<span>Its passphrase opens it until Docent ends or is locked. It is kept nowhere.</span></div>"
    )
    with st.form("unlock", border=False, clear_on_submit=True):
        passphrase = st.text_input("Passphrase", type="password", key="passphrase", autocomplete="off")
        submitted = st.form_submit_button("Unlock", type="primary", icon=":material/lock_open:")
    if submitted and passphrase:
        try:
            safe.open(passphrase)
        except DocentError as error:
            st.html(
                f'<div class="notice bad" role="alert"><strong>{html.escape(str(error))}</strong>'
                f"<span>{html.escape(error.hint)}</span></div>"
            )
            return
        st.rerun()

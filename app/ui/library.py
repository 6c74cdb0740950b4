"""Checks at a click whether the library is whole, says so in words, and repairs it at another click."""

from __future__ import annotations

import html

import streamlit as st

from app.ui.desk import Desk
from app.ui.shared import close_desk, reading, show_error
from ingest.upkeep.finding import Checkup

_SHOWN = 8
_REMEDIES = {
    "repair": "can be mended here",
    "reread": "can be marked here; the document is then read again",
    "ingest": "is read again by “Check the folder now”, among the documents",
    "rebuild": "the index has to be built again: docent ingest FOLDER --rebuild",
    "none": "nothing has to be done",
}


def library(desk: Desk) -> None:
    """Draws the check and its findings."""
    job = desk.checking
    if job and job.running:
        st.fragment(_waiting, run_every=0.5)(desk)
        return
    if job and job.error:
        show_error(job.error, desk, key="library")
    elif job and job.result:
        _told(desk, job.result)
    if st.button(
        "Check the library", icon=":material/verified:", key="check_library", disabled=reading(desk),
        help="Proves that every page, passage and vector is what it was, and that nothing is left of what was deleted.",
    ):  # fmt: skip
        desk.check()
        st.rerun()

    if desk.key and st.button(
        "Lock", icon=":material/lock:", key="lock_library", disabled=reading(desk),
        help="Forgets the passphrase and all that was opened with it, for everyone who uses this page.",
    ):  # fmt: skip
        close_desk(desk)
        st.session_state.clear()
        st.rerun()


def _waiting(desk: Desk) -> None:
    if desk.checking is None or not desk.checking.running:
        st.rerun()
    st.progress(0.0, text="Reading all of it…")


def _told(desk: Desk, found: Checkup) -> None:
    counts = " · ".join(f"{count:,} {name}" for name, count in found.counts.items())
    head = "The library is whole, and nothing is left in it of what was deleted."
    if found.findings:
        head = "The library is whole." if found.is_whole else "Something is not as it should be."
    st.html(
        f'<div class="notice{"" if found.is_whole else " bad"}"><strong>{head}</strong>'
        f"<span>{html.escape(counts)}</span></div>"
    )
    rows = [("fine", f"{one.check}: {one.message}", "mended") for one in found.repaired]
    rows += [("look at this", f"{one.check}: {one.message}", _REMEDIES[one.remedy]) for one in found.findings]
    if rows:
        shown = "".join(
            f'<div class="check {"ok" if mark == "fine" else "warning"}"><span>{mark}</span>'
            f"<div>{html.escape(text)}<p>{html.escape(remedy)}</p></div></div>"
            for mark, text, remedy in rows[:_SHOWN]
        )
        st.html(f'<div class="checks">{shown}</div>')
    if len(rows) > _SHOWN:
        st.caption(f"And {len(rows) - _SHOWN} more: docent verify names all.")
    mendable = any(one.remedy in ("repair", "reread") for one in found.findings)
    if mendable and st.button("Mend it", icon=":material/build:", key="mend_library", type="primary"):
        desk.check(repair=True)
        st.rerun()

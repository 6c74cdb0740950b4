"""The Settings page: the model and how it is used, models to download, what this machine has."""

from __future__ import annotations

import html
import os
from typing import Any

import psutil
import streamlit as st

from app.ask.check.gate import calibration_for
from app.doctor import Check, run
from app.models.catalogue import ModelSpec, catalogue
from app.models.store import installed
from app.settings import BOLDNESS, Settings, save_settings
from app.ui.desk import Desk
from app.ui.library import library
from app.ui.shared import notice, show_error
from app.ui.text import label
from ingest.errors import DocentError, InvalidInput
from ingest.sync.progress import duration

_KV_TYPES = {"f16": "f16: exact", "q8_0": "q8_0: half the disk, somewhat slower"}
_AHEAD = {True: "In idle moments", False: "Never"}


def page(desk: Desk) -> None:
    """Draws the Settings page."""
    st.html("<h1>Settings</h1>")
    specs = [spec for spec in catalogue(desk.settings.models_dir) if spec.role != "encoder"]
    here = [spec for spec in specs if installed(spec, desk.settings.models_dir)]
    if st.session_state.pop("saved", False):
        st.html('<div class="told">Saved. The next question is answered with these settings.</div>')
    _form(desk, here)
    st.html("<h2>Library</h2>")
    library(desk)
    st.html("<h2>Models</h2>")
    _models(desk)
    st.html("<h2>This machine</h2>")
    _machine(desk)


def _form(desk: Desk, here: list[ModelSpec]) -> None:
    now = desk.settings
    if not here:
        notice("No answer model is on this machine yet.", "Fetch one below, or run: docent models pull", "bad")
    names = [spec.id for spec in here]
    titles = {spec.id: f"{spec.title} · {spec.bytes / 1e9:.1f} GB" for spec in here}
    with st.form("settings", border=False):
        model = st.selectbox(
            "Answer model", names, index=names.index(now.model) if now.model in names else None,
            format_func=lambda name: titles.get(name, name), placeholder=f"{now.model} (not on this machine)",
        )  # fmt: skip
        left, right = st.columns(2)
        values: dict[str, Any] = {
            "passages": left.number_input(
                "Passages to read", 1, 12, now.passages, help="More of them find more and take longer."
            ),
            "max_tokens": right.number_input("Longest answer, in tokens", 16, 2048, now.max_tokens, step=20),
            "n_ctx": left.number_input(
                "Context, in tokens", 1024, 131072, now.n_ctx, step=1024,
                help="What the model can hold at once: passages, question and answer. More takes more memory.",
            ),
            "threads": right.number_input(
                "Threads", 0, 256, now.threads,
                help=f"0: as many of this machine's {psutil.cpu_count() or 1} as are fastest, measured once.",
            ),
            "gpu_layers": left.text_input(
                "Layers on the GPU", str(now.gpu_layers), help="auto: all, if this build of llama.cpp can use a GPU."
            ),
            "kv_gb": right.number_input(
                "Disk for what was read, in GB", 0.0, 1000.0, now.kv_gb, step=1.0, format="%g",
                help="What the model has read of your documents is kept, so that no question waits for it again. "
                "What was not used for longest goes when this is full. 0: nothing is kept.",
            ),
            "kv_type": left.selectbox(
                "What was read is kept as", list(_KV_TYPES), list(_KV_TYPES).index(now.kv_type),
                format_func=_KV_TYPES.__getitem__,
            ),
            "read_ahead": right.selectbox(
                "Read documents ahead", list(_AHEAD), list(_AHEAD).index(now.read_ahead),
                format_func=_AHEAD.__getitem__,
                help="So that no question has to wait for it. It stops when you ask, and while on battery.",
            ),
        }  # fmt: skip
        values["boldness"] = st.select_slider(
            "Careful to bold", BOLDNESS, now.boldness, format_func=str.capitalize,
            help="How sure Docent must be to show an answer. The rates measured for each: Evaluation, under Trust.",
        )  # fmt: skip
        st.caption(_rates(desk))
        values["look_further"] = st.checkbox(
            "Look further when in doubt", now.look_further,
            help="Where the best passages leave doubt, the next ones are read too before an answer is given up. That "
            "takes as long again.",
        )  # fmt: skip
        values["keep_questions"] = st.checkbox(
            "Remember what was asked and what that found", now.keep_questions,
            help="For the report: passages never found, questions that found nothing. The newest 5,000 questions stay "
            "in one file beside the index, on this machine. Unchecked: none are kept, and those kept are deleted.",
        )  # fmt: skip
        submitted = st.form_submit_button("Save", type="primary", icon=":material/check:")
    fixed = [name for name in Settings.model_fields if name != "home" and f"DOCENT_{name.upper()}" in os.environ]
    if fixed:
        st.caption(label(f"Set in the environment, and so again at the next start: {', '.join(fixed)}"))
    if submitted:
        _save(desk, {**values, "model": model or now.model})


def _rates(desk: Desk) -> str:
    """Returns what was measured at each level, in words."""
    try:
        levels = calibration_for(desk.settings.home, desk.index_dir).levels
    except DocentError:
        return ""
    parts = [f"{level.name} {level.error:.0%} and {level.refused:.0%}" for level in levels]
    return f"Wrong among the answers shown, and questions refused in vain: {', '.join(parts)}."


def _save(desk: Desk, values: dict[str, Any]) -> None:
    layers = values["gpu_layers"].strip().lower()
    if layers != "auto" and not layers.isdecimal():
        hint = "Write auto, or a number such as 0 or 20."
        show_error(InvalidInput(f"“{layers}” is not a number of layers.", hint), key="layers")
        return
    settings = Settings(
        **{**desk.settings.model_dump(), **values, "gpu_layers": "auto" if layers == "auto" else int(layers)}
    )
    with st.spinner("Stopping what runs, and loading…"):
        save_settings(settings)
        desk.use(settings)
        if not settings.keep_questions:
            desk.questions.forget()
    st.session_state["saved"] = True
    st.rerun()


# -- models


def _models(desk: Desk) -> None:
    for spec in catalogue(desk.settings.models_dir):
        if spec.role == "test":
            continue
        with st.container(key=f"row_{spec.id}", horizontal=True, vertical_alignment="center"):
            role = "finds passages" if spec.role == "encoder" else "writes answers"
            there = installed(spec, desk.settings.models_dir)
            st.html(
                f'<div class="doc"><div><strong>{html.escape(spec.title)}</strong><em>{role}</em></div>'
                f'<div class="numbers"><span>{spec.bytes / 1e9:.2f} GB</span><span>{html.escape(spec.licence)}</span>'
                f"<span>{'on this machine' if there else 'not here'}</span></div></div>"
            )
            job = desk.pulls.get(spec.id)
            if not there and not (job and job.running):
                st.button("Fetch", icon=":material/download:", key=f"pull_{spec.id}", on_click=desk.pull, args=(spec,))
        if job and job.running:
            st.fragment(_download_line, run_every=0.7)(desk, spec.id)
        elif job and job.error:
            show_error(job.error, key=f"pull_{spec.id}")
        elif job and not job.seen:
            job.seen = True
            desk.warm()
    st.caption("Fetching is the only time that Docent goes online. A model of your own: `docent models add NAME FILE`.")


def _download_line(desk: Desk, name: str) -> None:
    job = desk.pulls[name]
    if not job.running:
        st.rerun()
    told = job.progress
    if told is None:
        st.progress(0.0, text="Looking for a source that answers…")
        return
    eta = f" · about {duration(told.eta_seconds)} to go" if told.eta_seconds is not None else ""
    pace = f"{told.bytes_per_second / 1e6:.1f} MB/s"
    share = min(1.0, told.done_bytes / max(1, told.total_bytes))
    st.progress(share, text=label(f"{share:.0%} of {told.total_bytes / 1e9:.2f} GB · {pace}{eta} · {told.source}"))


# -- the machine


def _machine(desk: Desk) -> None:
    try:
        checks = _checked(desk.settings.model_dump_json(), desk)
    except DocentError as error:
        show_error(error, key="doctor")
        return
    marks = {"ok": "fine", "warning": "look at this", "error": "needs mending"}
    rows = "".join(
        f'<div class="check {check.severity}"><span>{marks[check.severity]}</span><div>'
        f"<strong>{html.escape(check.name)}</strong> {html.escape(check.message)}"
        f"{'<p>' + html.escape(check.remedy) + '</p>' if check.remedy and check.severity != 'ok' else ''}</div></div>"
        for check in sorted(checks, key=lambda check: ("error", "warning", "ok").index(check.severity))
    )
    st.html(f'<div class="checks">{rows}</div>')
    if st.button("Check again", icon=":material/sync:", key="doctor"):
        _checked.clear()
        st.rerun()


@st.cache_data(ttl=300, show_spinner="Looking at this machine…")
def _checked(settings: str, _desk: Desk) -> list[Check]:
    """Runs the checks of this machine. `settings` makes the cache check again after a change."""
    return run(_desk.settings, _desk.index_dir)

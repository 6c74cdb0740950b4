"""Evaluation runs: start, watch, stop, continue; choose which to view and what to compare it with."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from app.evaluation.cases import Case
from app.evaluation.figures import compare, summarise
from app.evaluation.runs import Row, Run, list_runs, load_rows, load_summary
from app.ui.desk import Desk
from app.ui.evaluation_page.result import result
from app.ui.evaluation_page.rows import table
from app.ui.shared import notice, show_error
from app.ui.trial import evenly_spaced
from ingest.errors import DocentError, InvalidInput
from ingest.sync.progress import duration

FULL, SEARCH = "Answers and search", "Search only"
_GUESS = {FULL: None, SEARCH: 0.3}  # seconds for one question where no run has told yet


def runs(desk: Desk, cases: Sequence[Case]) -> None:
    """Draws the bar to start a run, then the newest or the chosen run."""
    trial = desk.testing.trial
    if trial and not trial.running and not trial.job.seen:
        trial.job.seen = True
        st.session_state.pop("run_chosen", None)  # the one that has just ended is what people want to see
    going_on = trial.out if trial and trial.running else None
    known = [run for run in list_runs(desk.settings.home, desk.index_dir.resolve().name) if run.done > 0]
    known = [run for run in known if run.file != going_on]
    if cases:
        _bar(desk, cases, known)
    if not known:
        if not going_on:
            notice(
                "Nothing was measured yet.",
                "A run asks each of your questions and compares what Docent says with the right answer. It goes on in "
                "the background, can be stopped at any time, and goes on later from where it stopped.",
            )
        return
    chosen, before = _choice(known)
    try:
        rows = rows_of(chosen.file)
        old = rows_of(before.file) if before else []
    except DocentError as error:
        show_error(error, key="rows")
        return
    if not chosen.finished:
        st.html(
            f'<div class="told">Stopped after {chosen.done} of {chosen.total} questions. '
            "Run the same questions again to go on from there.</div>"
        )
    comparison = _compared(chosen.file, len(rows), before.file, len(old)) if before and old else None
    shown = (_summary(chosen.file, len(rows)), _summary(before.file, len(old)) if before and old else None)
    result(rows, shown, comparison, _history(known, _mode(chosen)))
    table(desk, rows, old, comparison)


def watch(desk: Desk) -> None:
    """Draws how far the run has come, whatever part of the page is open."""
    trial = desk.testing.trial
    if trial and trial.running:
        st.fragment(_progress, run_every=1.0)(desk)
    elif trial and trial.job.error:
        show_error(trial.job.error, desk, key="trial")


def _progress(desk: Desk) -> None:
    trial = desk.testing.trial
    if trial is None or not trial.running:
        st.rerun()
    told = trial.job.progress
    with st.container(key="trial_bar", horizontal=True, vertical_alignment="bottom"):
        if trial.stopping:
            st.progress(told.done / told.total if told else 0.0, text="Stopping after this question…")
        elif told:
            going = f" · about {duration(told.eta)} to go" if told.eta >= 1 else ""
            st.progress(told.done / told.total, text=f"{told.done} of {told.total} questions{going}")
        else:
            st.progress(0.0, text="Asking the first question…")
        st.button("Stop", icon=":material/stop_circle:", key="stop_trial", on_click=trial.stop, disabled=trial.stopping)


def _is_running(desk: Desk) -> bool:
    return bool(desk.testing.trial and desk.testing.trial.running)


# -- beginning one


def _bar(desk: Desk, cases: Sequence[Case], known: Sequence[Run]) -> None:
    if _is_running(desk):
        return
    with st.container(key="run_bar", horizontal=True, vertical_alignment="bottom", gap="small"):
        mode = st.selectbox(
            "What", [FULL, SEARCH], key="run_mode", width=200,
            help="Search only: whether the right pages are found. It needs no answer model and is quick.",
        )  # fmt: skip
        sizes = [n for n in (10, 25, 50, 100, 250) if n < len(cases)] + [len(cases)]
        size = st.selectbox(
            "Questions", sizes, len(sizes) - 1, key=f"run_size_{len(cases)}", width=130,
            format_func=lambda n: f"all {n}" if n == len(cases) else f"{n} of {len(cases)}",
            help="Fewer are taken evenly from the whole list.",
        )  # fmt: skip
        if st.button("Run", icon=":material/play_arrow:", key="run", type="primary"):
            desk.testing.evaluate(evenly_spaced(cases, size), retrieval_only=mode == SEARCH)
            st.rerun()
    st.html(f'<div class="told">{html.escape(_beforehand(mode, size, known))}</div>')


def _beforehand(mode: str, size: int, known: Sequence[Run]) -> str:
    pace = next((pace for run in known if _mode(run) == mode and (pace := _pace(run.file))), _GUESS[mode])
    if pace is None:
        return "How long it takes is not known before a first run; with a small model on two cores, minutes for ten."
    return f"About {duration(pace * size)}, going by {'the last run' if known else 'experience'}. You can go on asking."


def _mode(run: Run) -> str:
    return SEARCH if run.header.get("retrieval_only") else FULL


def _pace(file: Path) -> float | None:
    """Returns the seconds that one question took in a run; None where that is not known."""
    try:
        rows = rows_of(file)
    except DocentError:
        return None
    times = [row.stats.seconds_total or row.scores.get("seconds_search", 0.0) for row in rows]
    return sum(times) / len(times) if times else None


# -- choosing one


def _choice(known: Sequence[Run]) -> tuple[Run, Run | None]:
    """Returns the run to view and the one to compare with: by default the newest, and the one before it of the same
    kind."""
    by_name = {run.file.name: run for run in known}
    with st.container(key="run_choice", horizontal=True, vertical_alignment="bottom", gap="small"):
        if st.session_state.get("run_chosen") not in by_name:
            st.session_state.pop("run_chosen", None)
        name = st.selectbox("Run", list(by_name), format_func=lambda n: _name(by_name[n]), key="run_chosen", width=330)
        chosen = by_name[name]
        older = [n for n, run in by_name.items() if n < name and _mode(run) == _mode(chosen)]
        before = st.selectbox(
            "Compared with", [*older, ""], format_func=lambda n: _name(by_name[n]) if n else "nothing",
            key=f"run_before_{name}", width=330, disabled=not older,
        )  # fmt: skip
    return chosen, by_name.get(before)


def _name(run: Run) -> str:
    count = f"{run.done} questions" if run.done == run.total else f"{run.done} of {run.total}"
    return f"{_when(run.file):%d %b, %H:%M} · {count}{' · search only' if _mode(run) == SEARCH else ''}"


def _when(file: Path) -> datetime:
    """Returns when a run began, from its name; for a renamed file, its date."""
    try:
        return datetime.strptime(file.stem[:15], "%Y%m%d-%H%M%S")
    except ValueError:
        return datetime.fromtimestamp(file.stat().st_mtime)


def _history(known: Sequence[Run], mode: str) -> list[tuple[datetime, dict[str, float]]]:
    """Returns when each finished run of this kind began and its results, oldest first."""
    return [(_when(run.file), run.summary) for run in reversed(known) if run.summary and _mode(run) == mode]


def rows_of(file: Path) -> list[Row]:
    """Returns the rows of a run. Raises InvalidInput when the file is gone or is not a run."""
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise InvalidInput("This run is gone from the disk.", "Choose another, or run it again.") from error
    return _rows(file, changed)


@st.cache_data(max_entries=8, show_spinner=False)
def _rows(file: Path, mtime_ns: int) -> list[Row]:
    """Loads the rows. `mtime_ns` makes the cache notice a changed file, as `n` does below."""
    return load_rows(file)[1]


@st.cache_data(max_entries=8, show_spinner=False)
def _summary(file: Path, n: int) -> dict[str, Any]:
    return load_summary(file) or summarise(rows_of(file))


@st.cache_data(max_entries=8, show_spinner=False)
def _compared(file: Path, n: int, before: Path, n_before: int) -> dict[str, Any]:
    return compare(rows_of(before), rows_of(file))

"""Careful or bold: shows what each level lets through and holds back, as measured, also on the user's own questions."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.ask.check.gate import Calibration, Level, calibration_file, calibration_for
from app.evaluation.runs import Run, list_runs
from app.settings import save_settings
from app.ui.desk import Desk
from app.ui.shared import notice, show_error
from ingest.errors import DocentError

WORDS = {
    "careful": "Careful: would rather say nothing than be wrong",
    "cautious": "Cautious: refuses now and then what it could have answered",
    "balanced": "Balanced: gives up about one good answer in ten to hold back the doubtful ones",
    "bold": "Bold: holds back only what is very doubtful",
    "boldest": "Boldest: shows whatever has a quote to stand on",
}

_SHIPPED = (
    " About half of these questions have no answer in their documents, most of them worded to deceive: far more than "
    "people ask. Your documents will differ, so measure it on your own questions."
)


def trust(desk: Desk) -> None:
    """Draws the levels, with buttons to calibrate them."""
    st.html(
        '<div class="told">Before an answer is shown, Docent weighs how sure it is that your documents hold it. '
        "How sure it must be is yours to say: the more careful, the fewer wrong answers, and the more questions that "
        "it refuses although your documents answer them.</div>"
    )
    try:
        calibration = calibration_for(desk.settings.home, desk.index_dir)
    except DocentError as error:
        show_error(error, key="calibration")
        if st.button("Go back to what came with Docent", key="forget_calibration"):
            _forget(desk)
        return
    _chosen(desk)
    st.dataframe([_row(level, desk) for level in calibration.levels], hide_index=True, width="stretch", key="levels")
    st.html(f'<div class="told">{_measured_on(desk, calibration)}</div>')
    _own(desk)


def _chosen(desk: Desk) -> None:
    now = desk.settings.boldness
    level = st.select_slider(
        "How sure Docent must be", list(WORDS), now, format_func=lambda name: name.capitalize(), key=f"boldness_{now}"
    )
    st.caption(WORDS[level])
    if level != now:
        settings = desk.settings.model_copy(update={"boldness": level})
        save_settings(settings)
        desk.use(settings)
        st.rerun()


def _row(level: Level, desk: Desk) -> dict[str, Any]:
    return {
        "": f"{level.name.capitalize()}{' ✓' if level.name == desk.settings.boldness else ''}",
        "Wrong, of those shown": f"{level.error:.0%} (at most {level.bound:.0%})",
        "Refused in vain": f"{level.refused:.0%}",
        "Rightly refused": f"{level.caught:.0%}",
    }


def _measured_on(desk: Desk, calibration: Calibration) -> str:
    own = calibration_file(desk.settings.home, desk.index_dir).is_file()
    where = "your own questions" if own else "questions over public documents and the sample documents"
    return (
        f"Measured on {calibration.n} {where}. “At most” holds with 90 % confidence, for questions of the same kind."
        + ("" if own else _SHIPPED)
    )


def _own(desk: Desk) -> None:
    """Draws the buttons that calibrate from the newest run with answers, and that return to the shipped calibration."""
    from app.evaluation.calibrate import calibrate, save_calibration
    from app.ui.evaluation_page.runs import rows_of

    run = _newest(desk)
    if run is None:
        notice(
            "To measure it on your own documents, run your questions once with answers.",
            "Under Results. Some of them should be questions that your documents do not answer.",
        )
    elif st.button(
        f"Measure on my own {run.done} questions", icon=":material/straighten:", key="calibrate",
        help="Takes the newest run with answers and sets the levels anew, for these documents only.",
    ):  # fmt: skip
        try:
            calibration = calibrate(rows_of(run.file), [desk.folder.name])
            save_calibration(calibration, calibration_file(desk.settings.home, desk.index_dir))
        except DocentError as error:
            show_error(error, key="calibrate_failed")
            return
        _changed(desk)
    if calibration_file(desk.settings.home, desk.index_dir).is_file() and st.button(
        "Go back to what came with Docent", key="forget_calibration"
    ):
        _forget(desk)


def _newest(desk: Desk) -> Run | None:
    known = list_runs(desk.settings.home, desk.index_dir.resolve().name)
    return next((run for run in known if run.finished and not run.header.get("retrieval_only")), None)


def _forget(desk: Desk) -> None:
    calibration_file(desk.settings.home, desk.index_dir).unlink(missing_ok=True)
    _changed(desk)


def _changed(desk: Desk) -> None:
    desk.use(desk.settings)  # the next question is judged by it
    st.rerun()

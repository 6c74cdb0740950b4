"""The report on a library as one page for the browser. It stands alone: it loads nothing, from here or elsewhere."""

from __future__ import annotations

from importlib.resources import files

from app.library import plots
from app.library.report import Library

_ROWS = 2000  # files shown; `docent report --json` has them all


def page(told: Library) -> str:
    from jinja2 import Environment

    template = files("app.library").joinpath("report.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(template)
        .render(
            told=told,
            css=style(),
            headline=plots.headline(told),
            bars=[plots.coverage(told), plots.readers(told)],
            states=plots.states(told),
            rows=[(file.state, plots.row(file, bool(told.questions))) for file in told.files[:_ROWS]],
            key=plots.key(bool(told.questions)),
            more=max(0, len(told.files) - _ROWS),
            questions=plots.questions(told),
        )
    )


def style() -> str:
    return files("app.library").joinpath("library.css").read_text(encoding="utf-8")

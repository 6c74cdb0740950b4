"""The report on a library as one self-contained HTML page, which loads nothing from anywhere."""

from __future__ import annotations

from importlib.resources import files

from app.library import plots
from app.library.report import Library

_ROWS = 2000  # files shown; `docent report --json` has them all


def page(library: Library) -> str:
    """Returns the page as HTML."""
    from jinja2 import Environment

    template = files("app.library").joinpath("report.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(template)
        .render(
            told=library,
            css=style(),
            headline=plots.headline(library),
            bars=[plots.coverage(library), plots.readers(library)],
            states=plots.states(library),
            rows=[(file.state, plots.row(file, bool(library.questions))) for file in library.files[:_ROWS]],
            key=plots.legend(bool(library.questions)),
            more=max(0, len(library.files) - _ROWS),
            questions=plots.questions(library),
        )
    )


def style() -> str:
    """Returns the style sheet of the page."""
    return files("app.library").joinpath("library.css").read_text(encoding="utf-8")

"""In which order the kinds are tried: the most certain first."""

from __future__ import annotations

from app.ask.kinds import compare, dates, help, library, listing, steps, summary, table, vague
from app.ask.plan import Compute
from app.datatypes import Kind

IN_ORDER: list[tuple[Kind, Compute]] = [
    ("help", help.answer),
    ("library", library.answer),
    ("dates", dates.answer),
    ("compare", compare.answer),
    ("table", table.answer),
    ("summary", summary.answer),
    ("how-to", steps.answer),
    ("list", listing.answer),
    ("vague", vague.answer),
]

"""In which order the kinds are tried: the most certain first."""

from __future__ import annotations

from app.ask.kinds import dates, listing, steps
from app.ask.plan import Compute
from app.datatypes import Kind

IN_ORDER: list[tuple[Kind, Compute]] = [
    ("dates", dates.answer),
    ("how-to", steps.answer),
    ("list", listing.answer),
]

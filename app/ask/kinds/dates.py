"""The time between two dates of a question, from the calendar: it needs no document at all."""

from __future__ import annotations

import re
from datetime import date

from app.ask.language.dates import asks_for_date, dates_in, written_out
from app.ask.plan import Asked, Computed
from app.datatypes import Plan

_BETWEEN = re.compile(
    r"\bhow (?:many (?P<unit>days|weeks|months|years)|long)\b.*\b(?:between|from|since|passed|pass|lie|are there)\b"
    r"|\b(?P<unit2>days|weeks|months|years) (?:between|from)\b",
    re.IGNORECASE,
)


def answer(asked: Asked) -> Computed | None:
    """The time between two dates of the question; a plain sentence for a day that no calendar has."""
    given = dates_in(asked.question)
    impossible = [one.written for one in given if one.day is None]
    wants = asks_for_date(asked.question) or _BETWEEN.search(asked.question)
    plan = Plan("dates", "Counted on the calendar.")
    if impossible and wants:
        return Computed(plan, "", status="abstained", reason=f"There is no {impossible[0]} in the calendar.")
    match = _BETWEEN.search(asked.question)
    if not match or len(given) != 2:
        return None
    first, last = sorted(one.day for one in given if one.day)
    return Computed(plan, _between(first, last, (match["unit"] or match["unit2"] or "").lower()))


def _between(first: date, last: date, unit: str) -> str:
    from dateutil.relativedelta import relativedelta

    days, apart = (last - first).days, relativedelta(last, first)
    exact = [(apart.years, "year"), (apart.months, "month"), (apart.days, "day")]
    spelled = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in exact if n) or "0 days"
    whole = {"weeks": days // 7, "months": 12 * apart.years + apart.months, "years": apart.years}
    counted = f"{whole[unit]} full {unit}; exactly " if unit in whole else ""
    return f"{counted}{days:,} day{'s' * (days != 1)} ({spelled}) from {written_out(first)} to {written_out(last)}."

"""Dates and periods as people write them, and what the calendar makes of the two. Pure.

Of 3/4/2024 the day comes first. The calendar is python-dateutil's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.ask.language.quantities import Quantity, quantities
from app.datatypes import Citation

MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join([*MONTHS, *(name[:3] for name in MONTHS if name != "may"), "sept"])
_DATE = re.compile(
    rf"\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<m1>{_MONTH})\.?,?\s+(?P<y1>\d{{4}})\b"
    rf"|\b(?P<m2>{_MONTH})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{{4}})\b"
    r"|\b(?P<y3>\d{4})-(?P<m3>\d{1,2})-(?P<d3>\d{1,2})\b"
    r"|\b(?P<d4>\d{1,2})\.\s?(?P<m4>\d{1,2})\.\s?(?P<y4>\d{4})\b"
    r"|\b(?P<d5>\d{1,2})/(?P<m5>\d{1,2})/(?P<y5>\d{4})\b",
    re.IGNORECASE,
)
_WHICH_DATE = re.compile(
    r"\b(?:until|till|by|from|since|on|before) (?:when|(?:what|which) (?:date|day))\b"
    r"|\bwhen (?:does|do|will|is|are|must|should|can|may|has|have|at the latest)\b"
    r"|\b(?:latest|last|first|earliest|due|final|expiry|end) (?:date|day)\b|\bdeadline\b"
    r"|\bhow long (?:do|does|is|are|am|can)\b"
    r"|\bwhat (?:date|day)\b",
    re.IGNORECASE,
)
_UNITS = {"day": "days", "week": "weeks", "month": "months", "year": "years"}
_BEFORE = re.compile(r"^\s*(?:\w+\s+){0,2}?(?:before|prior to|ahead of|in advance)\b", re.IGNORECASE)
_EVENT = re.compile(
    r"^\s*(?:before|after|from|following|prior to|of|since|ahead of)\s+((?:[\w-]+\s?){1,7})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Given:
    """A date as it is written somewhere, and when that is; `day` is None where there is no such day."""

    written: str
    day: date | None


def dates_in(text: str) -> list[Given]:
    """Whole dates with a year, in order. Of 3/4/2024 the day comes first."""
    found = []
    for match in _DATE.finditer(text):
        number = next(n for n in "12345" if match[f"d{n}"])
        named = match[f"m{number}"].lower()
        month = int(named) if named.isdigit() else next(n for n, m in enumerate(MONTHS, 1) if m.startswith(named[:3]))
        try:
            day = date(int(match[f"y{number}"]), month, int(match[f"d{number}"]))
        except ValueError:
            day = None
        found.append(Given(match.group(), day))
    return found


def without_dates(text: str) -> str:
    """The text with its whole dates taken out."""
    return _DATE.sub(" ", text)


def written_out(day: date) -> str:
    """15 May 2032."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"


def start_of(question: str) -> date | None:
    """The date that the question gives, where it asks for another one."""
    given = [one.day for one in dates_in(question) if one.day]
    return given[0] if len(given) == 1 and _WHICH_DATE.search(question) else None


def asks_for_date(question: str) -> bool:
    return bool(_WHICH_DATE.search(question))


def asks_when(question: str) -> bool:
    """Whether a date is wanted, without one being given."""
    return bool(_WHICH_DATE.search(question)) and not dates_in(question)


@dataclass(frozen=True, slots=True)
class Period:
    """So much time as a document writes it; `back` where it is counted backwards; `event` is what it is counted from,
    '' where that is not said."""

    written: str
    number: float
    unit: str  # days, weeks, months, years
    back: bool = False
    event: str = ""


def period_of(text: str, citations: Sequence[Citation]) -> Period | None:
    """The period that the answer names and a quote holds; where it names none, the only one that the quotes hold."""
    quoted = [period for citation in citations for period in _periods(citation.quote)]
    stated = {(period.number, period.unit) for period in _periods(text)}
    fitting = [period for period in quoted if (period.number, period.unit) in stated] if stated else quoted
    if len({(period.number, period.unit) for period in fitting}) != 1:
        return None
    return max(fitting, key=lambda period: (period.back, bool(period.event)))


def _periods(text: str) -> list[Period]:
    found, place = [], 0
    for quantity in quantities(text):
        place = text.find(quantity.text, place)
        place += len(quantity.text)
        unit = _unit(quantity)
        if not unit:
            continue
        word = re.match(r"[\s-]*[A-Za-z]+", text[place:])
        behind = text[place + (word.end() if word else 0) :]
        event = _EVENT.match(behind)
        number = float(quantity.value)
        written = f"{quantity.text} {unit[:-1] if number == 1 else unit}"
        found.append(Period(written, number, unit, bool(_BEFORE.match(behind)), event[1].strip() if event else ""))
    return found


def _unit(quantity: Quantity) -> str:
    return next((_UNITS[unit] for unit in sorted(quantity.units) if unit in _UNITS), "")


def shifted(start: date, period: Period) -> date | None:
    """The day a period after the start, or before it; None beyond the calendar and for half months."""
    from dateutil.relativedelta import relativedelta

    if period.number != int(period.number):
        return None
    number = int(period.number) * (-1 if period.back else 1)
    try:
        day: date = start + relativedelta(**{period.unit: number})
        return day
    except (ValueError, OverflowError):
        return None


def worked_out(start: date, period: Period) -> str:
    """The day with its working, as a sentence; '' where there is none."""
    day = shifted(start, period)
    return (
        f"{written_out(day)}: {period.written} {'before' if period.back else 'from'} {written_out(start)}."
        if day
        else ""
    )

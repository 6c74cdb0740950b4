"""What the cells of a column are: numbers with a unit, dates or text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ColumnKind = Literal["number", "date", "text", "empty"]

_NOTHING = frozenset(
    {"n/a", "na", "-", "–", "—", "none", "null", "unknown", "tbd", "?", "nan", "not available", "pending"}
)
_MOST = 0.8  # share of a column's filled cells that are of its kind
_SAMPLE = 500  # cells by which a column's kind is told
_CURRENCY = r"(?:US\$|[$€£¥]|EUR|USD|GBP|CHF|JPY)"
_DIGITS = r"(?:\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
_NUMBER = re.compile(
    rf"(?P<open>\()?(?P<minus>[-−–])?\s*(?P<before>{_CURRENCY})?\s*(?P<minus2>[-−–])?(?P<digits>{_DIGITS})"
    r"\s*(?P<after>(?:%|€|£|\$|°\s?[CFK]?|[^\W\d_][\w²³/.·]{0,11}(?:\([A-Z]\))?))?(?P<close>\))?",
    re.IGNORECASE,
)
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = {name[:n]: i for i, name in enumerate(_MONTHS, 1) for n in range(3, len(name) + 1)}
_TIME = r"(?:[T ,]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[ap]m)?(?:Z|[+-]\d\d:?\d\d)?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d\d?)(?:-(\d\d?))?{_TIME}", re.IGNORECASE)
_NUMERIC = re.compile(rf"(\d\d?)([./-])(\d\d?)\2(\d{{4}}|\d\d){_TIME}", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d\d?)(?:st|nd|rd|th)?[ .-]+(?:of )?([A-Za-z]{3,9})\.?,?[ -]+(\d{4})", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s+(?:(\d\d?)(?:st|nd|rd|th)?,?\s+)?(\d{4})", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:(?:grand|sub)[- ]?)?totals?\b|sum\b(?! of)|overall\b|altogether\b|gesamt|summe\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Writing:
    """How a column writes its numbers and dates, which only all of its cells tell."""

    comma_decimal: bool = False
    month_first: bool = False


@lru_cache(maxsize=100_000)
def number_of(cell: str, comma_decimal: bool = False) -> tuple[float, str] | None:
    """(value, unit) of a cell that is a number and nothing else; None for '3 to 6', '+ 40 min' and words."""
    if cell.isascii() and cell.replace(".", "", 1).isdigit() and not comma_decimal:
        return float(cell), ""
    found = _NUMBER.fullmatch(cell.strip())
    if not found or (found["open"] is None) != (found["close"] is None):
        return None
    value = _value(found["digits"], comma_decimal)
    if value is None:
        return None
    minus = bool(found["minus"] or found["minus2"] or found["open"])
    return (-value if minus else value), (found["before"] or found["after"] or "").strip()


def _value(digits: str, comma_decimal: bool) -> float | None:
    digits = re.sub(r"['’ \u00a0\u202f]", "", digits)
    point, comma = digits.rfind("."), digits.rfind(",")
    if point >= 0 and comma >= 0:
        decimal = "." if point > comma else ","
    elif (
        digits.count(".") > 1
        or (point >= 0 and comma_decimal)
        or (comma >= 0 and (comma_decimal or not re.fullmatch(r"\d{1,3}(?:,\d{3})+", digits)))
    ):
        decimal = ","
    else:
        decimal = "."
    thousands = "," if decimal == "." else "."
    try:
        return float(digits.replace(thousands, "").replace(decimal, "."))
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def date_of(cell: str, month_first: bool = False) -> str | None:
    """'2024-03-01', or '2024-03' where no day is given; None where it is no date."""
    cell = cell.strip()
    if not 6 <= len(cell) <= 40:
        return None
    if found := _ISO.fullmatch(cell):
        year, month, day = found.groups()
    elif found := _NUMERIC.fullmatch(cell):
        first, _, second, year = found.groups()
        day, month = (second, first) if (month_first or int(second) > 12) and int(first) <= 12 else (first, second)
        year = year if len(year) == 4 else f"20{year}"
    elif found := _DAY_FIRST.fullmatch(cell):
        day, name, year = found.groups()
        month = str(_MONTH.get(name.lower(), 0))
    elif found := _MONTH_FIRST.fullmatch(cell):
        name, day, year = found.groups()
        month = str(_MONTH.get(name.lower(), 0))
    else:
        return None
    if not 1 <= int(month) <= 12 or (day and not 1 <= int(day) <= 31):
        return None
    return f"{int(year):04}-{int(month):02}" + (f"-{int(day):02}" if day else "")


def kind_of(values: Sequence[str]) -> tuple[ColumnKind, Writing]:
    """Of a column's cells; empty ones do not count."""
    filled = [value for value in values if value.strip()]
    if not filled:
        return "empty", Writing()
    step = max(1, len(filled) // _SAMPLE)
    sample = filled[::step]
    month_first = any((m := _NUMERIC.fullmatch(v.strip())) and m[2] == "/" and int(m[3]) > 12 for v in sample)
    if sum(date_of(value, month_first) is not None for value in sample) >= _MOST * len(sample):
        return "date", Writing(month_first=month_first)
    decimal = any(re.fullmatch(r"\D*(?:\d{1,3}(?:\.\d{3})+|\d+),\d{1,2}\D*", value) for value in sample)
    comma = decimal and not any(re.search(r"\d\.\d{1,2}(?!\d)", value) for value in sample)
    numbers = sum(number_of(value, comma) is not None for value in sample)
    others = [value for value in sample if number_of(value, comma) is None]
    is_near = all(value.strip().lower() in _NOTHING or any(c.isdigit() for c in value) for value in others)
    if numbers >= _MOST * len(sample) or (2 * numbers > len(sample) and is_near):
        return "number", Writing(comma_decimal=comma)
    return "text", Writing()


def is_total(row: Sequence[str]) -> bool:
    """Whether the row is a sum of others, by the words that it begins with."""
    first = next((cell for cell in row if cell.strip()), "")
    return bool(_TOTAL.match(first)) and any(any(c.isdigit() for c in cell) for cell in row)

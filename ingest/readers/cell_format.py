"""Formats a spreadsheet's values as a person sees them, by the cell's number format: dates, percentages, money.

Number formats follow ECMA-376 part 1, 18.8.31. Only what changes how a value reads is applied: date parts, decimals,
thousands, per cent and quoted words; colours, padding and conditions are not.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P|y+|m+|d+|h+|s+|.', re.IGNORECASE)
_DIGITS = re.compile(r"[#0?](?:[#0?,]*[#0?])?(?:\.[#0?]*)?,*")
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_DECORATION = re.compile(r"_.|\*.|\[[^\]]*\]")


def format_cell(value: object, number_format: str = "General") -> str:
    """Returns a value of openpyxl as text; '' for an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | date | time):
        return _date(value, number_format)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, int | float):
        return _number(value, number_format)
    return str(value)


def _number(value: int | float, number_format: str) -> str:
    sections = _sections(number_format)
    minus = value < 0
    section = (
        sections[1] if minus and len(sections) > 1 else sections[2] if value == 0 and len(sections) > 2 else sections[0]
    )
    own_sign = minus and len(sections) > 1  # the second section says how it looks, brackets and all
    section = _DECORATION.sub("", _CURRENCY.sub(lambda found: f'"{found[1]}"', section))
    bare = re.sub(r'"[^"]*"|\\.', lambda found: "\0" * len(found.group()), section)
    digits = _DIGITS.search(bare)
    if value != value or abs(value) == float("inf"):
        return str(value)
    if not digits or "general" in bare.lower() or "/" in bare or "e+" in bare.lower():
        return _general(value)
    said = _decimals(abs(value), bare, digits)
    around = [
        re.sub(r'"([^"]*)"|\\(.)', r"\1\2", section[slice(*span)])
        for span in ((0, digits.start()), (digits.end(), None))
    ]
    text = f"{around[0]}{said}{around[1]}".strip()
    return f"-{text}" if minus and not own_sign else text


def _sections(number_format: str) -> list[str]:
    """Splits a number format at its semicolons, except those in quotation marks."""
    return re.findall(r'(?:"[^"]*"|\\.|[^;"\\])+', number_format) or ["General"]


def _decimals(value: float, bare: str, digits: re.Match[str]) -> str:
    pattern = digits.group()
    whole, _, fraction = pattern.rstrip(",").partition(".")
    scaled = Decimal(repr(value)) * (100 if "%" in bare else 1)
    scaled /= Decimal(1000) ** (len(pattern) - len(pattern.rstrip(",")))
    rounded = scaled.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    for _ in range(len(fraction) - len(fraction.rstrip("#?"))):  # digits that are only written when needed
        text = text.removesuffix("0")
    text = text.removesuffix(".")
    least = whole.count("0")
    head, point, tail = text.partition(".")
    return head.zfill(least) + point + tail if "," not in head else text


def _general(value: int | float) -> str:
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.15g}" if 1e-6 < abs(value) < 1e15 else f"{value:.6g}"


def _date(value: datetime | date | time, number_format: str) -> str:
    section = _sections(number_format)[0]
    tokens = [token for token in _TOKEN.findall(section) if token[0] not in "_*["]
    letters = [token.lower()[0] for token in tokens if token.lower()[0] in "ymdhs"]
    if not letters:
        return _plain_date(value)
    out: list[str] = []
    for place, token in enumerate(tokens):
        low = token.lower()
        if token[0] == '"':
            out.append(token[1:-1])
        elif token[0] == "\\":
            out.append(token[1:])
        elif low in ("am/pm", "a/p"):
            out.append(("AM" if getattr(value, "hour", 0) < 12 else "PM")[: len(low) // 2])
        elif low[0] == "m" and _is_minute(tokens, place):
            out.append(f"{getattr(value, 'minute', 0):0{min(2, len(low))}}")
        elif low[0] in "ymdhs":
            out.append(_part(value, low, any(token.lower() in ("am/pm", "a/p") for token in tokens)))
        elif low != "@":
            out.append(token)
    return "".join(out).strip()


def _is_minute(tokens: list[str], place: int) -> bool:
    """Whether an m in a format means minutes: it stands behind hours or before seconds."""
    before = [t.lower()[0] for t in tokens[:place] if t.lower()[0] in "ymdhs"]
    after = [t.lower()[0] for t in tokens[place + 1 :] if t.lower()[0] in "ymdhs"]
    return before[-1:] == ["h"] or after[:1] == ["s"]


def _part(value: datetime | date | time, token: str, twelve: bool) -> str:
    kind, n = token[0], len(token)
    if kind in "hs":
        number = getattr(value, "hour" if kind == "h" else "second", 0)
        number = (number - 1) % 12 + 1 if kind == "h" and twelve else number
        return f"{number:0{min(2, n)}}"
    if isinstance(value, time):
        return ""
    if kind == "y":
        return f"{value.year:04}" if n > 2 else f"{value.year % 100:02}"
    if n > 2:
        name = value.strftime("%B" if kind == "m" else "%A")
        return name if n > 3 else name[:3]
    return f"{value.month if kind == 'm' else value.day:0{n}}"


def _plain_date(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    return value.isoformat()

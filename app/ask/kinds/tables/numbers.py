"""Numbers that were worked out, written as the column writes its own."""

from __future__ import annotations

import re

from app.ask.kinds.tables.select import Result


def as_written(result: Result, value: float) -> str:
    decimals = 0
    if result.column and result.column.kind == "number":
        numbers = [result.column.number(result.column.cells[row]) for row in result.rows[:5000]]
        lengths = {len(f"{n:.6f}".rstrip("0").partition(".")[2]) for n in numbers if n is not None}
        cells = [result.column.cells[row] for row in result.rows[:50]]
        decimals = max(lengths, default=0)
        if decimals == 1 and not all(re.search(rf"[.,]\d{{{decimals}}}(?!\d)", cell) for cell in cells if cell):
            return plainly(round(value, max(decimals + 1, 2)))
    mean = "mean" in (result.query.operation, result.query.inner) or result.query.operation == "median"
    return plainly(round(value, max(decimals + 1, 2))) if mean else f"{value:,.{decimals}f}"


def plainly(value: float) -> str:
    said = f"{value:,.6f}".rstrip("0").rstrip(".")
    return said or "0"


def with_unit(result: Result, value: float) -> str:
    unit = result.units[0] if result.units else ""
    said = as_written(result, value)
    return f"{unit} {said}" if re.fullmatch(r"[A-Z]{3}|[$€£¥]", unit) else f"{said} {unit}".strip()

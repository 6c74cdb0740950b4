"""What people should know of an answer: what was left out, what may be doubted."""

from __future__ import annotations

from app.ask.kinds.tables.numbers import as_written, plainly
from app.ask.kinds.tables.select import Result
from app.datatypes import Status


def name_of(result: Result) -> str:
    return result.column.name if result.column else ""


def rows_word(n: int) -> str:
    return "row" if n == 1 else "rows"


def reason_of(result: Result) -> str:
    told = list(result.query.doubts)
    name = name_of(result)
    if n := len(result.left_out):
        examples = ", ".join(f"“{cell}”" for cell in dict.fromkeys(result.left_out[:3]))
        told.append(f"{n:,} {'cell of ' if n == 1 else 'cells of '}{name} {'is' if n == 1 else 'are'} not numbers "
                    f"({examples}) and {'was' if n == 1 else 'were'} left out")  # fmt: skip
    if result.empty and result.query.operation in ("sum", "mean", "median", "most", "least"):
        are = "is" if result.empty == 1 else "are"
        told.append(f"{result.empty:,} {rows_word(result.empty)} without {name} {are} not counted in")
    if result.printed is not None and result.value is not None:
        same = abs(result.printed - result.value) < 0.005 * max(1, abs(result.value)) ** 0.1
        differs = f"{plainly(result.printed)}, which is not what its rows add up to"
        told.append(f"the total printed in the table is {'the same' if same else differs}")
    if result.others and {r for _, rows in result.others for r in rows} != set(result.rows):
        told.append(f"by other columns the answer is another; {name} was taken first")
    if result.rival and result.query.rival:
        told.append(f"this is the single row; with the rows of each {result.query.rival.name} added up it is "
                    f"{result.rival.name} ({as_written(result, result.rival.value)})")  # fmt: skip
    said = "; ".join(told)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def status_of(result: Result) -> Status:
    differs = bool(result.others) and any(set(rows) != set(result.rows) for _, rows in result.others)
    wrong_total = result.printed is not None and result.value is not None and abs(result.printed - result.value) > 0.05
    return "unsure" if result.query.doubts or result.rival or differs or wrong_total else "answered"

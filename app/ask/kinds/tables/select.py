"""A reading worked out: the cells go into a small table in memory, and one parameterised SELECT is made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from app.ask.kinds.tables.conditions import Filter
from app.ask.kinds.tables.query import Query
from ingest.store.catalogue import Column, Sheet

_SIGNS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "="}
_END = "~"  # behind every date that begins so


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    value: float
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """`rows` are numbers of the table's rows that the result stands on; `value` what was worked out of them. `left_out`
    are cells of the operation's column that are no numbers; `printed` is a total that the table itself gives."""

    query: Query
    rows: tuple[int, ...]
    value: float | None = None
    of: int = 0  # rows in all, those that sum others up aside
    whole: float | None = None  # of a share: what it is a share of
    groups: tuple[Group, ...] = ()
    column: Column | None = None
    left_out: tuple[str, ...] = ()
    empty: int = 0  # cells of the operation's column without anything
    units: tuple[str, ...] = ()
    printed: float | None = None
    rival: Group | None = None  # who it would be if the rows were put together
    others: tuple[tuple[Column, tuple[int, ...]], ...] = ()  # of an extreme in several columns: who is it in each
    doubts: tuple[str, ...] = field(default=())


def results(query: Query) -> Result:
    """Of the whole table: nothing is guessed from a part of it."""
    column = query.columns[0] if query.columns else None
    with closing(_filled(query, column)) as db:
        where, values = _where(query)
        rows = tuple(row for (row,) in db.execute(f"SELECT n FROM t WHERE {where} ORDER BY n", values))
        (of,) = db.execute("SELECT count(*) FROM t").fetchone()
        if query.operation in ("most", "least") and not query.group:
            return _extreme(db, query, where, values, rows, of)
        if query.group and (query.inner or query.operation in ("sum", "mean", "count", "median")):
            return _grouped(db, query, where, values, rows, of)
        return _single(db, query, column, where, values, rows, of)


def _filled(query: Query, column: Column | None) -> sqlite3.Connection:
    """t(n, v: the operation's number or date, g: the group, f0…: what the conditions are on)."""
    sheet = query.sheet
    fields = [f"f{i}" for i in range(len(query.filters))]
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE t (n INTEGER PRIMARY KEY, v, g{''.join(f', {name}' for name in fields)})")
    columns: list[Sequence[object]] = [
        _comparable(column) if column else [None] * sheet.n_rows,
        query.group.cells if query.group else [""] * sheet.n_rows,
        *(_of_filter(one) for one in query.filters),
    ]
    marks = ",".join("?" * (3 + len(fields)))
    rows = ((n, *cells) for n, cells in enumerate(zip(*columns, strict=True)) if n not in sheet.totals)
    db.executemany(f"INSERT INTO t VALUES ({marks})", rows)
    return db


def _comparable(column: Column) -> Sequence[object]:
    if column.kind == "date":
        return [column.date(cell) for cell in column.cells]
    if column.kind == "number":
        return [column.number(cell) for cell in column.cells]
    return [cell or None for cell in column.cells]


def _of_filter(one: Filter) -> Sequence[object]:
    return one.column.cells if one.how in ("is", "among", "not", "empty", "filled") else _comparable(one.column)


def _where(query: Query) -> tuple[str, list[object]]:
    parts, values = ["1"], list[object]()
    for i, one in enumerate(query.filters):
        name = f"f{i}"
        first = str(one.values[0]) if one.values else ""
        if one.how in ("is", "among", "not"):
            marks = ",".join("?" * len(one.values))
            parts.append(
                f"{name} {'NOT ' * (one.how == 'not')}IN ({marks})" + f" AND {name} != ''" * (one.how == "not")
            )
            values += one.values
        elif one.how in ("empty", "filled"):
            parts.append(f"{name} {'=' if one.how == 'empty' else '!='} ''")
        elif one.column.kind == "date":
            part, told = _of_dates(name, one, first)
            parts.append(part)
            values += told
        elif one.how == "between":
            parts.append(f"{name} BETWEEN ? AND ?")
            values += sorted(float(value) for value in one.values)
        else:
            parts.append(f"{name} {_SIGNS[one.how]} ?")
            values.append(one.values[0])
    return " AND ".join(parts), values


def _of_dates(name: str, one: Filter, first: str) -> tuple[str, list[object]]:
    """Dates are compared as texts that begin with the year; 'after March' is after its last day."""
    begin, end = _period(first)
    if one.how == "month":
        return f"substr({name}, 6, {len(first)}) = ?", [first]
    if one.how == "between":
        return f"{name} >= ? AND {name} <= ?", [begin, _period(str(one.values[1]))[1]]
    if one.how == "during":
        return f"{name} >= ? AND {name} <= ?", [begin, end]
    bound = end if one.how in (">", "<=") else begin
    return f"{name} {one.how} ?", [bound]


def _period(said: str) -> tuple[str, str]:
    if "-Q" in said:
        year, quarter = said[:4], int(said[-1])
        return f"{year}-{3 * quarter - 2:02}", f"{year}-{3 * quarter:02}{_END}"
    return said, said + _END


def _single(
    db: sqlite3.Connection, query: Query, column: Column | None, where: str, values: list[object],
    rows: tuple[int, ...], of: int,
) -> Result:  # fmt: skip
    if query.operation == "share":
        what = "count(*)" if column is None else "total(v)"
        part = db.execute(f"SELECT {what} FROM t WHERE {where}", values).fetchone()[0]
        whole = db.execute(f"SELECT {what} FROM t").fetchone()[0]
        return Result(query, rows, float(part), of, float(whole), column=column)
    if query.operation in ("distinct", "values") and column:
        sql = f"SELECT v, count(*) FROM t WHERE {where} AND v IS NOT NULL GROUP BY v ORDER BY min(n)"
        groups = tuple(Group(str(name), float(times), times) for name, times in db.execute(sql, values))
        return Result(query, rows, float(len(groups)), of, groups=groups, column=column)
    if query.operation in ("sum", "mean", "median") and column:
        left, empty, units = _cells_left(query.sheet, column, rows)
        (value, n) = db.execute(f"SELECT total(v), count(v) FROM t WHERE {where}", values).fetchone()
        if query.operation == "mean":
            value = value / n if n else None
        elif query.operation == "median":
            value = _median([v for (v,) in db.execute(f"SELECT v FROM t WHERE {where} AND v IS NOT NULL", values)])
        printed = (
            _printed(query.sheet, column)
            if not query.filters and query.operation == "sum" and not query.sheet.parts
            else None
        )
        return Result(query, rows, value if n else None, of, column=column, left_out=left, empty=empty, units=units,
                      printed=printed)  # fmt: skip
    return Result(query, rows, float(len(rows)), of)


def _grouped(
    db: sqlite3.Connection, query: Query, where: str, values: list[object], rows: tuple[int, ...], of: int
) -> Result:
    inner = query.inner or query.operation
    what = {"count": "count(*)", "mean": "avg(v)", "max": "max(v)", "min": "min(v)"}.get(inner, "total(v)")
    order = {"most": "2 DESC, 1", "least": "2, 1"}.get(query.operation, "2 DESC, 1")
    has = "" if inner == "count" else " HAVING count(v) > 0"
    sql = f"SELECT g, {what}, count(*) FROM t WHERE {where} AND g != '' GROUP BY g{has} ORDER BY {order}"
    groups = [Group(str(name), float(value), n) for name, value, n in db.execute(sql, values)]
    column = query.columns[0] if query.columns else None
    left, empty, units = _cells_left(query.sheet, column, rows) if column else ((), 0, ())
    return Result(query, rows, None, of, groups=tuple(groups), column=column, left_out=left, empty=empty, units=units)


def _extreme(
    db: sqlite3.Connection, query: Query, where: str, values: list[object], rows: tuple[int, ...], of: int
) -> Result:
    column = query.columns[0]
    way = "DESC" if query.operation == "most" else "ASC"
    sql = f"SELECT n, v FROM t WHERE {where} AND v IS NOT NULL ORDER BY v {way}, n"
    ranked = db.execute(sql, values).fetchall()
    last = ranked[min(query.top, len(ranked)) - 1][1] if ranked else None
    best = [n for i, (n, v) in enumerate(ranked) if i < query.top or v == last]
    left, empty, units = _cells_left(query.sheet, column, rows)
    others = []
    for other in query.columns[1:]:
        told = {n: other.number(other.cells[n]) for n in rows}
        known = {n: v for n, v in told.items() if v is not None}
        if known:
            limit = (max if way == "DESC" else min)(known.values())
            others.append((other, tuple(n for n, v in known.items() if v == limit)))
    value = ranked[0][1] if ranked and column.kind == "number" else None
    rival = _rival(query, column, rows, best)
    return Result(query, tuple(best), value, of, column=column, left_out=left, empty=empty, units=units,
                  others=tuple(others), rival=rival)  # fmt: skip


def _rival(query: Query, column: Column, rows: Sequence[int], best: Sequence[int]) -> Group | None:
    """Whose rows together have the most or least, if that is another than whose single row has."""
    if query.rival is None or query.top > 1 or not best:
        return None
    totals: dict[str, list[float]] = {}
    for row in rows:
        if (number := column.number(column.cells[row])) is not None:
            totals.setdefault(query.rival.cells[row], []).append(number)
    choose = max if query.operation == "most" else min
    name = choose(totals, key=lambda one: sum(totals[one]))
    same = name in {query.rival.cells[row] for row in best}
    return None if same else Group(name, sum(totals[name]), len(totals[name]))


def _cells_left(sheet: Sheet, column: Column, rows: Sequence[int]) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Cells of these rows that are no numbers, how many are empty, and the units of the others."""
    if column.kind != "number":
        return (), sum(not column.cells[row] for row in rows), ()
    cells = [column.cells[row] for row in rows]
    left = tuple(cell for cell in cells if cell and column.number(cell) is None)
    units = tuple(dict.fromkeys(unit for cell in cells if (unit := column.unit(cell))))
    return left, sum(not cell for cell in cells), units


def _printed(sheet: Sheet, column: Column) -> float | None:
    """What a row that sums the others up says: in this column, or alone in its row."""
    for row in sorted(sheet.totals, reverse=True):
        own = column.number(column.cells[row])
        numbers = [n for cell in sheet.row(row) if (n := column.number(cell)) is not None]
        if own is not None or len(numbers) == 1:
            return own if own is not None else numbers[0]
    return None


def _median(values: list[float]) -> float | None:
    ordered, half = sorted(values), len(values) // 2
    if not ordered:
        return None
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2

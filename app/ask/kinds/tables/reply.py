"""What was worked out of a table, in words, as a grid and with the rows that it stands on."""

from __future__ import annotations

from collections.abc import Sequence

from app.ask.kinds.tables.citations import citations_of, head_of, places_of
from app.ask.kinds.tables.numbers import as_written, plainly, with_unit
from app.ask.kinds.tables.query import Query
from app.ask.kinds.tables.remarks import name_of, reason_of, rows_word, status_of
from app.ask.kinds.tables.select import Result
from app.ask.kinds.tables.vocabulary import unit_of
from app.ask.plan import Computed
from app.datatypes import Grid, Plan
from ingest.store.catalogue import Column, Sheet
from ingest.store.index import LocalIndex

_LISTED = 20  # rows that the text names
_IN_GRID = 1000  # rows
_WIDE = 8  # columns, up to which a grid shows all
_DONE = {
    "count": "Counted the rows", "sum": "Added up {column}", "mean": "Took the average of {column}",
    "median": "Took the median of {column}", "most": "Looked for the most in {column}",
    "least": "Looked for the least in {column}", "rows": "Looked up the rows", "lookup": "Looked up the row",
    "values": "Listed the different values of {column}", "distinct": "Counted the different values of {column}",
    "share": "Worked out a share of the rows", "compare": "Put side by side the rows",
}  # fmt: skip


def answered(index: LocalIndex, result: Result) -> Computed:
    """Every number in it is of the table or worked out of it; each row that is named is cited, the first thirty."""
    query = result.query
    plan = plan_of(result)
    name, units = _mixed(result)
    if units:
        reason = (
            f"{name} is given in different units ({', '.join(units)}), so its cells cannot be put together or compared."
        )
        return Computed(plan, "", head_of(index, query.sheet), "abstained", reason)
    head, lines, grid_rows, columns = _parts(result)
    citations, places = citations_of(index, result, head)
    shown = lines[:_LISTED]
    more = max(len(lines), 0 if query.group or result.groups or len(lines) < _LISTED else len(result.rows)) - _LISTED
    if more > 0:
        shown.append(f"… and {more:,} more")
    grid = None
    if grid_rows and len(columns) > 1:
        of_rows = places_of(result)[:_IN_GRID]
        cited = (
            tuple(places.get(row, 0) for row in of_rows) if len(of_rows) == len(grid_rows) else (0,) * len(grid_rows)
        )
        grid = Grid(tuple(columns), tuple(grid_rows[:_IN_GRID]), cited[:_IN_GRID])
    text = "\n".join([head, "", *shown]) if shown else head
    return Computed(plan, text, citations, status_of(result), reason_of(result), grid)


def _mixed(result: Result) -> tuple[str, tuple[str, ...]]:
    """A column whose cells are compared or added up though they are in different units, and these."""
    reckoned = result.query.operation in ("sum", "mean", "median", "most", "least") and result.query.inner != "count"
    if reckoned and len({unit_of(unit) or unit for unit in result.units}) > 1:
        return name_of(result), result.units
    compared = (f.column for f in result.query.filters if f.how in ("<", "<=", ">", ">=", "between"))
    numbers = (c for c in compared if c.kind == "number" and len({unit_of(unit) or unit for unit in c.units}) > 1)
    return next(((c.name, c.units) for c in numbers), ("", ()))


def plan_of(result: Result) -> Plan:
    """What was done, in one sentence."""
    query = result.query
    done = _DONE[query.operation].format(column=name_of(result) or "the rows")
    if query.group:
        inner = query.inner or query.operation
        name = name_of(result)
        whats = {"count": "Counted the rows", "mean": f"Took the average of {name}", "max": f"Took the highest {name}"}
        what = (whats | {"min": f"Took the lowest {name}"}).get(inner, f"Added up {name}")
        done = f"{what} for each {query.group.name}"
    where = " and ".join(one.said for one in query.filters)
    of = f" of {query.sheet.called}" if "row" in done else f" in {query.sheet.called}"
    said = f"{done}{of}{' where ' + where if where else ''}."
    filters = tuple((f.column.name, f.how, ", ".join(map(str, f.values[:5]))) for f in query.filters)
    operation = {"lookup": "rows", "compare": "rows", "values": "rows", "distinct": "count", "share": "count"}
    return Plan(
        "table", said, (query.sheet.document.path,), query.sheet.table.caption,
        operation.get(query.operation, query.operation), name_of(result), filters,
    )  # fmt: skip


def impossible(query: Query) -> Computed:
    """Of what cannot be worked out: a sum of dates."""
    name, what = query.columns[0].name, "dates" if query.columns[0].kind == "date" else "words"
    said = f"Looked at {name} in {query.sheet.called}."
    plan = Plan("table", said, (query.sheet.document.path,), operation="sum", column=name)
    reason = f"The column {name} of {query.sheet.called} holds {what}, which cannot be added up or averaged."
    return Computed(plan, "", (), "abstained", reason)


def _parts(result: Result) -> tuple[str, list[str], list[tuple[str, ...]], list[str]]:
    """The first sentence, the lines below it, and the grid's rows and columns."""
    query = result.query
    if query.operation == "compare":
        return _compared(result)
    if query.group:
        return _of_groups(result)
    if result.groups or query.operation in ("values", "distinct"):
        lines = [f"- {group.name}: {group.rows:,} rows" for group in result.groups]
        counted: list[tuple[str, ...]] = [(group.name, f"{group.rows:,}") for group in result.groups]
        return _headline(result), lines, counted, [name_of(result), "Rows"]
    columns = _columns(result)
    lines = [_line(query, columns, row) for row in result.rows[:_LISTED]]
    if query.operation == "lookup" and len(result.rows) == 1:
        row = result.rows[0]
        lines = [f"- {column.name or 'value'}: {column.cells[row] or '(empty)'}" for column in query.show]
    grid = _grid_columns(query.sheet, columns)
    told = [tuple(c.cells[row] for c in grid) for row in result.rows[:_IN_GRID]]
    return _headline(result), lines, told, [c.name for c in grid]


def _columns(result: Result) -> list[Column]:
    """Those that a row is named by: what tells it apart, what was asked, what was looked at."""
    query = result.query
    sheet = query.sheet
    key = [sheet.columns[0]]
    if not sheet.columns[0].is_key or sheet.columns[0].kind == "number":
        key += [c for c in sheet.columns[1:] if c.kind == "text"][:1]
    elif len(sheet.columns) > 1 and sheet.columns[1].kind == "text" and not sheet.is_turned:
        key += [sheet.columns[1]]
    told = [*key, *query.show, *(f.column for f in query.filters), *([result.column] if result.column else [])]
    told += [c for c, _ in result.others]
    if query.operation in ("most", "least", "rows") and len(sheet.columns) <= _WIDE and not sheet.is_turned:
        told += sheet.columns
    same = {f.column for f in query.filters if f.how in ("is", "empty") and len(f.values) < 2} - {*key, *query.show}
    return [column for column in dict.fromkeys(told) if column not in same]


def _grid_columns(sheet: Sheet, columns: list[Column]) -> list[Column]:
    return list(sheet.columns) if len(sheet.columns) <= _WIDE else columns


def _line(query: Query, columns: Sequence[Column], row: int) -> str:
    first, *others = columns
    told = "; ".join(f"{c.name} {c.cells[row]}".strip() for c in others if c.cells[row])
    return f"- {first.cells[row] or '(empty)'}{': ' + told if told else ''}"


def _headline(result: Result) -> str:
    query, sheet, n = result.query, result.query.sheet, len(result.rows)
    where = " and ".join(one.said for one in query.filters)
    having = f" where {where}" if where else ""
    name = name_of(result)
    if query.operation == "count":
        return f"**{n:,}** {rows_word(n)} of {sheet.called}{having} (of {result.of:,} in all)."
    if query.operation == "distinct":
        return f"**{len(result.groups):,}** different values of {name} in {sheet.called}{having}."
    if query.operation == "values":
        return f"The different values of {name} in {sheet.called}{having}, {len(result.groups):,} in all:"
    if query.operation == "share":
        if not result.whole:
            return f"There is nothing in {sheet.called} to take a share of."
        share, part = 100 * (result.value or 0) / result.whole, as_written(result, result.value or 0)
        what = f"of {name}" if result.column else "rows"
        return f"**{share:.1f} %**: {part} of {as_written(result, result.whole)} {what} in {sheet.called}{having}."
    if query.operation in ("sum", "mean", "median"):
        if result.value is None:
            return f"No row of {sheet.called}{having} has a number in {name}, so there is nothing to work out."
        word = {"sum": "in total", "mean": "on average", "median": "in the middle (median)"}[query.operation]
        n -= len(result.left_out) + result.empty
        over = f"over {n:,} {rows_word(n)} of {sheet.called}{having}"
        return f"**{with_unit(result, result.value)}**: {name} {word}, {over}."
    if query.operation in ("most", "least"):
        return _extreme_line(result, having)
    if query.operation == "lookup" and n == 1:
        return f"{query.filters[0].values[0]} in {sheet.called}:"
    if not n:
        return f"No row of {sheet.called}{having}."
    return f"{n:,} {rows_word(n)} of {sheet.called}{having}:"


def _extreme_line(result: Result, having: str) -> str:
    query, column = result.query, result.column
    if column is None or not result.rows:
        return f"No row of {query.sheet.called}{having} has a value there."
    names = [_thing(query.sheet, row) for row in result.rows[:5]]
    way = {"number": ("highest", "lowest"), "date": ("latest", "earliest")}.get(column.kind, ("last", "first"))
    word = way[query.operation == "least"]
    if query.top > 1:
        return f"The {len(result.rows)} rows of {query.sheet.called}{having} with the {word} {column.name}:"
    value = column.cells[result.rows[0]]
    each = " each" if len(names) > 1 else ""
    also = ""
    if result.others:
        told = [f"{c.name}: {', '.join(_thing(query.sheet, r) for r in rows[:5])}" for c, rows in result.others[:6]]
        also = f" By {'; by '.join(told)}."
    what = f"the {word} {column.name} of {query.sheet.called}{having}"
    return f"**{' and '.join(names)}**: {what}, **{value}**{each}.{also}"


def _thing(sheet: Sheet, row: int) -> str:
    """What a row is called: its first cell, and a second one that is words."""
    first = sheet.columns[0].cells[row]
    if sheet.columns[0].kind == "number" or not sheet.columns[0].is_key:
        second = next((c.cells[row] for c in sheet.columns[1:] if c.kind == "text" and c.cells[row]), "")
        return f"{first} ({second})" if second and first else first or second
    return first


def _of_groups(result: Result) -> tuple[str, list[str], list[tuple[str, ...]], list[str]]:
    query = result.query
    assert query.group
    inner = query.inner or query.operation
    if not result.groups:
        return (
            f"No row of {query.sheet.called} has what is asked for, so there is nothing to put together.",
            [],
            [],
            [],
        )
    name = name_of(result)
    whats = {"count": "rows", "mean": f"{name} on average", "max": f"highest {name}", "min": f"lowest {name}"}
    what = whats.get(inner, f"{name} in total")
    where = " and ".join(one.said for one in query.filters)
    having = f" where {where}" if where else ""
    told: list[tuple[str, ...]] = [
        (group.name, as_written(result, group.value) if inner != "count" else f"{group.rows:,}")
        for group in result.groups
    ]
    lines = [f"- {name}: {value}" for name, value in told]
    head = f"{what[0].upper()}{what[1:]} for each {query.group.name} of {query.sheet.called}{having}:"
    if query.operation in ("most", "least") and result.groups:
        last = result.groups[min(query.top, len(result.groups)) - 1].value
        best = [g for i, g in enumerate(result.groups) if i < query.top or g.value == last]
        names = " and ".join(group.name for group in best[:10])
        word = "most" if query.operation == "most" else "least"
        lines = lines[: max(len(best), 1)] if query.top > 1 else lines[: len(best)]
        value = told[0][1] if query.top == 1 else ", ".join(v for _, v in told[: len(best)])
        head = (
            f"**{names}**: the {word} {what} for one {query.group.name} of {query.sheet.called}{having}, **{value}**."
        )
    return head, lines, told, [query.group.name, what]


def _compared(result: Result) -> tuple[str, list[str], list[tuple[str, ...]], list[str]]:
    """A line for each thing that was asked about, or that differs."""
    query, sheet = result.query, result.query.sheet
    key = query.show[0]
    order = {str(value): i for i, value in enumerate(query.filters[0].values)}
    rows = sorted(result.rows, key=lambda row: order.get(key.cells[row], 0))
    names = [key.cells[row] for row in rows]
    lines, grid = [], []
    for column in query.columns or [c for c in sheet.columns if c is not key]:
        cells = [column.cells[row] for row in rows]
        numbers = [column.number(cell) for cell in cells]
        apart = ""
        if len(cells) == 2 and None not in numbers and column.kind == "number":
            apart = plainly(abs((numbers[0] or 0) - (numbers[1] or 0)))
        same = len(set(cells)) == 1
        told = ", ".join(f"{name} {cell or '(empty)'}" for name, cell in zip(names, cells, strict=True))
        lines.append(f"- {column.name}: {told}{' (the same)' if same else f' (difference {apart})' if apart else ''}")
        grid.append((column.name, *cells))
    return f"{' and '.join(names)} in {sheet.called}:", lines, grid, [sheet.columns[0].name or "", *names]

"""Questions about whole tables: counts, sums, averages, extremes, conditions, groups, lookups and comparisons.

Worked out over every row by code. What does not fit a table word for word is not of this kind.
"""

from __future__ import annotations

import re
from dataclasses import replace

from app.ask.kinds.tables.interpret import understood
from app.ask.kinds.tables.reply import answered, impossible
from app.ask.kinds.tables.select import results
from app.ask.plan import Asked, Computed
from app.datatypes import Citation, Grid, Plan

_CITED = 30


def answer(asked: Asked) -> Computed | None:
    """Of the table that fits best; of several that fit alike, of each, where they do not say the same."""
    readings = understood(asked)
    if not readings:
        return None
    if readings[0].operation == "impossible":
        return impossible(readings[0])
    found = [answered(asked.index, results(query)) for query in readings]
    if len(found) == 1 or len({_essence(one) for one in found}) == 1:
        return found[0]
    return _side_by_side(found) if readings[0].operation == "compare" else _each(found)


def _side_by_side(found: list[Computed]) -> Computed:
    """One comparison of what several tables hold."""
    first = found[0]
    columns = ("", *first.grid.columns[1:]) if first.grid else ()
    rows: list[tuple[str, ...]] = []
    cited: list[int] = []
    citations: list[Citation] = []
    for one in found:
        if one.grid and set(one.grid.columns[1:]) == set(columns[1:]):
            order = [0, *(one.grid.columns.index(name) for name in columns[1:])]
            rows += [tuple(row[i] for i in order) for row in one.grid.rows]
            cited += [n and n + len(citations) for n in one.grid.cited]
        citations += one.citations
    files = tuple(dict.fromkeys(name for one in found for name in one.plan.documents))
    said = f"Put side by side what {len(found)} tables hold of {' and '.join(columns[1:])}."
    plan = Plan("table", said, files, "", "rows", "", first.plan.filters)
    text = "\n\n".join(one.text for one in found)
    cited = [n if n <= _CITED else 0 for n in cited]
    return Computed(plan, text, tuple(citations[:_CITED]), grid=Grid(columns, tuple(rows), tuple(cited)))


def _essence(computed: Computed) -> tuple[str, ...]:
    """What it comes to, without the tables' own names: whether two tables say the same."""
    head, _, rest = computed.text.partition("\n")
    results = re.findall(r"\*\*(.+?)\*\*", head)
    lines = tuple(line.partition(":")[0] for line in rest.splitlines())
    return tuple(re.sub(r"(?<=\d)[ a-zA-Z%€$]+$", "", result) for result in results) or lines


def _each(found: list[Computed]) -> Computed:
    """Several tables fit: what each of them says."""
    first = found[0]
    text = "\n\n".join(one.text for one in found if one.text)
    files = tuple(dict.fromkeys(name for one in found for name in one.plan.documents))
    told = "; ".join(dict.fromkeys(one.reason.rstrip(".") for one in found if one.reason))
    reason = f"{len(found)} tables fit the question, in {' and '.join(files)}; each is answered by itself."
    plan = replace(first.plan, said=" ".join(one.plan.said for one in found), documents=files)
    citations = tuple(citation for one in found for citation in one.citations[:10])
    return Computed(plan, text, citations, "unsure", f"{reason} {told}".strip())

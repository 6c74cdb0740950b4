"""A question and the tables of an index: which table is meant, and what is to be worked out of it.

Every telling word of the question has to be accounted for, as a name, a value or a word of the operation. A question
with one word too many is not about the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from app.ask.kinds.tables.conditions import Unclear
from app.ask.kinds.tables.filters import rows_meant
from app.ask.kinds.tables.intent import Intent, intent_of
from app.ask.kinds.tables.lexicon import lexicon_of, name_stems
from app.ask.kinds.tables.links import Links, links, may_fit, units_of
from app.ask.kinds.tables.operations import comparison, operation
from app.ask.kinds.tables.query import Query
from app.ask.kinds.tables.vocabulary import FILLER, PRICE, ROW_NOUNS, THINGS, concepts, unit_of
from app.ask.language.words import STOP
from app.ask.plan import Asked
from ingest.store.catalogue import Sheet, n_tables, sheets_of

_MANY_TABLES = 3000  # beyond, only those of documents that the words lead to
_LOOKED_UP = STOP | frozenset(
    "give show tell find list many much value row entry please it's what's high heavy long".split()
)
_SIDE_BY_SIDE = 12  # tables that a comparison takes in
_FOLLOWS = re.compile(
    r"^(?:and|but|what about|how about|and what about|same|the same)\b(?: only)? (?!what|how|who|why|which)(.+)$"
)
_TIED = 3  # tables that fit alike, up to which each is answered


def understood(asked: Asked) -> list[Query]:
    """The best reading; several where tables fit alike, none where no table fits or too many do. Of a comparison, each
    table that has a part of it."""
    plain, follows = _meant(asked)
    intent = intent_of(plain)
    if intent is None:
        return []
    intent.follows = next((i for i, token in enumerate(intent.tokens) if follows and token.start >= follows), 0)
    sheets = _sheets(asked)
    labels = _labels(sheets)
    compares = intent.operation == "compare"
    told = [(one, labels.get(one.columns[0].cells, frozenset())) for one in sheets]
    fitting = [(one, said) for one, said in told if compares or may_fit(one, intent.tokens, said)]
    linked = [links(one, intent.tokens, said) for one, said in fitting]
    linked = [one for one in linked if intent.meant or one.columns or one.values or one.subject]
    if compares:
        return _compared(intent, linked)
    found: list[Query] = []
    for one in linked:
        with suppress(Unclear):
            found.append(read(intent, one))
    if not found:
        return []
    older, _ = asked.index.superseded()
    found = [replace(w, score=w.score - 0.2 * (w.sheet.document.id in older)) for w in found]
    best = max(w.score for w in found)
    tied = [w for w in found if w.score > best - 0.01]
    if len({id(w.sheet.table) for w in tied}) < len(tied):  # one table read both ways
        tied = [w for w in tied if not w.sheet.is_turned] or tied
    return [replace(w, doubts=(*w.doubts, *_torn(w.sheet))) for w in tied] if len(tied) <= _TIED else []


def _compared(intent: Intent, linked: Sequence[Links]) -> list[Query]:
    """The tables that hold both things, as many as it takes to account for every word; all, where only the things are
    named."""
    parts: list[tuple[set[int], Links, Query]] = []
    for one in linked:
        with suppress(Unclear):
            query, used = comparison(intent, one)
            used = used | one.subject | {w for link in one.columns for w in link.words if link.share > 0.4}
            parts.append((used, one, query))
    needed = {
        i for i, token in enumerate(intent.tokens)
        if token.text not in FILLER and token.stem not in ROW_NOUNS | THINGS and i not in intent.used
    }  # fmt: skip
    things = [{w for link in one.values if link.column is query.show[0] for w in link.words} for _, one, query in parts]
    if not parts or not needed - set().union(*things):
        return [query for _, _, query in parts][:_SIDE_BY_SIDE]
    chosen: list[Query] = []
    while needed and parts:
        used, one, query = max(
            parts, key=lambda part: (len(part[0] & needed), len(part[2].columns), -len(part[1].columns))
        )
        if not used & needed:
            return []
        chosen.append(query)
        needed -= used
        parts = [part for part in parts if part[2] is not query]
    return [] if needed else chosen


def _meant(asked: Asked) -> tuple[str, int]:
    """The question, and where in it a follow-up begins: 'and in Leeds?' goes on with the question before it."""
    own = replace(asked, query=asked.question).plain
    told = _FOLLOWS.match(own)
    if not asked.history or not told:
        return (asked.plain if asked.history else own), 0
    before = replace(asked, query=asked.history[-1].question).plain
    return f"{before} {told[1]}", len(before) + 1


def _sheets(asked: Asked) -> list[Sheet]:
    documents = asked.documents
    if n_tables(asked.index) > _MANY_TABLES:
        near = asked.index.bm25(asked.query, 300, asked.doc_ids)
        ids = {chunk.doc_id for chunk in asked.index.chunks([one.chunk_id for one in near]).values()}
        documents = tuple(document for document in documents if document.id in ids)
    return sheets_of(asked.index, documents)


def _labels(sheets: Sequence[Sheet]) -> dict[tuple[str, ...], frozenset[str]]:
    """What the things of a turned table are called elsewhere: 'outdoor unit' heads a column that holds them."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for cells in {sheet.columns[0].cells for sheet in sheets if sheet.is_turned}:
        wanted = {cell.lower() for cell in cells}
        told: set[str] = set()
        for sheet in sheets:
            first = sheet.columns[0]
            if first.is_short and wanted <= {value.lower() for value in first.values}:
                lexicon = lexicon_of(sheet)
                told |= set(lexicon.names[0][1]) if lexicon.names and not sheet.is_turned else set()
        found[cells] = frozenset(told)
    return found


def read(intent: Intent, linked: Links) -> Query:
    """Raises Unclear where the question does not fit this table."""
    sheet = linked.sheet
    rows = rows_meant(intent, linked)
    query, used = operation(intent, linked, rows)
    query = replace(query, filters=tuple(rows.filters), doubts=(*query.doubts, *rows.doubts))
    used |= intent.used | linked.subject | {w for each in linked.columns for w in each.words}
    filler = _LOOKED_UP if query.operation == "lookup" else FILLER
    left = [
        token.text
        for i, token in enumerate(intent.tokens)
        if i not in used
        and token.text not in filler
        and token.stem not in ROW_NOUNS
        and not token.text.isdecimal()
        and not (token.stem in THINGS and sheet.columns[0].kind == "text")
        and not _is_unit(token.text, query)
    ]
    numbers = [
        t.text
        for i, t in enumerate(intent.tokens)
        if i not in used and t.text.isdecimal() and not _counts(t.text, sheet)
    ]
    if left or numbers or linked.unsure - used:
        raise Unclear
    return replace(query, score=_score(intent, linked, query))


def _is_unit(word: str, query: Query) -> bool:
    columns = [*query.columns, *(one.column for one in query.filters)]
    return any(unit_of(word) & units_of(column) for column in columns)


def _torn(sheet: Sheet) -> list[str]:
    """What to doubt of a table whose rows were put together of several lines."""
    own = [part for part in sheet.parts or (sheet,) if part.lines]
    torn = sum(not all(part.row(row)) for part in own for row in range(part.n_rows))
    rows = "1 row" if torn == 1 else f"{torn} rows"
    return [f"the cells of {rows} of this table could not be told apart, so something may be missing"] if torn else []


def _counts(number: str, sheet: Sheet) -> bool:
    return int(number) == sheet.n_rows - len(sheet.totals)


def _score(intent: Intent, linked: Links, query: Query) -> float:
    """How exactly the words are the table's own."""
    told: dict[int, float] = {}
    for i in linked.subject:
        beside = f"{linked.sheet.place} {linked.sheet.document.path}"
        captions = [f"{part.table.caption} {beside}".lower() for part in linked.sheet.parts or (linked.sheet,)]
        general = intent.tokens[i].stem in THINGS | ROW_NOUNS
        told[i] = 0.5 if general else 2.5 if all(intent.tokens[i].stem[:6] in one for one in captions) else 2.0
    for column in linked.columns:
        for w in column.words:
            general = intent.tokens[w].stem in THINGS | ROW_NOUNS
            told[w] = max(told.get(w, 0), (0.5 + 0.5 * column.share) if general else 1.5 + 1.5 * column.share)
    for value in linked.values:
        for w in value.words:
            told[w] = max(told.get(w, 0), 1.0 if value.is_part else 3.0)
    strong = query.operation in ("most", "least") and any(set(name_stems(c.name)) & PRICE.names for c in query.columns)
    if (intent.meant or (strong and query.show)) and query.columns:
        by_name = any(set(name_stems(c.name)) & one.names for c in query.columns for one in concepts(intent.meant))
        return sum(told.values()) + 2 + by_name - 0.05 * linked.sheet.is_turned
    anchors = [w for w, points in told.items() if intent.tokens[w].text not in STOP and points >= 2]
    if not anchors and not any(link.share == 1 for link in linked.columns):
        raise Unclear
    return (
        sum(told.values()) + 0.02 * bool(linked.sheet.parts) - 0.05 * linked.sheet.is_turned - 0.1 * len(query.doubts)
    )

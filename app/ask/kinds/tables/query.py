"""What a question wants of a table, as data."""

from __future__ import annotations

from dataclasses import dataclass

from app.ask.kinds.tables.conditions import Filter
from ingest.store.catalogue import Column, Sheet


@dataclass(frozen=True)
class Query:
    """What is to be worked out. `columns` are those of the operation, the best fitting first; `group` the column whose
    values the rows are put together by; `inner` what is worked out of each group."""

    sheet: Sheet
    operation: str
    filters: tuple[Filter, ...] = ()
    columns: tuple[Column, ...] = ()
    group: Column | None = None
    inner: str = ""
    show: tuple[Column, ...] = ()
    top: int = 1
    rival: Column | None = None  # of an extreme row: the column by which the rows may be meant to be put together
    doubts: tuple[str, ...] = ()
    score: float = 0.0

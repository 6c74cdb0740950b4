"""Conditions on the rows of a table, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.store.catalogue import Column


@dataclass(frozen=True, slots=True)
class Filter:
    """`how`: 'is', 'not', 'among', 'empty', 'filled', a comparison, 'between', 'during' or 'month'. `said` is it in
    words for people."""

    column: Column
    how: str
    values: tuple[str | float, ...]
    said: str


class Unclear(Exception):
    """The question does not fit the table, or fits it in two ways."""


@dataclass(slots=True)
class Rows:
    """The conditions, the tokens that they explain, and what people should be told to doubt."""

    filters: list[Filter]
    used: set[int]
    doubts: list[str]

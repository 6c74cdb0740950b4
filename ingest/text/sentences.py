"""Finds where sentences begin and end. Spans are offsets in the text that was given."""

from __future__ import annotations

import re

Span = tuple[int, int]

_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-Z0-9À-ÞΑ-ΩА-Я•–-]|\s*$)|[。！？]")
_BLOCK = re.compile(r"[^\n\f]+")
_ABBREVIATION = re.compile(  # but not behind a number, where it is a unit: "Wait 10 s. Then open it."
    r"(?:(?<!\d\s)\b(?:e\.g|i\.e|cf|vs|etc|approx|ca|max|min|no|nos|fig|figs|sec|sect|ch|vol|pp?|eq|ref|dept|est|incl|"
    r"mr|mrs|ms|dr|prof|st|jr|sr|inc|ltd|co|corp|al|art|para|tab|temp|ser|rev|u\.s|u\.k|[A-Z])|^\s*\(?(?:\d{1,2}|[a-zA-Z]))\.$",
    re.IGNORECASE,
)


def sentence_spans(text: str) -> list[Span]:
    """Returns the (start, end) of each sentence, in order and without overlap. A row of a table counts as one sentence.
    A line break or form feed always ends one: reading has already turned the breaks inside a paragraph into spaces."""
    spans: list[Span] = []
    for block in _BLOCK.finditer(text):
        start = block.start()
        if "\t" in block.group():  # a table's row, which says nothing in parts
            _add(spans, text, start, block.end())
            continue
        for mark in _END.finditer(text, block.start(), block.end()):
            before = text[max(start, mark.start() - 12) : mark.start() + 1]
            if mark.group().startswith(".") and _ABBREVIATION.search(before):
                continue
            _add(spans, text, start, mark.end())
            start = mark.end()
        _add(spans, text, start, block.end())
    return spans


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))

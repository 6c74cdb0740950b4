"""Finds a PDF's title and headings, in its outline or among the lines that stand out by size or weight."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ingest.datatypes import Heading, Page
from ingest.files import Source, title_of
from ingest.text.clean import CELL, CleanPage

_CAPTION = re.compile(rf"^((?:Table|Tab\.|Tabelle|Tableau|Tabla) ?\d.{{0,110}})\n(?=[^\n]*{CELL})", re.MULTILINE)


def headings_of(
    outline: Sequence[tuple[int, int, str]], cleaned: Sequence[CleanPage], pages: Sequence[Page]
) -> tuple[Heading, ...]:
    """Returns the headings of a document. `outline` entries are (page, level, title). Table captions are headings of
    the lowest level."""
    found = _outline_headings(outline, pages) or _typographic_headings(cleaned, pages)
    return tuple(sorted((*found, *_captions(pages)), key=lambda heading: (heading.start, heading.level)))


def pdf_title(path: Source, cleaned: Sequence[CleanPage]) -> str:
    """Returns the largest line of the first page, else the file's name; for a PDF whose metadata has no title."""
    lines = [entry.line for entry in cleaned[0].lines if 4 <= len(entry.line.text) <= 120] if cleaned else []
    if lines and (largest := max(lines, key=lambda line: line.height)).height > 1.3 * np.median(
        [x.height for x in lines]
    ):
        return " ".join(largest.text.split())
    return title_of(path)


def _outline_headings(outline: Sequence[tuple[int, int, str]], pages: Sequence[Page]) -> tuple[Heading, ...]:
    found = []
    for number, level, title in outline:
        if number <= len(pages):
            words = re.escape(title).replace(r"\ ", r"\s+")
            place = re.search(words, pages[number - 1].text, re.I)
            found.append(Heading(pages[number - 1].start + (place.start() if place else 0), level, title))
    return tuple(sorted(found, key=lambda heading: (heading.start, heading.level))) if len(found) >= 3 else ()


def _captions(pages: Sequence[Page]) -> list[Heading]:
    """Returns table captions as headings, so that each part of a long table is found by its caption."""
    return [
        Heading(page.start + found.start(), 7, " ".join(found.group(1).split()))
        for page in pages
        for found in _CAPTION.finditer(page.text)
    ]


def _typographic_headings(cleaned: Sequence[CleanPage], pages: Sequence[Page]) -> tuple[Heading, ...]:
    """Returns the lines that stand out from the body text by size, or by weight where the body is not bold."""
    lines = [
        (page, entry)
        for page, entries in zip(pages, cleaned, strict=True)
        if page.raw_index is not None
        for entry in entries.lines
    ]
    if not lines:
        return ()
    sizes = np.array([round(entry.line.height, 1) for _, entry in lines])
    weights = np.array([len(entry.line.text) for _, entry in lines])
    values, inverse = np.unique(sizes, return_inverse=True)
    body = values[np.argmax(np.bincount(inverse, weights=weights))]
    body_is_bold = sum(len(e.line.text) for _, e in lines if e.line.bold) > weights.sum() / 2
    headings = []
    for page, entry in lines:
        text = " ".join(entry.line.text.split())
        larger = entry.line.height > 1.15 * body
        standout = larger or (entry.line.bold and not body_is_bold and entry.line.height >= 0.95 * body)
        if (
            standout
            and 2 < len(text) <= 100
            and sum(c.isalpha() for c in text) > len(text) / 2
            and text[-1] not in ".;,"
        ):
            headings.append((page.start + entry.start, round(entry.line.height, 1), text))
    ranks = {size: min(rank, 6) for rank, size in enumerate(sorted({h for _, h, _ in headings}, reverse=True), 1)}
    return tuple(Heading(start, ranks[size], text) for start, size, text in headings)

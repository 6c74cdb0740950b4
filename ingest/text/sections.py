"""Cuts what a reader found into parts by its headings, so that each section begins on a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingest.text.layout import Block, Grid, Hidden, Item, Part
from ingest.text.oneline import short

_BYLINE = 60  # characters between a document's title and its first section
_SCRAP = 200  # characters of a section that get no page of their own
_LONGEST_NAME = 60  # characters of a section's


def sections(items: Iterable[Item], prefix: str = "") -> Iterator[Part]:
    """Parts by the headings: 'section Filling'. What stands before the first one has only its paragraphs' numbers."""
    names: list[str] = []
    held: list[Item] = []
    size = 0
    is_title = True  # of the whole document, perhaps with an author below

    def part() -> Part:
        name = f"section{'s' * (len(names) > 1)} {' to '.join(dict.fromkeys([names[0], names[-1]]))}" if names else ""
        return Part(", ".join(filter(None, [prefix, name])), _numbered(held), "paragraph")

    for item in items:
        if isinstance(item, Block) and item.level:
            if size >= _SCRAP:
                yield part()
                names, held, size, is_title = [], [], 0, False
            is_title = is_title and size < _BYLINE
            name = short(item.text, _LONGEST_NAME)
            names = [name] if is_title or not size else [*names, name]
        held.append(item)
        if isinstance(item, Grid):
            size += _SCRAP
        elif isinstance(item, Block) and not item.level:
            size += len(item.text)
    if held:
        yield part()


def _numbered(items: Iterable[Item]) -> Iterator[Item]:
    """Paragraphs counted within their section, its headings aside."""
    number = 0
    for item in items:
        if isinstance(item, Hidden) or (isinstance(item, Block) and item.level):
            yield item
            continue
        number += 1
        yield (
            replace(item, number=number)
            if isinstance(item, Block)
            else replace(item, numbers=[number] * len(item.rows))
        )

"""Reads JSON lines: the object of each line becomes 'key: value' lines, with nested keys joined by dots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ingest.datatypes import OnPage, ReadResult
from ingest.files import Source, title_of
from ingest.readers.decode import read_whole
from ingest.text.layout import Block, Part, lay_out
from ingest.text.oneline import flat, plain

_ROOM = 1200  # characters of a page: few objects, so that its lines are soon found
_NAMED = 8  # lines that a note lists


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    text, notes = read_whole(path)
    return lay_out(title_of(path), [Part("", _blocks(text, notes), "line", _ROOM)], "jsonl", notes, on_page)


def _blocks(text: str, notes: list[str]) -> Iterator[Block]:
    odd: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            said = "\n".join(_said("", json.loads(line)))
        except (ValueError, RecursionError):  # no JSON, or nested deeper than anyone nests
            odd.append(number)
            said = flat(line)
        if said:
            yield Block(said, number=number)
    if odd:
        more = f" and {len(odd) - _NAMED} more" if len(odd) > _NAMED else ""
        shown = ", ".join(map(str, odd[:_NAMED]))
        notes.append(f"not JSON, read as text: line{'s' * (len(odd) > 1)} {shown}{more}")


def _said(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _said(f"{key}.{name}" if key else str(name), inner)
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, inner in enumerate(value, 1):
            yield from _said(f"{key} {number}".strip(), inner)
    else:
        values = value if isinstance(value, list) else [value]
        words = flat(", ".join(json.dumps(one) if one is None or isinstance(one, bool) else str(one) for one in values))
        if words:
            yield f"{plain(key)}: {words}" if key else words

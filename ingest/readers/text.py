"""Reads plain text and Markdown: lines with their numbers, and Markdown's headings and pipe tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.decode import decoded, read_bytes
from ingest.text.layout import Block, Grid, Item, Part, lay_out
from ingest.text.oneline import plain

_HEADING = re.compile(r"^(#{1,6}) +(.+)$")
_FENCE = re.compile(r"^ ?(?:```|~~~)")
_RULE = re.compile(r"^ ?\|?(?: ?:?-+:? ?\|)+(?: ?:?-+:? ?)?$")  # under a pipe table's header
_CELLS = re.compile(r"(?<!\\)\|")


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    """Reads plain text. Pages are cut at line ends, about 3,000 characters each."""
    lines, notes = _lines(path)
    items = (Block(line, number=number) for number, line in lines)
    return lay_out(title_of(path), [Part("", items, "line")], "text", notes, on_page)


def read_markdown(path: Source, on_page: OnPage | None = None) -> ReadResult:
    """Reads Markdown. A first heading of level 1 becomes the title."""
    lines, notes = _lines(path)
    result = lay_out(title_of(path), [Part("", _items(lines), "line")], "markdown", notes, on_page)
    first = next(iter(result.headings), None)
    return replace(result, title=first.text) if first and first.level == 1 else result


def _lines(path: Source) -> tuple[list[tuple[int, str]], list[str]]:
    """Returns (number, text) of each line from the first to the last filled one, with tidied spaces, and notes."""
    data, notes = read_bytes(path)
    text, guessed = decoded(data)
    text = re.sub(r"[^\S\n]+", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = text.split("\n")
    filled = [number for number, line in enumerate(lines, 1) if plain(line)]
    if not filled:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    lines[filled[0] - 1] = lines[filled[0] - 1].lstrip()
    lines[filled[-1] - 1] = lines[filled[-1] - 1].rstrip()
    return list(enumerate(lines, 1))[filled[0] - 1 : filled[-1]], notes + guessed


def _items(lines: Sequence[tuple[int, str]]) -> Iterator[Item]:
    is_code = False
    at = 0
    while at < len(lines):
        number, line = lines[at]
        is_code ^= bool(_FENCE.match(line))
        is_header = "|" in line and at + 1 < len(lines) and _RULE.match(lines[at + 1][1])
        if is_header and not is_code and len(_cells(line)) > 1:
            end = at + 2
            while end < len(lines) and "|" in lines[end][1]:
                end += 1
            rows = [lines[at], *lines[at + 2 : end]]
            yield Grid([_cells(row) for _, row in rows], [number for number, _ in rows])
            at = end
            continue
        found = None if is_code else _HEADING.match(line)
        yield Block(line, len(found[1]), number, plain(found[2]).strip("# ")) if found else Block(line, 0, number)
        at += 1


def _cells(line: str) -> list[str]:
    """Splits a row of a pipe table: '| a | b |' has two cells."""
    line = line.strip()
    line = line.removeprefix("|").removesuffix("|") if not line.endswith("\\|") else line.removeprefix("|")
    return [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line)]

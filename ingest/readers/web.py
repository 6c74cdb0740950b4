"""Reads HTML as a person sees it: headings, tables and lists. Scripts, styles and menus are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.decode import decoded, read_bytes
from ingest.readers.grids import expand_spans, has_header
from ingest.readers.markup import declared_encoding, html_tree, is_hidden, tag_of
from ingest.text.layout import Block, Grid, Hidden, Item, alive, lay_out
from ingest.text.oneline import flat, plain
from ingest.text.sections import sections

_MOST_BYTES = 24 << 20  # as a tree it takes twenty times that
_LEFT_OUT = frozenset(
    "script style template noscript nav svg math iframe object embed canvas audio video head select button "
    "datalist input textarea map".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section summary table tbody td tfoot th "
    "thead tr ul br".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    data, notes = read_bytes(path, _MOST_BYTES)
    text, guessed = decoded(data, declared_encoding(data))
    root = html_tree(text)
    result = lay_out(
        title_in(root) or title_of(path), sections(alive(items_of(root), on_page)), "html", notes + guessed, on_page
    )
    if not result.pages:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    return result


def title_in(root: Any) -> str:
    """Returns the page's title, or its first main heading; '' for none."""
    for wanted in ("title", "h1"):
        for element in root.iter():
            if tag_of(element) == wanted and (words := plain("".join(element.itertext()))):
                return words[:200]
    return ""


def items_of(root: Any) -> Iterator[Item]:
    """Yields the visible items in reading order. It does not recurse, as a page may be nested a hundred thousand
    deep."""
    from lxml import etree

    is_styled = any(tag_of(one) in ("style", "link") for one in root.iter())
    writing = _Writing()
    skipped = None
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = tag_of(element)
        if event == "end":
            if tag in _BLOCKS and element is not skipped:
                yield from writing.flushed()
                writing.end(tag)
            if element is not root:
                writing.words.append(element.tail or "")
            continue
        apart = _apart(element, tag, is_styled)
        if apart or tag in _LEFT_OUT or not tag or element.get("role") == "doc-backlink":
            skipped = element
            walk.skip_subtree()
            if apart:
                yield from writing.flushed()
                yield apart
            continue
        if tag in _BLOCKS:
            yield from writing.flushed()
            writing.begin(element, tag)
        writing.words.append(element.text or "")
    yield from writing.flushed()


def _apart(element: Any, tag: str, is_styled: bool) -> Item | None:
    """Returns an element that is not running text: a table of data, or hidden text. None for any other."""
    if tag in _LEFT_OUT:
        return None
    if is_hidden(element, is_styled):
        return Hidden(_seen(element, False, unseen_too=True))
    return _grid(element, is_styled) if tag == "table" else None


@dataclass(slots=True)
class _Writing:
    """The words of the current block, and the lists that it stands in."""

    words: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number of each, None for bullets
    mark: str = ""
    level: int = 0
    pre: int = 0

    def begin(self, element: Any, tag: str) -> None:
        if tag in ("ul", "ol"):
            start = element.get("start") or "1"
            self.lists.append((int(start) if start.lstrip("-").isdecimal() else 1) if tag == "ol" else None)
        elif tag == "li":
            number = self.lists[-1] if self.lists else None
            self.mark = "• " if number is None else f"{number}. "
            if number is not None:
                self.lists[-1] = number + 1
        elif tag in _HEADINGS:
            self.level = _HEADINGS[tag]
        self.pre += tag == "pre"

    def end(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag in _HEADINGS:
            self.level = 0
        elif tag == "li":
            self.mark = ""
        self.pre -= tag == "pre"

    def flushed(self) -> Iterator[Block]:
        text = "".join(self.words)
        self.words = []
        lines = text.split("\n") if self.pre else [text]
        for line in lines:
            if words := flat(line):
                yield Block(f"{self.mark}{words}", self.level)
                self.mark = ""


def _grid(table: Any, is_styled: bool) -> Grid | None:
    """Returns a table of data; None for a table that only arranges the page: one row or column, or tables within it."""
    rows: list[list[tuple[str, int, int]]] = []
    caption = ""
    is_headed = False
    for element in table.iter():
        tag = tag_of(element)
        if tag == "table" and element is not table:
            return None
        if tag == "caption":
            caption = _seen(element, is_styled)
        elif tag == "tr":
            cells = [one for one in element if tag_of(one) in ("td", "th")]
            is_headed = is_headed or (not rows and any(tag_of(one) == "th" for one in cells))
            rows.append([(_seen(one, is_styled), _span(one, "colspan"), _span(one, "rowspan")) for one in cells])
    grid = expand_spans(rows)
    if len(grid) < 2 or max(map(len, grid), default=0) < 2:
        return None
    return Grid(grid, caption=caption, header=is_headed or has_header(grid))


def _span(cell: Any, name: str) -> int:
    value = cell.get(name) or "1"
    return min(int(value), 1000) if value.isdecimal() and int(value) else 1


def _seen(element: Any, is_styled: bool, *, unseen_too: bool = False) -> str:
    """Returns the visible words of an element on one line."""
    from lxml import etree

    words: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, one in walk:
        tag = tag_of(one)
        if event == "start":
            if tag in _LEFT_OUT or not tag or (one is not element and not unseen_too and is_hidden(one, is_styled)):
                walk.skip_subtree()
                continue
            words += [" " * (tag in _BLOCKS), one.text or ""]
        elif one is not element:
            words.append(one.tail or "")
    return flat("".join(words))

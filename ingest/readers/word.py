"""Reads DOCX: paragraphs by section, numbered lists, tables, and what is not running text: footnotes, text boxes,
comments and headers. Of tracked changes, deletions are left out and insertions are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.archive import open_zip
from ingest.readers.grids import expand_spans, has_header
from ingest.readers.markup import tag_of
from ingest.readers.numbering import Numbering
from ingest.readers.word_notes import Notes, comments_of, headers_of, notes_of
from ingest.text.layout import Block, Grid, Hidden, Item, Part, lay_out
from ingest.text.oneline import flat, many, plain
from ingest.text.sections import sections

_LEFT_OUT = frozenset("del movefrom instrtext deltext rpr ppr fallback sectpr".split())
_CAPTION = re.compile(r"caption$|^table$", re.IGNORECASE)  # styles of lines above a table
_WRAPPING = frozenset(("sdt", "sdtcontent", "customxml", "ins", "moveto", "smarttag", "txbxcontent"))
_DEEPEST = 12  # tables within tables


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    import docx

    with open_zip(path, "word/"):
        pass  # checked; docx opens it itself
    with path.open("rb") as file:
        document = docx.Document(file)
    reading = _Reading(document)
    notes: list[str] = []
    title = plain(document.core_properties.title or "")
    items = reading.items(document.element.body)
    result = lay_out(title or title_of(path), _parts(items, headers_of(document)), "docx", notes, on_page)
    if not result.pages:
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    if not title and (first := next((h.text for h in result.headings if h.level == 1 and h.text), "")):
        title = first
    notes += [f"{many(n, what)} {told}" for n, what, told in reading.lost() if n]
    return ReadResult(title or result.title, result.pages, result.headings, tuple(notes), result.tables, result.flags)


def _parts(items: Iterator[Item], headers: list[str]) -> Iterator[Part]:
    yield from sections(items)
    if headers:
        yield Part("headers and footers of its pages", [Block(text) for text in headers], heading="Headers and footers")


@dataclass(slots=True)
class _Paragraph:
    """The words of a paragraph, and the text boxes, notes and comments that belong to it."""

    words: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)  # footnote or endnote, id
    comments: list[str] = field(default_factory=list)


class _Reading:
    """Turns a document into items; keeps its styles, list numbers, notes and comments."""

    def __init__(self, document: Any) -> None:
        self.levels = _heading_levels(document)
        self.captions = {style.style_id for style in document.styles if style.name and _CAPTION.search(style.name)}
        self.numbering = Numbering(document)
        self.beside: dict[str, Notes] = {kind: notes_of(document, kind) for kind in ("footnote", "endnote")}
        self.comments = comments_of(document)
        self.told = self.pictures = self.deleted = 0

    def lost(self) -> list[tuple[int, str, str]]:
        return [
            (self.told, "comment", "read below the paragraph that each is on"),
            (self.deleted, "tracked deletion", "left out"),
            (self.pictures, "picture", "not looked into"),
        ]

    def items(self, parent: Any, depth: int = 0) -> Iterator[Item]:
        caption = ""
        for element in parent:
            tag = tag_of(element)
            if tag == "tbl":
                yield from self._table(element, depth, caption)
                caption = ""
                continue
            if tag not in ("p", *_WRAPPING):
                continue  # a bookmark, a section's end
            if caption:
                yield Block(caption)
            caption = ""
            if tag != "p":
                yield from self.items(element, depth)
                continue
            items = list(self._paragraph(element, depth))
            if len(items) == 1 and isinstance(items[0], Block) and self._style(element)[0] in self.captions:
                caption = items[0].text
            else:
                yield from items
        if caption:
            yield Block(caption)

    def _paragraph(self, element: Any, depth: int) -> Iterator[Item]:
        said = _Paragraph()
        self._collect(element, said)
        style, level = self._style(element)
        words = flat("".join(said.words))
        if words:
            mark = self.numbering.next(element, style)
            yield Block(f"{mark} {words}" if mark else words, level)
        if unseen := plain("".join(said.unseen)):
            yield Hidden(unseen)
        for box in said.boxes:
            if depth < _DEEPEST:
                yield from self.items(box, depth + 1)
        for kind, number in said.notes:
            if text := self.beside[kind].texts.get(number):
                yield Block(f"[{self.beside[kind].label(number)}] {text}")
        for number in said.comments:
            if comment := self.comments.get(number):
                self.told += 1
                yield Block(comment)

    def _style(self, element: Any) -> tuple[str, int]:
        """Returns the id of the paragraph's style, and its heading level, 0 for none."""
        properties = next((one for one in element if tag_of(one) == "ppr"), None)
        style, level = "", -1
        for one in properties if properties is not None else ():
            tag = tag_of(one)
            value = _value(one)
            if tag == "pstyle":
                style = value
            elif tag == "outlinelvl" and value.isdecimal():
                level = int(value) + 1
        if level > 9 or level < 0:
            level = self.levels.get(style, 0)
        return style, level

    def _collect(self, paragraph: Any, said: _Paragraph) -> None:
        """Collects what stands in a paragraph, without recursion."""
        waiting = [iter(paragraph)]
        unseen = [False]
        while waiting:
            element = next(waiting[-1], None)
            if element is None:
                waiting.pop()
                unseen.pop()
                continue
            tag = tag_of(element)
            if tag in ("del", "movefrom"):
                self.deleted += 1
            if tag == "txbxcontent":
                said.boxes.append(element)
            elif not self._take(element, tag, said, unseen[-1]) and tag not in _LEFT_OUT:
                waiting.append(iter(element))
                unseen.append(unseen[-1] or (tag == "r" and _is_unseen(element)))

    def _take(self, element: Any, tag: str, said: _Paragraph, unseen: bool) -> bool:
        """Takes the content of an element that has content of its own; returns whether it does."""
        words = said.unseen if unseen else said.words
        if tag == "t":
            words.append(element.text or "")
        elif tag in ("tab", "br", "cr", "ptab"):
            words.append(" ")
        elif tag == "nobreakhyphen":
            words.append("-")
        elif tag == "sym":
            words.append("•" if not said.words else " ")
        elif tag in ("footnotereference", "endnotereference"):
            kind = tag.removesuffix("reference")
            number = element.get(_attribute(element, "id")) or ""
            if number in self.beside[kind].texts:
                said.notes.append((kind, number))
                words.append(f" [{self.beside[kind].label(number)}]")
        elif tag == "commentreference":
            said.comments.append(element.get(_attribute(element, "id")) or "")
        elif tag == "blip":
            self.pictures += 1
        else:
            return False
        return True

    def _table(self, element: Any, depth: int, caption: str = "") -> Iterator[Item]:
        rows: list[list[tuple[str, int, int]]] = []
        merged: list[list[str]] = []
        inner: list[Item] = []
        headed = False
        for row in _descend(element, "tr"):
            headed = headed or (not rows and next(_descend(row, "tblheader"), None) is not None)
            line: list[tuple[str, int, int]] = []
            for cell in _descend(row, "tc"):
                across, goes_on = _merging(cell)
                words, more = self._cell(cell, depth)
                inner += more
                above = merged[-1] if merged else []
                at = sum(n for _, n, _ in line)
                line.append((above[at] if goes_on and at < len(above) else words, across, 1))
            rows.append(line)
            merged.append([text for text, across, _ in line for _ in range(across)])
        grid = expand_spans(rows)
        if len(grid) == 1 or max(map(len, grid), default=0) < 2:  # it only arranges the page
            if caption:
                yield Block(caption)
            for row in _descend(element, "tr"):
                for cell in _descend(row, "tc"):
                    yield from self.items(cell, depth + 1) if depth < _DEEPEST else ()
            return
        yield Grid(grid, caption=caption, header=headed or has_header(grid))
        yield from inner

    def _cell(self, cell: Any, depth: int) -> tuple[str, list[Item]]:
        """Returns a cell's words on one line, and the tables within it."""
        if depth >= _DEEPEST:
            return "", []
        found = list(self.items(cell, depth + 1))
        return (
            " ".join(one.text for one in found if isinstance(one, Block)),
            [one for one in found if not isinstance(one, Block)],
        )


def _descend(element: Any, wanted: str) -> Iterator[Any]:
    """Yields the nearest elements below with the tag `wanted`, looking only through elements that wrap others."""
    for one in element:
        tag = tag_of(one)
        if tag == wanted:
            yield one
        elif tag in ("sdt", "sdtcontent", "customxml", "trpr", "ins"):
            yield from _descend(one, wanted)


def _merging(cell: Any) -> tuple[int, bool]:
    """Returns how many columns a cell spans, and whether it continues the cell in the row above."""
    across, goes_on = 1, False
    for properties in _descend(cell, "tcpr"):
        for one in properties:
            if tag_of(one) == "gridspan" and _value(one).isdecimal():
                across = max(1, min(int(_value(one)), 1000))
            elif tag_of(one) == "vmerge":
                goes_on = _value(one) != "restart"
    return across, goes_on


def _is_unseen(run: Any) -> bool:
    for properties in run:
        if tag_of(properties) == "rpr":
            for one in properties:
                if tag_of(one) in ("vanish", "webhidden") and _value(one) not in ("0", "false", "off"):
                    return tag_of(one) == "vanish"
    return False


def _value(element: Any) -> str:
    return str(element.get(_attribute(element, "val")) or "")


def _attribute(element: Any, name: str) -> str:
    return f"{{{element.tag.rpartition('}')[0].lstrip('{')}}}{name}"


def _heading_levels(document: Any) -> dict[str, int]:
    """Returns the heading level of each style id, taken from the style or from the styles that it is based on."""
    levels: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in document.styles.element:
        if tag_of(style) != "style":
            continue
        number = style.get(_attribute(style, "styleId")) or ""
        for one in style.iter():
            tag, value = tag_of(one), _value(one)
            if tag == "name" and value.lower() == "title":
                levels[number] = 1
            elif tag == "name" and value.lower().startswith("heading ") and value[8:].isdecimal():
                levels[number] = int(value[8:])
            elif tag == "outlinelvl" and value.isdecimal() and int(value) < 9:
                levels.setdefault(number, int(value) + 1)
            elif tag == "basedon":
                based[number] = value
    for number in based:
        seen, at = set(), number
        while at in based and at not in levels and at not in seen:
            seen.add(at)
            at = based[at]
        if at in levels:
            levels.setdefault(number, levels[at])
    return levels

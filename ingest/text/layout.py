"""What a reader found, laid out as pages of text that keep their places, headings and tables.

A page holds about 3,000 characters, or a slide, or forty rows of a table; it ends where a line, a paragraph or a row
does. Each row of a table is a line, its cells parted by CELL; the header is said again on each page it goes on to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ingest.datatypes import Flag, Heading, OnPage, Page, ReadResult, Table
from ingest.text.clean import CELL
from ingest.text.hostile import hidden_flags
from ingest.text.oneline import flat, plain, printed

PAGE_CHARACTERS = 3000
COLUMNS = 7  # the level of the heading that tells a table's rows their columns; below all of a document's own
MOST_COLUMNS = 1000  # of a table; what is wider is no table that anyone reads
_PAGE_ROWS = 40
_LONGEST_LINE = 2 * PAGE_CHARACTERS  # longer ones are cut at a space, as if they were several
_SIGN = 2000  # items
_LONGEST_COLUMNS = 160  # characters
_LONGEST_HIDDEN = 400


@dataclass(frozen=True, slots=True)
class Block:
    """A line, paragraph or list item, or several lines that belong together; a heading where `level` is not 0, called
    `title` where that is not its text. `number` is how its part counts it, from 1."""

    text: str
    level: int = 0
    number: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it stood. `numbers` are its rows' in the part; without `header`, its columns are called A, B, C."""

    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    caption: str = ""
    header: bool = True


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that nobody sees who looks at the document: a flag, and none of the page's words."""

    text: str


Item = Block | Grid | Hidden
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Part:
    """A slide, a sheet, a section: what people look for by name. What its items are counted as, if they are, is
    'line', 'row' or 'paragraph'. `room` is for how many characters its pages are; 0 makes it one page. `heading` is
    the widest heading of all its text, where that does not say so itself."""

    name: str
    items: Iterable[Item]
    counted: str = ""
    room: int = PAGE_CHARACTERS
    heading: str = ""


def lay_out(
    title: str, parts: Iterable[Part], reader: str, notes: Iterable[str] = (), on_page: OnPage | None = None
) -> ReadResult:
    """All parts in order, each beginning on a page of its own. Parts without words make no page.

    `notes` may still grow while the parts are gone through.
    """
    sheets = _Sheets(reader, on_page)
    for part in parts:
        sheets.add(part)
    return ReadResult(
        title, tuple(sheets.pages), tuple(sheets.headings), tuple(notes), tuple(sheets.tables), tuple(sheets.flags)
    )


def alive(items: Iterable[_T], on_page: OnPage | None) -> Iterator[_T]:
    """The same, with a sign of life now and then before the first page is full."""
    for number, item in enumerate(items, 1):
        if on_page and number % _SIGN == 0:
            on_page(0, 1)
        yield item


def joined(title: str, results: Sequence[tuple[str, ReadResult]]) -> ReadResult:
    """Several documents in one, as an e-mail's attachments are; each one's places come behind its name."""
    pages: list[Page] = []
    headings: list[Heading] = []
    tables: list[Table] = []
    flags: list[Flag] = []
    told: list[str] = []
    start = 0
    for name, result in results:
        before = len(pages)
        for page in result.pages:
            place = ", ".join(filter(None, [name, page.named if name else page.place]))
            pages.append(replace(page, number=before + page.number, start=start + page.start, place=place))
        if name and not any(one.start == 0 and one.level == 1 for one in result.headings):
            headings.append(Heading(start, 1, name))
        headings += [replace(one, start=start + one.start) for one in result.headings]
        tables += [
            replace(one, page=before + one.page, start=start + one.start, end=start + one.end) for one in result.tables
        ]
        flags += [replace(one, page=before + one.page if one.page else 0) for one in result.flags]
        told += [f"{name}: {note}" if name else note for note in result.notes]
        start += len(result.text) + 1
    return ReadResult(title, tuple(pages), tuple(headings), tuple(told), tuple(tables), tuple(flags))


def letters(number: int) -> str:
    """A column's name where it has none: A, B, …, Z, AA, as spreadsheets count. From 0."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


@dataclass(slots=True)
class _Sheets:
    """The pages so far and the one that is being written."""

    reader: str
    on_page: OnPage | None
    pages: list[Page] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    part: Part = Part("", ())
    lines: list[str] = field(default_factory=list)
    start: int = 0  # of the page at hand
    end: int = 0  # where its next line begins
    rows: int = 0  # of tables on it
    first: int = 0  # number of its first item, in the part
    last: int = 0
    behind_table: bool = False

    def add(self, part: Part) -> None:
        self.part = part
        before, headed, start = len(self.pages), len(self.headings), self.start
        for item in part.items:
            if isinstance(item, Hidden):
                if words := plain(item.text):
                    self.flags.append(Flag("hidden", len(self.pages) + 1, words[:_LONGEST_HIDDEN]))
            elif isinstance(item, Grid):
                self._table(item)
            else:
                self._block(item)
        self._turn()
        made = len(self.pages) - before
        if made and part.heading:
            self.headings.insert(headed, Heading(start, 1, part.heading))
        if made == 1 and part.counted == "paragraph" and part.name:  # nothing to tell apart
            self.pages[-1] = replace(self.pages[-1], place=part.name)
        self.flags = [f if f.page <= len(self.pages) else replace(f, page=len(self.pages)) for f in self.flags]

    def _seen(self, text: str) -> str:
        """Without what does not print; where that hides something, it is flagged."""
        if (seen := printed(text)) != text:
            self.flags += hidden_flags(text, len(self.pages) + 1)
        return seen

    def _block(self, block: Block) -> None:
        seen = self._seen(block.text)
        for text in _pieces(seen) if seen.strip() or not block.text else ():
            if self.end > self.start and self._is_full(len(text)):
                self._turn()
            self.behind_table = self.behind_table and not block.level  # a heading says itself what it begins
            at = self._line(text, block.number)
            if block.level and text:
                self.headings.append(Heading(at, min(block.level, COLUMNS - 1), block.title or text))

    def _table(self, grid: Grid) -> None:
        rows = [self._cells(row) for row in grid.rows]
        width = max((len(row) for row in rows), default=0)
        numbers = grid.numbers or [0] * len(rows)
        body = [([*row, *[""] * (width - len(row))], n) for row, n in zip(rows, numbers, strict=True) if any(row)]
        if not body:
            return
        columns, number = body.pop(0) if grid.header else ([letters(i) for i in range(width)], 0)
        caption = plain(grid.caption)
        head = [caption] * bool(caption) + [CELL.join(columns)]
        if self.behind_table and self.lines and not caption:
            self._line("", 0)  # or it would be taken for more rows of the last one
        if self.end > self.start and self._is_full(sum(map(len, head)) + (len(CELL.join(body[0][0])) if body else 0)):
            self._turn()
        named = ", ".join(filter(None, columns))
        named = named if len(named) <= _LONGEST_COLUMNS else f"{named[: _LONGEST_COLUMNS - 1]}…"
        start = self._head(head, number)
        self.headings.append(Heading(start, COLUMNS, f"{caption}: {named}" if caption else named))
        table_page, table_start = len(self.pages) + 1, start + sum(len(line) + 1 for line in head[:-1])
        for row, number in body:
            line = CELL.join(row)
            if self.rows and (self.rows >= _PAGE_ROWS or self._is_full(len(line))):
                self._turn()
                self._head(head, 0)
            self._line(line, number, of_table=True)
            self.rows += 1
        stored = tuple(tuple(row) for row, _ in body)
        self.tables.append(Table(table_page, table_start, self.end - 1, caption, tuple(columns), stored))
        self.behind_table = True

    def _cells(self, row: Sequence[str]) -> list[str]:
        said = [flat(cell) for cell in row[:MOST_COLUMNS]]
        return said if "".join(said).isprintable() else [self._seen(cell) for cell in said]

    def _head(self, lines: Sequence[str], number: int) -> int:
        at = [self._line(line, number, of_table=True) for line in lines]
        return at[0]

    def _is_full(self, coming: int) -> bool:
        return bool(self.part.room) and self.end - self.start + coming > self.part.room

    def _line(self, text: str, number: int, of_table: bool = False) -> int:
        """Writes a line; where it begins."""
        if self.behind_table and text and not of_table:
            self.headings.append(Heading(self.end, COLUMNS, ""))  # so that what follows is not taken for its rows
        self.behind_table = self.behind_table and not text
        at = self.end
        self.lines.append(text)
        self.end += len(text) + 1
        self.first = self.first or number
        self.last = number or self.last
        return at

    def _turn(self) -> None:
        """Ends the page at hand, unless nothing stands on it."""
        if any(line.strip() for line in self.lines):
            text = "\n".join(self.lines)
            number = len(self.pages) + 1
            self.pages.append(Page(number, self.start, text, reader=self.reader, place=self._place()))
            self.start = self.end = self.start + len(text) + 1
            if self.on_page and number % 10 == 0:
                self.on_page(number, number)  # how many there will be is not known
        else:
            self.end = self.start
        self.lines, self.first, self.last, self.rows = [], 0, 0, 0

    def _place(self) -> str:
        what, first, last = self.part.counted, self.first, self.last
        span = f"{what} {first}" if first == last else f"{what}s {first} to {last}"
        return ", ".join(filter(None, [self.part.name, span if what and first else ""]))


def _pieces(text: str) -> Iterator[str]:
    """The line, or what it is cut into where it is longer than any page should be."""
    at = 0
    while len(text) - at > _LONGEST_LINE:
        cut = max(text.rfind(space, at + PAGE_CHARACTERS // 2, at + PAGE_CHARACTERS) for space in "\n ")
        cut = cut if cut > 0 else at + PAGE_CHARACTERS
        yield text[at:cut]
        at = cut + text[cut].isspace()
    yield text[at:]

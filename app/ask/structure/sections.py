"""The sections of documents: a heading, those above it, and the text up to the next one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.ask.language.relevance import is_number, roots
from ingest.datatypes import Document, Heading
from ingest.store.index import LocalIndex
from ingest.text.clean import CELL

CAPTION = 7  # the level of what stands above a table: no section of its own
OPENING = 500  # characters that tell what a document is about
_FIRST_LINES = 150  # characters whose numbers and dates say which document it is
_RUNNING = 3  # pages that begin or end with a line before it is furniture
_LEADERS = re.compile(r"(?:\.\s?){5}|…{2}")  # dots up to a page number, in a table of contents
_MARKUP = re.compile(r"^[#*\s]+|[*\s]+$")
_LONGEST_TITLE = 80


@dataclass(frozen=True)
class Section:
    """`text` is its own, up to the next heading of any level, at `body` of its document's text."""

    document: Document
    heading: str
    above: tuple[str, ...]  # headings above it, widest first
    start: int
    body: int
    text: str
    opening: str  # how its document begins
    running: frozenset[str] = frozenset()  # the document's running lines, as `masked` makes them
    level: int = 1

    @property
    def named(self) -> str:
        """For people: 'Filling – Procedure'."""
        return " – ".join(_MARKUP.sub("", " ".join(part.split())) for part in [*self.above[-1:], self.heading] if part)

    @property
    def described(self) -> str:
        return f"the section “{self.named}” of {self.document.path}" if self.named else self.document.path

    @property
    def end(self) -> int:
        return self.body + len(self.text)

    @cached_property
    def label(self) -> frozenset[str]:
        """Roots of the headings' words."""
        return roots(" . ".join([*self.above, self.heading]))

    @cached_property
    def context(self) -> frozenset[str]:
        """Roots of what says which document this is: title, file's name, opening."""
        return self.context_before(OPENING)

    def context_before(self, place: int) -> frozenset[str]:
        """The same of a list or table that begins there, which does not name its own document."""
        first = title_roots(self.document) | roots(self.opening[: min(place, _FIRST_LINES)])
        return first | {word for word in roots(self.opening[:place]) if not is_number(word)}


def title_roots(document: Document) -> frozenset[str]:
    """Roots of the words of its title and of its file's name."""
    return roots(f"{document.title} . {re.sub(r'[-_./]+', ' ', document.path)}")


def headings_of(index: LocalIndex, document: Document) -> list[Heading]:
    """In the order of the text, captions included."""
    sql = "SELECT start, level, text FROM headings WHERE doc_id = ? ORDER BY start, level"
    return [Heading(*row) for row in index.store.rows(sql, (document.id,))]


def sections_of(index: LocalIndex, document: Document) -> list[Section]:
    """All sections in order, the text before the first heading included. One where there are no headings."""
    text = index.store.text(document.id)
    found = [heading for heading in headings_of(index, document) if heading.level < CAPTION]
    placed = _placed(found, text) if found else _guessed(text)
    opening = _LEADERS.sub(lambda dots: " " * len(dots.group()), text[:OPENING])
    printed = document.path.lower().endswith(".pdf")  # other pages are not printed ones: nothing runs on them
    running = _running(text) if printed else frozenset()
    sections: list[Section] = []
    above: list[Heading] = []
    for i, heading in enumerate([Heading(0, 0, ""), *placed]):
        end = placed[i].start if i < len(placed) else len(text)
        while above and above[-1].level >= heading.level:
            above.pop()
        body = _behind(text, heading, end)
        path = tuple(one.text for one in above)
        sections.append(
            Section(document, heading.text, path, heading.start, body, text[body:end], opening, running, heading.level)
        )
        if heading.text:
            above.append(heading)
    return sections


def masked(line: str) -> str:
    """A line without what changes from page to page."""
    return re.sub(r"\d+|\b[ivxl]+\b", "#", " ".join(line.lower().split()))


def _running(text: str) -> frozenset[str]:
    """Lines that begin or end several pages."""
    edges: Counter[str] = Counter()
    for page in text.split("\f"):
        lines = [line for line in page.split("\n") if line.strip()]
        edges.update({masked(line) for line in (*lines[:1], *lines[-1:])})
    return frozenset(line for line, count in edges.items() if count >= _RUNNING)


def _placed(headings: Sequence[Heading], text: str) -> list[Heading]:
    """Headings where their line stands: outlines of PDFs often name only the page."""
    placed: list[Heading] = []
    for heading in headings:
        words = _letters(heading.text)[:40]
        page_end = text.find("\f", heading.start)
        page_end = len(text) if page_end < 0 else page_end
        start = heading.start
        for line in re.finditer(r"[^\n\f]+", text[heading.start : page_end]):
            if words and _letters(line.group())[: len(words)] == words:
                start = heading.start + line.start()
                break
        placed.append(Heading(start, heading.level, heading.text))
    return sorted(placed, key=lambda heading: (heading.start, heading.level))


def _behind(text: str, heading: Heading, end: int) -> int:
    """Where the body begins: behind the heading's line, or lines, if they stand there at all."""
    wanted, at = _letters(heading.text), heading.start
    while wanted and at < end:
        line_end = min(i for i in (text.find("\n", at), text.find("\f", at), end) if i >= 0)
        line = _letters(text[at:line_end])
        if not line or not (wanted.startswith(line) or line.startswith(wanted)):
            break
        wanted, at = wanted[len(line) :], min(end, line_end + 1)
    return at


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _guessed(text: str) -> list[Heading]:
    """Headings of plain text: short lines behind a gap that no punctuation ends."""
    lines = [(match.start(), match.group()) for match in re.finditer(r"[^\n\f]+", text)]
    found: list[Heading] = []
    for i, (start, line) in enumerate(lines[:-1]):
        gap = start == 0 or not text[: start - 1].rstrip(" ")[-1:].strip()
        title = line.strip()
        if not (gap and 2 < len(title) <= _LONGEST_TITLE and CELL not in line and title[-1] not in ".:;,!?>"):
            continue
        following = lines[i + 1][1].strip()
        numbered = re.match(r"\d+[.)]?\s", title)
        if re.match(r"\d+[.)]?\s", following) and numbered:
            continue  # a step beside the next
        if re.match(r"[A-ZÀ-Þ\d]", title) and not re.match(r"[-–•*>]", title):
            found.append(Heading(start, 1 if title.isupper() else 2, title))
    return found

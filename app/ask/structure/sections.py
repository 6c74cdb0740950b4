"""The sections of documents: a heading, those above it, and the text up to the next one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from app.ask.language.relevance import is_number, roots
from app.ask.structure.headings import body_start, headings_in, headings_of, placed
from ingest.datatypes import Document, Heading
from ingest.store.index import LocalIndex

OPENING = 500  # characters that tell what a document is about
_FIRST_LINES = 150  # characters whose numbers and dates say which document it is
_RUNNING = 3  # pages that begin or end with a line before it is furniture
_LEADERS = re.compile(r"(?:\.\s?){5}|…{2}")  # dots up to a page number, in a table of contents
_MARKUP = re.compile(r"^[#*\s]+|[*\s]+$")


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


def sections_of(index: LocalIndex, document: Document) -> list[Section]:
    """All sections in order, the text before the first heading included. One where there are no headings."""
    text = index.store.text(document.id)
    found = headings_of(index, document)
    headings = placed(found, text) if found else headings_in(text)
    opening = _LEADERS.sub(lambda dots: " " * len(dots.group()), text[:OPENING])
    printed = document.path.lower().endswith(".pdf")  # other pages are not printed ones: nothing runs on them
    running = _running(text) if printed else frozenset()
    sections: list[Section] = []
    above: list[Heading] = []
    for i, heading in enumerate([Heading(0, 0, ""), *headings]):
        end = headings[i].start if i < len(headings) else len(text)
        while above and above[-1].level >= heading.level:
            above.pop()
        body = body_start(text, heading.text, heading.start, end)
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

"""A document as the sections that its headings make, each with what it says, thing by thing.

Documents without headings have those that their lines look like; an e-mail has its messages, the oldest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.ask.structure.headings import CAPTION, body_start, headings_in, headings_of
from app.ask.structure.statements import Statement, flat, statements_of
from ingest.datatypes import Document, Heading
from ingest.store.index import LocalIndex

_WHOLE = 250_000  # characters up to which a document is read whole
_SAMPLED = 48  # sections that are read of a longer one
_OF_EACH = 3_000  # characters
_CHAPTER = 60_000  # characters of one chapter of a longer one
_NUMBER = re.compile(
    r"^(?:(?:chapter|section|article|part|item|agenda item|clause|§)\s*)?(\d+(?:\.\d+)*)[.):]?\s+", re.I
)
_MESSAGE = re.compile(
    r"^[ >]*(?:On (?P<on>[^\n]{8,150}?) wrote|Am (?P<am>[^\n]{8,150}?) schrieb(?P<who>[^\n:]{0,80})"
    r"|Le (?P<le>[^\n]{8,150}?) a écrit) ?:[ ]*$"
    r"|^[ >]*(?:-{2,} ?(?:Original|Forwarded|Ursprüngliche)[^\n]*\n[ >]*)?From: (?P<sender>[^\n]+)$",
    re.MULTILINE,
)
_HEADER = re.compile(r"[ >]*(?:From|To|Cc|Bcc|Date|Sent|Subject|Von|An|Betreff|Datum|Gesendet): [^\n]*(?:\n|$)")
_DAY = re.compile(
    r"\d{1,2}\.? ?(?:[A-Z][a-zä]{2,8}\.?|\d{1,2}\.) ?\d{4}|[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}|\d{4}-\d\d-\d\d|"
    r"\d{1,2}/\d{1,2}/\d{2,4}"
)
_BROKEN = ("text", "markdown", "eml")  # readers of what is written in lines of one width


@dataclass(frozen=True, slots=True)
class Section:
    """`heading` is as it stands, '' where there is none; `start:end` is what stands below it."""

    heading: str
    level: int
    start: int
    end: int
    statements: tuple[Statement, ...] = ()

    @property
    def name(self) -> str:
        """The heading without its number."""
        return _NUMBER.sub("", self.heading).strip(" :") or self.heading

    @property
    def number(self) -> str:
        found = _NUMBER.match(self.heading)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Outline:
    """`whole`: nothing of it was left out, for its length."""

    document: Document
    sections: tuple[Section, ...]
    whole: bool = True

    @property
    def statements(self) -> list[Statement]:
        return [statement for section in self.sections for statement in section.statements]


def outline_of(index: LocalIndex, document: Document) -> Outline:
    """The document's sections in order, those without words left out. Of a long one, the beginnings of some."""
    headings = headings_of(index, document)
    pages = index.store.rows("SELECT start, reader FROM pages WHERE doc_id = ? ORDER BY number DESC", (document.id,))
    if not pages:
        return Outline(document, ())
    last, reader = pages[0]
    length = last + len(index.text(document.id, last, last + _WHOLE))
    if length > _WHOLE:
        return Outline(document, tuple(_sampled(index, document, headings, length)), False)
    text = index.store.text(document.id)
    if reader == "eml":
        sections = _messages(text)
    else:
        known = headings if len(headings) > 1 else [*headings, *headings_in(text, headings)]
        sections = list(_between(text, known))
    read = _with_statements(sections, text, 0, reader)
    return Outline(document, tuple(one for one in read if one.statements or one.heading))


def contents_of(index: LocalIndex, document: Document) -> Outline:
    """The headings of a long document, with nothing read of what stands below them: `read_of` does that."""
    headings = headings_of(index, document)
    ends = [*(heading.start for heading in headings), 1 << 60][1:]
    sections = (
        Section(flat(heading.text), heading.level, heading.start, end)
        for heading, end in zip(headings, ends, strict=True)
    )
    return Outline(document, tuple(sections))


def read_of(index: LocalIndex, document: Document, sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections of a long document, read; what is beyond the length of a chapter is left out."""
    start = sections[0].start
    return span_of(index, document, start, min(sections[-1].end, start + _CHAPTER))


def span_of(index: LocalIndex, document: Document, start: int, end: int) -> tuple[Section, ...]:
    """What stands between two offsets, section by section."""
    text = index.text(document.id, start, end)
    headings = [heading for heading in headings_of(index, document) if start <= heading.start < start + len(text)]
    reader = "eml" if document.path.lower().endswith(".eml") else ""
    if not reader:
        rows = index.store.rows("SELECT reader FROM pages WHERE doc_id = ? LIMIT 1", (document.id,))
        reader = rows[0][0] if rows else ""
    read = _with_statements(_between(text, headings, start), text, start, reader)
    return tuple(one for one in read if one.statements)


def opening_of(index: LocalIndex, document: Document) -> tuple[Section, ...]:
    """The sections that a document begins with: enough to tell what it is about."""
    if document.path.lower().endswith(".eml"):
        return outline_of(index, document).sections[:1]
    return span_of(index, document, 0, _OF_EACH)


def _with_statements(sections: Iterable[Section], text: str, base: int, reader: str) -> Iterator[Section]:
    """`text` begins at `base`."""
    for one in sections:
        statements = statements_of(text[one.start - base : one.end - base], one.start, reader in _BROKEN)
        yield replace(one, statements=tuple(statements))


def chapter(sections: Sequence[Section], place: int) -> list[Section]:
    """The section at this place with those below it."""
    found = [sections[place]]
    for section in sections[place + 1 :]:
        if section.level <= found[0].level:
            break
        found.append(section)
    return found


def _between(text: str, headings: Sequence[Heading], base: int = 0) -> Iterator[Section]:
    """What stands before the first heading, then what stands below each."""
    bounds = [max(0, heading.start - base) for heading in headings]
    front = text[: bounds[0] if bounds else len(text)]
    if front.strip(" \n\f#"):
        yield Section("", 1, base, base + len(front))
    for heading, start, end in zip(headings, bounds, [*bounds, len(text)][1:], strict=True):
        body = body_start(text, heading.text, start, end)
        yield Section(flat(heading.text), heading.level, base + body, base + end)


def _sampled(index: LocalIndex, document: Document, headings: Sequence[Heading], length: int) -> Iterator[Section]:
    """The beginnings of sections from all over a long document: the widest ones, as many as can be read at once."""
    for level in range(1, CAPTION):
        chosen = [heading for heading in headings if heading.level <= level]
        if len(chosen) >= _SAMPLED // 2:
            break
    if len(chosen) < 3:
        step = max(_OF_EACH, length // _SAMPLED)
        chosen = [Heading(start, 1, "") for start in range(0, length, step)]
    if len(chosen) > _SAMPLED:
        chosen = [chosen[round(i * (len(chosen) - 1) / (_SAMPLED - 1))] for i in range(_SAMPLED)]
    for heading, following in zip(chosen, [*(one.start for one in chosen), length][1:], strict=True):
        end = min(following, heading.start + _OF_EACH)
        text = index.text(document.id, heading.start, end)
        sections = _between(text, [heading] if heading.text else [], heading.start)
        yield from _with_statements(sections, text, heading.start, "")


# -- mail


def _messages(text: str) -> list[Section]:
    """A thread's messages, the oldest first; headed by who wrote when."""
    marks = list(_MESSAGE.finditer(text))
    found = []
    for mark, following in zip(marks, [*marks, None][1:], strict=True):
        end = following.start() if following else len(text)
        start = mark.start() if mark["sender"] else mark.end()
        told = mark["on"] or mark["am"] or mark["le"] or mark["sender"] or ""
        day = _DAY.search(told)
        while header := _HEADER.match(text, start):
            if re.match(r"[ >]*(?:Date|Sent|Datum|Gesendet)", header.group()):
                day = _DAY.search(header.group()) or day
            start = header.end()
        who = re.sub(
            r"<[^>]*>|\([^)]*\)",
            "",
            told[: day.start()] + told[day.end() :] if day and mark["sender"] is None else told,
        )
        who = re.sub(
            r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*\b|\bat\b|\bum\b|\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?", "", who
        )
        name = ", ".join(
            filter(None, [" ".join((who + (mark["who"] or "")).split()).strip(" ,"), day[0] if day else ""])
        )
        found.append(Section(name, 1, start, end))
    if marks and text[: marks[0].start()].strip():
        found.insert(0, Section("", 1, 0, marks[0].start()))
    return found[::-1] or [Section("", 1, 0, len(text))]

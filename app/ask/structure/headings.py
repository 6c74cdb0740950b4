"""The headings of a document: those that the index knows, at their lines; failing these, lines that look like them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.datatypes import Document, Heading
from ingest.store.index import LocalIndex
from ingest.text.clean import CELL

CAPTION = 7  # the level of what stands above a table: no section of its own
_HEADED = re.compile(
    r"^(?:\d+(?:\.\d+)*[.)]?\s+|(?:item|agenda item|chapter|section|part|article|top|annex)\s+\d+\b)", re.I
)
_LISTED = re.compile(r"^(?:[•◦▪■●–—*‣-]|\(?[a-z][.)])\s")


def headings_of(index: LocalIndex, document: Document) -> list[Heading]:
    """In the order of the text, without captions of tables."""
    rows = index.store.rows(
        "SELECT start, level, text FROM headings WHERE doc_id = ? AND level < ? AND text != '' ORDER BY start, level",
        (document.id, CAPTION),
    )
    return [Heading(*row) for row in rows]


def placed(headings: Sequence[Heading], text: str) -> list[Heading]:
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


def body_start(text: str, heading: str, start: int, end: int) -> int:
    """Where the body begins, of a section from `start` to `end`: behind its heading's words, if they stand there."""
    words = re.escape(heading).replace(r"\ ", r"\s+")
    found = re.match(rf"[#\s>]*{words}[ \t:]*", text[start:end], re.IGNORECASE) if heading else None
    return start + found.end() if found else start


def headings_in(text: str, known: Sequence[Heading] = ()) -> list[Heading]:
    """Short lines that are no sentences, above ones that are: numbered, in capitals, or behind an empty line."""
    lines = [(match.start(), match.group()) for match in re.finditer(r"[^\n\f]+|(?<=\n)(?=\n)", text)]
    found = []
    for place, (start, line) in enumerate(lines):
        words = line.strip(" #*")
        following = lines[place + 1][1].strip() if place + 1 < len(lines) else ""
        following = following or (lines[place + 2][1].strip() if place + 2 < len(lines) else "")
        stands_out = _HEADED.match(words) or words.isupper() or not place or not lines[place - 1][1].strip()
        is_name = 2 < len(words) <= 70 and words[-1] not in ".,;!?" and len(words.split()) <= 9 and CELL not in line
        if not (is_name and stands_out and following) or _LISTED.match(words) or not re.search(r"[^\W\d_]{3}", words):
            continue
        if _HEADED.match(words) and _HEADED.match(following) and len(following) > len(words) + 20:
            continue  # the first of a list
        if _HEADED.match(words) or len(following) > len(words) or following[-1:] in ".:":
            found.append(Heading(start + len(line) - len(line.lstrip(" #*")), 2, words))
    first = known[0].start if known else -1
    return [heading for heading in found if heading.start > first] if len(found) > 1 else []


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())

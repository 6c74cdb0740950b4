"""When a document says that it was written, and by whom: from its beginning, to the letter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.datatypes import Document
from ingest.store.curated import editions
from ingest.store.index import LocalIndex
from ingest.text.versions import Rank, date_in, shown_date

_FRONT = 1500  # characters in which a document says who wrote it
_TOP = 700  # and when: further down a line may be of a table
_CLOSE = 400  # and at its end, where letters and contracts are signed
_DATE_LINE = re.compile(  # a line that is little but a date: 'February 2024', 'Harrowmere, 14 August 2023'
    r"^(?:[^\W\d][\w .'-]{2,40},\s*)?(?:\d{1,2}\.?\s+)?[^\W\d]{3,10}\.?\s+(?:\d{1,2},\s*)?(?:19|20)\d\d\.?$"
    r"|^(?:[^\W\d][\w .'-]{2,40},\s*)?\d{1,2}\.\d{1,2}\.(?:19|20)\d\d$|^(?:19|20)\d\d-\d\d-\d\d$",
    re.MULTILINE,
)
_TOLD = re.compile(
    r"\b(?:date|dated|issued|published|effective|in force|valid|signed|written|as of|status|stand|datum|vom)\b"
    r"(?: (?:from|on|since|date))?\s*:?\s*(?:[^\W\d]{3}, )?(?=\d|[A-Z])(?P<date>[^\n;:]{4,24})",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(?:#+ )?(?P<date>[^\n]{4,90})$", re.MULTILINE)
_WORD = r"[A-ZÀ-Þ][\w’'-]+"
_NAME = (
    rf"(?P<name>(?:(?:Dr|Prof|Mr|Mrs|Ms)\.? )?{_WORD}(?: (?:(?:van|von|de|der|den|du|la|le|[A-Z]\.) )*{_WORD}){{1,3}})"
)
_SIGNED = re.compile(
    rf"\b(?:[Ww]ritten|[Pp]repared|[Dd]rafted|[Cc]ompiled|[Aa]uthored|[Ee]dited|[Vv]erfasst|[Ee]rstellt|[Gg]eschrieben|"
    rf"[Rr]ecorded|[Tt]aken) (?:by|von|durch):? {_NAME}"
    rf"|(?:^|(?<=[.;] ))(?:Authors?|By|Minutes|Minute taker|Minutes taken by|Verfasser(?:in)?|Autor(?:in)?|Protokoll|"
    rf"From|Von|Editor)\s*:\s*{_NAME.replace('<name>', '<other>')}"
    rf"|^By {_NAME.replace('<name>', '<third>')}$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a document says of itself at `start:end` of its text, in words; `rank` is (year, month, day) of a date, as
    far as it is told. Where it stands in the title or name only, `end` is 0."""

    words: str
    start: int = 0
    end: int = 0
    rank: Rank = ()


def date_of(index: LocalIndex, document: Document) -> Stated | None:
    """The date that it bears; None where it shows none. One that stands for another document never counts: of dates
    in its running text only those behind words such as 'issued' or 'valid from' are looked at."""
    length = max(
        (end for (end,) in index.store.rows("SELECT max(end) FROM chunks WHERE doc_id = ?", (document.id,)) if end),
        default=0,
    )
    front = index.text(document.id, 0, min(length, _FRONT)).replace("\f", "\n")
    found: list[Stated] = []
    for match in _TOLD.finditer(front[:_TOP]):
        found.append(_told(match["date"], match.start("date")))
    found += [_told(match.group(), match.start()) for match in _DATE_LINE.finditer(front[:_TOP])]
    if first := next((m for m in _HEADING.finditer(front[:300])), None):
        found.append(_told(first["date"], first.start("date")))
    if length:
        close = max(0, length - _CLOSE)
        found += [
            _told(m.group(), close + m.start()) for m in _DATE_LINE.finditer(index.text(document.id, close, length))
        ]
    own = editions(index.store, [document.id]).get(document.id)
    if own and own.date:
        line = re.search(rf"^.{{0,80}}\b{own.date[0]}\b.{{0,40}}$", front[:300], re.MULTILINE)
        found.append(Stated(shown_date(own.date), *(line.span() if line else (0, 0)), own.date))
    full = [told for told in found if told.rank]
    return max(full, key=lambda told: (len(told.rank) > 1, -full.index(told))) if full else None


def _told(words: str, start: int) -> Stated:
    return Stated(words.strip(), start, start + len(words.rstrip()), date_in(words))


def author_of(index: LocalIndex, document: Document) -> Stated | None:
    """Who it says has written it, on its first page; for an e-mail, who sent it. None where it does not say."""
    page = index.page(document.id, 1)
    match = _SIGNED.search(page.text[:_FRONT]) if page else None
    if not match:
        return None
    name = next(group for group in ("name", "other", "third") if match[group])
    return Stated(match[name], match.start(), match.end())

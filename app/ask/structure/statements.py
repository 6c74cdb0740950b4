"""What a stretch of text says, thing by thing: sentences, items of lists, rows of tables. Pure.

Where a text was broken into lines of one width, sentences go on over them; the marks of quoted mail are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from app.ask.language.spoken_rows import row_said
from ingest.text.clean import CELL
from ingest.text.sentences import sentence_spans
from ingest.text.tables import aligned, cells

_LINE = re.compile(r"[^\n\f]*")
_QUOTING = re.compile(r"[ \t]*(?:>[ >]*)?")
_ITEM = re.compile(r"(?:[•◦▪■●–—*‣-]|\(?(?:\d{1,3}|[a-z])[.)])\s+")
_ENDED = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_COURTESY = re.compile(  # lines that open and close letters
    r"(?:dear|hello|hi|hey|good (?:morning|afternoon|evening)|sehr geehrte\w*|guten tag|hallo|liebe\w?|bonjour|chère?|"
    r"hola|estimad[oa]s?)\b[^.:;?]{0,60}[,!]?"
    r"|(?:(?:with|many|mit)?\s*(?:kind|kindest|best|warm|freundlichen?)\s+(?:regards|wishes|greetings|grüßen?)|regards|"
    r"cheers|many thanks|thanks|thank you|yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?|"
    r"cordialement)[,.!]?",
    re.IGNORECASE,
)
_OPEN_WORD = re.compile(
    r"(?:,|\b(?:of|from|the|to|and|or|by|with|in|for|an?|at|than|is|are|was|were|has|have|which|that|on|as))$"
)
_VALUE = re.compile(r"(?:[-+±]?\d[\d.,/:-]*|(?:EUR|USD|GBP|CHF|[$€£])\s?\d\S*)(?:\s|$)")
_CAPTION = re.compile(r"(?:table|tab\.|tabelle|tableau|figure|fig\.) ?\d", re.IGNORECASE)
_HALF_A_LINE = 45  # characters
_LONGEST_CAPTION = 120
_REST_OF_CELL = 80

Form = Literal["sentence", "item", "row"]


@dataclass(frozen=True, slots=True)
class Statement:
    """`start:end` of the text holds it; `said` is how it reads: on one line, a row with the names of its columns.

    `lead` is the sentence that introduces the list it stands in, or the caption of its table. `spoken` is a row with
    the name of each column.
    """

    start: int
    end: int
    said: str
    form: Form = "sentence"
    lead: str = ""
    spoken: str = ""

    @property
    def meaning(self) -> str:
        return self.spoken or self.said

    @property
    def leans(self) -> bool:
        """Whether it says nothing without its lead."""
        return bool(self.form == "item" and self.lead and (self.said[:1].islower() or self.lead[-1] not in ".!?"))


@dataclass(frozen=True, slots=True)
class _Line:
    start: int  # of its words, marks and bullets passed over
    end: int
    form: Literal["text", "item", "row", "blank"]
    text: str
    after_break: bool = False


def statements_of(text: str, base: int = 0, broken: bool = False) -> list[Statement]:
    """In order, `start` and `end` counted from `base`. `broken`: the text was written in lines of about one width."""
    lines = list(_lines(text))
    found: list[Statement] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if line.form == "blank":
            place += 1
            continue
        if rows := _table_at(lines, place):
            found += _rows(lines, place, rows, text)
            place = rows[-1] + 1
            continue
        end = place
        while end + 1 < len(lines) and _goes_on(lines[end], lines[end + 1], broken):
            end += 1
        if not _is_caption(lines, end):
            found += _sentences(text, line.start, lines[end].end, line.form)
        place = end + 1
    return [
        replace(statement, start=base + statement.start, end=base + statement.end) for statement in _with_leads(found)
    ]


def cells_of(row: Statement) -> list[tuple[str, str]]:
    """(column, value) of each cell but the first, as far as columns are told; the first is what the row is about."""
    pieces = row.spoken.rpartition(": ")[2].split("; ")
    named = [piece.split(" = ", 1) for piece in pieces if " = " in piece]
    return [(name.strip(), value.strip()) for name, value in named]


def columns_of(row: Statement) -> list[str]:
    """The names of a row's columns, as far as they are told. Sheets whose columns are only lettered name them in their
    first row."""
    head, _, _ = row.spoken.partition(": ")
    first, named = row.said.partition(": ")[0], cells_of(row)
    if not named:
        return []
    if all(len(name) == 1 for name, _ in named):
        return [first, *(value for _, value in named)]
    return [head.removesuffix(first).strip() or "…", *(name for name, _ in named)]


def flat(text: str) -> str:
    """On one line, without the marks of quoted mail."""
    return " ".join(re.sub(r"[\n\f][ >]*", " ", text).split())


def _lines(text: str) -> Iterator[_Line]:
    for match in _LINE.finditer(text):
        start, end = match.span()
        if start and start == end and text[start - 1 : start] not in "\n\f":
            continue  # the empty match behind each line
        words = match.group()
        after_break = start > 0 and text[start - 1] == "\f"
        if CELL in words:
            yield _Line(start, end, "row", words, after_break)
            continue
        start += len(_QUOTING.match(words).group())  # type: ignore[union-attr]
        item = _ITEM.match(text, start, end)
        start = item.end() if item else start
        words = text[start:end].rstrip()
        form: Literal["text", "item", "blank"] = "item" if item else "text"
        if not words or _COURTESY.fullmatch(words):
            form = "blank"
        yield _Line(start, start + len(words), form, words, after_break)


def _goes_on(line: _Line, following: _Line, broken: bool) -> bool:
    """Whether the following line belongs to the same paragraph, in the middle of a sentence."""
    if following.form != "text" or following.after_break or _ENDED.search(line.text):
        return False
    if following.text[0].islower() or _OPEN_WORD.search(line.text):
        return True
    return broken and len(line.text) > _HALF_A_LINE


def _is_caption(lines: Sequence[_Line], place: int) -> bool:
    line = lines[place]
    above = place + 1 < len(lines) and lines[place + 1].form == "row"
    return above and len(line.text) <= _LONGEST_CAPTION and not line.text.endswith(".")


def _sentences(text: str, start: int, end: int, form: str) -> list[Statement]:
    """Each of the paragraph's; those of an item of a list are one, as long as it is short."""
    as_one = re.sub(r"[\n\f][ >]*", lambda gap: " " * len(gap.group()), text[start:end])
    spans = sentence_spans(as_one)
    kind: Form = "item" if form == "item" else "sentence"
    return [Statement(start + a, start + b, " ".join(as_one[a:b].split()), kind) for a, b in spans]


def _with_leads(statements: Sequence[Statement]) -> list[Statement]:
    """Items know the sentence above their list."""
    found: list[Statement] = []
    lead = ""
    for statement in statements:
        if statement.form == "item":
            statement = replace(statement, lead=lead)
        else:
            lead = statement.said if statement.form == "sentence" else ""
        found.append(statement)
    return found


# -- tables


def _table_at(lines: Sequence[_Line], place: int) -> list[int]:
    """Places of the lines of the table that begins here, those that only hold the rest of a cell among them."""
    if lines[place].form != "row":
        return []
    found = [place]
    while (at := found[-1] + 1) < len(lines):
        rest = lines[at].form in ("text", "item") and len(lines[at].text) <= _REST_OF_CELL
        if rest and _CAPTION.match(lines[at].text):
            break  # the next table begins
        if lines[at].form == "row" or (rest and at + 1 < len(lines) and lines[at + 1].form == "row"):
            found.append(at)
        else:
            break
    while lines[found[-1]].form != "row":
        found.pop()
    return found if len(found) > 1 else []


def _rows(lines: Sequence[_Line], first: int, places: Sequence[int], text: str) -> list[Statement]:
    """The table's rows said in full. A row whose cells were broken into several lines is one again."""
    header = cells(lines[first].text)  # or its first row, where it begins with values
    caption = ""
    if first and lines[first - 1].form == "text" and _is_caption(lines, first - 1):
        caption = lines[first - 1].text
    groups: list[list[int]] = []
    joined: list[str] = []
    merged: list[list[str]] = []
    is_header = not any(_VALUE.match(cell) for cell in header[1:])
    for place in places[is_header:]:
        row = cells(lines[place].text) if lines[place].form == "row" else [lines[place].text]
        if is_header and row == header:
            continue
        if groups and groups[-1][-1] == place - 1 and _is_rest(joined, row, len(header)):
            joined[-1] = f"{joined[-1]} {row[0]}".strip()
            joined += row[1:]
            groups[-1].append(place)
            continue
        joined = row
        merged.append(joined)
        groups.append([place])
    found = []
    for group, row in zip(groups, merged, strict=True):
        if not any(row):
            continue
        start = lines[group[0]].start
        start += len(text[start:]) - len(text[start:].lstrip(" \t"))
        names = header if is_header else [""] * len(header)
        spoken = row_said(*aligned(names, row)) if len(row) > 1 else row[0]
        found.append(Statement(start, lines[group[-1]].end, _shown(names, row), "row", caption, spoken))
    return found


def _shown(header: Sequence[str], row: Sequence[str]) -> str:
    """The row for people: bare numbers with their column's name, where more than one cell follows the first."""
    names, row = aligned(header, row)
    filled = [(name, cell) for name, cell in zip_longest(names, row, fillvalue="") if cell]
    if len(filled) < 2:
        return filled[0][1]
    named = len(filled) > 2
    others = (f"{name} {cell}" if named and re.fullmatch(r"[\d.,]+", cell) else cell for name, cell in filled[1:])
    return f"{filled[0][1]}: {'; '.join(others)}"


def _is_rest(row: Sequence[str], following: Sequence[str], width: int) -> bool:
    """Whether the following line only goes on with the row, which has too few cells for the table."""
    if len(row) + len(following) - 1 > width or not following[0]:
        return False
    goes_on = following[0][0].islower() or not following[0][0].isalnum()
    if len(row) == width:
        return len(following) == 1 and goes_on
    if len(following) == width:
        return goes_on or following[0][0].isdigit()
    return _shape(row[0]) != _shape(following[0])


def _shape(cell: str) -> str:
    """'A-15' and 'B-07' have the same one."""
    return re.sub(r"\d", "9", re.sub(r"[A-Z]", "A", cell.split()[0])) if cell.split() else ""

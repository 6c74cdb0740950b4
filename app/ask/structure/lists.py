"""What a section lists: numbered steps, bullets, short lines, what stands behind a label.

Found by their form alone. Every entry is a span of its document's text, its marker left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.ask.structure.sections import Section, masked
from ingest.text.clean import CELL
from ingest.text.sentences import sentence_spans

Style = Literal["numbered", "bullets", "lines", "prose", "labelled", "table", "headings"]

_NUMBER = re.compile(r"\(?(\d{1,2})(?:[.):]\)?\s+|\s+(?=[A-ZÀ-Þ\"“]))")
_STEP = re.compile(
    r"(?:\*\*|#+ )?(?:step|stage|phase|schritt)[\s\x11]*(\d{1,2})\b[\s.:)\x11–—-]*(?:\*\*)?", re.IGNORECASE
)
_LETTER = re.compile(r"\(?([a-z])[.)]\s+")
_ROMAN = re.compile(r"\(?((?:x|ix|iv|v?i{1,3}|v))[.)]\s+")
_BULLET = re.compile(r"(?:[•◦▪■●‣·∙○□❏☐✓✔➢➤►▶→–—*\uf0b7\uf0a7-]|\[[ xX]?\])\s+(?=\S)")
_ODD = re.compile(r"([^\W\d_]|[^\w\s(\[\"“'$€£~<>=+&#|.,:;%])\s+(?=[A-ZÀ-Þ\"“])")  # bullets that were read as letters
_ROMANS = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]
_CLOSED = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_ASIDE = re.compile(
    r"[#>*_!⚠️\s]*(?:NOTE|NOTICE|CAUTION|WARNING|DANGER|IMPORTANT|ATTENTION|TIP|HINT)\b"
    r"|[#>*_!⚠️\s]*(?:Note|Notice|Caution|Warning|Danger|Important|Attention|Tip|Hint|Prerequisites?|Requirements?"
    r"|You (?:will )?need|Before (?:you )?(?:start|begin|starting|beginning|the work))\b[^.:!\n]{0,25}[:!]"
)
_LONGEST_BETWEEN = 900  # characters of further text that still belong to a step, before the next one
_WRAPPED = 55  # characters from which on a line may have been broken
_LABEL = re.compile(r"(?:^|(?<=[.;!?] )|(?<=[*_] ))[*_]{0,2}([A-ZÀ-Þ][\w/ -]{1,30}?)[*_]{0,2}:[*_]{0,2}[ \t]+(?=\S)")
_LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class Entry:
    """`start:end` of the document's text; `text` is that with white space normalised."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Listed:
    """Entries that belong together. `lead` is what introduces them: the sentence before them, the columns' names."""

    section: Section
    style: Style
    entries: tuple[Entry, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
    gap: bool  # whether an empty line, or the beginning, is before it

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class _Mark:
    style: str
    ordinal: int
    behind: int  # where the entry's own words begin in the line


def entry(section: Section, start: int, end: int) -> Entry:
    """The span of the document's text, without white space at its ends and without running lines in it."""
    text = section.text[start - section.body : end - section.body]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    kept = [line for line in re.split(r"[\n\f]", text) if masked(line) not in section.running]
    return Entry(start, start + len(text), " ".join(" ".join(kept).split()))


def marked_lists(section: Section) -> list[Listed]:
    """Numbered and bulleted lists, nested ones within their entries."""
    lines = list(_lines(section))
    odd = _odd_bullets(lines)
    lists: list[Listed] = []
    i = 0
    while i < len(lines):
        mark = _mark(lines[i], odd)
        if mark is None or mark.ordinal > 1:
            i += 1
            continue
        spans, following = _run(lines, i, mark, odd)
        if len(spans) > 1:
            entries = tuple(entry(section, start, end) for start, end in spans)
            style: Style = "bullets" if mark.ordinal == 0 else "numbered"
            lists.append(Listed(section, style, entries, _lead(lines, i)))
        i = following if len(spans) > 1 else i + 1
    return _goes_on(lists)


def _goes_on(lists: Sequence[Listed]) -> list[Listed]:
    """Bulleted lists that follow each other without a word between them are one."""
    joined: list[Listed] = []
    for one in lists:
        before = joined[-1] if joined else None
        if before and before.style == one.style == "bullets" and one.lead == before.entries[-1].text:
            joined[-1] = replace(before, entries=(*before.entries, *one.entries))
        else:
            joined.append(one)
    return joined


def _lines(section: Section) -> Iterator[_Line]:
    gap = True
    for match in re.finditer(r"[^\n\f]*", section.text):
        line = match.group()
        if not line.strip():
            gap = gap or (match.start() > 0 and section.text[match.start() - 1] == "\n")
            continue
        if masked(line) not in section.running:
            yield _Line(section.body + match.start(), line, gap)
            gap = False


def _odd_bullets(lines: Sequence[_Line]) -> frozenset[str]:
    """Single characters that begin several lines: bullets of a font that could not be read."""
    counts = Counter(match.group(1) for line in lines if (match := _ODD.match(line.text)))
    return frozenset(c for c, count in counts.items() if count > 1 and c not in "AIO")


def _mark(line: _Line, odd: frozenset[str]) -> _Mark | None:
    text = line.text.lstrip()
    skipped = len(line.text) - len(text)
    if match := _STEP.match(text):
        return _Mark("step", int(match.group(1)), skipped + match.end())
    if match := _NUMBER.match(text):
        kind = "plain" if match.group()[-2:-1].isdigit() or match.group().strip().isdigit() else "dotted"
        if kind == "dotted" or CELL not in text:
            return _Mark(kind, int(match.group(1)), skipped + match.end())
        return None
    if match := _BULLET.match(text):
        return _Mark(f"bullet{skipped}", 0, skipped + match.end())
    if match := _ROMAN.match(text):
        ordinal = _ROMANS.index(match.group(1)) + 1
        if match.group(1) != "i" or not _LETTER.match(text) or ordinal == 1:
            return _Mark("roman", ordinal, skipped + match.end())
    if match := _LETTER.match(text):
        return _Mark("letter", ord(match.group(1)) - ord("a") + 1, skipped + match.end())
    if (match := _ODD.match(text)) and match.group(1) in odd:
        return _Mark(f"odd{match.group(1)}", 0, skipped + match.end())
    return None


def _run(lines: Sequence[_Line], first: int, mark: _Mark, odd: frozenset[str]) -> tuple[list[tuple[int, int]], int]:
    """Spans of the entries of the list that begins at a line, and the line behind it."""
    spans = [(lines[first].start + mark.behind, lines[first].end)]
    at, ordinal, between = first + 1, mark.ordinal, 0
    followed = first + 1  # the line behind the last entry
    while at < len(lines):
        line, found = lines[at], _mark(lines[at], odd)
        if found and found.style == mark.style and (found.ordinal == ordinal + 1 or found.ordinal == mark.ordinal == 0):
            if mark.ordinal == 0 and between:
                break  # bullets do not say that they go on
            if between:
                spans[-1] = (spans[-1][0], lines[at - 1].end)
            spans.append((line.start + found.behind, line.end))
            ordinal, between, followed = found.ordinal, 0, at + 1
        elif not between and (_inner(found, mark) or _continues(lines[at - 1], line, spans, lines)):
            spans[-1] = (spans[-1][0], line.end)
            followed = at + 1
        elif found and found.style == mark.style:
            break
        else:
            between += len(line.text)
            if between > _LONGEST_BETWEEN or mark.ordinal == 0:
                break
        at += 1
    return spans, followed


def _inner(found: _Mark | None, mark: _Mark) -> bool:
    """Whether a line belongs to a list within the entry."""
    return found is not None and found.style != mark.style and not (mark.ordinal == 0 and found.ordinal > 0)


def _continues(before: _Line, line: _Line, spans: Sequence[tuple[int, int]], lines: Sequence[_Line]) -> bool:
    """Whether a line without a mark goes on with the one before it."""
    text = line.text.strip()
    if line.gap:
        return line.text[:2].isspace() and not _ASIDE.match(text)
    if _CLOSED.search(before.text.rstrip()) or _ASIDE.match(text):
        return False
    if not text[:1].isupper():
        return True
    first = next(one for one in lines if one.start <= spans[0][0] <= one.end)
    closed = len(spans) > 1 and _CLOSED.search(first.text.rstrip()) is not None
    return len(before.text) >= _WRAPPED and (closed or len(spans) == 1) and CELL not in line.text


def _lead(lines: Sequence[_Line], first: int) -> str:
    """What introduces the list: the last sentence of the line before it."""
    if first == 0:
        return ""
    text = lines[first - 1].text.strip()
    spans = sentence_spans(text)
    return text[spans[-1][0] :] if spans else text


def short_lines(section: Section) -> Listed | None:
    """A section that is nothing but short lines without sentences: a slide's points, a list without marks."""
    lines = list(_lines(section))
    if len(lines) < 2 or any(len(line.text) > _LONGEST_LINE or CELL in line.text for line in lines):
        return None
    if any(_CLOSED.search(line.text.strip()) for line in lines) or _run_on(lines):
        return None
    return Listed(section, "lines", tuple(entry(section, line.start, line.end) for line in lines))


def _run_on(lines: Sequence[_Line]) -> bool:
    """Whether the lines look broken out of a paragraph."""
    return any(line.text[:1].islower() for line in lines[1:])


def labelled(section: Section) -> Iterator[tuple[str, Entry]]:
    """What stands behind a label, 'Decision: …', up to the line's end or the next label in it."""
    for line in _lines(section):
        marks = list(_LABEL.finditer(line.text))
        for i, mark in enumerate(marks):
            end = marks[i + 1].start() if i + 1 < len(marks) else len(line.text)
            if line.text[mark.end() : end].strip(" *_"):
                yield mark.group(1).strip(), entry(section, line.start + mark.end(), line.start + end)


def sentences(section: Section) -> list[Entry]:
    """The section's sentences, in order; captions, tables and running lines left out."""
    found = []
    for line in _lines(section):
        if CELL not in line.text and not re.match(r"(?:table|figure|fig\.)\s*\w+\s*[:.]", line.text, re.IGNORECASE):
            for start, end in sentence_spans(line.text):
                found.append(entry(section, line.start + start, line.start + end))
    return found


def asides(section: Section) -> list[Entry]:
    """Warnings and notes that stand apart, 'CAUTION Do not …', and what is said of the time before: 'Before you start:
    …'."""
    lines = list(_lines(section))
    found = []
    for i, line in enumerate(lines):
        if _ASIDE.match(line.text):
            end = line.end
            for following in lines[i + 1 :]:
                if _CLOSED.search(section.text[: end - section.body].rstrip()) or following.gap:
                    break
                end = following.end
            found.append(entry(section, line.start, end))
    return found

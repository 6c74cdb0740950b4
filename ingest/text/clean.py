"""Turns the raw lines of PDF pages into readable text, and keeps for each character the index of its raw character.

Running headers and footers are removed, words broken at line ends are joined, ligatures are spelled out, control
characters and double spaces are removed, and line breaks inside a paragraph become spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

CELL = "\t"  # stands between the cells of a table row, in the place of a space
MIRRORED = 360  # the `turn` of a line written from right to left
INSERTED = -1  # the raw index of a character that stands for a line break, or between two pieces of a line
_HYPHENS = "\ufffe\x02\xad"  # how pdfium and others write the hyphen of a broken word
_EDGE_BAND = 0.09  # share of the page's height in which headers and footers stand
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BULLET = re.compile(r"^(?:[•◦▪■●–—*\-‣]\s|\(?\d{1,3}[.)]\s|\(?[a-zA-Z][.)]\s|\d+(?:\.\d+)+\s)")
_ROMAN = r"(?=.)(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"  # but not "civil"
_PAGE_NUMBER = re.compile(rf"^(?:(?:page|seite|p\.)?\s*#+(?:\s*(?:/|of|von)\s*#+)?|{_ROMAN})$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, first as the reader found it, then cleaned. `index[i]` is the raw index of `text[i]`.

    Lengths are in points, measured from the page's bottom left. A line set at an angle is measured in a frame turned by
    `turn` degrees, in which it runs from left to right; a line written from right to left in a mirrored one (MIRRORED).
    `gaps` has an entry for each border between cells: (offset of the tab in `text`, right edge of the cell before it,
    left edge of the cell behind it).
    """

    text: str
    index: Sequence[int]
    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bold: bool = False
    turn: int = 0
    gaps: tuple[tuple[int, float, float], ...] = ()

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class RawPage:
    """The lines of a page as the reader found them, and the height of the page in points."""

    lines: tuple[Line, ...]
    height: float


@dataclass(frozen=True, slots=True)
class CleanLine:
    """A line of a cleaned page and its offset in the page's text; headings are searched for in these."""

    start: int
    line: Line


@dataclass(frozen=True, slots=True)
class CleanPage:
    """The cleaned text of a page. `raw_index[i]`, shape (len(text),), is the raw index of `text[i]`, or INSERTED."""

    text: str
    raw_index: NDArray[np.int32]
    lines: tuple[CleanLine, ...]


def clean_pages(pages: Sequence[RawPage]) -> list[CleanPage]:
    """Cleans all pages of a document together, because running headers only show when several pages are compared."""
    running = _running_lines(pages)
    words = Counter(
        word.lower() for page in pages for line in page.lines for word in _WORD.findall(line.text) if len(word) > 2
    )
    return [_clean_page(page, running, words) for page in pages]


def _running_lines(pages: Sequence[RawPage]) -> set[str]:
    """Returns the keys of lines that many pages have at their top or bottom edge, or at an angle as watermarks are."""
    seen = Counter(key for page in pages for key in {_key(line) for line in page.lines if _may_run(line, page)})
    enough = max(2, 0.3 * len(pages))
    return {key for key, count in seen.items() if count >= enough}


def _may_run(line: Line, page: RawPage) -> bool:
    return line.turn % 90 != 0 or line.bottom > page.height * (1 - _EDGE_BAND) or line.top < page.height * _EDGE_BAND


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", " ".join(line.text.lower().split()))


def _clean_page(page: RawPage, running: Collection[str], words: Counter[str]) -> CleanPage:
    kept: list[Line] = []
    for position, line in enumerate(page.lines):
        key = _key(line)
        outermost = position in (0, len(page.lines) - 1)
        if (_may_run(line, page) and key in running) or (outermost and _PAGE_NUMBER.match(key)):
            continue
        cleaned = _normalise(line, words)
        if cleaned.text:
            kept.append(cleaned)
    text: list[str] = []
    index: list[int] = []
    starts: list[CleanLine] = []
    for position, line in enumerate(kept):
        starts.append(CleanLine(len(text), replace(line, index=())))
        text.extend(line.text)
        index.extend(line.index)
        if position + 1 < len(kept):
            _join(text, index, kept[position + 1].text, _breaks(kept, position), words)
    return CleanPage("".join(text), np.array(index, dtype=np.int32), tuple(starts))


def _join(text: list[str], index: list[int], following: str, hard: bool, words: Counter[str]) -> None:
    """Ends a line of the text with a line break, with a space, or, after a broken word, with nothing."""
    if not hard and len(text) > 1 and text[-1] == "-" and (text[-2].isalnum()) and following[:1].isalnum():
        head = re.search(r"[^\W\d_]*$", "".join(text[-40:-1]))
        tail = re.match(r"[^\W\d_]*", following)
        assert head is not None and tail is not None
        if following[0].islower() and head.group() and not _is_compound(head.group(), tail.group(), words):
            text.pop()
            index.pop()
        return
    text.append("\n" if hard else " ")
    index.append(INSERTED)


def _is_compound(head: str, tail: str, words: Counter[str]) -> bool:
    """Whether the hyphen belongs to the word, judged by how the document writes the word elsewhere."""
    with_hyphen, without = f"{head}-{tail}".lower(), f"{head}{tail}".lower()
    return words[with_hyphen] > words[without]


def _breaks(lines: Sequence[Line], position: int) -> bool:
    """Whether the break after this line ends a paragraph, a heading, an item or a table row."""
    line, following = lines[position], lines[position + 1]
    if _BULLET.match(following.text) or is_row(line.text) or is_row(following.text):
        return True
    runs_on = following.text[0].islower() and line.text[-1] not in ".:;!?"
    if line.turn != following.turn:
        return True
    if line.height <= 0 or following.height <= 0:  # no geometry: trust the punctuation
        return not runs_on and (line.text[-1] in ".:;!?" or len(line.text) < 40)
    if abs(line.height - following.height) > 0.12 * line.height or line.bold != following.bold:
        return True
    gap = line.bottom - following.top
    if gap < -2.5 * line.height:  # up again: the next column, where only a sentence that runs on is joined
        return not runs_on
    if gap > 0.9 * line.height:
        return True
    if runs_on:
        return False
    near = lines[max(0, position - 3) : position + 4]
    edge = max((other.right for other in near if other.left <= line.right), default=line.right)
    width = (line.right - line.left) / len(line.text)
    first_word = len(following.text.split(maxsplit=1)[0])
    return line.right + (first_word + 1) * width < edge  # the next word would have fitted: a break on purpose


def is_row(text: str) -> bool:
    """Whether a line is a row of a table: it has cells, or it is largely numbers, or it ends with two of them."""
    if CELL in text:
        return True
    words = [word for word in text.split() if any(c.isalnum() for c in word)]
    numeric = [any(c.isdigit() for c in word) and not any(c.isalpha() for c in word) for word in words]
    return sum(numeric) >= 2 and (sum(numeric) >= 0.3 * len(words) or all(numeric[-2:]))


def _normalise(line: Line, words: Counter[str]) -> Line:
    out: list[tuple[str, int]] = []
    for position, (character, raw) in enumerate(zip(line.text, line.index, strict=True)):
        for plain in _plain(character, line.text, position, words):
            if plain in (" ", CELL) and (not out or out[-1][0] in (" ", CELL)):
                continue
            if unicodedata.combining(plain) and out:
                composed = unicodedata.normalize("NFC", out[-1][0] + plain)
                if len(composed) == 1:
                    out[-1] = (composed, out[-1][1])
                    continue
            out.append((plain, raw))
    while out and out[-1][0] in (" ", CELL):
        out.pop()
    return replace(line, text="".join(c for c, _ in out), index=[raw for _, raw in out])


def _plain(character: str, text: str, position: int, words: Counter[str]) -> str:
    """Returns what one raw character becomes: itself, several characters, or nothing."""
    if character.isascii() and character.isprintable():
        return character
    if character in _HYPHENS:
        head = re.search(r"[^\W\d_]*$", text[max(0, position - 40) : position])
        tail = re.match(r"[^\W\d_]*", text[position + 1 : position + 40])
        assert head is not None and tail is not None
        if not tail.group():  # at the line's end the word goes on in the next line: see _join
            return "-" if character != "\xad" or (head.group() and position + 1 == len(text.rstrip())) else ""
        return "-" if not head.group() or _is_compound(head.group(), tail.group(), words) else ""
    if character.isspace():
        return CELL if character == CELL else " "
    if "\ufb00" <= character <= "\ufb06" or "\ufb1d" <= character <= "\ufdff" or "\ufe70" <= character <= "\ufefc":
        return unicodedata.normalize("NFKC", character)
    category = unicodedata.category(character)
    if category == "Co":  # private use: symbol fonts, nearly always a bullet
        return "•" if not text[:position].strip() else " "
    return "" if category in ("Cc", "Cf", "Cn", "Cs") else character

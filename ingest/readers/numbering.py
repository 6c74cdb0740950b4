"""Counts the numbers of a Word document's lists and headings, which are not in its text: Word counts them when it
draws."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ingest.errors import ReadError
from ingest.readers.markup import attribute_of, tag_of, xml_tree

_NUMBERING = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering"
_MOST_LEVELS = 9
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    text: str = "%1."
    start: int = 1


class Numbering:
    """Numbers the list paragraphs of one document. They must be passed to `next` in the document's order."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}  # of each abstract list
        self._lists: dict[str, str] = {}  # a list's id -> its abstract list
        self._counts: dict[str, list[int]] = {}
        self._styles: dict[str, tuple[str, int]] = {}
        for relation in document.part.rels.values():
            if relation.reltype == _NUMBERING and not relation.is_external:
                try:
                    self._learn(xml_tree(relation.target_part.blob))
                except ReadError:
                    continue
        for style in document.styles.element if self._lists else ():
            if tag_of(style) == "style" and (found := _num_pr(style)) is not None:
                self._styles[attribute_of(style, "styleId")] = found

    def next(self, paragraph: Any, style: str) -> str:
        """Returns the number of a list paragraph, such as '2.1', 'b)' or '•'; '' for any other paragraph."""
        if not self._lists:
            return ""
        number, depth = _num_pr(paragraph) or self._styles.get(style, ("", 0))
        abstract = self._lists.get(number)
        if abstract is None or not 0 <= depth < _MOST_LEVELS:
            return ""
        levels = self._levels.get(abstract, {})
        level = levels.get(depth, _Level())
        if level.form == "bullet":
            return "•"
        if level.form == "none":
            return ""
        counts = self._counts.setdefault(abstract, [0] * _MOST_LEVELS)
        counts[depth] = counts[depth] + 1 if counts[depth] else level.start
        counts[depth + 1 :] = [0] * (_MOST_LEVELS - depth - 1)

        def number_of(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            one = levels.get(at, _Level())
            return _written(counts[at] or one.start, one.form)

        return re.sub(r"%([1-9])", number_of, level.text).strip()

    def _learn(self, root: Any) -> None:
        for element in root:
            if tag_of(element) == "abstractnum":
                levels = self._levels.setdefault(attribute_of(element, "abstractNumId"), {})
                for level in element:
                    if tag_of(level) == "lvl" and attribute_of(level, "ilvl").isdecimal():
                        said = {tag_of(one): attribute_of(one, "val") for one in level}
                        start = said.get("start", "1")
                        levels[int(attribute_of(level, "ilvl"))] = _Level(
                            said.get("numfmt", "decimal"),
                            said.get("lvltext", ""),
                            int(start) if start.isdecimal() else 1,
                        )
            elif tag_of(element) == "num":
                abstract = next((attribute_of(one, "val") for one in element if tag_of(one) == "abstractnumid"), "")
                self._lists[attribute_of(element, "numId")] = abstract


def _num_pr(element: Any) -> tuple[str, int] | None:
    """Returns the list's id and the level in it that a paragraph or style names itself."""
    properties = next((one for one in element if tag_of(one) == "ppr"), None)
    inside = next((one for one in properties if tag_of(one) == "numpr"), None) if properties is not None else None
    if inside is None:
        return None
    said = {tag_of(one): attribute_of(one, "val") for one in inside}
    depth = said.get("ilvl", "0")
    return said.get("numid", ""), int(depth) if depth.isdecimal() else 0


def _written(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < number < 5000:
        roman, left = "", number
        for value, letters in _ROMAN:
            roman += letters * (left // value)
            left %= value
        return roman.upper() if form == "upperRoman" else roman
    return f"{number:02}" if form == "decimalZero" else str(number)

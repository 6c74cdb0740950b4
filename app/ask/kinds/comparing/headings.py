"""Two sections side by side: 'the difference between advice codes and fault codes', where headings bear these names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from app.ask.find.parts import Part
from app.ask.find.subject import subject_of
from app.ask.kinds.comparing.request import Reading, plain, readings
from app.ask.language.naming import name_words
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.salience import Budget, most_salient
from app.datatypes import Citation, Plan

_STRONG = re.compile(r"\b(?:compare|contrast|comparison|differences?|differ|versus|vs)\b")
_WAYS = 6  # to read the question: each costs a search of the headings
_LONGEST = 6  # words of a heading's name


def compare_headed(asked: Asked) -> Computed | None:
    """None where no two sections are compared."""
    text = plain(asked.question)
    if not _STRONG.search(text):
        return None
    for reading in islice(readings(text), _WAYS):
        if found := _of_sections(asked, reading):
            return found
    return None


def _of_sections(asked: Asked, reading: Reading) -> Computed | None:
    """'the difference between advice codes and fault codes', where sections bear these names."""
    shared = reading.other.split()[-1] if reading.other.split() else ""
    for first, second in ((reading.one, reading.other), (f"{reading.one} {shared}", reading.other)):
        if max(len(first.split()), len(second.split())) > _LONGEST or not name_words(first) or not name_words(second):
            continue
        one, other = subject_of(asked, first), subject_of(asked, second)
        if all(side.form == "sections" and side.surely for side in (one, other)) and one.parts[0] != other.parts[0]:
            return _of_parts(asked, first, second, _together(one.parts, other.parts))
    return None


def _together(one: Sequence[Part], other: Sequence[Part]) -> tuple[Part, Part]:
    """Of the same document, where there are such."""
    same = [(a, b) for a in one for b in other if a.document.id == b.document.id]
    return same[0] if same else (one[0], other[0])


def _of_parts(asked: Asked, first: str, second: str, parts: tuple[Part, Part]) -> Computed | None:
    lines: list[str] = []
    citations: list[Citation] = []
    columns: list[list[str]] = []
    for part in parts:
        lines += [f"**{part.sections[0].heading}** ({part.document.path})", ""]
        column = []
        for _, statements in most_salient(part.sections, part.document.title, Budget(900, 5, 5, 5)):
            for statement in statements:
                column.append(statement.said)
                lines.append(f"- {statement.said}")
                citations.append(cite(asked.index, part.document, statement.start, statement.end, statement.said))
        columns.append(column)
        lines.append("")
    if not all(columns):
        return None
    files = tuple(dict.fromkeys(part.document.path for part in parts))
    plan = Plan("compare", f"Put the sections on {first} and on {second} side by side.", files)
    reason = "These are the sentences of each section that tell most, not all of it."
    return Computed(plan, "\n".join(lines).strip(), tuple(citations), "unsure", reason)

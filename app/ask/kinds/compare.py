"""Two editions, two documents or two things side by side, each in the documents' own words.

Editions are aligned section by section and sentence by sentence: what changed (other numbers first), what is new, what
is gone. Asked for certain points, the sentences of both that speak of each stand side by side.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.ask.alike import Pair, pairs
from app.ask.kinds.sides import Cut, Sides, cuts, plain, sides_of
from app.ask.kinds.things import compare_things
from app.ask.named import called, documents_named, holds, name_words
from app.ask.outline import Outline, Section, outline_of
from app.ask.plan import Asked, Computed, cite
from app.ask.quantities import quantities
from app.ask.telling import is_aside, weight
from app.ask.units import Unit
from app.datatypes import Citation, Grid, Plan, Status
from ingest.datatypes import Document

_TIME = re.compile(
    r"\b(?:how (?:long|soon|often)|length|periods?|time|deadlines?|duration|notice|when|until|"
    r"term|interval)\b"
)
_MONEY = re.compile(
    r"\b(?:costs?|prices?|how much|fees?|rent|totals?|budget|amounts?|rates?|pay|paid|charges?|"
    r"cheaper|expensive)\b"
)
_TIMES = frozenset("s min h day week month year".split())
_MONIES = frozenset("$ € £ chf ¥".split())
_SHOWN = 14  # changes of other numbers or words
_LISTED = 8  # things that are new, and gone
_NAMED = 0.34  # share of an aspect's words from which a sentence speaks of it
_RELATED = 0.15  # share of what either says for which the other has a like, in documents that can be compared so
_STRONG = re.compile(r"\b(?:compare|contrast|comparison|differences?|differ|versus|vs)\b")


@dataclass
class _Told:
    """The answer as it grows: lines for people, rows of the grid, what they stand on."""

    asked: Asked
    sides: tuple[Document, Document]
    lines: list[str] = field(default_factory=list)
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    cited: list[int] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def row(self, label: str, one: Unit | None, other: Unit | None) -> None:
        number = 0
        for document, unit in zip(self.sides, (one, other), strict=True):
            if unit:
                self.citations.append(cite(self.asked.index, document, unit.start, unit.end, unit.said))
                number = len(self.citations)
        self.rows.append((label, one.said if one else "", other.said if other else ""))
        self.cited.append(number)


def answer(asked: Asked) -> Computed | None:
    if not asked.documents:
        return None
    sides = sides_of(asked)
    if sides is None:
        return compare_things(asked) or _unknown(asked)
    one, other = sides.one.document, sides.other.document
    if one is None or other is None:
        return None
    if one.id == other.id:
        said = "Looked for two documents to compare."
        return Computed(
            Plan("compare", said, (one.path,)), "", (), "abstained",
            f"Both names mean the same document, {one.path}: there is nothing to compare.",
        )  # fmt: skip
    outlines = outline_of(asked.index, one), outline_of(asked.index, other)
    for outline in outlines:
        if not outline.units:
            reason = f"There is no text in {outline.document.path} to compare."
            return Computed(Plan("compare", reason, (one.path, other.path)), "", (), "abstained", reason)
    if sides.aspects and (found := _on_aspects(asked, sides, outlines)):
        return found
    return _changes(asked, sides, outlines)


# -- all that differs


def _changes(asked: Asked, sides: Sides, outlines: tuple[Outline, Outline]) -> Computed:
    """What changed, is new and is gone from the first to the second."""
    one, other = outlines[0].document, outlines[1].document
    found = pairs(*outlines)
    changed = [pair for pair in found if pair.one and pair.other and not pair.same]
    changed.sort(key=lambda pair: not pair.numbers_differ)
    new = _telling([pair for pair in found if not pair.one])
    gone = _telling([pair for pair in found if not pair.other])
    told = _Told(asked, (one, other))
    for pair in changed[:_SHOWN]:
        told.row(pair.section.heading or "Beginning", pair.one, pair.other)
        told.lines.append(f"- {_headed(pair)}{_quoted(pair.one)} → {_quoted(pair.other)}")
    _one_sided(told, new, f"Only in {other.path}", len(new))
    _one_sided(told, gone, f"Only in {one.path}", len(gone))
    alike = sum(1 for pair in found if pair.one and pair.other) / (len(found) or 1)
    counts = f"{len(changed):,} changed, {len(new):,} only in {other.path}, {len(gone):,} only in {one.path}"
    if not changed and not new and not gone:
        counts = "they say the same"
    lines = [f"From {one.path} to {other.path}: {counts}.", "", *told.lines[: len(changed)]]
    if len(changed) > _SHOWN:
        lines.append(f"- … and {len(changed) - _SHOWN:,} more changes")
    lines += told.lines[min(len(changed), _SHOWN) :]
    whole = all(outline.whole for outline in outlines)
    reasons = [] if whole else ["They are long: only parts from all over them were compared."]
    if alike < _RELATED:
        reasons.append("The two documents have little in common.")
    status: Status = "answered" if whole and alike >= _RELATED else "unsure"
    said = f"Compared {one.path} with {other.path}, section by section and sentence by sentence."
    return _computed(told, said, lines, status, " ".join(reasons))


def _one_sided(told: _Told, found: Sequence[Pair], title: str, n: int) -> None:
    if not found:
        return
    told.lines += ["", f"**{title}**", ""]
    for pair in found[:_LISTED]:
        told.row(pair.section.heading or "Beginning", pair.one, pair.other)
        told.lines.append(f"- {_headed(pair)}{_quoted(pair.one or pair.other)}")
    if n > _LISTED:
        told.lines.append(f"- … and {n - _LISTED:,} more")


def _telling(found: Sequence[Pair]) -> list[Pair]:
    """What tells most first."""
    return sorted(found, key=lambda pair: -max(weight(unit) for unit in (pair.one, pair.other) if unit))


def _headed(pair: Pair) -> str:
    return f"{pair.section.heading}: " if pair.section.heading else ""


def _quoted(unit: Unit | None) -> str:
    return f"“{unit.said}”" if unit else "nothing"


# -- on certain points


def _on_aspects(asked: Asked, sides: Sides, outlines: tuple[Outline, Outline]) -> Computed | None:
    """For each point what both say of it; None where neither says anything of any."""
    one, other = outlines[0].document, outlines[1].document
    told = _Told(asked, (one, other))
    candidates = _candidates(outlines, sides.editions)
    missing: list[str] = []
    for aspect in sides.aspects:
        first, second = _best(candidates, aspect)
        if not first and not second:
            missing.append(f"Nothing was found on “{aspect}”.")
            continue
        for unit, document in ((first, one), (second, other)):
            if not unit:
                missing.append(f"{document.path} says nothing of “{aspect}” that was found.")
        told.row(aspect, first, second)
        told.lines += [f"**{aspect[:1].upper()}{aspect[1:]}**", ""]
        told.lines += [f"- {one.path}: {_line(first)}", f"- {other.path}: {_line(second)}", ""]
    if not told.rows:
        return None
    said = f"Looked for {', '.join(sides.aspects)} in {one.path} and in {other.path}."
    return _computed(told, said, told.lines, "unsure" if missing else "answered", " ".join(missing))


def _line(unit: Unit | None) -> str:
    if not unit:
        return "nothing found"
    return f"{unit.lead} … {unit.said}" if unit.leans and len(unit.lead) < 160 else unit.said


def _candidates(outlines: tuple[Outline, Outline], editions: bool) -> list[tuple[Section, Unit | None, Unit | None]]:
    """What could be the answer: of editions the two that are alike together, of other documents each by itself."""
    if editions:
        return [(pair.section, pair.one, pair.other) for pair in pairs(*outlines)]
    first, second = (
        [(section, unit) for section in outline.sections if not is_aside(section) for unit in section.units]
        for outline in outlines
    )
    return [*((section, unit, None) for section, unit in first), *((section, None, unit) for section, unit in second)]


def _best(
    candidates: Sequence[tuple[Section, Unit | None, Unit | None]], aspect: str
) -> tuple[Unit | None, Unit | None]:
    """Of each side what speaks most of the aspect. Where one pair says it of both, that."""
    wanted = name_words(aspect)
    words = [
        [frozenset(name_words(f"{unit.lead} {unit.meaning}")) if unit else frozenset() for unit in (one, other)]
        for _, one, other in candidates
    ]
    frequency = Counter(word for pair in words for word in pair[0] | pair[1])
    weights = {word: math.log(1 + len(candidates) / (1 + frequency[word])) for word in wanted}
    total = sum(weights.values()) or 1.0
    best: list[tuple[float, Unit | None]] = [(_NAMED, None), (_NAMED, None)]
    together: tuple[float, Unit | None, Unit | None] = (_NAMED, None, None)
    for (section, *both), own in zip(candidates, words, strict=True):
        heading = frozenset(name_words(section.name))
        scores = [0.0, 0.0]
        for side, unit in enumerate(both):
            if not unit:
                continue
            share = sum(
                value * max(holds(own[side], word), 0.7 * holds(heading, word)) for word, value in weights.items()
            )
            scores[side] = share / total
            if scores[side] > 0.2:
                scores[side] += _fits(aspect, unit)
            if scores[side] > best[side][0]:
                best[side] = scores[side], unit
        if all(both) and min(scores) > _NAMED and sum(scores) / 2 > together[0]:
            together = sum(scores) / 2, both[0], both[1]
    apart = (best[0][0] + best[1][0]) / 2 if best[0][1] and best[1][1] else 0.0
    return together[1:] if together[1] and together[0] > apart - 0.25 else (best[0][1], best[1][1])


def _fits(aspect: str, unit: Unit) -> float:
    """More for a time where a time is asked for, and for money where money is."""
    units = {name for quantity in quantities(unit.meaning) for name in quantity.units}
    fits = 0.25 * bool(_TIME.search(aspect) and units & _TIMES) + 0.25 * bool(_MONEY.search(aspect) and units & _MONIES)
    return fits + (0.05 if re.search(r"\d", unit.said) else 0.0)


# -- telling


def _computed(told: _Told, said: str, lines: Sequence[str], status: Status, reason: str) -> Computed:
    one, other = told.sides
    grid = Grid(("", one.path, other.path), tuple(told.rows), tuple(told.cited))
    plan = Plan("compare", said, (one.path, other.path))
    text = "\n".join(lines).strip()
    return Computed(plan, text, tuple(told.citations), status, reason, grid if told.rows else None)


def _unknown(asked: Asked) -> Computed | None:
    """Where one side is clearly a document and the other is none: that there is no such."""
    text = plain(asked.question)
    if not _STRONG.search(text):
        return None
    names = called(asked)
    for cut in cuts(text):
        for known, unknown in ((cut.one, cut.other), (cut.other, cut.one)):
            named = documents_named(known, names)
            if named.surely and documents_named(unknown, names).share < 0.6 and _is_name(unknown, cut):
                files = ", ".join(document.path for document in named.documents[:4])
                reason = f"No document is called “{unknown}”, with which to compare {files}."
                return Computed(
                    Plan("compare", "Looked for both documents by their names."), "", (), "abstained", reason
                )
    return None


def _is_name(phrase: str, cut: Cut) -> bool:
    return bool(name_words(phrase)) and len(phrase.split()) <= 8 and not cut.aspects

"""Two editions, two documents or two things side by side, each in the documents' own words.

Editions are aligned section by section and sentence by sentence: what changed (other numbers first), what is new, what
is gone. Asked for certain points, the sentences of both that speak of each stand side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from app.ask.find.documents import documents_named, names_of_documents
from app.ask.kinds.comparing.alignment import Pair, pairs
from app.ask.kinds.comparing.headings import compare_headed
from app.ask.kinds.comparing.phrases import compare_phrases
from app.ask.kinds.comparing.points import Points
from app.ask.kinds.comparing.products import compare_products
from app.ask.kinds.comparing.request import Reading, asks_which, plain, readings
from app.ask.kinds.comparing.sides import AGE, Sides, sides_of
from app.ask.language.naming import name_words
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.outline import Outline, outline_of
from app.ask.structure.salience import Budget, in_stretches, most_salient, salience
from app.ask.structure.statements import Statement
from app.datatypes import Citation, Grid, Plan, Status
from ingest.datatypes import Document

_SHOWN = 14  # changes of other numbers or words
_EACH = 7  # sentences of each of two documents that have little in common
_LISTED = 8  # things that are new, and gone
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

    def row(self, label: str, one: Statement | None, other: Statement | None) -> None:
        number = 0
        for document, statement in zip(self.sides, (one, other), strict=True):
            if statement:
                self.citations.append(cite(self.asked.index, document, statement.start, statement.end, statement.said))
                number = len(self.citations)
        self.rows.append((label, one.said if one else "", other.said if other else ""))
        self.cited.append(number)


def answer(asked: Asked) -> Computed | None:
    if not asked.documents:
        return None
    sides = sides_of(asked)
    if sides is None:
        return compare_products(asked) or compare_headed(asked) or compare_phrases(asked) or _unknown(asked)
    one, other = sides.one, sides.other
    if one.id == other.id:
        plan = Plan("compare", "Looked for two documents to compare.", (one.path,))
        reason = f"Both names mean the same document, {one.path}: there is nothing to compare."
        if AGE.search(plain(asked.question)):
            reason = f"There is only one edition of {one.path}: there is nothing to compare."
        return Computed(plan, "", (), "abstained", reason)
    outlines = outline_of(asked.index, one), outline_of(asked.index, other)
    for outline in outlines:
        if not outline.statements:
            reason = f"There is no text in {outline.document.path} to compare."
            return Computed(Plan("compare", reason, (one.path, other.path)), "", (), "abstained", reason)
    if sides.aspects and (found := _on_aspects(asked, sides, outlines)):
        return found
    computed = _changes(asked, outlines, sides.editions)
    if sides.aspects:
        reason = f"Nothing was found on “{', '.join(sides.aspects)}”: this is all that differs. {computed.reason}"
        return replace(computed, status="unsure", reason=reason.strip())
    return computed


# -- all that differs


def _changes(asked: Asked, outlines: tuple[Outline, Outline], editions: bool) -> Computed:
    """What changed, is new and is gone from the first to the second; of others than editions, what differs."""
    arrow, verb = ("→", "changed") if editions else ("–", "differ")
    one, other = outlines[0].document, outlines[1].document
    found = [pair for pair in pairs(*outlines) if not _is_label(pair)]
    if not editions and sum(1 for pair in found if pair.one and pair.other) < _RELATED * len(found):
        return _apart(asked, outlines)
    changed = [pair for pair in found if pair.one and pair.other and not pair.same]
    changed.sort(key=lambda pair: not pair.numbers_differ)
    new = _telling([pair for pair in found if not pair.one])
    gone = _telling([pair for pair in found if not pair.other])
    told = _Told(asked, (one, other))
    counts = f"{len(changed):,} {verb}, {len(new):,} only in {other.path}, {len(gone):,} only in {one.path}"
    if not changed and not new and not gone:
        counts = "they say the same"
    told.lines += [f"{one.path} {arrow} {other.path}: {counts}.", ""]
    for pair in changed[:_SHOWN]:
        told.row(pair.section.heading or "Beginning", pair.one, pair.other)
        told.lines.append(f"- {_headed(pair)}{_quoted(pair.one)} {arrow} {_quoted(pair.other)}")
    if len(changed) > _SHOWN:
        told.lines.append(f"- … and {len(changed) - _SHOWN:,} more changes")
    _one_sided(told, new, f"Only in {other.path}")
    _one_sided(told, gone, f"Only in {one.path}")
    whole = all(outline.whole for outline in outlines)
    reason = "" if whole else "They are long: only parts from all over them were compared."
    said = f"Compared {one.path} with {other.path}, section by section and sentence by sentence."
    return _computed(told, said, "answered" if whole else "unsure", reason)


def _apart(asked: Asked, outlines: tuple[Outline, Outline]) -> Computed:
    """Of two documents that have little in common, what each says."""
    told = _Told(asked, (outlines[0].document, outlines[1].document))
    columns: list[list[Statement]] = []
    for outline in outlines:
        document = outline.document
        sections = in_stretches(outline.sections, _EACH)
        best = most_salient(sections, document.title, Budget(1500, _EACH, _EACH, 2, True))
        columns.append([statement for _, statements in best for statement in statements])
        told.lines += [
            f"**{document.title}** ({document.path})",
            "",
            *(f"- {statement.said}" for statement in columns[-1]),
            "",
        ]
    for one, other in zip_longest(*columns):
        told.row("", one, other)
    said = f"Put side by side what {told.sides[0].path} and {told.sides[1].path} say."
    reason = "The two documents have little in common: these are the sentences of each that tell most."
    return _computed(told, said, "unsure", reason)


def _is_label(pair: Pair) -> bool:
    """Titles and names of editions, which differ anyway."""
    statement = pair.other or pair.one
    return not pair.section.heading and bool(statement) and len(statement.said.split()) < 5 if statement else True


def _one_sided(told: _Told, found: Sequence[Pair], title: str) -> None:
    if not found:
        return
    told.lines += ["", f"**{title}**", ""]
    for pair in found[:_LISTED]:
        told.row(pair.section.heading or "Beginning", pair.one, pair.other)
        told.lines.append(f"- {_headed(pair)}{_quoted(pair.one or pair.other)}")
    if len(found) > _LISTED:
        told.lines.append(f"- … and {len(found) - _LISTED:,} more")


def _telling(found: Sequence[Pair]) -> list[Pair]:
    """What tells most first."""
    return sorted(
        found, key=lambda pair: -max(salience(statement) for statement in (pair.one, pair.other) if statement)
    )


def _headed(pair: Pair) -> str:
    return f"{pair.section.heading}: " if pair.section.heading else ""


def _quoted(statement: Statement | None) -> str:
    return f"“{statement.said}”" if statement else "nothing"


# -- on certain points


def _on_aspects(asked: Asked, sides: Sides, outlines: tuple[Outline, Outline]) -> Computed | None:
    """For each point what both say of it; None where neither says anything of any."""
    one, other = outlines[0].document, outlines[1].document
    told = _Told(asked, (one, other))
    speaking = Points(outlines, sides.editions)
    most = max(1, 4 - len(sides.aspects))
    missing: list[str] = []
    for aspect in sides.aspects:
        rows = speaking.of(aspect, most)
        if not rows:
            missing.append(f"Nothing was found on “{aspect}”.")
            continue
        told.lines += [f"**{aspect[:1].upper()}{aspect[1:]}**", ""]
        for side, document in enumerate((one, other)):
            said = [_line(statement) for row in rows if (statement := row[side])]
            told.lines += [f"- {document.path}: {line}" for line in said or ["nothing found"]]
            if not said:
                missing.append(f"{document.path} says nothing of “{aspect}” that was found.")
        told.lines.append("")
        for first, second in rows:
            told.row(aspect, first, second)
    if not told.rows:
        return None
    if asks_which(plain(asked.question)):
        missing.append("What both say stands side by side: which it is, is left to you.")
    said_of = f"Looked for {', '.join(sides.aspects)} in {one.path} and in {other.path}."
    return _computed(told, said_of, "unsure" if missing else "answered", " ".join(missing))


def _line(statement: Statement) -> str:
    return f"{statement.lead} … {statement.said}" if statement.leans and len(statement.lead) < 160 else statement.said


# -- telling


def _computed(told: _Told, said: str, status: Status, reason: str) -> Computed:
    one, other = told.sides
    grid = Grid(("", one.path, other.path), tuple(told.rows), tuple(told.cited))
    plan = Plan("compare", said, (one.path, other.path))
    text = "\n".join(told.lines).strip()
    return Computed(plan, text, tuple(told.citations), status, reason, grid if told.rows else None)


def _unknown(asked: Asked) -> Computed | None:
    """Where one side is clearly a document and the other is none: that there is no such."""
    text = plain(asked.question)
    if not _STRONG.search(text):
        return None
    names = names_of_documents(asked)
    for reading in readings(text):
        for known, unknown in ((reading.one, reading.other), (reading.other, reading.one)):
            named = documents_named(known, names)
            if named.surely and documents_named(unknown, names).share < 0.6 and _is_name(unknown, reading):
                files = ", ".join(document.path for document in named.documents[:4])
                reason = f"No document is called “{unknown}”, with which to compare {files}."
                return Computed(
                    Plan("compare", "Looked for both documents by their names."), "", (), "abstained", reason
                )
    return None


def _is_name(phrase: str, reading: Reading) -> bool:
    told = not re.search(r"\b(?:differ\w*|compar\w*|chang\w*|between|how|what|which)\b", phrase)
    return bool(name_words(phrase)) and len(phrase.split()) <= 8 and told and not reading.aspects

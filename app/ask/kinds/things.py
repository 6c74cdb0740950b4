"""Two things that documents tell of, side by side: products, models, sections of a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.ask.kinds.cuts import Cut, aspects_of, cuts, plain
from app.ask.named import holds, name_words
from app.ask.outline import Section, outline_of
from app.ask.parts import Part
from app.ask.plan import Asked, Computed, cite
from app.ask.subject import subject_of
from app.ask.telling import Room, most_telling
from app.ask.units import Unit, cells_of
from app.ask.words import has_code
from app.datatypes import Citation, Grid, Plan
from ingest.datatypes import Document

_CODE = re.compile(r"(?<![\w-])(?=[\w./-]*\d)(?=[\w./-]*[a-z])[a-z0-9]+(?:[-./][a-z0-9]+)*(?![\w])")
_FURTHER = re.compile(r"\d[a-z]?,? (?:in|on|for|at|by|with|as|regarding|concerning|when)\b|:")
_STRONG = re.compile(r"\b(?:compare|contrast|comparison|differences?|differ|versus|vs)\b")
_DOCUMENTS = 8  # that are read through for two things
_ROWS = 20
_SENTENCES = 4  # of each thing
_SHORT = 4  # words of what is no sentence
_NEAR = 0.5  # share of an aspect's words from which a row or sentence speaks of it


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says of both: in one row, or in a row of each."""

    label: str
    one: str
    other: str
    document: Document
    units: tuple[Unit, ...]
    words: frozenset[str]

    @property
    def same(self) -> bool:
        return self.one == self.other


def compare_things(asked: Asked) -> Computed | None:
    """None where the question compares no two things that documents know."""
    text = plain(asked.question)
    known: dict[str, bool] = {}
    for cut in cuts(text):
        one, other = _code(cut.one), _code(cut.other)
        if one and other and one != other:
            for code in (one, other):
                if code not in known:
                    known[code] = _is_named(asked, code)
            if known[one] and known[other]:
                return _of_codes(asked, one, other, aspects_of(cut.aspects))
            if _STRONG.search(text) and (known[one] or known[other]):
                return _unknown(other if known[one] else one, one if known[one] else other)
    if _STRONG.search(text):
        for n, cut in enumerate(cuts(text)):
            if n < 12 and (found := _of_sections(asked, cut)):
                return found
    return None


def _code(phrase: str) -> str:
    """The designation that the phrase is, with at most two words beside it."""
    if _FURTHER.search(phrase):
        return ""
    found = _CODE.findall(phrase)
    rest = name_words(_CODE.sub(" ", phrase))
    return found[0] if len(found) == 1 and len(rest) <= 2 else ""


def _is_named(asked: Asked, code: str) -> bool:
    hits = asked.index.bm25(code, 10, asked.doc_ids)
    return any(has_code(chunk.text, code) for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values())


def _unknown(code: str, known: str) -> Computed:
    reason = f"No document names {code.upper()}, so it cannot be compared with {known.upper()}."
    return Computed(Plan("compare", f"Looked for {known.upper()} and {code.upper()}."), "", (), "abstained", reason)


# -- codes


def _of_codes(asked: Asked, one: str, other: str, aspects: Sequence[str]) -> Computed | None:
    read = _documents(asked, one, other)
    rows = [row for document in read for row in _rows(asked, document, one, other)]
    rows = _chosen(rows, aspects)
    same = [row for row in rows if row.same and not aspects]
    shown = [row for row in rows if row not in same]
    said = [_said(asked, document, one, other, aspects) for document in read]
    lines = [
        f"- {row.label}: {one.upper()} {row.one or '–'}; {other.upper()} {row.other or '–'}" for row in shown[:_ROWS]
    ]
    if len(shown) > _ROWS:
        lines.append(f"- … and {len(shown) - _ROWS:,} more")
    citations: list[Citation] = []
    cited: list[int] = []
    for row in shown[:_ROWS]:
        citations += [cite(asked.index, row.document, unit.start, unit.end, unit.said) for unit in row.units]
        cited.append(len(citations))
    for side, name in enumerate((one, other)):
        told = [(document, unit) for document, sides in zip(read, said, strict=True) for unit in sides[side]]
        if told and (not shown or not aspects):
            lines += ["", f"**Only of {name.upper()}**", "", *(f"- {unit.said}" for _, unit in told[:_SENTENCES])]
            citations += [cite(asked.index, doc, unit.start, unit.end, unit.said) for doc, unit in told[:_SENTENCES]]
    if not citations:
        return None
    if same:
        lines += ["", f"{len(same)} more values are the same for both."]
    grid = Grid(
        ("", one.upper(), other.upper()), tuple((row.label, row.one, row.other) for row in shown[:_ROWS]), tuple(cited)
    )
    files = tuple(dict.fromkeys(citation.file for citation in citations))
    plan = Plan("compare", f"Put side by side what {', '.join(files)} say of {one.upper()} and {other.upper()}.", files)
    reason = "" if shown else "No table has both: these are sentences that name one of them. There may be more."
    complete = bool(shown) and (not aspects or all(_speaks(aspect, shown) for aspect in aspects))
    return Computed(
        plan, "\n".join(lines).strip(), tuple(citations[:40]), "answered" if complete else "unsure", reason,
        grid if shown else None,
    )  # fmt: skip


def _documents(asked: Asked, one: str, other: str) -> list[Document]:
    """Those that name both, else those that name one; those that name them most first."""
    by_id = {document.id: document for document in asked.documents}
    older = asked.index.superseded()[0]
    counts: dict[int, list[int]] = {}
    for side, code in enumerate((one, other)):
        hits = asked.index.bm25(code, 200, asked.doc_ids)
        for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values():
            if chunk.doc_id in by_id and has_code(chunk.text, code):
                counts.setdefault(chunk.doc_id, [0, 0])[side] += 1
    order = sorted(counts, key=lambda doc_id: (-min(counts[doc_id]), -sum(counts[doc_id])))
    return [by_id[doc_id] for doc_id in order if doc_id not in older][:_DOCUMENTS]


def _rows(asked: Asked, document: Document, one: str, other: str) -> Iterator[Row]:
    """Rows in which both are columns; and of tables that have one row for each of them, the columns."""
    own: dict[tuple[int, str], dict[str, list[Unit]]] = {}
    sections: dict[tuple[int, str], Section] = {}
    for section in outline_of(asked.index, document).sections:
        for unit in (unit for unit in section.units if unit.form == "row"):
            cells = cells_of(unit)
            a = next((value for name, value in cells if has_code(name, one)), None)
            b = next((value for name, value in cells if has_code(name, other)), None)
            about = unit.said.partition(": ")[0].strip()
            if a is not None and b is not None:
                yield _row(section, unit.lead, about, (a, b), document, (unit,))
            for code in (one, other):
                if cells and has_code(about, code):
                    key = (section.start, "|".join(name for name, _ in cells))
                    own.setdefault(key, {}).setdefault(code, []).append(unit)
                    sections[key] = section
    for key, by_code in own.items():
        if [len(by_code.get(code, ())) for code in (one, other)] == [1, 1] and by_code[one] != by_code[other]:
            (first,), (second,) = by_code[one], by_code[other]
            for (name, value), (_, others) in zip(cells_of(first), cells_of(second), strict=False):
                yield _row(sections[key], first.lead, name, (value, others), document, (first, second))


def _row(
    section: Section, caption: str, label: str, values: tuple[str, str], document: Document, units: tuple[Unit, ...]
) -> Row:
    said = f"{label} {caption} {section.name}"
    words = frozenset(name_words(said)) | _initials(said)
    short = re.sub(r"^(?:table|tab\.?|tabelle) \d+[.:]? *", "", caption, flags=re.IGNORECASE).strip(" :")
    named = f"{short} – {label}" if short and len(short) < 60 else label
    return Row(named, *values, document, units, words)


def _initials(text: str) -> frozenset[str]:
    """'cop' for a coefficient of performance."""
    letters = "".join(word[0] for word in re.findall(r"[^\W\d_]+", text.lower()))
    return frozenset(letters[i : i + n] for n in (2, 3, 4) for i in range(len(letters) - n + 1))


def _chosen(rows: Sequence[Row], aspects: Sequence[str]) -> list[Row]:
    """Those that speak of what was asked for. A code among it, such as a point of work, must be the row's own."""
    codes = [code for aspect in aspects for code in _CODE.findall(aspect)]
    with_codes = [row for row in rows if all(code in row.label.lower() for code in codes)] if codes else []
    with_codes = with_codes or [row for row in rows if all(has_code(row.label, code) for code in codes)]
    rows = with_codes or list(rows)
    asked = [words for aspect in aspects if (words := _words(aspect))]
    if not asked:
        return rows
    found = [row for row in rows if any(_share(words, row.words) >= _NEAR for words in asked)]
    best = [max((_share(words, row.words) for row in found), default=0.0) for words in asked]
    return [
        row
        for row in found
        if any(_share(words, row.words) >= top - 0.01 for words, top in zip(asked, best, strict=True))
    ]


def _words(aspect: str) -> list[str]:
    return name_words(_CODE.sub(" ", aspect))


def _share(wanted: Sequence[str], words: frozenset[str]) -> float:
    return sum(holds(words, word) for word in wanted) / len(wanted) if wanted else 0.0


def _speaks(aspect: str, rows: Sequence[Row]) -> bool:
    words = _words(aspect)
    return not words or any(_share(words, row.words) >= _NEAR for row in rows)


def _said(
    asked: Asked, document: Document, one: str, other: str, aspects: Sequence[str]
) -> tuple[list[Unit], list[Unit]]:
    """Sentences that name one of them and not the other."""
    found: tuple[list[Unit], list[Unit]] = ([], [])
    wanted = [own for aspect in aspects if (own := _words(aspect))]
    for unit in outline_of(asked.index, document).units:
        if unit.form == "row" or len(unit.said.split()) < _SHORT:
            continue
        a, b = has_code(unit.said, one), has_code(unit.said, other)
        words = frozenset(name_words(f"{unit.lead} {unit.said}"))
        if a != b and (not wanted or any(_share(own, words) >= _NEAR for own in wanted)):
            found[0 if a else 1].append(unit)
    return found


# -- sections


def _of_sections(asked: Asked, cut: Cut) -> Computed | None:
    """'the difference between advice codes and fault codes', where sections bear these names."""
    shared = cut.other.split()[-1] if cut.other.split() else ""
    for first, second in ((cut.one, cut.other), (f"{cut.one} {shared}", cut.other)):
        if len(first.split()) > 6 or len(second.split()) > 6 or not name_words(first) or not name_words(second):
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
        for _, units in most_telling(part.sections, part.document.title, Room(900, 5, 5, 5)):
            for unit in units:
                column.append(unit.said)
                lines.append(f"- {unit.said}")
                citations.append(cite(asked.index, part.document, unit.start, unit.end, unit.said))
        columns.append(column)
        lines.append("")
    if not all(columns):
        return None
    files = tuple(dict.fromkeys(part.document.path for part in parts))
    plan = Plan("compare", f"Put the sections on {first} and on {second} side by side.", files)
    reason = "These are the sentences of each section that tell most, not all of it."
    return Computed(plan, "\n".join(lines).strip(), tuple(citations), "unsure", reason)

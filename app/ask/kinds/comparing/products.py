"""Things with a designation side by side, such as products and models: tables' rows that tell of all, then sentences
that name one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.ask.kinds.comparing.request import asks_which, aspects_of, plain, readings
from app.ask.language.naming import holds, name_words, telling_share
from app.ask.language.words import has_code
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.outline import Section, outline_of
from app.ask.structure.statements import Statement, cells_of
from app.datatypes import Citation, Grid, Plan
from ingest.datatypes import Document

_CODE = re.compile(r"(?<![\w-])(?=[\w./-]*\d)(?=[\w./-]*[a-z])[a-z0-9]+(?:[-./][a-z0-9]+)*(?![\w])")
_FURTHER = re.compile(r"\d[a-z]?,? (?:in|on|for|at|by|with|as|regarding|concerning|when)\b|:")
_STRONG = re.compile(r"\b(?:compare|contrast|comparison|differences?|differ|versus|vs)\b")
_MOST = 6  # things
_DOCUMENTS = 8  # that are read through
_ROWS = 20
_SENTENCES = 4  # of each thing
_SHORT = 4  # words of what is no sentence
_AROUND = 0.7  # what a word is worth that only stands in the caption
_ALMOST = 0.65  # of the best table, from which another is told too
_NEAR = 0.5  # share of an aspect's words from which a row or sentence speaks of it

Codes = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says of all: in one row, or in a row of each."""

    label: str
    values: tuple[str, ...]
    document: Document
    statements: tuple[Statement, ...]
    words: frozenset[str]
    around: frozenset[str]  # words of its table's caption and of its section's heading

    @property
    def same(self) -> bool:
        return len(set(self.values)) == 1


def compare_products(asked: Asked) -> Computed | None:
    """None where the question compares no things that documents know."""
    text = plain(asked.question)
    known: dict[str, bool] = {}
    for bare in (True, False):  # first with nothing beside the designations
        for reading in readings(text):
            codes = (*_codes(reading.one, bare), *_codes(reading.other, bare))
            if not _codes(reading.one, bare) or not _codes(reading.other, bare) or len(set(codes)) != len(codes):
                continue
            known |= {code: _is_named(asked, code) for code in codes if code not in known}
            unknown = [code for code in codes if not known[code]]
            if not unknown:
                return _of_codes(asked, codes[:_MOST], aspects_of(reading.aspects))
            if _STRONG.search(text) and len(unknown) < len(codes):
                return _unknown(unknown, [code for code in codes if known[code]])
    return None


def _codes(phrase: str, bare: bool) -> Codes:
    """The designations that the phrase is made of, with at most two words beside them."""
    if _FURTHER.search(phrase):
        return ()
    rest = name_words(_CODE.sub(" ", phrase))
    return tuple(_CODE.findall(phrase)) if len(rest) <= (0 if bare else 2) else ()


def _is_named(asked: Asked, code: str) -> bool:
    hits = asked.index.bm25(code, 10, asked.doc_ids)
    return any(has_code(chunk.text, code) for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values())


def _unknown(unknown: Sequence[str], known: Sequence[str]) -> Computed:
    missing, there = " or ".join(unknown).upper(), " and ".join(known).upper()
    reason = f"No document names {missing}, so there is nothing to compare {there} with."
    return Computed(Plan("compare", f"Looked for {there} and {missing}."), "", (), "abstained", reason)


def _of_codes(asked: Asked, codes: Codes, aspects: Sequence[str]) -> Computed | None:
    read = _documents(asked, codes)
    rows = _chosen([row for document in read for row in _rows(asked, document, codes)], aspects)
    same = [row for row in rows if row.same and not aspects]
    shown = [row for row in rows if row not in same]
    names = [code.upper() for code in codes]
    lines: list[str] = []
    citations: list[Citation] = []
    cited: list[int] = []
    for row in shown[:_ROWS]:
        values = "; ".join(f"{name} {value or '–'}" for name, value in zip(names, row.values, strict=True))
        lines.append(f"- {row.label}: {values}")
        citations += [
            cite(asked.index, row.document, statement.start, statement.end, statement.said)
            for statement in row.statements
        ]
        cited.append(len(citations))
    if len(shown) > _ROWS:
        lines.append(f"- … and {len(shown) - _ROWS:,} more")
    for code in codes if not shown or not aspects else ():
        told = [
            (document, statement) for document in read for statement in _said(asked, document, code, codes, aspects)
        ]
        if told:
            lines += [
                "",
                f"**Only of {code.upper()}**",
                "",
                *(f"- {statement.said}" for _, statement in told[:_SENTENCES]),
            ]
            citations += [
                cite(asked.index, doc, statement.start, statement.end, statement.said)
                for doc, statement in told[:_SENTENCES]
            ]
    if not citations:
        return None
    if same:
        lines += ["", f"{len(same)} more values are the same for all of them."]
    grid = Grid(("", *names), tuple((row.label, *row.values) for row in shown[:_ROWS]), tuple(cited))
    files = tuple(dict.fromkeys(citation.file for citation in citations))
    plan = Plan("compare", f"Put side by side what {', '.join(files)} say of {' and '.join(names)}.", files)
    reason = "" if shown else "No table has them all: these are sentences that name one of them. There may be more."
    if asks_which(plain(asked.question)):
        reason = reason or "What is told of each stands side by side: which it is, is left to you."
    complete = bool(shown) and not reason and all(_speaks(aspect, shown) for aspect in aspects)
    return Computed(
        plan, "\n".join(lines).strip(), tuple(citations), "answered" if complete else "unsure", reason,
        grid if shown else None,
    )  # fmt: skip


def _documents(asked: Asked, codes: Codes) -> list[Document]:
    """Those that name all, else those that name some; those that name them most first."""
    by_id = {document.id: document for document in asked.documents}
    older = asked.index.superseded()[0]
    counts: dict[int, list[int]] = {}
    for side, code in enumerate(codes):
        hits = asked.index.bm25(code, 200, asked.doc_ids)
        for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values():
            if chunk.doc_id in by_id and has_code(chunk.text, code):
                counts.setdefault(chunk.doc_id, [0] * len(codes))[side] += 1
    order = sorted(counts, key=lambda doc_id: (-min(counts[doc_id]), -sum(counts[doc_id])))
    return [by_id[doc_id] for doc_id in order if doc_id not in older][:_DOCUMENTS]


def _rows(asked: Asked, document: Document, codes: Codes) -> Iterator[Row]:
    """Rows in which all are columns; and of tables that have one row for each of them, the columns."""
    own: dict[tuple[int, str], dict[str, list[Statement]]] = {}
    sections: dict[tuple[int, str], Section] = {}
    for section in outline_of(asked.index, document).sections:
        for statement in (statement for statement in section.statements if statement.form == "row"):
            cells = cells_of(statement)
            values = [next((value for name, value in cells if has_code(name, code)), None) for code in codes]
            about = statement.said.partition(": ")[0].strip()
            if all(value is not None for value in values):
                yield _row(section, statement.lead, about, [value or "" for value in values], document, (statement,))
            for code in codes:
                if cells and has_code(about, code):
                    key = (section.start, "|".join(name for name, _ in cells))
                    own.setdefault(key, {}).setdefault(code, []).append(statement)
                    sections[key] = section
    for key, by_code in own.items():
        statements = [by_code[code][0] for code in codes if len(by_code.get(code, ())) == 1]
        if len(statements) == len(codes) and len({statement.start for statement in statements}) == len(codes):
            for column in zip(*(cells_of(statement) for statement in statements), strict=False):
                told = [value for _, value in column]
                yield _row(sections[key], statements[0].lead, column[0][0], told, document, tuple(statements))


def _row(
    section: Section,
    caption: str,
    label: str,
    values: Sequence[str],
    document: Document,
    statements: tuple[Statement, ...],
) -> Row:
    around = f"{caption} {section.name}"
    words = frozenset(name_words(label)) | _initials(label)
    short = re.sub(r"^(?:table|tab\.?|tabelle) \d+[.:]? *", "", caption, flags=re.IGNORECASE).strip(" :")
    named = f"{short} – {label}" if short and len(short) < 60 else label
    return Row(named, tuple(values), document, statements, words, frozenset(name_words(around)) | _initials(around))


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
        return list(rows)
    found: list[Row] = []
    for words in asked:
        shares = [_share(words, row) for row in rows]
        best: dict[tuple[int, frozenset[str]], float] = {}  # of each table
        for row, share in zip(rows, shares, strict=True):
            best[_table(row)] = max(share, best.get(_table(row), 0.0))
        near = max(_NEAR, _ALMOST * max(best.values(), default=0.0))
        found += [
            row
            for row, share in zip(rows, shares, strict=True)
            if share >= near and share > best[_table(row)] - 0.01 and row not in found
        ]
    return found


def _table(row: Row) -> tuple[int, frozenset[str]]:
    return row.document.id, row.around


def _words(aspect: str) -> list[str]:
    return name_words(_CODE.sub(" ", aspect))


def _share(wanted: Sequence[str], row: Row) -> float:
    """How much of it the row speaks of; its table's caption says less of it than its own name."""
    values = [max(holds(row.words, word), _AROUND * holds(row.around, word)) for word in wanted]
    return sum(values) / len(values) if values else 0.0


def _speaks(aspect: str, rows: Sequence[Row]) -> bool:
    words = _words(aspect)
    return not words or any(_share(words, row) >= _NEAR for row in rows)


def _said(asked: Asked, document: Document, code: str, codes: Codes, aspects: Sequence[str]) -> Iterator[Statement]:
    """Sentences that name this one of them and no other."""
    wanted = [own for aspect in aspects if (own := _words(aspect))]
    for statement in outline_of(asked.index, document).statements:
        if statement.form == "row" or len(statement.said.split()) < _SHORT:
            continue
        words = frozenset(name_words(f"{statement.lead} {statement.said}"))
        only = [one for one in codes if has_code(statement.said, one)] == [code]
        if only and (not wanted or any(telling_share(own, words) >= _NEAR for own in wanted)):
            yield statement

"""What a document, a section, a thread, a folder or all documents are about, in their own sentences.

Extractive: the sentences that tell most, under their headings, each to the letter and with its place. Long documents
are sampled, and that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.ask.find.documents import TYPES
from app.ask.find.parts import NO_TOPIC, Part
from app.ask.find.retrieve import retrieve
from app.ask.find.subject import Subject, subject_of
from app.ask.find.titles import file_in
from app.ask.kinds.summaries.request import SummaryRequest, summary_request
from app.ask.language.naming import name_words, telling_share
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.outline import Outline, Section, opening_of
from app.ask.structure.salience import Budget, in_stretches, introduction, is_aside, most_salient
from app.ask.structure.statements import Statement, columns_of, statements_of
from app.datatypes import Citation, Plan
from ingest.datatypes import Document
from ingest.text.clean import CELL

_LISTED = 40  # documents of an overview
_PASSAGES = 6
_SPEAKS = 0.75  # share of a topic's words that a passage must hold
_ALL = 4  # sentences, up to which nothing is left out
_FEW = 3  # sections of a document that may be little but tables
_ROWS = 12  # from which on a section is told as a table


def answer(asked: Asked) -> Computed | None:
    wish = summary_request(asked.question)
    if wish is None:
        return None
    for document in asked.index.documents():
        if document.error and file_in(document, wish.phrase):
            reason = f"{document.path} could not be read: it {document.error}."
            return Computed(Plan("summary", "Looked for the file.", (document.path,)), "", (), "abstained", reason)
    if not asked.documents:
        return None
    subject = subject_of(asked, wish.phrase)
    if subject.form in ("everything", "folder"):
        return _of_all(asked, subject)
    if subject.form == "missing":
        if not wish.strong:
            return None
        if wish.names_a_document:
            return _missing(asked, subject, wish)
        found = _of_passages(asked, wish)
        return found or (_missing(asked, subject, wish) if TYPES & set(name_words(wish.phrase)) else None)
    if not subject.surely and not wish.strong:
        return None
    return _of_parts(asked, subject, wish)


# -- documents and sections


def _of_parts(asked: Asked, subject: Subject, wish: SummaryRequest) -> Computed | None:
    parts = [part for part in subject.parts if any(section.statements for section in part.sections)]
    files = tuple(dict.fromkeys(part.document.path for part in subject.parts))
    if not parts:
        names = ", ".join(files)
        return Computed(
            Plan("summary", f"Looked for text in {names}.", files), "", (), "abstained", f"There is no text in {names}."
        )
    each = max(2, wish.most // len(parts))
    lines: list[str] = []
    citations: list[Citation] = []
    for part in parts:
        blocks, cited = _told(asked, part, each, many=len(parts) > 1)
        lines += blocks
        citations += cited
    if not citations:
        return None
    reasons = [*_left_out(asked, parts), *_several(subject, wish)]
    doubtful = bool(_several(subject, wish)) or not all(part.outline.whole for part in parts) or not subject.surely
    said = f"Took the sentences that tell most from {_what(parts, subject)}."
    return Computed(
        Plan("summary", said, files, wish.phrase), "\n".join(lines).strip(), tuple(citations),
        "unsure" if doubtful else "answered", " ".join(reasons),
    )  # fmt: skip


def _told(asked: Asked, part: Part, most: int, many: bool) -> tuple[list[str], list[Citation]]:
    """The part's lines, headings in bold, with a citation for each sentence."""
    document = part.document
    lines = [f"**{document.title}** ({document.path})", ""] if many or part.whole else []
    citations: list[Citation] = []
    told = _tables(part) if len(part.sections) <= _FEW else {}
    sections = in_stretches([section for section in part.sections if id(section) not in told], most)
    long = sum(len(statement.said) for section in sections for statement in section.statements)
    budget = Budget(min(2600, max(700, long // 2)), most, most, 3 if len(sections) > 3 else most, part.whole)
    if not any(section.statements for section in sections if not is_aside(section)):
        budget = Budget(2600, most, most, most)
    for section, statements in told.values():
        lines += _table_lines(section, statements)
        citations += [
            cite(asked.index, document, statement.start, statement.end, statement.said) for statement in statements[:2]
        ]
    above = document.title
    best = most_salient(sections, document.title, budget)
    if sum(len(section.statements) for section in sections) <= _ALL:
        best = [(place, list(section.statements)) for place, section in enumerate(sections) if section.statements]
    for place, statements in best:
        heading = sections[place].heading
        if heading and heading != above and (part.whole or len(part.sections) > 1 or many):
            lines += [f"**{heading}**", ""]
        above = heading or above
        for statement in statements:
            citations.append(cite(asked.index, document, statement.start, statement.end, statement.said))
            said = _to_the_letter(statement, citations[-1].quote)
            lines.append(
                f"- {statement.lead} … {said}" if statement.leans and len(statement.lead) < 160 else f"- {said}"
            )
        lines.append("")
    return lines, citations


def _to_the_letter(statement: Statement, quote: str) -> str:
    """A row's own cells, without the names of its columns."""
    if statement.form != "row":
        return statement.said
    cells = [" ".join(cell.split()) for cell in quote.split(CELL) if cell.strip()]
    return f"{cells[0]}: {'; '.join(cells[1:])}" if len(cells) > 1 else statement.said


def _tables(part: Part) -> dict[int, tuple[Section, list[Statement]]]:
    """Sections that are little but a long table, by their identity."""
    found = {}
    for section in part.sections:
        rows = [statement for statement in section.statements if statement.form == "row"]
        if len(rows) > _ROWS and len(rows) > 0.8 * len(section.statements):
            found[id(section)] = (section, rows)
    return found


def _table_lines(section: Section, rows: Sequence[Statement]) -> list[str]:
    named = f"**{section.heading}**: " if section.heading else ""
    columns = columns_of(rows[0])
    if columns and all(column in rows[0].said for column in columns):
        rows = rows[1:]  # of a sheet whose columns are only lettered
    with_columns = f" with the columns {', '.join(columns)}" if columns else ""
    begins = [f"- {row.said}" for row in rows[:2]]
    return [f"{named}{len(rows):,} rows{with_columns}. The first are:", "", *begins, ""]


def _left_out(asked: Asked, parts: Sequence[Part]) -> Iterator[str]:
    older = asked.index.superseded()[0]
    for part in parts:
        document = part.document
        if not part.outline.whole:
            yield (
                f"{document.path} has {document.n_pages:,} pages: sections from all over it were read, not every "
                f"sentence."
            )
        for doc_id, verdict in older.items():
            if verdict.other == document.id and doc_id not in {one.document.id for one in parts}:
                yield from (f"There is an older edition: {one.path}." for one in asked.documents if one.id == doc_id)


def _several(subject: Subject, wish: SummaryRequest) -> list[str]:
    """That one was asked for and several are meant by the name."""
    files = list(dict.fromkeys(one.path for one in subject.documents))
    if len(files) < 2 or re.search(r"\b(?:and|both|all|each|every|two|three|\w{3,}s)\b", wish.phrase):
        return []
    return [f"{len(files)} documents fit: {', '.join(files[:8])}{and_more(len(files) - 8)}."]


def _what(parts: Sequence[Part], subject: Subject) -> str:
    names = []
    for part in parts[:4]:
        heads = [section.heading for section in part.sections if section.heading]
        where = part.place or (f"the section “{heads[0]}”" if heads and not part.whole else "")
        names.append(f"{where} of {part.document.path}" if where else part.document.path)
    return ", ".join(names) + and_more(len(parts) - 4)


def and_more(n: int) -> str:
    return f" and {n:,} more" if n > 0 else ""


# -- all documents


def _of_all(asked: Asked, subject: Subject) -> Computed | None:
    """A line a document: its title, and the sentence with which it says what it is about."""
    lines: list[str] = []
    citations: list[Citation] = []
    for document in subject.documents[:_LISTED]:
        statement, said = _gist(asked, document)
        lines.append(f"- **{document.title}** ({document.path})" + (f": {said}" if said else ""))
        if statement:
            citations.append(cite(asked.index, document, statement.start, statement.end, statement.said))
    n, more = len(subject.documents), len(subject.documents) - _LISTED
    if more > 0:
        lines.append(f"\n… and {more:,} more documents.")
    where = f"the folder {subject.named}" if subject.form == "folder" else "the library"
    said = f"Took one sentence from each document of {where}."
    reason = f"Only the first {_LISTED} of {n:,} documents are told of." if more > 0 else ""
    files = tuple(document.path for document in subject.documents[:_LISTED])
    head = f"{n:,} documents in {where}:" if n != 1 else f"One document in {where}:"
    return Computed(
        Plan("summary", said, files), "\n".join([head, "", *lines]), tuple(citations[:_LISTED]),
        "unsure" if more > 0 else "answered", reason,
    )  # fmt: skip


def _gist(asked: Asked, document: Document) -> tuple[Statement | None, str]:
    """What its beginning says of it, in one sentence; of a table, its columns."""
    sections = opening_of(asked.index, document)
    if statement := introduction(sections, document.title):
        return statement, statement.said
    rows = [statement for section in sections for statement in section.statements if statement.form == "row"]
    columns = columns_of(rows[0]) if rows else []
    return (rows[0], f"a table with the columns {', '.join(columns)}") if columns else (None, "")


# -- topics that no heading names


def _of_passages(asked: Asked, wish: SummaryRequest) -> Computed | None:
    """The sentences of the nearest passages that speak of the topic, where all its words stand in them."""
    wanted = [word for word in name_words(wish.phrase) if word not in NO_TOPIC]
    hits = retrieve(asked.index, asked.encoder, wish.phrase, _PASSAGES, asked.doc_ids) if wanted else []
    sections: dict[str, list[Section]] = {}
    for hit in hits:
        words = frozenset(name_words(hit.chunk.text)) | frozenset(name_words(hit.chunk.heading))
        statements = [
            statement
            for statement in statements_of(hit.chunk.text, hit.chunk.start)
            if telling_share(wanted, frozenset(name_words(f"{statement.lead} {statement.meaning}")))
        ]
        if telling_share(wanted, words) >= _SPEAKS and statements:
            section = Section(hit.chunk.heading, 1, hit.chunk.start, hit.chunk.end, tuple(statements))
            sections.setdefault(hit.file, []).append(section)
    documents = {one.path: one for one in asked.documents}
    parts = [Part(Outline(documents[file], tuple(found)), tuple(found)) for file, found in sections.items()]
    if not parts:
        return None
    computed = _of_parts(asked, Subject("sections", tuple(one.document for one in parts), tuple(parts)), wish)
    reason = f"No document or section is called “{wish.phrase}”: this is what the nearest passages say."
    said = f"Took the sentences that speak of “{wish.phrase}” from the nearest passages."
    if computed is None:
        return None
    return replace(computed, plan=replace(computed.plan, said=said), status="unsure", reason=reason)


# -- nothing of that name


def _missing(asked: Asked, subject: Subject, wish: SummaryRequest) -> Computed:
    """Where a document or section was clearly meant: that there is none, and which there are."""
    near = [one.path for one in (subject.documents or asked.documents)]
    told = ", ".join(near[:8]) + and_more(len(near) - 8)
    kind = "The nearest are" if subject.documents else "There are"
    typed = re.search(re.escape(wish.phrase), asked.question, re.IGNORECASE)
    phrase = typed[0] if typed else wish.phrase
    said = f"Looked for “{phrase}” among the names and headings of {len(asked.documents):,} documents."
    reason = f"No document or section is called “{phrase}”. {kind}: {told}."
    return Computed(Plan("summary", said), "", (), "abstained", reason)

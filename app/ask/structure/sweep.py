"""Every sentence that says something of a kind, in all passages: not the best ones only.

What is looked for is a word with its forms, or how documents say such a thing: a deadline is 'within 14 days'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.ask.plan import Asked
from app.ask.structure.lists import Entry
from app.ask.structure.matching import Wanted, in_roots, root, roots
from ingest.datatypes import Chunk, Document
from ingest.store import fulltext
from ingest.text.clean import CELL
from ingest.text.sentences import Span, sentence_spans

MOST = 20_000  # passages looked through for one question
_FIRST_LINE = 120  # characters
_MODAL = re.compile(
    r"\b(?:must|shall|may|ha(?:s|ve) to|(?:is|are) (?:required|obliged|responsible|entitled)|undertakes?)\b", re.I
)
_LONGEST = 600  # characters of a sentence that is an item

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = rf"(?:\d{{1,2}}\.? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}})"
_TIME = rf"(?:(?:\d+|\w+) (?:working |calendar |business )?(?:hours?|days?|weeks?|months?|years?)\b|{_DATE})"
_SAID = [  # what is asked for, and how documents say it
    (
        "deadline due period",
        rf"\b(?:within|by|until|before|later than|latest|deadline|due(?: on| by)?|expires?|at least)\b.{{0,20}}?{_TIME}"
        rf"|\bdeadline\b|{_TIME}.{{0,20}}(?:notice|at the latest|in advance|before)\b",
    ),
    (
        "obligation duty requirement responsibility",
        r"\b(?:must|shall|ha(?:s|ve) to|(?:is|are) (?:required|obliged|responsible)|undertakes?|needs? to)\b",
    ),
    (
        "prohibition ban restriction",
        r"\b(?:(?:must|may|shall|can)(?: ?not)|cannot|never|not (?:be )?(?:permitted|allowed)|prohibited|forbidden)\b",
    ),
    ("right permission entitlement", r"\b(?:may(?! not)|entitled|has the right|(?:is|are) (?:allowed|permitted))\b"),
    ("warning caution hazard", r"\b(?-i:WARNING|CAUTION|DANGER|Warning:|Caution:|Danger:)"),
    (
        "price cost fee amount payment charge",
        r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b) ?\d|\d ?(?:€|(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?)\b)",
    ),
    ("exception exemption", r"\b(?:except\w*|unless|excluded|exempt\w*|(?:does|do) not apply)\b"),
    ("definition", r"[\"“].{2,50}[\"”] (?:means?|is|are|refers?)\b|\b(?:means|is defined as|refers to|stands for)\b"),
    ("email mail", r"[\w.+-]+@[\w-]+\.\w+"),
    ("phone telephone", r"\+?\d[\d /()-]{6,}\d"),
    ("date", _DATE),
]
_KINDS = {root(word): re.compile(said, re.IGNORECASE) for words, said in _SAID for word in words.split()}


@dataclass(frozen=True, slots=True)
class Item:
    document: Document
    heading: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Swept:
    """`whole` is False where there were more passages than were looked through."""

    items: tuple[Item, ...]
    whole: bool


def said_as(head: str) -> re.Pattern[str] | None:
    """How documents say such a thing; None where only its own name can be looked for."""
    return _KINDS.get(root(head)) if head else None


def sweep(asked: Asked, head: str, others: Wanted, doc_ids: Collection[int]) -> Swept:
    """Sentences of these documents that say something of the kind, of the same words once, in reading order."""
    documents = {one.id: one for one in asked.documents if one.id in doc_ids}
    pattern, named = said_as(head), root(head)
    items: list[Item] = []
    seen: set[str] = set()
    names: dict[int, frozenset[str]] = {}
    chunks, whole = _chunks(asked, head if pattern is None else "", documents)
    for chunk in chunks:
        if pattern and not pattern.search(chunk.text) and not in_roots(named, roots(chunk.text)):
            continue
        document = documents[chunk.doc_id]
        if document.id not in names:
            names[document.id] = _name(asked, document)
        naming = names[document.id] | roots(chunk.heading)
        for start, end in _sentences(chunk.text):
            text = chunk.text[start:end]
            if end - start > _LONGEST or not (pattern.search(text) if pattern else in_roots(named, roots(text))):
                continue
            modal = _MODAL.search(text) if pattern else None  # whose duty it is stands before it
            there = roots(text[: modal.start()] if modal and modal.start() > 3 else text) | naming
            key = " ".join(re.findall(r"\w+", text.lower()))
            if key not in seen and others.holds(there):
                seen.add(key)
                said = " ".join(text.replace(CELL, ", ").split())
                items.append(Item(document, chunk.heading, Entry(chunk.start + start, chunk.start + end, said)))
    return Swept(tuple(items), whole)


def _sentences(text: str) -> list[Span]:
    """Those that a line's end has cut in two are whole again."""
    spans: list[Span] = []
    for start, end in sentence_spans(text):
        cut = spans and CELL not in text[spans[-1][0] : end] and text[spans[-1][1] - 1].isalnum()
        if cut and text[start].islower():
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _name(asked: Asked, document: Document) -> frozenset[str]:
    """Roots of what says which document this is: title, file's name, first line."""
    first = asked.index.text(document.id, 0, _FIRST_LINE).strip().split("\n")[0]
    return roots(f"{document.title} . {re.sub(r'[-_./]+', ' ', document.path)} . {first}")


def _chunks(asked: Asked, word: str, documents: Collection[int]) -> tuple[Iterator[Chunk], bool]:
    """Passages of the documents, those that hold the word in one of its forms or all; and whether these are all."""
    sql = "SELECT id, doc_id, start, end, text, heading, page FROM chunks"
    if query := fulltext.match_query(word):
        sql += " WHERE id IN (SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?)"
    rows = asked.index.store.rows(f"{sql} LIMIT {MOST + 1}", (query,) if query else ())
    order = {doc_id: place for place, doc_id in enumerate(documents)}  # by path
    kept = sorted((row for row in rows[:MOST] if row[1] in order), key=lambda row: (order[row[1]], row[2]))
    return (Chunk(*row) for row in kept), len(rows) <= MOST

"""Every sentence that says something of a kind, in all passages: not the best ones only.

What is looked for is a word with its forms, or how documents say such a thing: a deadline is 'within 14 days'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.ask.language.relevance import Wanted, in_roots, root, roots
from app.ask.plan import Asked
from app.ask.structure.lists import Entry
from ingest.datatypes import Chunk, Document
from ingest.store import fulltext
from ingest.text.clean import CELL
from ingest.text.sentences import Span, sentence_spans

MOST = 4000  # passages looked through for one question
_MANY = 300  # documents of which only titles are read
_FIRST_LINE = 120  # characters
_NOBODY = 3  # characters before a duty in which nobody can be named
_MODAL = re.compile(
    r"\b(?:must|shall|may|ha(?:s|ve) to|(?:is|are) (?:required|obliged|responsible|entitled)|undertakes?)\b", re.I
)
_LONGEST = 600  # characters of a sentence that is an item

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = rf"(?:\d{{1,2}}\.? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}})"
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|thirty|sixty|ninety|a few)"
_TIME = rf"(?:\b{_NUMBER} (?:working |calendar |business )?(?:hours?|days?|weeks?|months?|years?)\b|{_DATE})"
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


_OF_SOMEBODY = {root(word) for words, _ in _SAID[1:4] for word in words.split()}


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
    """Sentences of these documents that say something of the kind, of the same words once, in reading order.

    Where the other words of the question name documents, these are meant.
    """
    scope = [one for one in asked.documents if one.id in doc_ids]
    brief = len(scope) > _MANY or root(head) in _OF_SOMEBODY  # a first line names those who have duties
    names = {one.id: _name(asked, one, brief) for one in scope}
    scope = [one for one in scope if others.weights and others.holds(names[one.id])] or scope
    documents = {one.id: one for one in scope}
    pattern, named = said_as(head), root(head)
    chunks, whole = _chunks(asked, head if pattern is None else "", documents)
    items: list[Item] = []
    seen: set[str] = set()
    for chunk in chunks:
        for start, end in _telling(chunk.text, pattern, named):
            text = chunk.text[start:end]
            key = " ".join(re.findall(r"\w+", text.lower()))
            naming = names[chunk.doc_id] | roots(chunk.heading)
            modal = _MODAL.search(text) if pattern else None  # whose duty it is stands before it
            said_of = text[: modal.start()] if modal and modal.start() > _NOBODY else text
            if key not in seen and (others.holds(naming) or others.holds(roots(said_of) | naming)):
                seen.add(key)
                said = " ".join(text.replace(CELL, ", ").split())
                entry = Entry(chunk.start + start, chunk.start + end, said)
                items.append(Item(documents[chunk.doc_id], chunk.heading, entry))
    return Swept(tuple(items), whole)


def _telling(text: str, pattern: re.Pattern[str] | None, named: str) -> list[Span]:
    """The sentences that are looked for."""
    places = [match.start() for match in pattern.finditer(text)] if pattern else []
    if pattern and not places:
        return []
    found = [span for span in _sentences(text) if span[1] - span[0] <= _LONGEST]
    if not pattern:
        return [(start, end) for start, end in found if in_roots(named, roots(text[start:end]))]
    return [(start, end) for start, end in found if any(start <= place < end for place in places)]


def _sentences(text: str) -> list[Span]:
    """Those that a line's end has cut in two are whole again."""
    spans: list[Span] = []
    for start, end in sentence_spans(text):
        cut = spans and CELL not in text[spans[-1][0] : end] and text[spans[-1][1] - 1].isalnum()
        if cut and text[start].islower():
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _name(asked: Asked, document: Document, brief: bool) -> frozenset[str]:
    """Roots of what says which document this is: title, file's name, first line unless it is to be `brief`."""
    first = "" if brief else asked.index.text(document.id, 0, _FIRST_LINE).strip().split("\n")[0]
    return roots(f"{document.title} . {re.sub(r'[-_./]+', ' ', document.path)} . {first}")


def _chunks(asked: Asked, word: str, documents: Collection[int]) -> tuple[Iterator[Chunk], bool]:
    """Passages of the documents, those that hold the word in one of its forms or all; and whether these are all."""
    sql = (
        "SELECT id, doc_id, start, end, text, heading, page FROM chunks"
        " WHERE doc_id IN (SELECT value FROM json_each(?))"
    )
    if query := fulltext.match_query(word):
        sql += " AND id IN (SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?)"
    parameters = [json.dumps(list(documents)), *([query] if query else [])]
    rows = asked.index.store.rows(f"{sql} LIMIT {MOST + 1}", parameters)
    order = {doc_id: place for place, doc_id in enumerate(documents)}  # by path
    kept = sorted(rows[:MOST], key=lambda row: (order[row[1]], row[2]))
    return (Chunk(*row) for row in kept), len(rows) <= MOST

"""Sections that may be about a question: those that hold the most of its words, and those whose headings hold one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.ask.find.editions import held_back
from app.ask.find.titles import mentioned_documents
from app.ask.language.relevance import Wanted, in_roots, roots
from app.ask.plan import Asked
from app.ask.structure.sections import OPENING, Section, sections_of, title_roots
from ingest.datatypes import Document
from ingest.store.index import LocalIndex
from ingest.text.sentences import Span

_HITS = 20
_DOCUMENTS = 14  # looked into for one question
_TITLED = 4  # of these, those whose title or file name comes nearest


def sections_about(asked: Asked, sought: Wanted) -> list[Section]:
    """Sections that may be about it: those that hold the most of its words, and those whose headings hold one of them.
    Of editions that are not meant, none."""
    held = held_back(asked.query, *asked.index.superseded()) if asked.doc_ids is None else frozenset()
    named = mentioned_documents(asked.query, asked.documents)
    documents = {one.id: one for one in asked.documents if (one.id in named if named else one.id not in held)}
    found: dict[int, list[Span]] = {}
    hits = asked.index.bm25(" ".join(sought.words), _HITS, documents if named else asked.doc_ids)
    for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values():
        found.setdefault(chunk.doc_id, []).append((chunk.start, chunk.end))
    for doc_id in [*_titled(list(documents.values()), sought), *_headed(asked.index, sought)]:
        if len(found) >= _DOCUMENTS:
            break
        found.setdefault(doc_id, [])
    return [
        section
        for doc_id, places in found.items()
        if doc_id in documents
        for section in _chosen(sections_of(asked.index, documents[doc_id]), places, sought)
    ]


def _chosen(sections: Sequence[Section], places: Sequence[Span], sought: Wanted) -> Iterator[Section]:
    for section in sections:
        hit = any(start < max(section.end, section.start + 1) and section.start < end for start, end in places)
        contents = re.match(r"(?:table of )?contents|index$", section.heading, re.IGNORECASE)
        if not contents and (hit or sought.found(section.label)):
            yield section


@dataclass(frozen=True, slots=True)
class Fit:
    """How far a section is about what is wanted: which share of the weight it or the name of its document holds, and
    which its headings and its first words hold, of what does not only name the document."""

    share: float
    clear: float
    label: frozenset[str]  # the words that headings and first words hold


def fit(section: Section, sought: Wanted, first: frozenset[str], place: int = OPENING) -> Fit:
    """`first` are roots of the words that introduce what is looked at in the section and begins at `place`."""
    label = sought.found(section.label | first)
    body = sought.found(roots(section.text)) | label
    naming = sought.found(section.context_before(place)) - label
    own = 1.0 - sought.share(naming)
    clear = sought.share(label) / own if own > 0.25 else sought.share(label)
    found = body | naming
    return Fit(0.0 if sought.lacks_number(found) else sought.share(found), clear, label)


def _titled(documents: Collection[Document], sought: Wanted) -> list[int]:
    """Documents whose title or file name holds most of the wanted words."""
    shares = []
    for document in documents:
        if found := sought.found(title_roots(document)):
            shares.append((-sought.share(found), document.path, document.id))
    return [doc_id for _, _, doc_id in sorted(shares)[:_TITLED]]


def _headed(index: LocalIndex, sought: Wanted) -> list[int]:
    """Documents with headings that hold wanted words, those with the most of the weight first."""
    words = [word for word in sought.weights if len(word) > 2]
    if not words:
        return []
    like = " OR ".join(["text LIKE ?"] * len(words))
    rows = index.store.rows(f"SELECT doc_id, text FROM headings WHERE {like}", [f"%{word}%" for word in words])
    best: dict[int, float] = {}
    for doc_id, text in rows:
        there = roots(text)
        share = sum(weight for word, weight in sought.weights.items() if in_roots(word, there))
        best[doc_id] = max(best.get(doc_id, 0.0), share)
    return sorted((doc_id for doc_id in best if best[doc_id]), key=lambda doc_id: (-best[doc_id], doc_id))

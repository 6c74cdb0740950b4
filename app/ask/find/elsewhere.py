"""What people should know of where an answer comes from: where else a quote stands, in copies and in passages that say
the same; whether a newer edition is there; whether the documents are in another language than the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.datatypes import Citation, Elsewhere, Hit
from ingest.store.curated import languages, twins
from ingest.store.index import LocalIndex
from ingest.text.language import language_name, language_of_question

_MOST = 8  # further places of one quote


def with_others(index: LocalIndex, citations: Sequence[Citation], hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """The citations, each with the other places where its quote stands, letter for letter but for white space."""
    doc_ids = {hit.file: hit.chunk.doc_id for hit in hits}
    paths = {document.id: document.path for document in index.documents()}
    return tuple(
        replace(citation, also=_also(index, citation, doc_ids[citation.file], paths))
        if citation.file in doc_ids
        else citation
        for citation in citations
    )


def _also(index: LocalIndex, citation: Citation, doc_id: int, paths: dict[int, str]) -> tuple[Elsewhere, ...]:
    words = re.compile(r"\s+".join(map(re.escape, citation.quote.split())))
    found: dict[tuple[str, int], Elsewhere] = {}
    for chunk_id in index.chunks_within(doc_id, citation.start, citation.end):
        for place in twins(index.store, chunk_id):
            file = paths.get(place.doc_id, "")
            there = words.search(place.text)
            if not file or not there or (file, place.page) == (citation.file, citation.page):
                continue
            start, end = place.start + there.start(), place.start + there.end()
            page = index.page(place.doc_id, place.page)
            found.setdefault(
                (file, place.page),
                Elsewhere(file, place.page, start, end, there.group(), page.place if page else ""),
            )
    return tuple(found.values())[:_MOST]


def older(index: LocalIndex, citations: Sequence[Citation]) -> list[str]:
    """A sentence for each document cited of which there is a newer edition."""
    verdicts, _ = index.superseded()
    cited = {citation.file for citation in citations}
    found = [document for document in index.documents() if document.path in cited and document.id in verdicts]
    return [f"{document.path} is {verdicts[document.id].why}." for document in found]


def other_language(index: LocalIndex, question: str) -> list[str]:
    """A sentence where a question is in a language in which no document is."""
    asked = language_of_question(question)
    there = sorted(set(languages(index.store).values())) if asked else []
    if not there or asked in there:
        return []
    return [f"The question seems to be in {language_name(asked)}; the documents are in {_listed(there)}."]


def _listed(codes: Sequence[str]) -> str:
    names = [language_name(code) for code in codes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

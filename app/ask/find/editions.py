"""Which edition of a document a question is about: the newest, unless it says otherwise. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ingest.store.curated import Verdict
from ingest.text.versions import Edition, Rank, date_in, marks_in

_ANY = re.compile(  # what asks for older ones, or for several
    r"\b(?:old(?:er)?|previous(?:ly)?|former(?:ly)?|earlier|superseded|outdated|obsolete|original(?:ly)?|historical(?:ly)?|"
    r"compared?|comparison|differences?|differs?|versus|vs|used to|no longer|"
    r"(?:has|have|had|was|were|been|what|is) (?:been )?changed|changes? (?:since|between|from|in|of)|"
    r"(?:all|both|each|every|which) (?:revisions?|versions?|editions?|issues?))\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(r"\b(?:old(?:er)?|previous|former|earlier|superseded|outdated|obsolete)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:compar\w+|differ\w*|versus|vs|changed?|new(?:er)?|current|latest|both|all|each)\b", re.I)


def held_back(question: str, superseded: Mapping[int, Verdict], editions: Mapping[int, Edition]) -> frozenset[int]:
    """Ids of the documents that another edition goes before.

    Of a document's editions the newest is meant; or the one of the revision, version or edition that the question
    names; or the one that held in the year it names. With 'previous' an older one is; with a word such
    as 'compare', all are.
    """
    if not superseded:
        return frozenset()
    if _EARLIER.search(question) and not _SEVERAL.search(question):
        return frozenset(verdict.other for verdict in superseded.values()) - frozenset(superseded)
    if _ANY.search(question):
        return frozenset()
    older: dict[int, list[int]] = {}
    for doc_id, verdict in superseded.items():
        older.setdefault(verdict.other, []).append(doc_id)
    asked, date = set(marks_in(question)), date_in(question)
    held: set[int] = set()
    for newest, others in older.items():
        members = [*others, newest]
        own = {doc_id: editions.get(doc_id, Edition()) for doc_id in members}
        held |= set(members) - set(_meant(newest, own, asked, date))
    return frozenset(held)


def _meant(newest: int, own: Mapping[int, Edition], asked: set[tuple[str, Rank]], date: Rank) -> Sequence[int]:
    if named := [doc_id for doc_id, edition in own.items() if asked & set(edition.marks)]:
        return named
    if not date:
        return [newest]
    dated = {doc_id: edition.date for doc_id, edition in own.items() if edition.date}
    if len(dated) < 2:
        return list(own)  # when each of them held, nothing tells
    then = [doc_id for doc_id, since in dated.items() if since[: len(date)] <= date[: len(since)]]
    best = max((dated[doc_id] for doc_id in then), default=min(dated.values()))
    return [doc_id for doc_id, since in dated.items() if since == best]

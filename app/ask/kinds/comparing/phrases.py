"""'Compare the repair with a new fan': what the passages say of each of two phrases, side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.ask.kinds.comparing.request import Reading, aspects_of, plain, readings
from app.ask.language.naming import name_words, telling_share
from app.ask.plan import Asked, Computed, cite
from app.ask.structure.salience import salience
from app.ask.structure.statements import Statement, statements_of
from app.datatypes import Citation, Plan
from ingest.datatypes import Document

_ASKED_FOR = re.compile(r"^(?:\w+ ){0,3}(?:compare|contrast)\b|\b(?:versus|vs)\b")
_WAYS = 12  # to read the question
_PASSAGES = 20  # of each phrase
_LONGEST = 4  # words of a phrase
_EACH = 4  # sentences


@dataclass(frozen=True, slots=True)
class _Said:
    document: Document
    statement: Statement
    words: frozenset[str]


def compare_phrases(asked: Asked) -> Computed | None:
    """None unless a comparison was asked for in so many words, and sentences speak of one and not of the other."""
    text = plain(asked.question)
    if not _ASKED_FOR.search(text):
        return None
    for reading in islice(readings(text), _WAYS):
        one, other = name_words(reading.one), name_words(reading.other)
        short = 0 < len(one) <= _LONGEST and 0 < len(other) <= _LONGEST
        if short and not set(one) <= set(other) and not set(other) <= set(one):
            wanted = [word for aspect in aspects_of(reading.aspects) for word in name_words(aspect)]
            first, second = _said(asked, one, other, wanted), _said(asked, other, one, wanted)
            if first and second:
                return _side_by_side(asked, reading, first, second)
    return None


def _said(asked: Asked, words: Sequence[str], others: Sequence[str], wanted: Sequence[str]) -> list[_Said]:
    """The sentences that hold all words of one phrase and not all of the other, the best first."""
    by_id = {document.id: document for document in asked.documents}
    older = asked.index.superseded()[0]
    hits = asked.index.bm25(" ".join(words), _PASSAGES, asked.doc_ids)
    found: dict[tuple[int, int], _Said] = {}
    for chunk in asked.index.chunks([hit.chunk_id for hit in hits]).values():
        if chunk.doc_id not in by_id or chunk.doc_id in older:
            continue
        for statement in statements_of(chunk.text, chunk.start):
            own = frozenset(name_words(f"{statement.lead} {statement.meaning}"))
            if telling_share(words, own) > 0.8 and telling_share(others, own) < 0.8:
                found.setdefault((chunk.doc_id, statement.start), _Said(by_id[chunk.doc_id], statement, own))
    return sorted(found.values(), key=lambda one: -salience(one.statement) - telling_share(wanted, one.words))


def _side_by_side(asked: Asked, reading: Reading, first: Sequence[_Said], second: Sequence[_Said]) -> Computed:
    """Of documents that speak of both, where there are such."""
    both = {one.document.id for one in first} & {one.document.id for one in second}
    lines: list[str] = []
    citations: list[Citation] = []
    for phrase, said in ((reading.one, first), (reading.other, second)):
        told = [one for one in said if one.document.id in both or not both][:_EACH]
        lines += [f"**{phrase[:1].upper()}{phrase[1:]}**", "", *(f"- {one.statement.said}" for one in told), ""]
        citations += [
            cite(asked.index, one.document, one.statement.start, one.statement.end, one.statement.said) for one in told
        ]
    files = tuple(dict.fromkeys(citation.file for citation in citations))
    plan = Plan(
        "compare", f"Put side by side what {', '.join(files)} say of {reading.one} and of {reading.other}.", files
    )
    reason = "These are the sentences that name one of the two. There may be more."
    return Computed(plan, "\n".join(lines).strip(), tuple(citations), "unsure", reason)

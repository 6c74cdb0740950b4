"""What kind of answer a question wants, and the data that such an answer is made of.

Code makes the plan, from patterns and from what the index knows. Whatever is not clearly of another kind is a question
about a fact: a wrong route is worse than a weak answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

from app.datatypes import Citation, Grid, Kind, Plan, Status, Turn
from ingest.datatypes import Document, Encoder
from ingest.store.index import LocalIndex


@dataclass(frozen=True)
class Asked:
    """A question with what is needed to understand it. `query` is the question made to stand alone; `doc_ids` are the
    documents that the search is limited to, None for all."""

    question: str
    query: str
    history: tuple[Turn, ...]
    index: LocalIndex
    encoder: Encoder
    doc_ids: Collection[int] | None = None

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Those that can answer: read, and within the limits of the search."""
        return tuple(
            document
            for document in self.index.documents()
            if not document.error and (self.doc_ids is None or document.id in self.doc_ids)
        )

    @cached_property
    def plain(self) -> str:
        """The question in lower case, its quotation marks and closing punctuation gone: what patterns look at."""
        return re.sub(r"[“”\"?!.]+(?=\s|$)|[“”\"]", "", self.query.lower().replace("’", "'")).strip()


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer that code made, without the answer model. Every citation is a span of its document, to the letter."""

    plan: Plan
    text: str
    citations: tuple[Citation, ...] = ()
    status: Status = "answered"
    reason: str = ""  # what people should know: what is left out, what may be missing
    grid: Grid | None = None


Compute = Callable[[Asked], Computed | None]  # None: the question is not of this kind, or cannot be computed


def cite(index: LocalIndex, document: Document, start: int, end: int, claim: str = "") -> Citation:
    """The span of the document's text as a citation, with the page that it begins on."""
    number, _ = index.page_starts(document.id, start, end)[0]
    page = index.page(document.id, number)
    place, confidence = (page.place, page.confidence) if page else ("", 1.0)
    return Citation(document.path, number, start, end, index.text(document.id, start, end), claim, place, confidence)


def compute(asked: Asked, kinds: list[tuple[Kind, Compute]], only: Kind | None = None) -> Computed | None:
    """What the first kind that fits makes of the question; None where it is a question about a fact.

    With `only`, no other kind is tried.
    """
    for kind, answer in kinds:
        if only in (None, kind) and (computed := answer(asked)):
            return computed
    return None

"""Answers about a document that a question names: how long it is, who wrote it, when its file was changed."""

from __future__ import annotations

import re
from datetime import datetime

from app.ask.find.documents import documents_called
from app.ask.find.titles import known_as
from app.ask.kinds.holdings.authorship import author_of, date_of
from app.ask.kinds.holdings.inventory import library_plan
from app.ask.language.replies import in_number, lines, say
from app.ask.plan import Asked, Computed, cite
from ingest.datatypes import Document
from ingest.text.versions import shown_date

_MOST = 12  # documents that one name may mean
_THIS = re.compile(r"(?:it|this|that|the)(?: (?:document|file|pdf|one|paper|report))?", re.IGNORECASE)


def _named(asked: Asked, phrase: str) -> list[Document]:
    """The documents of this name; of 'this document', the only one that is searched or that the last answer is from."""
    if _THIS.fullmatch(phrase.strip()):
        last = asked.history[-1].answer if asked.history else None
        files = {*last.plan.documents, *(citation.file for citation in last.citations)} if last else set()
        meant_ones = [d for d in asked.documents if not files or d.path in files]
        return meant_ones if len(meant_ones) == 1 else []
    named = documents_called(phrase, asked)
    return named if len(named) <= _MOST else []


def length(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    documents = _named(asked, match["x"])
    unit = (match.groupdict().get("unit") or "").lower()
    if not documents or (unit == "slides" and not all(d.path.lower().endswith((".pptx", ".odp")) for d in documents)):
        return None
    words = ("slide", "many slides") if unit == "slides" else ("page", "many pages")
    items = [
        say("pages", german, name=known_as(d), pages=in_number(d.n_pages, *words, german=german)) for d in documents
    ]
    paged = all(d.path.lower().endswith((".pdf", ".pptx", ".odp")) for d in documents)
    reason = "" if paged else "A file without pages of its own is counted in the parts that it was read in."
    plan = library_plan("Looked up how many pages the document has.", documents)
    return Computed(plan, items[0] if len(items) == 1 else lines(items), reason=reason)


def written_by(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """Only where each document that is meant says so on its first page: else the passages are asked."""
    documents = _named(asked, match["x"])
    told = [(document, author_of(asked.index, document)) for document in documents]
    said = [(document, author) for document, author in told if author]
    if not said or len(said) < len(told):
        return None
    items = [f"{author.words} wrote {known_as(document)}." for document, author in said]
    if german:
        items = [f"{known_as(document)}: verfasst von {author.words}." for document, author in said]
    citations = tuple(
        cite(asked.index, document, author.start, author.end, item)
        for (document, author), item in zip(said, items, strict=True)
    )
    plan = library_plan("Looked on the first page for who wrote it.", documents)
    return Computed(plan, items[0] if len(items) == 1 else lines(items), citations)


def dated_when(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """The date that it bears, where it is printed in each that is meant."""
    documents = _named(asked, match.groupdict().get("x") or match["y"])
    told = [(document, date_of(asked.index, document)) for document in documents]
    said = [(document, date) for document, date in told if date and date.end]
    if not said or len(said) < len(told):
        return None
    items = [f"{known_as(document)} is of {shown_date(date.rank)}." for document, date in said]
    spans = zip(said, items, strict=True)
    citations = tuple(cite(asked.index, document, date.start, date.end, item) for (document, date), item in spans)
    plan = library_plan("Looked for the date that the document bears.", documents)
    return Computed(plan, items[0] if len(items) == 1 else lines(items), citations)


def changed_when(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    documents = _named(asked, match["x"])
    if not documents:
        return None
    items = [f"{known_as(d)}: its file was last changed on {file_date(d)}." for d in documents]
    reason = "This is the date of the file. When it was added to the library is not kept."
    plan = library_plan("Looked at the date of the file.", documents)
    return Computed(plan, items[0] if len(items) == 1 else lines(items), reason=reason)


def file_date(document: Document) -> str:
    """The day on which the file was last changed."""
    day = datetime.fromtimestamp(document.mtime_ns / 1e9)
    return shown_date((day.year, day.month, day.day))

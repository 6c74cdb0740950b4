"""Answers to which documents mention something: word for word first, then all words in one passage, then by meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.ask.find.documents import documents_called
from app.ask.find.mentions import Mention, Mentions, alternatives, key_words, mentions, nearest_mentions
from app.ask.find.titles import known_as
from app.ask.kinds.holdings.authorship import date_of
from app.ask.kinds.holdings.inventory import searched
from app.ask.language.filetypes import files_in_number, filetype_called, filetype_of
from app.ask.language.naming import words_of
from app.ask.language.replies import in_number, lines, say
from app.ask.plan import Asked, Computed, cite
from app.datatypes import Citation, Plan
from ingest.datatypes import Document

_CITED = 30
_LONGEST = 8  # words: more are a sentence that asks for something else
_CLAUSE = re.compile(
    r"\b(?:how|that|which|what|who|whom|whose|when|where|why|whether|if|dass|wie|was|wer|wann)\b", re.I
)
_LEANS = re.compile(r"^(?:it|this|that|them|these|those|him|her|the (?:same|other|latter|former)|es|das|sie)\b", re.I)
_YEAR = re.compile(r"(.+?),? (?:from|in|of|dated|issued in|since|after|before|aus) ((?:19|20)\d\d)", re.IGNORECASE)
_ALL = re.compile(r"documents?|files?|docs?|texts?|papers|sources?|dokumente?n?|dateie?n?", re.IGNORECASE)
_WRITTEN = re.compile(r"articles?|reports?|books?|letters?|writings|publications?|chapters?", re.IGNORECASE)


def documents_mentioning(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'Which documents mention X?'"""
    documents = _searched(asked, match.groupdict().get("noun") or "")
    return _answer(asked, match["x"], documents, german, "")


def documents_about(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'Do you have anything on X?'"""
    return _answer(asked, match["x"], list(asked.documents), german, "Ja. " if german else "Yes. ")


def _searched(asked: Asked, noun: str) -> list[Document]:
    """All documents, those of a kind of file, or those that are called so; none where the noun names no documents."""
    if not noun or _ALL.fullmatch(noun):
        return list(asked.documents)
    if kind := next((kind for word in noun.split() if (kind := filetype_called(word))), ""):
        return [document for document in asked.documents if filetype_of(document.path) == kind]
    named = documents_called(noun, asked)
    return list(asked.documents) if not named and _WRITTEN.fullmatch(noun) else named


def _answer(asked: Asked, phrase: str, documents: list[Document], german: bool, yes: str) -> Computed | None:
    if not documents or not key_words(phrase) or len(phrase.split()) > _LONGEST or _CLAUSE.search(phrase):
        return None
    if _LEANS.match(phrase):
        return None
    found = mentions(asked.index, phrase, documents)
    limit = ""
    if not found.exact and (year := _YEAR.fullmatch(phrase)):
        phrase, limit = year[1], year[2]
        documents = [d for d in documents if (told := date_of(asked.index, d)) and str(told.rank[0]) == limit]
        found = mentions(asked.index, phrase, documents) if documents else Mentions((), ())
    what = " or ".join(f"“{one}”" for one in alternatives(phrase))
    scope, failed = searched(asked)
    scope = scope if len(documents) == len(asked.documents) else files_in_number(len(documents), "file")
    plan = Plan(
        "library", f"Looked for {what} in the text of {scope}{f' of {limit}' if limit else ''}.", subject=phrase
    )
    if found.exact or found.apart:
        return _listed(asked, plan, found, what, documents, failed, (german, yes))
    return _not_there(asked, plan, phrase, what, documents, failed, german)


def _listed(
    asked: Asked, plan: Plan, found: Mentions, what: str, documents: Sequence[Document], failed: str,
    manner: tuple[bool, str],
) -> Computed:  # fmt: skip
    german, yes = manner
    wanted = words_of(plan.subject.lower())
    exact = sorted(found.exact, key=lambda one: (not wanted <= words_of(one.document.title.lower()), -one.passages))
    apart = sorted(found.apart, key=lambda one: (not wanted <= words_of(one.document.title.lower()), -one.passages))
    citations, items = _cited(asked, [*exact, *apart], german)
    of_all = in_number(len(documents), "document", "documents", german)
    blocks = []
    if exact:
        head = say("mentioned", german, n=str(len(exact)), documents=of_all, what=what)
        blocks.append(f"{yes}{head}\n{lines(items[: len(exact)])}")
    if apart:
        head = say("also apart" if len(key_words(plan.subject)) > 1 else "other form", german)
        blocks.append(f"{head if exact else yes + head}\n{lines(items[len(exact) :])}")
    reasons = [failed, "" if found.whole else "There are more places than were looked at: the numbers are the least."]
    paths = tuple(one.document.path for one in [*exact, *apart])[:_CITED]
    certain = bool(exact) and found.whole and not failed
    return Computed(
        replace(plan, documents=paths), "\n\n".join(blocks), citations, "answered" if certain else "unsure",
        " ".join(filter(None, reasons)),
    )  # fmt: skip


def _cited(asked: Asked, found: Sequence[Mention], german: bool) -> tuple[tuple[Citation, ...], list[str]]:
    """The first sentence of each document that holds the words; and a line for each."""
    citations: list[Citation] = []
    items: list[str] = []
    for one in found:
        item = known_as(one.document)
        if len(citations) < _CITED:
            citation = cite(asked.index, one.document, one.start, one.end)
            places = f": {files_in_number(one.passages, 'passage')}" if one.passages and not german else ""
            item = f"{item}, {citation.named}{places}"
            citations.append(replace(citation, claim=item))
        items.append(item)
    return tuple(citations), items


def _not_there(
    asked: Asked, plan: Plan, phrase: str, what: str, documents: Sequence[Document], failed: str, german: bool
) -> Computed:
    is_code = any(character.isdigit() for character in phrase)  # one that stands nowhere is near to nothing
    perhaps = nearest_mentions(asked.index, asked.encoder, phrase, documents) if documents and not is_code else []
    nothing = say("unmentioned", german, what=what)
    if not perhaps:
        return Computed(plan, "", status="abstained", reason=" ".join(filter(None, [nothing, failed])))
    citations, items = _cited(asked, perhaps, german)
    text = f"{nothing} {say('perhaps', german)}\n{lines(items)}"
    reason = " ".join(filter(None, ["Found by meaning, which may be wrong.", failed]))
    return Computed(replace(plan, documents=tuple(c.file for c in citations)), text, citations, "unsure", reason)

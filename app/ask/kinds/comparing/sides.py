"""What a question sets side by side: two editions, two documents, two things that documents tell of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.ask.find.documents import TYPES, DocumentName, NamedDocuments, Names, documents_named, names_of_documents
from app.ask.kinds.comparing.request import Reading, aspects_of, named_in, plain, readings, several_in, within
from app.ask.language.naming import name_words
from app.ask.plan import Asked
from ingest.datatypes import Document
from ingest.text.versions import Edition, marks_in

Pair = tuple[Document, Document]

_NEW_IN = re.compile(
    r"^(?:so |and )?(?:what|which(?: \w+)?)(?:'s| is| are| has| have| was| were| did| does)?(?: been)? ?"
    r"(?:the )?(?:main |key |\w+ )?(?:new|changed?|changes|different|differences|updates?|updated|added|removed|"
    r"modified|revised)"
    r"(?: \w+)? (?:in|with|about|to|since|compared (?:to|with)|against|by|of|for) (?P<x>.+)$"
)
_HAS_CHANGED = re.compile(
    r"^(?:has|have|did|was|were|how (?:has|have|did)) (?P<x>.+?) (?:been )?(?:changed?|updated|revised|modified|"
    r"altered)\b.*$"
)
_OLD = re.compile(r"\b(?:old|older|previous|earlier|former|last|prior|original|superseded)\b")
_NEW = re.compile(r"\b(?:new|newer|newest|current|latest|recent|updated|revised|present)\b")
_MARKED = re.compile(r"\b(?:revision|rev|version|edition|issue)\.? [\w.]+\b")
AGE = re.compile(rf"{_OLD.pattern}|{_NEW.pattern}")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NAME = 12  # words of a document's name, at most
_MOST = 60  # ways to read the question that are tried


@dataclass(frozen=True, slots=True)
class Sides:
    """`one` and `other` in the order that they are told in. `aspects`: what they are compared in, if anything."""

    one: Document
    other: Document
    aspects: tuple[str, ...] = ()
    editions: bool = False


def sides_of(asked: Asked) -> Sides | None:
    """Two editions or documents; None where the question sets no two of them side by side."""
    text = plain(asked.question)
    ways = [
        reading
        for reading in islice(readings(text), _MOST)
        if max(len(reading.one.split()), len(reading.other.split())) <= _NAME
    ]
    if not ways and not several_in(text) and not _NEW_IN.match(text) and not _HAS_CHANGED.match(text):
        return None
    names, families = names_of_documents(asked), _families(asked)
    for surely in (True, False):  # first with every word of the names understood
        for reading in ways:
            if found := _documents(reading, names, families, surely):
                return Sides(*found, aspects_of(reading.aspects), _related(found, families))
    if several := _several(text, names, families):
        return several
    return _edition_before(text, names, families)


# -- documents


def _documents(reading: Reading, names: Names, families: Sequence[Sequence[Document]], surely: bool) -> Pair | None:
    one, other = _filled(reading.one, reading.other), _filled(reading.other, reading.one)
    for a, b in ((reading.one, reading.other), (one, reading.other), (reading.one, other), (one, other)):
        if pair := _by_age(a, b, names, families):
            return pair
        first, second = _single(a, names, surely), _single(b, names, surely)
        filled = (a, b) != (reading.one, reading.other)  # by which both may come to mean the same
        if first and second and not (filled and first.id == second.id):
            return first, second
    return _by_marks(reading, names, families)


def _single(phrase: str, names: Names, surely: bool) -> Document | None:
    named = documents_named(phrase, names)
    fits = named.surely if surely else named.likely
    return named.documents[0] if fits and len(named.documents) == 1 else None


def _filled(one: str, other: str) -> str:
    """'the 2021' beside 'the 2024 warranty terms' are the 2021 warranty terms."""
    own = set(name_words(one))
    rest = _MARKED.sub("", _NEW.sub("", _OLD.sub("", other))).split()
    added = [word for word in rest if not re.search(r"\d", word) and not set(name_words(word)) & own]
    return " ".join([one, *added])


def _by_age(one: str, other: str, names: Names, families: Sequence[Sequence[Document]]) -> Pair | None:
    """'the old and the new manual'"""
    if not ((_OLD.search(one) and _NEW.search(other)) or (_NEW.search(one) and _OLD.search(other))):
        return None
    words = " ".join(dict.fromkeys([*name_words(one), *name_words(other)]))
    family = (
        _family_of(documents_named(words, names), families) if words else (families[0] if len(families) == 1 else ())
    )
    if len(family) < 2:
        return None
    old, new = family[-2], family[-1]
    return (old, new)


def _by_marks(reading: Reading, names: Names, families: Sequence[Sequence[Document]]) -> Pair | None:
    """'in revision B and in revision C', '2021 and 2024' of the documents that there are in both."""
    first, second = _mark(reading.one), _mark(reading.other)
    if not first or not second or first == second or type(first) is not type(second):
        return None
    by_id = names.by_id
    words = [word for word in name_words(_MARKED.sub(" ", f"{reading.one} {reading.other}")) if not word.isdigit()]
    words = [word for word in words if word not in TYPES]
    asked = name_words(reading.aspects)
    best: tuple[int, Document, Document] | None = None
    for family in families:
        own = [(one, by_id[one.id]) for one in family if one.id in by_id]
        a = next((one for one, its in own if _bears(its, first)), None)
        b = next((one for one, its in own if _bears(its, second)), None)
        if a is None or b is None or a.id == b.id:
            continue
        own_words = by_id[b.id].words | by_id[b.id].near
        if any(word not in own_words for word in words):
            continue
        score = len(words) + sum(word in own_words for word in asked)
        if best is None or score > best[0]:
            best = score, a, b
    if best is None or (isinstance(first, str) and not best[0] and len(families) > 1):
        return None
    return best[1:]


def _mark(phrase: str) -> str | tuple[str, tuple[int, ...]]:
    """The revision that it names, or the year."""
    if marks := marks_in(phrase):
        return marks[0]
    found = _YEAR.search(phrase)
    return found[0] if found else ""


def _bears(one: DocumentName, mark: str | tuple[str, tuple[int, ...]]) -> bool:
    return mark in one.words if isinstance(mark, str) else mark in one.marks


def _families(asked: Asked) -> list[list[Document]]:
    """Editions of the same document, the oldest first."""
    older, editions = asked.index.superseded()
    by_id = {document.id: document for document in asked.documents}
    found: dict[int, list[int]] = {}
    for doc_id, verdict in older.items():
        found.setdefault(verdict.other, []).append(doc_id)
    families = []
    for newest, others in found.items():
        rank = {doc_id: _rank(editions.get(doc_id, Edition())) for doc_id in others}
        ids = [*sorted(others, key=lambda doc_id: rank[doc_id]), newest]
        families.append([by_id[doc_id] for doc_id in ids if doc_id in by_id])
    return [family for family in families if len(family) > 1]


def _rank(edition: Edition) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (edition.marks[0][1] if edition.marks else (), edition.date)


def _family_of(named: NamedDocuments, families: Sequence[Sequence[Document]]) -> Sequence[Document]:
    ids = {one.id for one in named.documents} if named.likely else set()
    return next((family for family in families if ids & {one.id for one in family}), ())


def _related(found: Pair, families: Sequence[Sequence[Document]]) -> bool:
    return any(set(found) <= set(family) for family in families)


def _several(text: str, names: Names, families: Sequence[Sequence[Document]]) -> Sides | None:
    """'compare the two offers', where the name is borne by two documents."""
    for phrase, aspects in named_in(several_in(text)):
        named = documents_named(phrase, names)
        if named.likely and len(named.documents) == 2 and re.search(r"\b(?:two|both)\b|s\b", phrase):
            family = next((own for own in families if set(named.documents) <= set(own)), ())
            one, other = sorted(named.documents, key=family.index) if family else named.documents
            return Sides(one, other, aspects, bool(family))
    return None


def _edition_before(text: str, names: Names, families: Sequence[Sequence[Document]]) -> Sides | None:
    """'what is new in version 3', 'what changed in the warranty': an edition and the one before it."""
    found = _NEW_IN.match(text) or _HAS_CHANGED.match(text)
    if not found:
        return None
    for phrase, aspects in [*named_in(found["x"]), *within(found["x"])]:
        named = documents_named(phrase, names)
        family = _family_of(named, families) or _family_bearing(phrase, names, families)
        if not family:
            continue
        chosen = [n for n, one in enumerate(family) if named.likely and one in named.documents]
        place = chosen[0] if len(chosen) == 1 and chosen[0] > 0 else len(family) - 1
        one, other = family[place - 1], family[place]
        return Sides(one, other, aspects, True)
    return None


def _family_bearing(phrase: str, names: Names, families: Sequence[Sequence[Document]]) -> Sequence[Document]:
    """The only one of which an edition bears the mark that the phrase is: 'revision C'."""
    mark = _mark(phrase)
    if not mark or isinstance(mark, str) or name_words(_MARKED.sub(" ", phrase)):
        return ()
    by_id = names.by_id
    found = [own for own in families if any(one.id in by_id and _bears(by_id[one.id], mark) for one in own)]
    return found[0] if len(found) == 1 else ()

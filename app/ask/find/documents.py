"""Which documents and folders a phrase names: 'the lease of hall 3', 'SB-09', 'the minutes of 12 March'.

A document is called by its file's name, its title and the heading it begins with, and by what it is ('the e-mail',
'the slides'). Rare words count more; a date must agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from weakref import WeakKeyDictionary

from app.ask.find.titles import file_in
from app.ask.language.dates import MONTHS
from app.ask.language.filetypes import words_for
from app.ask.language.naming import alike, name_words, words_of
from app.ask.language.words import stem
from app.ask.plan import Asked
from ingest.datatypes import Document
from ingest.store.index import LocalIndex
from ingest.text.versions import Rank, date_in, marks_in

_ALIKE = [  # sorts of documents that go by several names
    frozenset(map(stem, words.split()))
    for words in (
        "contract agreement lease",
        "offer quotation quote proposal",
        "manual guide handbook instructions",
        "presentation slides deck",
        "minutes protocol meeting",
        "terms conditions policy rules",
        "schedule plan list",
        "datasheet specification",
        "regulation law act statute directive",
    )
]
TYPES = frozenset(
    stem(word)
    for word in """
    document file pdf paper article text report letter e-mail email mail message thread exchange conversation
    correspondence presentation slides deck spreadsheet workbook sheet table contract agreement lease book guide manual
    handbook brochure leaflet notes memo minutes protocol study publication website webpage page attachment
    policy terms bulletin offer quotation quote invoice proposal specification datasheet instructions thesis
    regulation law act statute directive transcript interview speech cv resume plan review schedule list
    """.split()
)
_GENERAL = frozenset(map(stem, "document file pdf paper article text".split()))
_FULL, _MISTYPED, _NEAR = (
    0.96,
    0.88,
    0.72,
)  # share of a phrase's words by which it names a document surely, with a slip, and likely
_OPENING, _LOOKED_INTO = 240, 500  # characters, documents
_DATED, _MARKED = 1.5, 1.0  # what a date and a mark weigh, beside words

Key = tuple[int, frozenset[int] | None]
_KNOWN: WeakKeyDictionary[LocalIndex, tuple[Key, Names]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class DocumentName:
    """A document with the words that it is called by, those that mean about the same, the dates and the marks."""

    document: Document
    words: frozenset[str]
    near: frozenset[str]
    opening: frozenset[str]  # of its first lines, where there are not too many documents to look into
    dates: tuple[Rank, ...]
    marks: frozenset[tuple[str, Rank]]


@dataclass(frozen=True)
class Names:
    """What all documents that can answer are called."""

    called: tuple[DocumentName, ...]

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """For each word, whose it is."""
        found: dict[str, list[int]] = {}
        for place, one in enumerate(self.called):
            for word in one.words:
                found.setdefault(word, []).append(place)
        return found

    @cached_property
    def by_id(self) -> dict[int, DocumentName]:
        return {one.document.id: one for one in self.called}


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """`documents` are those that a phrase names best, `share` is how much of it they are called by, 0 to 1."""

    documents: tuple[Document, ...] = ()
    share: float = 0.0

    @property
    def surely(self) -> bool:
        return self.share >= _FULL

    @property
    def likely(self) -> bool:
        return self.share >= _NEAR


def names_of_documents(asked: Asked) -> Names:
    """Read once for each state of the index: many questions ask for it."""
    key = (asked.index.store.changes, None if asked.doc_ids is None else frozenset(asked.doc_ids))
    if asked.index not in _KNOWN or _KNOWN[asked.index][0] != key:
        _KNOWN[asked.index] = key, Names(tuple(_called(asked.index, asked.documents)))
    return _KNOWN[asked.index][1]


def _called(index: LocalIndex, documents: Sequence[Document]) -> Iterator[DocumentName]:
    headings: dict[int, list[str]] = {}
    for doc_id, text in index.store.rows("SELECT doc_id, text FROM headings WHERE start < 100 AND level < 3"):
        headings.setdefault(doc_id, []).append(text)
    for document in documents:
        path = PurePosixPath(document.path)
        names = [path.stem, document.title, *headings.get(document.id, ())[:1]]
        if path.suffix.lower() in (".eml", ".msg"):
            names.append(_senders(index, document))
        text = " / ".join(re.sub(r"_+|(?<=[a-z])(?=[A-Z])", " ", name) for name in names).lower()
        dates = tuple(date for name in names if (date := date_in(name)))
        months = frozenset(stem(MONTHS[date[1] - 1]) for date in dates if len(date) > 1 and 0 < date[1] < 13)
        words = words_of(text) | words_for(document.path) | months
        near = frozenset(word for group in _ALIKE if group & words for word in group)
        first = index.text(document.id, 0, _OPENING).lower() if len(documents) <= _LOOKED_INTO else ""
        yield DocumentName(document, words, near, words_of(first), dates, frozenset(marks_in(text)))


def documents_named(phrase: str, names: Names, *, by_opening: bool = False, synonyms: bool = True) -> NamedDocuments:
    """Those that share most of the phrase's words; several where they share as many. `by_opening`: what stands in
    their first lines counts too; `synonyms`: so does another word for what they are, such as 'agreement'."""
    phrase = phrase.lower()
    if by_file := tuple(one.document for one in names.called if file_in(one.document, phrase)):
        rest = phrase
        for document in by_file:
            rest = rest.replace(PurePosixPath(document.path).name.lower(), " ")
        if not name_words(rest):
            return NamedDocuments(by_file, 1.0)
    date, marks = _day(phrase), set(marks_in(phrase))
    total = _DATED * bool(date) + _MARKED * bool(marks)
    scores = [0.0] * len(names.called)
    for word in name_words(phrase):
        bearing = _bearing(word, names, by_opening, synonyms)
        weight = math.log(1 + (len(scores) + 1) / (1 + len(names.places.get(word, ()))))
        if word in TYPES:
            weight *= 0.5 if bearing else 0.0 if word in _GENERAL else 0.25
        total += weight
        for place, value in bearing.items():
            scores[place] += weight * value
    for place, one in enumerate(names.called if date or marks else ()):
        scores[place] += _DATED * bool(date and any(_agree(date, other) for other in one.dates))
        scores[place] += _MARKED * bool(marks & one.marks)
    best = max(scores, default=0.0)
    if not total or best <= 0.2 * total:
        return NamedDocuments()
    found = [one.document for one, score in zip(names.called, scores, strict=True) if score > best - 0.02 * total]
    return NamedDocuments(tuple(found), best / total)


def documents_called(phrase: str, asked: Asked) -> list[Document]:
    """Those that bear all of the phrase in their names, a little mistyped at most: what is asked of the documents
    themselves is counted, and a wrong one would be counted too."""
    named = documents_named(phrase, names_of_documents(asked), synonyms=False)
    return list(named.documents) if named.share >= _MISTYPED else []


def _bearing(word: str, names: Names, by_opening: bool, synonyms: bool) -> dict[int, float]:
    """The places of the documents that are called so, and how well that fits."""
    found: dict[int, float] = {}
    for own, places in names.places.items():
        if value := alike(own, word):
            for place in places:
                found[place] = max(value, found.get(place, 0.0))
    for place, one in enumerate(names.called):
        if synonyms and word in TYPES and word in one.near:
            found[place] = max(0.95, found.get(place, 0.0))
        elif by_opening and word in one.opening:
            found[place] = max(0.9, found.get(place, 0.0))
    return found


def named_folder(phrase: str, documents: Sequence[Document]) -> tuple[str, list[Document]]:
    """The folder that the phrase names, with what is in it; nothing where it names none."""
    wanted = " ".join(
        word for word in re.findall(r"[^\W_]+", phrase.lower()) if word not in ("the", "folder", "directory")
    )
    folders = {str(parent) for one in documents for parent in PurePosixPath(one.path).parents if str(parent) != "."}
    for folder in sorted(folders, key=len):
        if " ".join(re.findall(r"[^\W_]+", folder.rpartition("/")[2].lower())) == wanted:
            return folder, [one for one in documents if one.path.startswith(f"{folder}/")]
    return "", []


def _day(phrase: str) -> Rank:
    """The month or day that it names; a bare year is a word like others."""
    found = date_in(phrase)
    return found if len(found) > 1 else ()


def _agree(one: Rank, other: Rank) -> bool:
    shorter = min(len(one), len(other))
    return shorter > 1 and one[:shorter] == other[:shorter]


def _senders(index: LocalIndex, document: Document) -> str:
    heads = re.findall(r"^(?:From|Von|De): *([^\n<]+)", index.text(document.id, 0, 400), re.MULTILINE)
    return " ".join(heads)

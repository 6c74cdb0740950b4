"""Which documents, folders and sections a phrase names: 'the lease of hall 3', 'SB-09', 'the minutes of 12 March'.

A document is called by its file's name, its title and the headings it begins with, and by what it is ('the e-mail',
'the slides'). Rare words count more; a date must agree.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from app.ask.plan import Asked
from app.ask.words import STOP, stem
from ingest.datatypes import Document
from ingest.store.index import LocalIndex
from ingest.text.versions import Rank, date_in, marks_in

_ENDINGS = {  # by what people call files of a sort, the endings that such files have
    "e-mail|email|mail|message|thread|conversation|correspondence|exchange": "eml msg mbox",
    "slide|deck|presentation|powerpoint": "pptx ppt odp",
    "spreadsheet|sheet|workbook|excel|csv": "xlsx xls ods csv tsv",
    "pdf": "pdf",
    "webpage|page": "html htm mht",
    "book|novel": "epub",
    "picture|photo|scan|image": "png jpg jpeg tif tiff",
}
_SORTS = {stem(word): ending.split() for words, ending in _ENDINGS.items() for word in words.split("|")}
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
_MEANT = {  # what is measured, and how people ask for it
    word: group
    for group in (
        frozenset(map(stem, line.split()))
        for line in (
            "noise noisy sound loud louder loudest quiet quieter acoustic",
            "weight weigh weighs mass heavy heavier light lighter",
            "price cost costs expensive cheap cheaper fee",
            "size dimensions dimension measurements",
            "warranty guarantee",
            "electricity power energy consumption",
        )
    )
    for word in group
}
_GENERAL = frozenset(map(stem, "document file pdf paper article text".split()))
_EMPTY = frozenset(
    stem(word)
    for word in """
    new old older newer current currently latest newest recent previous earlier former entire whole complete full
    called named titled entitled please edition version revision issue two three both several short brief main one ones
    """.split()
)
_CODE = re.compile(r"(?<![\w-])([a-z]{1,5})[-_ /]?(\d+(?:[-.]\d+)*)([a-z]?)(?![\w])")
_JOINED = re.compile(r"(?<![\w-])[a-z]{1,5}[-_/]?\d+(?:[-.]\d+)*[a-z]?(?![\w])")
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\b\d{{1,2}}\.?(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?:19|20)\d\d)?\b"
    rf"|\b{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?(?:19|20)\d\d\b"
    r"|\b\d{4}-\d\d(?:-\d\d)?\b|\b\d{1,2}\.\d{1,2}\.\d{4}\b"
)
_ENDING = re.compile(r"(?<=\w)\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|tsv|html?|eml|msg|od[tsp]|epub|json|xml|rtf)\b")
_FULL, _NEAR = 0.96, 0.72  # share of a phrase's words by which it names a document, surely and likely


@dataclass(frozen=True, slots=True)
class Called:
    """A document with the words that it is called by, those that mean about the same, and the dates."""

    document: Document
    words: frozenset[str]
    near: frozenset[str]
    dates: tuple[Rank, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """`documents` are those that a phrase names best, `share` is how much of it they are called by, 0 to 1."""

    documents: tuple[Document, ...] = ()
    share: float = 0.0

    @property
    def surely(self) -> bool:
        return self.share >= _FULL

    @property
    def likely(self) -> bool:
        return self.share >= _NEAR


def called(asked: Asked) -> list[Called]:
    """What each document that can answer is called."""
    index = asked.index
    headings: dict[int, list[str]] = {}
    for doc_id, text in index.store.rows("SELECT doc_id, text FROM headings WHERE start < 100 AND level < 3"):
        headings.setdefault(doc_id, []).append(text)
    found = []
    for document in asked.documents:
        path = PurePosixPath(document.path)
        names = [path.stem, document.title, *headings.get(document.id, ())[:1]]
        if path.suffix.lower() in (".eml", ".msg"):
            names.append(_senders(index, document))
        text = " / ".join(re.sub(r"_+|(?<=[a-z])(?=[A-Z])", " ", name) for name in names).lower()
        dates = tuple(date for name in names if (date := date_in(name)))
        endings = frozenset(word for word, ends in _SORTS.items() if path.suffix.lower().lstrip(".") in ends)
        months = frozenset(stem(_MONTHS[date[1] - 1]) for date in dates if len(date) > 1 and 0 < date[1] < 13)
        words = _words(text) | endings | months
        near = frozenset(word for group in _ALIKE if group & words for word in group)
        found.append(Called(document, words, near, dates, text))
    return found


def name_words(phrase: str) -> list[str]:
    """Its telling words: codes in one form, no dates, nothing that only says which edition."""
    rest = _DATE.sub(" ", _ENDING.sub(" ", phrase.lower()))
    codes = [
        "".join(_plain_code(*match.groups())) for match in _CODE.finditer(rest) if _JOINED.fullmatch(match.group())
    ]
    words = re.findall(r"[^\W_]+(?:'\w+)?", _JOINED.sub(" ", re.sub(r"\be-(?=mail)", "e", rest)))
    stems = (stem(word) for word in words if word not in STOP and word not in ("s", "t"))
    return list(dict.fromkeys([*codes, *(word for word in stems if word not in _EMPTY)]))


def documents_named(phrase: str, names: Sequence[Called]) -> Named:
    """Those that share most of the phrase's words; several where they share as many."""
    phrase = phrase.lower()
    if by_file := tuple(one.document for one in names if _file_in(one.document, phrase)):
        rest = phrase
        for document in by_file:
            rest = rest.replace(PurePosixPath(document.path).name.lower(), " ")
        if not name_words(rest):
            return Named(by_file, 1.0)
    words, date, marks = name_words(phrase), _day(phrase), marks_in(phrase)
    known = Counter(word for one in names for word in one.words)
    weights = {word: math.log(1 + (len(names) + 1) / (1 + known[word])) for word in words}
    for word in weights:
        if word in TYPES:
            known_type = any(holds(one.words, word) or word in one.near for one in names)
            weights[word] *= 0.5 if known_type else 0.0 if word in _GENERAL else 0.25
    total = sum(weights.values()) + 1.5 * bool(date) + 1.0 * bool(marks)
    if not total:
        return Named()
    scores = []
    for one in names:
        score = sum(weight * max(holds(one.words, word), 0.95 * (word in one.near)) for word, weight in weights.items())
        score += 1.5 * bool(date and any(_agree(date, other) for other in one.dates))
        score += 1.0 * bool(marks and set(marks) & set(marks_in(one.text)))
        scores.append(score / total)
    best = max(scores, default=0.0)
    if best <= 0.2:
        return Named()
    found = [one for one, score in zip(names, scores, strict=True) if score > best - 0.02]
    return Named(tuple(one.document for one in found), best)


def _file_in(document: Document, phrase: str) -> bool:
    name = PurePosixPath(document.path).name.lower()
    return name in phrase and re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", phrase) is not None


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


def holds(words: Collection[str], wanted: str) -> float:
    """1 where the word is among them, nearly 1 where one that only differs in its ending or by a slip is."""
    if wanted in words:
        return 1.0
    if _MEANT.get(wanted, frozenset()) & set(words):
        return 0.85
    if len(wanted) < 5 or any(character.isdigit() for character in wanted):
        return 0.0
    for word in words:
        if len(word) >= 5 and (word.startswith(wanted) or wanted.startswith(word)):
            return 0.98
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, wanted, strict=False)))
        if shared >= max(6, len(word) // 2, len(wanted) // 2):
            return 0.85
    return 0.9 if len(wanted) > 5 and difflib.get_close_matches(wanted, words, 1, 0.84) else 0.0


def telling_share(wanted: Sequence[str], words: Collection[str]) -> float:
    return sum(holds(words, word) for word in wanted) / len(wanted) if wanted else 0.0


def _words(text: str) -> frozenset[str]:
    codes = {_plain_code(*match.groups()) for match in _CODE.finditer(text)}
    return frozenset(codes | {stem(word) for word in re.findall(r"[^\W_]+", text) if word not in STOP})


def _plain_code(letters: str, number: str, ending: str) -> str:
    """'SB-09', 'sb 9' and 'SB09' are the same."""
    return letters + number.lstrip("0") + ending


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

"""Words by which documents, sections and points of a question are named, made comparable: forms, slips, synonyms."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import takewhile

from app.ask.language.words import STOP, stem

_EMPTY = frozenset(
    stem(word)
    for word in """
    new old older newer current currently latest newest recent previous earlier former entire whole complete full
    called named titled entitled please edition version revision issue two three both several short brief main one ones
    der die das den dem des ein eine le la les el los las del
    """.split()
)
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
_CODE = re.compile(r"(?<![\w-])([a-z]{1,5})[-_ /]?(\d+(?:[-.]\d+)*)([a-z]?)(?![\w])")
_JOINED = re.compile(r"(?<![\w-])[a-z]{1,5}[-_/]?\d+(?:[-.]\d+)*[a-z]?(?![\w])")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\b\d{{1,2}}\.?(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?:19|20)\d\d)?\b"
    rf"|\b{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?(?:19|20)\d\d\b"
    r"|\b\d{4}-\d\d(?:-\d\d)?\b|\b\d{1,2}\.\d{1,2}\.\d{4}\b"
)
_ENDING = re.compile(r"(?<=\w)\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|tsv|html?|eml|msg|od[tsp]|epub|json|xml|rtf)\b")
_SLIP = 0.84  # likeness of a word with a slip in it


def name_words(phrase: str) -> list[str]:
    """Its telling words: codes in one form, no dates, nothing that only says which edition."""
    rest = _DATE.sub(" ", _ENDING.sub(" ", phrase.lower()))
    codes = [
        "".join(_plain_code(*match.groups())) for match in _CODE.finditer(rest) if _JOINED.fullmatch(match.group())
    ]
    words = re.findall(r"[^\W_]+(?:'\w+)?", _JOINED.sub(" ", re.sub(r"\be-(?=mail)", "e", rest)))
    stems = (stem(word) for word in words if word not in STOP and word not in ("s", "t"))
    return list(dict.fromkeys([*codes, *(word for word in stems if word not in _EMPTY)]))


def words_of(text: str) -> frozenset[str]:
    """All words of a name, and its codes: 'Hall 3' also as hall3."""
    codes = {_plain_code(*match.groups()) for match in _CODE.finditer(text)}
    return frozenset(codes | {stem(word) for word in re.findall(r"[^\W_]+", text) if word not in STOP})


def holds(words: Collection[str], wanted: str) -> float:
    """1 where the word is among them, nearly 1 where one that only differs in its ending or by a slip is."""
    return 1.0 if wanted in words else max((alike(word, wanted) for word in words), default=0.0)


def telling_share(wanted: Sequence[str], words: Collection[str]) -> float:
    return sum(holds(words, word) for word in wanted) / len(wanted) if wanted else 0.0


@lru_cache(maxsize=100_000)
def alike(word: str, wanted: str) -> float:
    """How well one word stands for the other, 0 to 1."""
    if word == wanted:
        return 1.0
    if word in _MEANT.get(wanted, ()):
        return 0.85
    if word[:1] != wanted[:1] or min(len(word), len(wanted)) < 5 or any(map(str.isdigit, wanted)):
        return 0.0
    if word.startswith(wanted) or wanted.startswith(word):
        return 0.98
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, wanted, strict=False)))
    if shared >= max(6, len(word) // 2, len(wanted) // 2):
        return 0.85
    close = abs(len(word) - len(wanted)) < 3
    return 0.9 if close and SequenceMatcher(None, word, wanted).ratio() >= _SLIP else 0.0


def _plain_code(letters: str, number: str, ending: str) -> str:
    """'SB-09', 'sb 9' and 'SB09' are the same."""
    return letters + number.lstrip("0") + ending

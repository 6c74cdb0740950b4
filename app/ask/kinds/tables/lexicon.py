"""The words of a table: its columns' names, its cells' values, what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from weakref import WeakKeyDictionary

from app.ask.kinds.tables.vocabulary import root, unit_of
from app.ask.language.words import STOP
from ingest.store.catalogue import Column, Sheet
from ingest.text.typed import is_total

TOKEN = re.compile(r"\d+(?:[.,]\d+)*(?![\w/-])|[^\W_]+(?:[-./'’&][^\W_]+)*|[%€$£]")
_FUZZY = 6  # letters from which on one of them may be wrong


@dataclass(frozen=True)
class Lexicon:
    names: tuple[tuple[Column, tuple[str, ...]], ...]
    values: dict[str, list[tuple[Column, str]]]
    words: dict[str, dict[int, list[str]]]  # stem -> column's place -> cells that hold it
    subject: frozenset[str]
    initials: frozenset[str]

    @cached_property
    def known(self) -> frozenset[str]:
        """All words of its names, values and surroundings."""
        named = {stem for _, stems in self.names for stem in stems}
        return self.subject | named | self.words.keys() | {word for key in self.values for word in (key, *key.split())}


def name_stems(name: str) -> tuple[str, ...]:
    """Of a column's name, its units and small words left out; all of it where nothing else is left."""
    words = [word.lower() for word in re.findall(r"[^\W_]+(?:[-/'][^\W_]+)*", name)]
    told = [root(w) for w in words if w not in STOP and not (unit_of(w) and len(words) > 1)]
    return tuple(told or [root(w) for w in words])


@lru_cache(maxsize=200_000)
def _key(text: str) -> str:
    return " ".join(root(token.lower()) for token in TOKEN.findall(text))


_known: WeakKeyDictionary[Sheet, Lexicon] = WeakKeyDictionary()


def lexicon_of(sheet: Sheet) -> Lexicon:
    if sheet in _known:
        return _known[sheet]
    values: dict[str, list[tuple[Column, str]]] = {}
    words: dict[str, dict[int, list[str]]] = {}
    for column in sheet.columns:
        if column.kind not in ("text", "number") or (column.kind == "number" and not column.is_key):
            continue
        for cell in column.values:
            if sheet.totals and is_total((cell, "0")):
                continue
            key = _key(cell) if column.is_short else cell.lower()
            values.setdefault(key, []).append((column, cell))
            if column.is_short and column.kind == "text":
                for word in {word for word in key.split() if len(word) > 1}:
                    words.setdefault(word, {}).setdefault(column.place, []).append(cell)
    told = f"{re.sub(r'[._/-]', ' ', sheet.document.path)} {sheet.document.title} {sheet.table.caption} {sheet.place}"
    names = tuple((column, name_stems(column.name)) for column in sheet.columns if column.name)
    shared = (
        set.intersection(*(set(_key(part.table.caption).split()) for part in sheet.parts)) if sheet.parts else set()
    )
    for word in shared & words.keys():
        words[word].pop(len(sheet.columns) - 1, None)  # what every part is called tells none of them apart
    words = {word: holding for word, holding in words.items() if holding}
    subject = frozenset(_key(told).split()) | shared | frozenset(names[0][1] if names else ())
    made = Lexicon(names, values, words, subject, frozenset(_initials(sheet.table.caption)))
    _known[sheet] = made
    return made


def _initials(caption: str) -> list[str]:
    """'cop' of 'Coefficient of performance at full speed', with and without its small words."""
    words = [w.lower() for w in re.findall(r"[^\W\d_]+", caption.partition(": ")[2] or caption)]
    found = []
    for chosen in (words, [w for w in words if w not in STOP]):
        found += ["".join(w[0] for w in chosen[a:b]) for a in range(len(chosen)) for b in range(a + 3, len(chosen) + 1)]
    return found


def is_near(one: str, other: str) -> bool:
    """The same word but for one letter, in words long enough for that to be a slip."""
    if one == other:
        return True
    if min(len(one), len(other)) < _FUZZY or abs(len(one) - len(other)) > 1:
        return False
    if one[0] != other[0] and min(len(one), len(other)) < _FUZZY + 1:
        return False
    if any(c.isdecimal() for c in one + other):
        return False
    place = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    swapped = one[place + 1 : place + 2] + one[place : place + 1] + one[place + 2 :]
    return (
        one[place + 1 :] == other[place:]
        or one[place:] == other[place + 1 :]
        or (one[place + 1 :] == other[place + 1 :] or swapped == other[place:])
    )

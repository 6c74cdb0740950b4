"""Which words of a question are names of a table's columns, which are values of its cells, and which are left over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.ask.kinds.tables.lexicon import TOKEN, Lexicon, is_near, lexicon_of, name_stems
from app.ask.kinds.tables.vocabulary import FILLER, MEANT, root, unit_of
from app.ask.language.words import STOP
from ingest.store.catalogue import Column, Sheet

_LONGEST_VALUE = 6  # words
_STRANGE = 2  # words of a question that a table need not know, to be looked at
_CATEGORIES = 50  # different values of a column, up to which they are kinds of something
_NOUNS = frozenset(
    "table tables sheet sheets file files column columns case cases line lines item items record records entry entries "
    "order set sets book books mark marks figure figures person people man woman group groups".split()
)
_UNSAID = FILLER | {"no", "yes", "none", "all"}  # that alone are no value of a cell


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    stem: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    return [Token(m.group(), root(m.group().lower()), m.start(), m.end()) for m in TOKEN.finditer(text)]


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """`share`: how much of the column's name was said, 0 for a word that only means it."""

    column: Column
    words: tuple[int, ...]
    share: float


@dataclass(frozen=True, slots=True)
class ValueLink:
    """`cells` of a column that the words name, or that hold them (`is_part`)."""

    column: Column
    words: tuple[int, ...]
    cells: tuple[str, ...]
    is_part: bool = False


@dataclass(slots=True)
class Links:
    sheet: Sheet
    columns: list[ColumnLink] = field(default_factory=list)
    values: list[ValueLink] = field(default_factory=list)
    subject: set[int] = field(default_factory=set)
    unsure: set[int] = field(default_factory=set)  # small words that may be values or not

    def explained(self) -> set[int]:
        return self.subject.union(*(link.words for link in self.columns), *(link.words for link in self.values))

    def of(self, word: int) -> list[ColumnLink]:
        return [link for link in self.columns if word in link.words]


def may_fit(sheet: Sheet, tokens: Sequence[Token], labels: frozenset[str]) -> bool:
    """Whether enough of the telling words are the table's to look closer: most, slips of the pen aside."""
    lexicon = lexicon_of(sheet)
    telling = {
        t.stem: t.text for t in tokens if t.text not in FILLER and not t.text.isdecimal() and not unit_of(t.text)
    }
    known = lexicon.known | labels
    strange = [
        text for stem, text in telling.items()
        if stem not in known and text not in known and text not in lexicon.initials and stem not in MEANT
    ]  # fmt: skip
    return len(strange) <= _STRANGE + len(telling) // 3


def links(sheet: Sheet, tokens: Sequence[Token], labels: frozenset[str] = frozenset()) -> Links:
    """All that the tokens may mean of the sheet. `labels` are words for its rows that other tables use."""
    lexicon = lexicon_of(sheet)
    found = Links(sheet)
    _link_values(lexicon, tokens, found)
    taken = {word for link in found.values for word in link.words}
    for column, stems in lexicon.names:
        hit = [
            i
            for i, token in enumerate(tokens)
            if token.stem in stems and i not in taken and (i or token.text not in FILLER)
        ]
        said = {tokens[i].stem for i in hit}
        if said and (len(said) == len(set(stems)) or any(tokens[i].text not in FILLER or len(stems) == 1 for i in hit)):
            found.columns.append(ColumnLink(column, tuple(hit), len(said) / len(set(stems))))
    known = found.explained()
    _link_small_words(lexicon, tokens, found)
    for i, token in enumerate(tokens):
        if token.text not in STOP and (
            token.stem in lexicon.subject or token.stem in labels or token.text in lexicon.initials
        ):
            found.subject.add(i)
        elif i not in known and (token.text not in FILLER or _may_be_thing(lexicon, tokens, i)):
            _link_loosely(lexicon, i, token, found)
        if token.stem in MEANT or token.text in MEANT:
            concept = MEANT.get(token.text) or MEANT[token.stem]
            named = [c for c in sheet.columns if set(name_stems(c.name)) & concept.names]
            for column in named or [c for c in sheet.columns if concept.units & units_of(c)]:
                if column not in [x.column for x in found.of(i)]:
                    found.columns.append(ColumnLink(column, (i,), 0.0))
    return found


def units_of(column: Column) -> frozenset[str]:
    """In its cells or in its name."""
    if column.kind != "number":
        return frozenset()
    told = [*column.units[:3], *re.findall(r"[^\s,()]+", column.name)]
    return frozenset(meaning for word in told for meaning in unit_of(word))


def _link_values(lexicon: Lexicon, tokens: Sequence[Token], found: Links) -> None:
    """The longest first; a shorter one within a longer is not meant."""
    taken: set[int] = set()
    for length in range(min(_LONGEST_VALUE, len(tokens)), 0, -1):
        for start in range(len(tokens) - length + 1):
            span = range(start, start + length)
            if taken & set(span):
                continue
            words = tokens[start : start + length]
            if all(token.text in _UNSAID for token in words) and not _known_phrase(words):
                continue
            keys = {" ".join(token.stem for token in words), " ".join(token.text for token in words)}
            hits = [hit for key in keys for hit in lexicon.values.get(key, ()) if len(key) > 1 or len(hit[1]) == 1]
            for column in {hit[0] for hit in hits}:
                cells = tuple(dict.fromkeys(cell for c, cell in hits if c is column))
                found.values.append(ValueLink(column, tuple(span), cells))
            if hits:
                taken |= set(span)


def _known_phrase(words: Sequence[Token]) -> bool:
    """'all sizes', 'by hand': small words that together are a value."""
    return len(words) > 1 and any(token.text not in STOP for token in words)


def _may_be_thing(lexicon: Lexicon, tokens: Sequence[Token], place: int) -> bool:
    """'Tables' in a price list of furniture: a small word of questions that cells hold as well."""
    followed = tokens[place + 1].text if place + 1 < len(tokens) else ""
    token = tokens[place]
    return place > 0 and token.text in _NOUNS and token.stem in lexicon.words and not followed.isdecimal()


def _link_small_words(lexicon: Lexicon, tokens: Sequence[Token], found: Links) -> None:
    """'Priority high', 'are high': common words that are values, where they stand as such."""
    known = {word for link in found.values for word in link.words}
    for i, token in enumerate(tokens):
        if i in known or token.text not in FILLER or token.text in STOP:
            continue
        for column, cell in lexicon.values.get(token.stem, ()):
            if column.is_key or len(column.values) > _CATEGORIES:
                continue
            beside = {w for link in found.columns if link.column is column for w in link.words} & {i - 1, i + 1}
            before, behind = (tokens[n] if 0 <= n < len(tokens) else None for n in (i - 1, i + 1))
            is_said = (
                before and before.text in ("is", "are", "was", "were", "as") and (not behind or behind.text != "by")
            )
            joined = (
                before
                and before.text in ("or", "and")
                and any(i - 2 in x.words and x.column is column for x in found.values)
            )
            if beside or joined or is_said or (behind and behind.stem in lexicon.subject):
                found.values.append(ValueLink(column, (i,), (cell,)))
            elif i:
                found.unsure.add(i)
            break


def _link_loosely(lexicon: Lexicon, place: int, token: Token, found: Links) -> None:
    """A word in longer cells, or one with a slip in it."""
    if token.stem in lexicon.words:
        for at, holding in lexicon.words[token.stem].items():
            match = next(c for c in found.sheet.columns if c.place == at)
            found.values.append(ValueLink(match, (place,), tuple(holding), is_part=True))
        return
    if any(is_near(token.stem, word) for word in lexicon.subject):
        found.subject.add(place)
        return
    for column, stems in lexicon.names:
        if any(is_near(token.stem, word) for word in stems):
            found.columns.append(ColumnLink(column, (place,), 1 / len(stems)))
            return
    near = [
        key for key, cells in lexicon.values.items()
        if " " not in key and (is_near(token.stem, key) or is_near(token.text, cells[0][1].lower()))
    ]  # fmt: skip
    for key in near[:1]:
        for column, cell in lexicon.values[key]:
            found.values.append(ValueLink(column, (place,), (cell,)))

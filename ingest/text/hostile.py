"""Finds text in documents that gives orders to a model, links that would carry data away, and characters that hide
text.

Such text is still stored, searched and quoted like any other. It is flagged for people, and `orders_in` says where it
stands, so that it can be marked when it is shown to a model. Only phrases that address a model are looked for; what
merely sounds like an order ("Answer all questions.") is left alone.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from ingest.datatypes import Flag, ReadResult
from ingest.text.hostile_phrases import LINKS, PHRASES
from ingest.text.sentences import Span, sentence_spans

_MOST = 40  # flags of one document: it is known by then
_EXCERPT = 200  # characters
_ENCODED = re.compile(r"(?<![\w+/=])(?:[A-Za-z0-9+/]{24,}={0,2}|(?:[0-9a-fA-F]{2}){16,})(?![\w+/=])")
_SPACED = re.compile(r"(?<!\w)\w(?:[ .\-_*]\w){11,}(?!\w)")  # i g n o r e
_TAGS = re.compile("[\U000e0020-\U000e007e]+")  # letters nobody sees; behind a flag emoji they name a region
_RUN = re.compile("[\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f\U000e0100-\U000e01ef]{8,}")  # bits written with nothing
_TURNED = re.compile("[\u202d\u202e]([^\u202c\n]{2,200})")  # shown in another order than it is written
_BETWEEN = re.compile("[a-zA-Z][\u200b\u2060\ufeff][a-zA-Z]")  # a word cut up so that no search finds it
_CUT = re.compile("[\u200b\u2060\ufeff]")
_REGION = "\U0001f3f4"

_STYLED = re.compile("[\u2100-\u214f\u24b6-\u24e9\uff01-\uff5e\U0001d400-\U0001d7ff]")
_WORD = re.compile(r"\w+")
# Letters that look like Latin ones.
_ALIKE = str.maketrans(
    "АВЕКМНОРСТХУаеорсухіјѕԁһԛԝӏԍΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυχετκсɡıⅼ",
    "ABEKMHOPCTXYaeopcyxijsdhqwlgABEZHIKMNOPTYXaivopyxetkcgil",
)


def flagged(result: ReadResult, name: str = "") -> ReadResult:
    """Returns the result with a flag added for everything suspicious in its pages, its title and its file's name."""
    places = [(0, name), (0, result.title), *((page.number, page.text) for page in result.pages)]
    found = dict.fromkeys(
        Flag(kind, number, _excerpt(text, start, end))
        for number, text in places
        for kind, (start, end) in suspicious_in(text)
    )
    more = islice((flag for flag in found if flag not in result.flags), _MOST)
    return replace(result, flags=(*result.flags, *more)) if found else result


def hidden_in(raw: str) -> list[str]:
    """Describes, for people, text that the characters of `raw` hide from a reader. Call this before cleaning drops
    them. Characters that scripts and emoji need are not reported."""
    if raw.isascii():
        return []
    found = []
    for tags in _TAGS.finditer(raw):
        said = "".join(chr(ord(c) - 0xE0000) for c in tags.group())
        if len(said) > 2 and raw[max(0, tags.start() - 1) : tags.start()] != _REGION:
            found.append(f"invisible letters: “{said[:_EXCERPT]}”")
    if runs := _RUN.findall(raw):
        found.append(f"{sum(map(len, runs))} invisible characters in a row")
    found += [f"turned around: “{turned[:_EXCERPT].strip()}”" for turned in _TURNED.findall(raw) if turned.strip()][:5]
    for line in raw.splitlines() if _BETWEEN.search(raw) else ():
        if _BETWEEN.search(line) and orders_in(_CUT.sub("", line)):  # elsewhere it is how long words may be broken
            found.append(f"words cut up by invisible characters: “{_CUT.sub('', line)[:_EXCERPT].strip()}”")
    return found[:_MOST]


def hidden_flags(raw: str, page: int) -> list[Flag]:
    """Returns what `hidden_in` finds on a page as flags."""
    return [Flag("hidden", page, found) for found in hidden_in(raw)]


def suspicious_in(text: str) -> Iterator[tuple[str, Span]]:
    """Yields ('orders' or 'link', span) for each suspicious phrase, in no order; spans may overlap."""
    plain = _plain(text)
    for kind, rules in (("orders", PHRASES), ("link", LINKS)):
        for stems, phrase in rules:
            if any(stem in plain for stem in stems):
                yield from ((kind, found.span()) for found in phrase.finditer(plain))
    yield from (("orders", span) for span in _disguised(text))


def orders_in(text: str) -> list[Span]:
    """Returns the spans of the whole sentences that hold orders or such links, in order and without overlap."""
    spans = sorted(span for _, span in suspicious_in(text))
    if not spans:
        return []
    found: list[Span] = []
    for start, end in sentence_spans(text):
        if any(first < end and last > start for first, last in spans):
            found.append((start, end))
    return found


def _plain(text: str) -> str:
    """Returns the text in small letters, with look-alike letters replaced by Latin ones; the length stays the same."""
    if not text.isascii():
        text = _STYLED.sub(lambda letter: _compatible(letter.group()), text).replace("İ", "I")  # the one that grows
        text = _WORD.sub(lambda word: _latin(word.group()), text)
    return text.lower()


def _compatible(character: str) -> str:
    """Returns the plain letter for a full-width, bold or script one."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _latin(word: str) -> str:
    """Returns a word that mixes two scripts in Latin letters. Words of one script are left as they are."""
    return word.translate(_ALIKE) if not word.isascii() and re.search("[A-Za-z]", word) else word


def _disguised(text: str) -> Iterator[Span]:
    """Yields the spans of orders that are encoded, or whose letters are spaced out."""
    for found in _ENCODED.finditer(text):
        if said := _decoded(found.group()):
            plain = said.lower()
            if any(any(stem in plain for stem in stems) and phrase.search(plain) for stems, phrase in PHRASES):
                yield found.span()
    for found in _SPACED.finditer(text):
        glued = re.sub(r"[ .\-_*]", "", found.group()).lower()
        if re.search(r"(?:ignore|disregard|forget)\w*(?:instruction|rule|prompt)|youarenow|systemprompt", glued):
            yield found.span()


def _decoded(code: str) -> str:
    """Decodes Base64 or hexadecimal digits; returns '' where they do not stand for readable text."""
    try:
        data = (
            bytes.fromhex(code)
            if re.fullmatch(r"[0-9a-fA-F]+", code)
            else base64.b64decode(code + "=" * (-len(code) % 4))
        )
        said = data.decode("utf-8")
    except (ValueError, binascii.Error):
        return ""
    return said if said.isprintable() else ""


def _excerpt(text: str, start: int, end: int) -> str:
    """Returns what was found, with a few words around it on its line."""
    first = max(text.rfind("\n", 0, start) + 1, start - 40)
    last = text.find("\n", end)
    around = text[first : min(len(text) if last < 0 else last, end + 80)]
    return " ".join(around.split())[:_EXCERPT]

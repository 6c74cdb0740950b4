"""Finds what in the documents is worth a question: sentences and table cells that state something, over all pages."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.ask.find.evidence import sentences_of
from app.ask.language.words import codes, content_words, names, stated_numbers
from app.ask.write.injection import gives_orders
from app.datatypes import Hit, Sentence
from ingest.datatypes import Chunk, Document
from ingest.store.index import LocalIndex

_PER_PAGE = 6
_WORDS = (6, 45)  # of a sentence: fewer are headings, more are lists that lost their breaks
_LISTS = re.compile(r"\b(?:contents|index|references|bibliography|imprint|literature|glossary)\b", re.IGNORECASE)
_BOILERPLATE = re.compile(
    r"(?:[.·_]\s?){4}|https?:|www\.|@|©|\ball rights reserved\b|\bcopyright\b|\bisbn\b|\bpage \d+ of \d+\b"
    r"|\b(?:see|refer to) (?:section|chapter|table|figure|page)\b.{0,20}$|^(?:note|example|source|figure|table)\b",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"^(?:it|its|they|their|this|these|those|that|he|she|his|her|such|here|there|however|therefore|otherwise|then|also|both|"
    r"the result|then|in (?:this|that|such)|for (?:this|that)|if (?:not|so|it|they))\b",
    re.IGNORECASE,
)
_RULE = re.compile(r"\b(?:must|never|only|at least|at most|always|no longer|before|after|until|within|every|means)\b")
_NUMBER = r"[-−]?\d+(?:[.,]\d+)*"
_FIGURE = re.compile(  # a number, or a range, with its unit: '95 %', '18 to 26 °C', '5 working days'
    rf"(?<![\w.,/-]){_NUMBER}(?:(?: to | and |–| × |/){_NUMBER})*(?![\w-]*\d)(?!\.?\w)"
    r"(?: ?(?:%|°[CF]?|[€$£])|[ \u00a0](?:(?:working|calendar|business|operating|full|whole|million|billion) )?"
    r"(?!less|more|times)[A-Za-zµ²³Ωµ·/()]+[²³]?(?: (?:19|20)\d\d\b)?)?"  # '1 March 2024' too
)
_TELLING = re.compile(r"[^\d\s.,]|^(?:19|20)\d\d$")  # a bare number says too little, unless it is a year
_LIMITS = r"for|after|within|by|at|below|above|up to|at least|at most|more than|less than|until"
_NOUNS = {"°C": "temperature", "°F": "temperature", "bar": "pressure", "psi": "pressure", "%": "percentage"}
_NUMBERED = re.compile(
    r"\b(?:table|section|figure|chapter|page|item|step|nos?\.?|version|software|revision)\s*$", re.IGNORECASE
)
_MEANT = re.compile(r"\b(?:means(?: that)?|is called|are called|stands for)\s+([^.;,]{12,80})")
_NAMED = re.compile(r"(?<=[a-z,] )((?:[A-Z][\w’'-]+)(?: (?:of |the )?[A-Z][\w’'-]+){1,3})")


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement in a document: `document_text[start:end] == quote`, on that page. `statement` is what the quote
    states, for a cell with its row and column; `answer` is the part of it to ask for."""

    file: str
    title: str
    heading: str
    page: int
    start: int
    end: int
    quote: str
    statement: str
    answer: str
    passage: str
    from_table: bool = False
    place: str = ""  # what the page is called, where it is no page


def facts(index: LocalIndex, asked: Mapping[tuple[str, int], int], seed: int = 0) -> Iterator[Fact]:
    """Yields facts, one from each document in turn, from the pages least asked about first. The same seed gives the
    same order.

    `asked` has the number of existing questions by (file, page). A document is read when its turn comes.
    """
    documents = [document for document in index.documents() if document.n_chunks]
    random.Random(seed).shuffle(documents)
    turns = [_of_document(index, document, asked, random.Random(f"{seed} {document.path}")) for document in documents]
    while turns:
        for turn in list(turns):
            fact = next(turn, None)
            if fact is None:
                turns.remove(turn)
            else:
                yield fact


def _of_document(
    index: LocalIndex, document: Document, asked: Mapping[tuple[str, int], int], chance: random.Random
) -> Iterator[Fact]:
    ids = [row[0] for row in index.store.rows("SELECT id FROM chunks WHERE doc_id = ? ORDER BY start", (document.id,))]
    pages: dict[int, list[tuple[float, Fact]]] = {}
    seen: set[int] = set()
    for first in range(0, len(ids), 500):
        for chunk in sorted(index.chunks(ids[first : first + 500]).values(), key=lambda chunk: chunk.start):
            for worth, fact in _of_chunk(index, document, chunk, chance):
                if fact.start not in seen:  # chunks may overlap
                    seen.add(fact.start)
                    pages.setdefault(fact.page, []).append((worth, fact))
    for found in pages.values():
        found.sort(key=lambda pair: (-pair[0], pair[1].start))
    order = list(pages)
    chance.shuffle(order)
    order.sort(key=lambda page: asked.get((document.path, page), 0))
    for depth in range(_PER_PAGE):
        for page in order:
            if depth < len(pages[page]):
                yield pages[page][depth][1]


def _of_chunk(
    index: LocalIndex, document: Document, chunk: Chunk, chance: random.Random
) -> Iterator[tuple[float, Fact]]:
    if _LISTS.search(chunk.heading.split("›")[-1]):
        return
    hit = Hit(chunk, document.path, document.title, 0.0, {})
    for sentence in sentences_of(index, [hit]):
        said = _cell(sentence.spoken, chance) if sentence.spoken else sentence.text
        worth = _worth(said, sentence)
        if worth > 0:
            fact = Fact(
                document.path, document.title, chunk.heading, sentence.page, sentence.start, sentence.end,
                sentence.text, said, _answer(said, bool(sentence.spoken), chance), chunk.text, bool(sentence.spoken),
                sentence.place,
            )  # fmt: skip
            if content_words(fact.answer):
                yield worth + chance.random(), fact


def _worth(said: str, sentence: Sentence) -> float:
    """Rates a statement: above 0 when a question can be made of it, as it states a number, name, code or rule and
    stands by itself."""
    if _BOILERPLATE.search(sentence.text) or gives_orders(sentence.text):
        return 0.0
    letters = sum(character.isalpha() for character in said) / max(1, len(said))
    if sentence.spoken:
        return 1.0 if said and letters > 0.35 and len(said) < 300 and (stated_numbers(said) or ":" in said) else 0.0
    words = said.split()
    if not _WORDS[0] <= len(words) <= _WORDS[1] or letters < 0.6 or not said[0].isupper() or said[-1] not in ".!)”":
        return 0.0
    worth = min(2, len(stated_numbers(said))) + 0.7 * bool(codes(said)) + 0.5 * bool(names(said))
    worth += 0.7 * bool(_RULE.search(said))
    return worth - 1.0 * bool(_LEANING.search(said))


def _cell(spoken: str, chance: random.Random) -> str:
    """Returns one cell of a table row as a statement with its row and column; '' where they cannot be told."""
    caption, _, row = spoken.rpartition(" — ")
    name, _, cells = row.partition(": ")
    if not (caption and cells) or caption[:1].islower() or name[:1].islower():  # a torn line, not a table's caption
        return ""
    pairs = [cell for cell in cells.split("; ") if " = " in cell and not cell.endswith("= ")]
    if not pairs:
        return spoken if "; " not in cells and len(cells) > 1 else ""
    return f"{caption} — {name}: {chance.choice(pairs)}".removeprefix(" — ")


def _answer(said: str, from_table: bool, chance: random.Random) -> str:
    """Returns what to ask for: the cell, else what a code or word means, a figure with its unit, or a name; '' for
    nothing."""
    if from_table:
        return said.rpartition(" = " if " = " in said else ": ")[2].strip()
    if meant := _MEANT.search(said):
        return meant[1].strip()
    figures = [
        _closed(found.group()) for found in _FIGURE.finditer(said) if found.start() and not _is_mark(said, found)
    ]
    figures = [figure for figure in figures if not re.search(r"\d (?:and|to) \d+$", figure)]
    units = Counter(figure.split()[-1] for figure in figures)
    # Of two figures in one unit, a small model's question seldom tells which is meant.
    alone = [figure for figure in figures if _TELLING.search(figure) and units[figure.split()[-1]] == 1]
    if figures:
        return chance.choice(alone) if alone else ""
    called = [name.group(1) for name in _NAMED.finditer(said)]
    return chance.choice(called) if called else ""


def _closed(figure: str) -> str:
    """Returns a figure without an unmatched bracket, and without a following word that is not a unit."""
    words = figure.split()
    while len(words) > 1 and words[-1].isalpha() and not content_words(words[-1]):
        words.pop()
    figure = " ".join(words)
    return figure if "(" in figure else figure.rstrip(")")


def opening(fact: Fact) -> str:
    """Returns how a question for this answer begins, if its unit tells: 'Within how many days'; else ''."""
    unit = re.fullmatch(r"\W*\d[\d.,]*(?: to [\d.,]+)? ?(%|°[CF]|[a-z]+(?: [a-z]+)?)", fact.answer)
    if fact.from_table or not unit:
        return ""
    before = fact.statement[: fact.statement.find(fact.answer)]
    if re.search(r"\bevery $", before):
        return "How often"
    noun = _NOUNS.get(unit[1])
    if not noun and not re.fullmatch(r"[a-z ]{3,}s", unit[1]):
        return ""
    limit = re.search(rf"\b({_LIMITS}) $", before, re.IGNORECASE)
    asks = f"what {noun}" if noun else f"how many {unit[1]}"
    return f"{limit[1]} {asks}".capitalize() if limit else asks.capitalize()


def _is_mark(said: str, found: re.Match[str]) -> bool:
    """Whether a number names a thing, such as a table or a section; such numbers are not asked for."""
    return bool(_NUMBERED.search(said[: found.start()])) or any(found.group().strip() in code for code in codes(said))

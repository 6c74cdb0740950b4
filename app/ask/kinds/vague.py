"""A word or two, or 'tell me about …': an overview of the places that are about it, to choose from, not a refusal.

A question about a fact is never taken for this: whatever asks for a number, a reason, a way or a comparison is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.ask.plan import Asked, Computed, cite
from app.ask.retrieve import AS_FOUND, retrieve
from app.ask.shelf.counted import lines
from app.ask.shelf.patterns import compiled, fitting
from app.ask.shelf.wording import say, spoken
from app.ask.words import STOP, WORD, codes, content_words, stem
from app.datatypes import Citation, Hit, Plan
from ingest.text.sentences import sentence_spans

_SHOWN = 7  # places
_PASSAGES = 24  # looked at
_LONGEST = 4  # telling words of a subject
_SENTENCE = 220  # characters of one that is shown
_PARTS = {
    "some": r"(?:(?:(?:some|any|more|all|a bit|a little|the) )*"
    r"(?:something|everything|anything|information|info|details|more|what you (?:know|have))(?: there is| you know| you have)?)",
    "want": r"(?:(?:i (?:need|want|would like|am looking for|have)|give me|show me|looking for|search(?: for)?|find) )",
}
_ENGLISH = {
    "about": r"""
        (?:tell me|speak|talk)(?: <some>)? about (?P<x>.+)
        (?:and )?(?:what|how) about (?P<x>.+)
        what do (?:you|the documents|we|they) (?:know|have|say) (?:about|on) (?P<x>.+)
        what (?:is|can you) (?:there|known|written|said|tell me) (?:about|on) (?P<x>.+)
        what (?:can you|do you) tell (?:me|us) about (?P<x>.+)
        <want>?<some> (?:about|on|regarding|concerning) (?P<x>.+)
        <want>(?:an? )?(?:overview|introduction|summary of everything) (?:of|on|about|to) (?P<x>.+)
        (?:an? )?overview (?:of|on) (?P<x>.+)
        i have (?:a |some )?(?:question|problem)s? (?:about|with|on|regarding) (?P<x>.+)
        (?:i need |can you )?help (?:me )?with (?P<x>.+)
        (?:i'm|i am) interested in (?P<x>.+)
        (?:everything|all) (?:about|on) (?P<x>.+)
    """,
}
_GERMAN = {
    "about": r"""
        was (?:weißt|kannst) du (?:mir )?(?:alles )?(?:über|zu[mr]?) (?P<x>.+?)(?: sagen| erzählen)?
        (?:erzähl|sag)e? mir (?:etwas|mehr|alles|was) ?(?:über|zu[mr]?|von) (?P<x>.+)
        (?:und )?was ist mit (?P<x>.+)
        (?:was steht|informationen|infos|alles|überblick) (?:hier |da )?(?:über|zu[mr]?) (?P<x>.+?)(?: drin)?
    """,
}
_IN_ENGLISH, _IN_GERMAN = compiled(_ENGLISH, _PARTS), compiled(_GERMAN, _PARTS)
# Words by which even a short message asks for something of its own, or does not ask at all.
_ASKS = re.compile(
    r"\b(?:how|why|when|where|who|whom|whose|what|which|is|are|was|were|do|does|did|can|could|may|must|should|will|would|"
    r"has|have|list|compare|summari[sz]e|summary|count|show|explain|define|versus|vs|difference|steps?|reset|please|yes|no|"
    r"continue|again|shorter|longer|other|another|next|and|or|not|than|wie|was|wer|wann|wo|warum|ist|sind|hat|kann|nein|ja)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|a|an|my|our|your|der|die|das|den|dem|des|mein|meine|unser|unsere)\s+", re.IGNORECASE)
_LEANS = re.compile(
    r"^(?:it|this|that|them|these|those|him|her|me|you|us|yourself|the (?:same|other|rest|first|second))\b", re.I
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A section, or the passage of a document without sections, and the span of the sentence that is shown of it."""

    hit: Hit
    start: int
    end: int


def answer(asked: Asked) -> Computed | None:
    """An overview of what is there; None where the subject stands nowhere, or is longer than a general one."""
    subject, german = _subject(asked)
    stems = {stem(word.lower()) for word in WORD.findall(subject) if word.lower() not in STOP}
    if not stems or len(content_words(subject)) > _LONGEST:
        return None
    hits = retrieve(asked.index, asked.encoder, subject, _PASSAGES, asked.doc_ids, AS_FOUND)
    places = _places([hit for hit in hits if stems <= _stems_around(hit)], stems)
    if not places:
        return None
    citations, items = _shown(asked, places[:_SHOWN])
    count = len({place.hit.chunk.doc_id for place in places})
    head = say("overview", german, what=subject, n=str(len(places)), documents=str(count))
    if len(places) == 1:
        head = say("one place", german, what=subject)
    paths = tuple(dict.fromkeys(place.hit.file for place in places))
    more = len(places) - _SHOWN
    tail = f"\n… and {more} more" if more > 0 else ""
    plan = Plan("vague", f"Gathered what there is on “{subject}”, to choose from.", paths, subject)
    return Computed(plan, f"{head}\n{lines(items)}{tail}", citations, "answered", say("choose", german))


def _subject(asked: Asked) -> tuple[str, bool]:
    """What an overview is wanted of, and whether that was asked in German; '' where it is another question."""
    question = spoken(asked.question)
    for wordings, german in ((_IN_ENGLISH, False), (_IN_GERMAN, True)):
        for _, match in fitting(question, wordings):
            follows = re.match(r"(?:and )?(?:what|how) about\b|(?:und )?was ist mit", question, re.IGNORECASE)
            if _LEANS.match(match["x"]) or (follows and asked.history) or re.search(r"\d|[,;:]", match["x"]):
                return "", False
            return _ARTICLE.sub("", match["x"]), german
    bare = _ARTICLE.sub("", question)
    words = bare.split()
    alone = 0 < len(words) <= 2 and not asked.history and not _ASKS.search(bare) and not codes(bare)
    general = alone and not re.search(r"[\d,;:=+*/@]|['’](?!s)", bare) and len(bare) > 2
    return (bare, False) if general else ("", False)


def _stems_around(hit: Hit) -> set[str]:
    """Of a passage with its heading and its document's title."""
    around = f"{hit.title} {hit.chunk.heading} {hit.chunk.text}".lower()
    return {stem(word) for word in WORD.findall(around)}


def _places(hits: Sequence[Hit], stems: set[str]) -> list[_Place]:
    """One of each section, those that are called after the subject first, then as they were found; documents take
    turns, so that a long one does not fill the list."""
    best: dict[tuple[int, str], _Place] = {}
    for hit in hits:
        key = hit.chunk.doc_id, hit.chunk.heading or str(hit.chunk.page)
        best.setdefault(key, _Place(hit, *_sentence(hit, stems)))
    turn: dict[int, int] = {}
    ranked = []
    for at, place in enumerate(best.values()):
        named = stems <= {stem(word) for word in WORD.findall(f"{place.hit.chunk.heading} {place.hit.title}".lower())}
        turn[place.hit.chunk.doc_id] = turn.get(place.hit.chunk.doc_id, 0) + 1
        ranked.append((turn[place.hit.chunk.doc_id] - 2 * named, at, place))
    return [place for _, _, place in sorted(ranked, key=lambda item: item[:2])]


def _sentence(hit: Hit, stems: set[str]) -> tuple[int, int]:
    """Of the passage's sentences, the first one that says something of the subject; one with a number goes before one
    without, and a heading or a row without a verb comes last."""
    spans = [(a, b) for a, b in sentence_spans(hit.chunk.text) if b - a <= 2 * _SENTENCE] or [(0, len(hit.chunk.text))]

    def rank(span: tuple[int, int]) -> tuple[float, int]:
        text = hit.chunk.text[slice(*span)]
        own = {stem(word) for word in WORD.findall(text.lower())}
        whole = len(own) > 4 and "\t" not in text
        return -(2.0 * whole + bool(own & stems) + 0.5 * any(c.isdigit() for c in text)), span[0]

    start, end = min(spans, key=rank)
    return hit.chunk.start + start, hit.chunk.start + end


def _shown(asked: Asked, places: Sequence[_Place]) -> tuple[tuple[Citation, ...], list[str]]:
    by_id = {document.id: document for document in asked.documents}
    citations: list[Citation] = []
    items: list[str] = []
    for place in places:
        citation = cite(asked.index, by_id[place.hit.chunk.doc_id], place.start, place.end)
        quote = " ".join(citation.quote.split())
        quote = quote if len(quote) <= _SENTENCE else f"{quote[:_SENTENCE].rsplit(' ', 1)[0]} …"
        heading = " ".join(place.hit.chunk.heading.split()) or place.hit.title
        item = f"**{heading.replace('*', '')}** ({place.hit.file}, {citation.named}): {quote}"
        items.append(item)
        citations.append(replace(citation, claim=item))
    return tuple(citations), items

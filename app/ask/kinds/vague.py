"""A word or two, or 'tell me about …': an overview of the places that are about it, to choose from, not a refusal.

A question about a fact is never taken for this: whatever asks for a number, a reason, a way or a comparison is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.ask.find.mentions import NEAR, mentions
from app.ask.find.retrieve import AS_FOUND, retrieve
from app.ask.language.patterns import compiled, fitting
from app.ask.language.replies import in_number, lines, say
from app.ask.language.words import STOP, WORD, codes, stem
from app.ask.plan import Asked, Computed, cite
from app.ask.understand.smalltalk import without_courtesies
from app.datatypes import Citation, Hit, Plan, Status
from ingest.text.sentences import sentence_spans

_SHOWN = 7  # places
_PASSAGES = 24  # looked at
_LONGEST = 3  # telling words of a subject
_FEW = 4  # places with its words, up to which those near by meaning are named too
_LONGEST_WORD = 40  # characters
_SENTENCE = 220  # characters of one that is shown
_PARTS = {
    "some": r"(?:(?:some|any|more|all|a bit|a little|the) )*(?:something|everything|anything|information|info|details"
    r"|more|what you (?:know|have))(?: there is| you know| you have)?",
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
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # one 'word' may be a question
_CONTENTS = re.compile(r"(?:table of )?contents\b|inhalt", re.IGNORECASE)
_FOLLOWS = re.compile(r"(?:and )?(?:what|how) about\b|(?:und )?was ist mit\b", re.IGNORECASE)
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
    """An overview of what is there; None where nothing is near the subject, or where it is longer than a general one.

    Where few places hold its words, those that come near by meaning are named behind them, as such.
    """
    subject, german = _subject(asked)
    stems = _stems(subject, STOP)
    if not stems or len(stems) > _LONGEST:
        return None
    hits = retrieve(asked.index, asked.encoder, subject, _PASSAGES, asked.doc_ids, AS_FOUND)
    about = _places(
        [hit for hit in hits if stems <= _stems(f"{hit.title} {hit.chunk.heading} {hit.chunk.text}")], stems
    )
    others = [hit for hit in hits if not stems & _stems(hit.chunk.text)] if len(about) < _FEW else []
    beside = _places(_near(asked, subject, others), set())[: _SHOWN - len(about)]
    if not about and not beside:
        return None
    citations, items = _shown(asked, [*about[:_SHOWN], *beside])
    blocks = []
    if about:
        blocks.append(f"{_head(asked, subject, german)}\n{lines(items[: len(about)])}")
    if beside:
        opening = say("near", german) if about else f"{say('unmentioned', german, what=subject)} {say('near', german)}"
        blocks.append(f"{opening}\n{lines(items[-len(beside) :])}")
    paths = tuple(dict.fromkeys(citation.file for citation in citations))
    plan = Plan("vague", f"Gathered what there is on “{subject}”, to choose from.", paths, subject)
    status: Status = "answered" if about else "unsure"
    return Computed(plan, "\n\n".join(blocks), citations, status, say("choose", german))


def _head(asked: Asked, subject: str, german: bool) -> str:
    """In how many documents the words stand, all of them looked at."""
    found = mentions(asked.index, subject, asked.documents)
    count = len(found.exact) + len(found.apart)
    documents = in_number(len(asked.documents), "document", "documents", german)
    return say("overview", german, what=subject, n=str(count), documents=documents) if count else f"“{subject}”:"


def _subject(asked: Asked) -> tuple[str, bool]:
    """What an overview is wanted of, and whether that was asked in German; '' where it is another question."""
    question = without_courtesies(asked.question)
    for wordings, german in ((_IN_ENGLISH, False), (_IN_GERMAN, True)):
        for _, match in fitting(question, wordings):
            follows = _FOLLOWS.match(question) and asked.history
            if follows or _LEANS.match(match["x"]) or re.search(r"[,;:]", match["x"]):
                return "", False
            return _ARTICLE.sub("", match["x"]), german
    bare = _ARTICLE.sub("", question)
    short = 0 < len(bare.split()) <= 2 or (
        len(bare.split()) == 3 and mentions(asked.index, bare, asked.documents).exact
    )
    alone = short and not asked.history and not _ASKS.search(bare) and not codes(bare)
    alone = alone and not _WITHOUT_SPACES.search(bare) and max(map(len, bare.split())) <= _LONGEST_WORD
    general = alone and not re.search(r"[\d,;:=+*/@]|['’](?!s)", bare) and len(bare) > 2
    return (bare, False) if general else ("", False)


def _stems(text: str, without: Collection[str] = ()) -> set[str]:
    return {stem(word) for word in WORD.findall(text.lower()) if word not in without}


def _near(asked: Asked, subject: str, hits: Sequence[Hit]) -> list[Hit]:
    vector = asked.encoder.encode_queries([subject])[0]
    cosines = asked.index.cosines(vector, [hit.chunk.id for hit in hits])
    ranked = sorted(zip(cosines, range(len(hits)), strict=True), key=lambda item: (-item[0], item[1]))
    return [hits[at] for cosine, at in ranked if cosine >= NEAR]


def _places(hits: Sequence[Hit], stems: set[str]) -> list[_Place]:
    """One of each section. Of a document those that are called after the subject come first, then as they were found;
    documents that are called so come first, and take turns, so that a long one does not fill the list."""
    sections: dict[tuple[int, str], Hit] = {}
    for hit in (hit for hit in hits if not _CONTENTS.match(hit.chunk.heading)):
        sections.setdefault((hit.chunk.doc_id, hit.chunk.heading or str(hit.chunk.page)), hit)
    ranked: list[tuple[tuple[int, int, int], Hit]] = []
    turns: Counter[int] = Counter()
    for hit in sorted(sections.values(), key=lambda hit: not _called(hit.chunk.heading, stems)):
        turns[hit.chunk.doc_id] += 1
        named = _called(hit.chunk.heading, stems) + 2 * _called(hit.title, stems)
        ranked.append(((turns[hit.chunk.doc_id], -named, len(ranked)), hit))
    return [_Place(hit, *_sentence(hit, stems)) for _, hit in sorted(ranked, key=lambda item: item[0])]


def _around(hit: Hit) -> str:
    return f"{hit.title}\n{hit.chunk.heading}\n{hit.chunk.text}"


def _called(name: str, stems: set[str]) -> bool:
    return bool(stems) and stems <= _stems(name)


def _sentence(hit: Hit, stems: set[str]) -> tuple[int, int]:
    """Of the passage's sentences the first whole one; where the heading does not name the subject, one that does, and
    one with a number, go before others."""
    spans = [(a, b) for a, b in sentence_spans(hit.chunk.text) if b - a <= 2 * _SENTENCE] or [(0, len(hit.chunk.text))]
    wanted = set() if _called(hit.chunk.heading, stems) or _called(hit.title, stems) else stems

    def rank(span: tuple[int, int]) -> tuple[float, int]:
        text = hit.chunk.text[slice(*span)]
        own = _stems(text)
        is_name = text in hit.chunk.heading or text in hit.title
        whole = len(own) > 4 and "\t" not in text and not is_name and not text[:1].islower()
        number = bool(wanted) and any(character.isdigit() for character in text)
        return -(
            2.0 * whole
            - is_name
            + 0.5 * text.endswith((".", "!"))
            + 2.5 * (bool(wanted) and wanted <= own)
            + 0.5 * number
        ), span[0]

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

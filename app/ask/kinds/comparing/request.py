"""The ways to read a question as a comparison of two: where the first ends, and what both are compared in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.ask.language.naming import name_words

_PLEASE = r"^(?:(?:please|can you|could you|would you|i want to|i'd like to|help me|now|so|and|ok|quickly) )*"
_FRAMES = (  # of which `rest` holds both sides, and what they are compared in
    re.compile(rf"{_PLEASE}(?:compare|contrast|do a comparison of|make a comparison (?:of|between)) (?P<rest>.+)$"),
    re.compile(
        r"^.{0,60}?\b(?:differences?|comparison|distinctions?|changes|what (?:has |have |was |is |are )?(?:been )?"
        r"(?:changed?|different|new|altered|modified|updated))\b(?P<head>[^:;?]{0,80}?)"
        r"\b(?:between|from|of|among) (?P<rest>.+)$"
    ),
    re.compile(
        r"^(?:how|did|do|does|has|have) (?:(?:do|does|did|has|have|was|were) )?(?P<before>.+?) (?:differ|"
        r"changed?|vary|compare)"
        r"(?: .{0,20}?)?\b(?:between|from|in|under) (?P<rest>.+)$"
    ),
    re.compile(
        r"^how (?:do|does|did|are|is|were|was|have|has) (?P<rest>.+? (?:differ|different|compare|"
        r"changed)\b.*)$"
    ),
    re.compile(
        r"^(?:in what|in which) (?:way|ways|respects?|points?) (?:do|does|are|is) (?P<rest>.+? (?:differ|"
        r"different)\b.*)$"
    ),
)
_AGAINST = re.compile(r"^(?:(?P<before>.+?)[:,] )?(?P<rest>[^:,]+? (?:vs\.?|versus|against|compared (?:to|with)) .+)$")
_OR = re.compile(
    r"^(?P<rest>[^:,]+? or [^:,]+?)[:,] "
    r"(?P<after>.*\b(?:differ|compare|comparison|differences?|apart|distinguish\w*)\b.*)$"
)
_WHICH = re.compile(
    r"^(?P<before>(?:which|who|whose|what|where|is|are|does|do|has|have|can|may)\b.+?)[,:] (?P<rest>[^,:]+ or [^,:]+)$"
)
_BOTH = re.compile(r",? (?:in|under|according to|by|with) ")
_BETWEEN = re.compile(
    r" (?:and(?: in| under)?|with|to|against|versus|vs\.?|or|from|compared (?:to|with)|"
    r"than) (?:the (?:one|terms?|version) of )?"
)
_ASPECTS = re.compile(
    r"(?::|,| -| –| —| (?:in|on|for|by|regarding|concerning|with respect to|with regard to|in terms of|as to|"
    r"about|at|when it comes to|"
    r"as far as)(?= )) ?(?:the )?"
)
_VERB = re.compile(
    r" (?:differ|differs|different|compare|compares|changed)(?: (?:from|to|with|"
    r"than)(?P<b> .+?))?(?=$| in | on | for | by | regarding |:|,)"
)
_ASKING = re.compile(
    r"^(?:please )?(?:(?:compare|contrast) |what happens to |what about |"
    r"how (?:do|does|did) (?:they|these|the two) (?:differ|compare)(?: in| on| by)? ?|"
    r"(?:(?:how|what) )?(?:do|does|did|are|is|was|were|has|have) )?(?:the )?"
)
_SEVERAL = re.compile(
    rf"{_PLEASE}(?:compare|contrast|.{{0,40}}\b(?:differences?|comparison) (?:between|of)) (?P<x>.+)$"
    r"|^how (?:do|did|are) (?P<y>.+?) (?:differ|compare|different)"
    r"(?: from (?:each other|one another))?(?P<rest>$|\W.*$)"
)
_SHORT = 6  # words of what is named at the end of a question
_LONGEST = 400  # characters


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the question: two phrases, and what is asked of both."""

    one: str
    other: str
    aspects: str = ""


def plain(question: str) -> str:
    text = re.sub(r"[“”\"?!]+|\.(?=\s|$)", "", question.lower().replace("’", "'"))
    return " ".join(text.split()).strip(" ,")


def readings(text: str) -> Iterator[Reading]:
    """The ways to read it as a comparison of two, the likeliest first."""
    if len(text) > _LONGEST:
        return
    for pattern in (*_FRAMES, _OR, _AGAINST, _WHICH):
        if not (found := pattern.match(text)):
            continue
        groups = found.groupdict()
        before = groups.get("before") or ""
        after = _ASKING.sub("", groups.get("after") or "")
        head = re.sub(r"^ ?(?:in|of|to|with|about|for) (?:the )?|^ +| +$", "", groups.get("head") or "")
        for reading in _divided(groups["rest"]):
            one, other = f"{reading.one} {head}".strip(), f"{reading.other} {head}".strip()
            yield Reading(one, other, f"{before} {reading.aspects} {after}".strip())
        for reading in _divided(groups["rest"]) if head else ():  # 'differences in price between the offers'
            yield Reading(reading.one, reading.other, f"{head} {reading.aspects}".strip())
    for match in [*_BOTH.finditer(text)][::-1]:  # '…, in revision B and in revision C'
        for reading in _divided(text[match.end() :]):
            if not reading.aspects and max(len(reading.one.split()), len(reading.other.split())) <= _SHORT:
                yield Reading(reading.one, reading.other, text[: match.start()])


def _divided(rest: str) -> Iterator[Reading]:
    """At each connecting word, with each beginning of what follows the second thing."""
    verb = _VERB.search(rest)
    if verb:
        tail = rest[verb.end() :]
        pair = f"{rest[: verb.start()]} and{verb['b']}" if verb["b"] else rest[: verb.start()]
        for match in _BETWEEN.finditer(pair):
            yield Reading(pair[: match.start()], pair[match.end() :], _ASPECTS.sub("", tail, count=1).strip())
        return
    for match in _BETWEEN.finditer(rest):
        one, other = rest[: match.start()], rest[match.end() :]
        ends = [len(other), *(found.start() for found in _ASPECTS.finditer(other))]
        for end in ends:
            if other[:end].strip():
                yield Reading(one, other[:end], _ASPECTS.sub("", other[end:], count=1).strip())


def named_in(phrase: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The phrase, then each shorter beginning of it, with what is asked behind: 'the offers', 'price'."""
    for end in [len(phrase), *(match.start() for match in _ASPECTS.finditer(phrase))]:
        if phrase[:end].strip():
            yield phrase[:end], aspects_of(_ASPECTS.sub("", phrase[end:], count=1))


def within(phrase: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """'hotels in the new policy': the policy, and hotels."""
    for match in re.finditer(r" (?:in|of|under|with|between) (?:the )?", phrase):
        yield phrase[match.end() :], aspects_of(phrase[: match.start()])


def several_in(text: str) -> str:
    """What is to be compared, where it is told in one phrase: 'the two offers'; '' for none."""
    found = _SEVERAL.match(text) if len(text) <= _LONGEST else None
    return (found["x"] or f"{found['y']}{found['rest']}") if found else ""


def asks_which(text: str) -> bool:
    """Whether one of both is to be chosen."""
    return re.match(r"(?:which|who|whose|is|are|does|do|has|have|can|may)\b", text) is not None


def aspects_of(text: str) -> tuple[str, ...]:
    """'height, empty mass and coil surface' are three."""
    text = _ASKING.sub("", text.strip(" :,"))
    parts = re.split(r"[:;,] (?:and )?|(?<!between)(?<!\bboth) and |\bas well as\b", text)
    return tuple(part.strip(" .?") for part in parts if name_words(part))

"""The questions that one question holds: 'How heavy is it, and how many fans does it have?' are two. Pure."""

from __future__ import annotations

import re

_WH = r"(?:how|what|when|where|which|who|whom|whose|why)"
_VERB = r"(?:is|are|was|were|does|do|did|can|could|may|must|should|will|has|have)"
_ON = r"(?:by|from|until|till|since|to|at|in|on|of|for|with|under|above|below|over|within|after|before)"
_ASKS = rf"(?:(?:{_ON}\s+)?{_WH}|{_VERB})"
_BEGINS = re.compile(rf"(?:(?:and|but|also|or|then|so|please)\s+)*{_ASKS}\b", re.IGNORECASE)
# 'and how …' opens a question anywhere, 'and is …' only behind a comma: 'what is new and is it safe' may go on.
_JOINT = re.compile(
    rf",?\s+(?:and|as well as)\s+(?:also\s+)?(?=(?:{_ON}\s+)?{_WH}\b)|,\s*and\s+(?:also\s+)?(?={_VERB}\b)",
    re.IGNORECASE,
)
_INDIRECT = re.compile(  # 'between how it was and how it is' is one question
    r"\b(?:between|knows?|about|says?|said|tells?|told|explains?|describes?|shows?|decides?|decided|depends? on|on|of)"
    rf"\s+(?:me\s+)?{_WH}\b",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:and )?(?:by|in|for|to|at|of|with)? ?\bhow (?:much|many|often|long|far|high)\??", re.IGNORECASE)
_OF_EACH = re.compile(r"\b(?:each|every one|respectively)(?: of them)?[?.]*$", re.IGNORECASE)  # asks of a list's items
_FEWEST = 3  # words of a question
_MOST = 4  # questions that are answered at once


def parts_of(question: str) -> list[str]:
    """The questions in order, each with its question mark; only the question itself where it is one.

    Parts may lean on those before them ('how many does it have?'). Sentences without a question stay with the first
    question behind them.
    """
    found: list[str] = []
    led = ""
    for sentence in re.findall(r"[^?]+\??", question):
        sentence = sentence.strip()
        if not sentence.endswith("?"):
            if found and sentence:
                return [question]  # 'What is it? Answer in French.' is one
            led = sentence
            continue
        found += _joined(sentence)
    if not found:
        found = _joined(led)
    whole = [part for part in found if _stands(part)]
    if len(whole) != len(found) or not 1 < len(found) <= _MOST:
        return [question]
    return [part if part.endswith("?") else f"{part}?" for part in found]


def _stands(part: str) -> bool:
    """Whether it is a question of its own: 'By how much?' only goes with the one before it."""
    asks = _BEGINS.search(part) or re.search(rf",\s*{_ASKS}\b", part, re.IGNORECASE)
    return len(part.split()) >= _FEWEST and bool(asks) and not _BARE.fullmatch(part.strip())


def _joined(sentence: str) -> list[str]:
    """A sentence cut where a further question begins behind 'and'."""
    begins = _BEGINS.match(re.sub(r"^.*[.!:;]\s+", "", sentence))
    if not begins or _INDIRECT.search(sentence) or _OF_EACH.search(sentence):
        return [sentence]
    cuts = [joint for joint in _JOINT.finditer(sentence) if len(sentence[: joint.start()].split()) >= _FEWEST]
    ends = [*(cut.start() for cut in cuts), len(sentence)]
    starts = [0, *(cut.end() for cut in cuts)]
    pieces = [sentence[start:end].strip(" ,") for start, end in zip(starts, ends, strict=True)]
    return [f"{piece[0].upper()}{piece[1:]}" for piece in pieces if piece]

"""Follow-ups that change one slot of the question before: 'And for the TL-14T?', 'What about 2024?', 'And the sum?'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.ask.language.words import codes

_OPENS = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well|now)[, ]+)?(?:(?:and |but )?(?:what about|how about|what of)|and|but)"
    r"\s+(?:(?P<on>for|in|of|with|by|on|at|under|from|during|since|before|after)\s+)?(?P<slot>[^?]+?)\s*\??$",
    re.IGNORECASE,
)
_LONGEST = 6  # words of a slot
_CLAUSE = re.compile(
    r"\b(?:how|what|when|where|which|who|whom|whose|why|is|are|was|were|does|do|did|can|could|may|must|should|will|has|"
    r"have|it|they|them|that|this|those|these)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
_OPERATIONS = [
    ("total", r"sum|total|sum total"),
    ("average", r"average|mean"),
    ("highest", r"highest|most|maximum|max|greatest|largest|biggest|most expensive|longest"),
    ("lowest", r"lowest|least|minimum|min|smallest|cheapest|shortest"),
]
_EDITION = re.compile(
    r"^(?:the\s+)?(?P<which>earlier|older|old|previous|former|newer|new|latest|current|present|other)\s+"
    r"(?:one|edition|version|revision|policy|terms|manual|document|rules?)$",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,] )(?:[A-ZÀ-Þ][\w’'-]+)(?: [A-ZÀ-Þ][\w’'-]+)*")


def continued(question: str, before: Sequence[str]) -> str:
    """The question with what it leaves out taken from those before it, oldest first; the question itself where it
    changes no slot of the last one."""
    understood = ""
    for said in [*before, question]:
        understood = _continued(said, understood) or said
    return understood


def _continued(question: str, last: str) -> str:
    """'' where it is no such follow-up, or where it is not clear which part of the last question it changes."""
    opened = _OPENS.match(question.strip()) if last else None
    if not opened or len(opened["slot"].split()) > _LONGEST or _CLAUSE.search(opened["slot"]):
        return ""
    slot = opened["slot"].strip(" .!,")
    for change in (_edition, _operation, _code, _year, _month, _name):
        if found := change(last, slot):
            return found
    return _behind(last, opened["on"] or "", slot)


def _edition(last: str, slot: str) -> str:
    """'According to the 2025 policy' becomes 'according to the earlier policy'."""
    match = _EDITION.match(slot)
    return _YEAR.sub(match["which"].lower(), last, count=1) if match and _YEAR.search(last) else ""


def _operation(last: str, slot: str) -> str:
    wanted = re.sub(r"^(?:the|their|its)\s+", "", slot.lower())
    word = next((word for word, forms in _OPERATIONS if re.fullmatch(forms, wanted)), "")
    said = next((found for _, forms in _OPERATIONS if (found := re.search(rf"\b(?:{forms})\b", last, re.I))), None)
    return f"{last[: said.start()]}{word}{last[said.end() :]}" if word and said else ""


def _code(last: str, slot: str) -> str:
    """Of several, the one that begins alike."""
    new, old = codes(slot), codes(last)
    if len(new) != 1 or not old:
        return ""
    prefix = re.match(r"[A-Za-z]+", new[0])
    alike = [code for code in old if prefix and re.match(rf"{prefix.group()}(?![A-Za-z])", code)]
    if len(alike) != 1 and len(old) != 1:
        return ""
    return last.replace((alike or old)[0], new[0])


def _year(last: str, slot: str) -> str:
    new = _YEAR.search(slot)
    return _YEAR.sub(new.group(), last) if new and len(set(_YEAR.findall(last))) == 1 else ""


def _month(last: str, slot: str) -> str:
    new = re.search(_MONTHS, slot)
    return re.sub(_MONTHS, new.group(), last) if new and len(re.findall(_MONTHS, last)) == 1 else ""


def _name(last: str, slot: str) -> str:
    """One name for another: both with capitals."""
    name = re.sub(r"^(?:the|a|an)\s+", "", slot)
    old = _NAME.findall(last)
    return last.replace(old[-1], name) if name[:1].isupper() and len(old) == 1 else ""


def _behind(last: str, on: str, slot: str) -> str:
    """What stands behind the same preposition: 'for a private car' becomes 'for a bicycle'; added where there is
    none."""
    if not on:
        return ""
    ends = r"(?=\?|$|,|\s(?:according|in|on|at|of|for|under|per|by)\b)"
    found = re.findall(rf"\b{on}\s+(?:[\w-]+\s?){{1,4}}?{ends}", last)
    if not found:
        return f"{last.rstrip('?. ')} {on} {slot}?"
    return last.replace(found[0].rstrip(), f"{on} {slot}") if len(found) == 1 else ""

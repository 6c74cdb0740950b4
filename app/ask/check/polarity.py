"""Yes or no: a small model overlooks a 'not'. Code compares what it says with what the quote says."""

from __future__ import annotations

import re

_ASKS = re.compile(
    r"^(?:is|are|was|were|can|could|may|might|must|should|shall|will|would|does|do|did|has|have|had|am)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:no|not|never|none|neither|nor|without|cannot|except|unless|nothing|nobody|forbidden|prohibited|excluded?s?|"
    r"impossible|unsuitable|instead of|rather than|at most|only)\b|n't\b|\bon top of\b|\bextra\b",
    re.IGNORECASE,
)


def asks_yes_or_no(question: str) -> bool:
    """Whether its last sentence opens with a verb: 'Is it …', 'My pump is old. May I …'."""
    last = re.split(r"[.!:]\s+|,\s+(?=(?:is|are|can|may|must|should|does|do)\b)", question.strip())[-1]
    return _ASKS.match(last.strip()) is not None


def is_contrary(question: str, claim: str, quoted: str) -> bool:
    """Whether the claim says yes where the quotes hold a negation, or no where they do not."""
    if not asks_yes_or_no(question) or _NOT.search(question):
        return False
    opened = re.match(r"\W*(yes|no)\b", claim, re.IGNORECASE)
    says_no = opened[1].lower() == "no" if opened else _NOT.search(claim) is not None
    return says_no != (_NOT.search(quoted) is not None)

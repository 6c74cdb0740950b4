"""Answered, or honestly not: decided by code after the model has spoken. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.datatypes import Citation, Hit, Status
from app.verify import Claim, refuses
from app.words import codes, has_code

_SERIAL = re.compile(r"\d{5}")  # documents speak of models, not of the one that a user has


@dataclass(frozen=True, slots=True)
class Verdict:
    status: Status
    text: str
    reason: str
    citations: tuple[Citation, ...]


def unknown_codes(question: str, hits: Sequence[Hit], mentions: Callable[[str], bool]) -> list[str]:
    """Models, parts and faults that the question names and the documents do not: whatever was found, it is about
    something else. Known before anything is generated. `mentions` looks a code up in the whole index."""
    texts = [f"{hit.file} {hit.title} {hit.chunk.heading} {hit.chunk.text}" for hit in hits]
    asked = [code for code in codes(question) if not _SERIAL.search(code)]
    return [code for code in asked if not any(has_code(text, code) for text in texts) and not mentions(code)]


def judge(
    reply: str, unknown: Sequence[str], claims: Sequence[Claim], hits: Sequence[Hit], *, stopped: bool = False
) -> Verdict:
    """No citation, no answer. Of an answer that stands only in part, the part that stands.

    `unknown` are the question's codes that the documents nowhere name (see `unknown_codes`).
    """
    if not hits:
        return Verdict("abstained", "", "Nothing in your documents comes near this question.", ())
    if unknown:
        return Verdict("abstained", "", f"Your documents nowhere name {' or '.join(unknown[:3])}.", ())
    if stopped and not reply.strip():
        return Verdict("abstained", "", "Stopped before an answer was written.", ())
    if refuses(reply):
        return Verdict("abstained", "", "The passages that come nearest do not state the answer.", ())
    kept = [claim for claim in claims if claim.supported]
    if not kept:
        return Verdict("abstained", "", _unsupported(claims), ())
    left_out = len(claims) - len(kept)
    reason = "" if not left_out else f"{left_out} sentence{'s' * (left_out > 1)} left out: no passage supports it."
    citations = tuple(dict.fromkeys(citation for claim in kept for citation in claim.citations))
    return Verdict("answered", " ".join(claim.text for claim in kept), reason, citations)


def _unsupported(claims: Sequence[Claim]) -> str:
    missing = list(dict.fromkeys(word for claim in claims for word in claim.missing))
    if missing:
        return f"The model's answer named {', '.join(missing[:3])}, which no passage supports, so it is not shown."
    return "No passage supports what the model wrote, so it is not shown."

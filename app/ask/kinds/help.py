"""Greetings, thanks, and questions about Docent itself: a short plain answer, what the library holds, what to ask."""

from __future__ import annotations

import re
from dataclasses import replace

from app.ask.first import first_questions, holdings
from app.ask.language.replies import say
from app.ask.plan import Asked, Computed
from app.ask.understand.smalltalk import smalltalk_in
from app.datatypes import Plan
from ingest.readers.read import KINDS

_SAID = {"hello": "Took it as a greeting.", "thanks": "Took it as thanks.", "bye": "Took it as a goodbye."}
_SHORT = ("thanks", "bye")  # these ask nothing: no examples behind them


def answer(asked: Asked) -> Computed | None:
    """The message as it was typed is looked at: what went before it has no part in 'thanks'."""
    key, german = smalltalk_in(asked.question)
    leans = asked.history and re.search(r"\b(?:it|this|that|das|es)\b", asked.question, re.IGNORECASE)
    if not key or (leans and key in ("who", "can")):  # 'how does it work?' behind an answer is about what that told
        return None
    said = _SAID.get(key, "Took it as a question about Docent itself.")
    return Computed(Plan("help", said), _reply(replace(asked, doc_ids=None), key, german))


def _reply(asked: Asked, key: str, german: bool) -> str:
    opening = say(key, german, formats=KINDS)
    if key in _SHORT:
        return opening
    if not asked.documents:
        how = "" if key == "add" else say("add", german, formats=KINDS)
        return "\n\n".join([opening, " ".join(filter(None, [say("empty", german), how]))])
    blocks = [opening, say("holds", german, holdings=holdings(asked.documents, german))]
    if questions := first_questions(asked.index, 3):
        blocks.append("\n".join([say("try", german), *(f"- {question}" for question in questions)]))
    return "\n\n".join(blocks)

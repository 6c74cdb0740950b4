"""A question in a language that no document is in, put into theirs by the answer model, and the answer put back."""

from __future__ import annotations

from importlib.resources import files

from app.ask.words import codes, stated_numbers
from app.llm.protocol import Llm
from ingest.store.curated import languages
from ingest.store.index import LocalIndex
from ingest.text.language import language_name, language_of_question

LONGEST = 700  # characters of an answer that is put into another language


def foreign(question: str, index: LocalIndex) -> tuple[str, str]:
    """The question's language and the one to search in, as codes; two empty ones where they are the same or unclear."""
    asked = language_of_question(question)
    there = list(languages(index.store).values()) if asked else []
    if not there or asked in there:
        return "", ""
    return asked, max(sorted(set(there)), key=there.count)


def translated(text: str, language: str, llm: Llm) -> str:
    """The text in that language, an ISO code. '' where a number or a code was lost on the way, or nothing came."""
    marker = "\u2063"
    head, tail = llm.render("", marker).split(marker)
    asked = (files("app.ask") / "prompts/translate.md").read_text(encoding="utf-8").strip()
    asked = asked.replace("{language}", language_name(language)).replace("{text}", text)
    tokens = [*llm.tokenize(head, special=True), *llm.tokenize(asked), *llm.tokenize(tail, special=True)]
    longest = 2 * len(llm.tokenize(text)) + 24
    if len(tokens) + longest > llm.n_ctx:
        return ""
    found = " ".join("".join(llm.stream(tokens, longest)).split()).strip("\"'“”„ ")
    kept = stated_numbers(found) == stated_numbers(text) and set(codes(found)) >= set(codes(text))
    return found if kept else ""

"""A question in a language that no document is in, put into theirs by the answer model, and the answer put back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from app.ask.language.words import STOP, codes, stated_numbers
from app.llm.message import message, template
from app.llm.protocol import Llm
from ingest.store.curated import languages
from ingest.store.index import LocalIndex
from ingest.text.language import language_name, language_of_question

_LETTERS = re.compile(r"[^\W\d_]+")
_SAMPLED, _PHRASES = 3000, 40  # passages that are looked at, and phrases that are given
LONGEST = 700  # characters of an answer that is put into another language


def foreign(question: str, index: LocalIndex) -> tuple[str, str]:
    """The question's language and the one to search in, as codes; two empty ones where they are the same or unclear."""
    asked = language_of_question(question)
    there = list(languages(index.store).values()) if asked else []
    if not there or asked in there:
        return "", ""
    return asked, max(sorted(set(there)), key=there.count)


def translated(text: str, language: str, llm: Llm, words: str) -> str:
    """The question in that language, an ISO code, with `words` of the documents where they fit. '' where a number or a
    code was lost, or nothing came."""
    filled = {"language": language_name(language), "text": text, "words": words}
    return _kept(text, _written("translate", filled, text, llm))


def frequent_phrases(index: LocalIndex) -> str:
    """The pairs of words that stand together most often in the documents, for a translator who does not know them."""
    pairs: Counter[str] = Counter()
    for (text,) in index.store.rows("SELECT text FROM chunks LIMIT ?", (_SAMPLED,)):
        told = [word if len(word) > 3 and word not in STOP else "" for word in _LETTERS.findall(text.lower())]
        pairs.update(f"{one} {two}" for one, two in pairwise(told) if one and two)
    return ", ".join(pair for pair, _ in pairs.most_common(_PHRASES))


def answer_in(question: str, text: str, languages: tuple[str, str], llm: Llm) -> str:
    """The answer in the question's language, the first of the two; the question lends it its words. '' as above."""
    own, theirs = map(language_name, languages)
    filled = {"question": question, "text": text, "language": own, "from": theirs}
    return _kept(text, _written("translate_answer", filled, text, llm))


def _written(prompt: str, filled: Mapping[str, str], text: str, llm: Llm) -> str:
    tokens = message(llm, template("app.ask.understand", prompt), filled)
    longest = 2 * len(llm.tokenize(text)) + 24
    if len(tokens) + longest > llm.n_ctx:
        return ""
    return " ".join("".join(llm.stream(tokens, longest)).split()).strip("\"'“”„ ")


def _kept(text: str, found: str) -> str:
    """What was found, if it holds the same numbers and all codes."""
    whole = stated_numbers(found) == stated_numbers(text) and set(codes(found)) >= set(codes(text))
    return found if whole else ""

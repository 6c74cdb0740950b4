"""The prompt: fixed rules, passages named by content, key sentences, earlier turns, question. Stable text first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

from app.datatypes import Hit, Llm, Prompt, Segment, Sentence, Turn
from ingest.errors import InvalidInput

REFUSAL = "NOT FOUND"
MAX_QUESTION = 4000  # characters; what a model of this size can make sense of beside its passages
_MARK = "\u2063docent\u2063"  # invisible and never in a template
_HISTORY_TURNS = 2
_CHECKED = 900  # characters of the quotes that the second question shows


def build_prompt(
    llm: Llm,
    question: str,
    hits: Sequence[Hit],
    best: Sequence[Sentence],
    history: Sequence[Turn],
    max_tokens: int,
) -> Prompt:
    """Fits everything into the model's context, leaving `max_tokens` for the answer.

    Passages are given up from the worst upwards, then earlier turns; what was given up is named in `dropped`.
    Raises InvalidInput when not even the question fits.
    """
    head, tail = llm.render(_prompt("system"), _MARK).split(_MARK)
    # The rules come with the template's control tokens; everything from outside is tokenized without them,
    # so that no document can end the user's message and begin one of its own.
    before = _segment(llm, "rules", head, special=True, stable=True)
    after = _segment(llm, "answer", tail, special=True)
    ask = _segment(llm, "question", f"{_history(history)}Question: {question}")
    recap = _segment(llm, "recap", _recap(best))
    budget = llm.n_ctx - max_tokens - sum(len(s.tokens) for s in (before, after, ask, recap)) - 8
    dropped: list[str] = []
    if budget < 0 and history:
        dropped.append("the earlier turns of this conversation")
        budget += len(ask.tokens)
        ask = _segment(llm, "question", f"Question: {question}")
        budget -= len(ask.tokens)
    if budget < 0:
        raise InvalidInput(
            "The question is too long for this model's context.", "Ask a shorter question, or raise n_ctx."
        )
    passages: list[tuple[Hit, Segment]] = []
    for hit in hits:
        segment = _segment(llm, f"passage {hit.file} p. {hit.page}", _passage(hit), stable=True)
        if len(segment.tokens) <= budget:
            passages.append((hit, segment))
            budget -= len(segment.tokens)
        else:
            dropped.append(f"{hit.file}, page {hit.page}")
    # Best last: what stands nearest to the question is read best.
    ordered = [segment for _, segment in reversed(passages)]
    return Prompt((before, *ordered, recap, ask, after), tuple(hit for hit, _ in passages), tuple(dropped))


def build_checks(llm: Llm, question: str, answer: str, text: str) -> tuple[list[int], list[int]]:
    """The second, short questions to the model: whether this text answers that question, and whether with this answer.

    They begin the same, so that the second costs a few tokens only. What is too long is cut short.
    """
    longest = _CHECKED
    while True:
        filled = {"text": text[:longest], "question": question[: longest // 3], "answer": answer[: longest // 3]}
        checks = (_check(llm, "check_question", filled), _check(llm, "check_answer", filled))
        if max(map(len, checks)) <= llm.n_aside:
            return checks
        longest = longest * 2 // 3  # some scripts take a token and more for each character


def _check(llm: Llm, name: str, filled: Mapping[str, str]) -> list[int]:
    # Not by str.format, and in one pass: a document may hold braces, and names in them.
    asked = re.sub(r"\{(text|question|answer)\}", lambda match: filled[match.group(1)], _prompt(name))
    head, tail = llm.render("", _MARK).split(_MARK)
    return [*llm.tokenize(head, special=True), *llm.tokenize(asked), *llm.tokenize(tail, special=True)]


def _prompt(name: str) -> str:
    return files("app").joinpath(f"prompts/{name}.md").read_text(encoding="utf-8").strip()


def _segment(llm: Llm, name: str, text: str, *, special: bool = False, stable: bool = False) -> Segment:
    return Segment(name, text, tuple(llm.tokenize(text, special=special)) if text else (), stable)


def _passage(hit: Hit) -> str:
    """Named by what it is, never by its rank: the same passage reads the same in every prompt."""
    place = f"{hit.title} › {hit.chunk.heading}" if hit.chunk.heading else hit.title
    return f"[{hit.file}, page {hit.page}: {place}]\n{hit.chunk.text}\n\n"


def _recap(best: Sequence[Sentence]) -> str:
    return "".join(["Key sentences:\n", *(f"- {sentence.meaning}\n" for sentence in best), "\n"]) if best else ""


def _history(turns: Sequence[Turn]) -> str:
    lines = [
        f"Earlier question: {turn.question[:300]}\nEarlier answer: {(turn.answer.text or REFUSAL)[:300]}\n"
        for turn in turns[-_HISTORY_TURNS:]
    ]
    return "".join([*lines, "\n"]) if lines else ""

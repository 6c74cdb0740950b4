"""Cases with known answers, scored by code: what was found, what was answered, what was refused."""

from __future__ import annotations

import json
import re
import string
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from app.assistant import Assistant
from app.datatypes import Answer, Hit
from ingest.errors import InvalidInput

OnCase = Callable[[int, int, float], None]  # done, total, seconds to go


class Case(BaseModel):
    """One line of an evaluation file. Pages are 1-based; empty gold pages mean that they are not known."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    answers: tuple[str, ...] = ()
    answerable: bool = True
    gold_docs: tuple[str, ...] = ()
    gold_pages: tuple[int, ...] = ()
    kind: str = ""
    about_doc: str = ""


def load_cases(file: Path) -> list[Case]:
    """Raises InvalidInput naming the line that cannot be used."""
    cases = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                cases.append(Case(**json.loads(line)))
            except (ValidationError, ValueError, TypeError) as error:
                raise InvalidInput(
                    f"{file}, line {number}: {error}", "Each line holds one question as JSON."
                ) from error
    if not cases:
        raise InvalidInput(f"{file} holds no questions.", "Each line holds one question as JSON.")
    return cases


def evaluate(
    assistant: Assistant,
    cases: Sequence[Case],
    retrieval_only: bool = False,
    within_doc: bool = False,
    on_case: OnCase | None = None,
) -> dict[str, Any]:
    """The contract of `docent eval --json`; shares are None where no case asks for them."""
    scores: dict[str, list[float]] = {}
    began = time.monotonic()
    for done, case in enumerate(cases, 1):
        file = case.about_doc if within_doc and case.about_doc else None
        for name, value in _score(assistant, case, retrieval_only, file).items():
            scores.setdefault(name, []).append(value)
        if on_case:
            on_case(done, len(cases), (time.monotonic() - began) / done * (len(cases) - done))
    seconds = scores.pop("seconds_to_first_token", [])
    names = (
        "page_hit_at_5",
        "recall_at_5",
        "accuracy",
        "refusal_unanswerable",
        "refusal_answerable",
        "quote_valid",
    )
    report: dict[str, Any] = {"n": len(cases)}
    report.update({name: round(float(np.mean(scores[name])), 4) if scores.get(name) else None for name in names})
    for name, q in (("seconds_to_first_token_p50", 50), ("seconds_to_first_token_p95", 95)):
        report[name] = round(float(np.percentile(seconds, q)), 3) if seconds else None
    return report


def _score(assistant: Assistant, case: Case, retrieval_only: bool, file: str | None) -> dict[str, float]:
    scores: dict[str, float] = {}
    if case.answerable and case.gold_docs:
        hits = assistant.search(case.question, 5, file)
        scores["recall_at_5"] = len({hit.file for hit in hits} & set(case.gold_docs)) / len(set(case.gold_docs))
        if case.gold_pages:
            gold = {(doc, page) for doc in case.gold_docs for page in case.gold_pages}
            scores["page_hit_at_5"] = float(any(gold & _pages(assistant, hit) for hit in hits))
    if retrieval_only:
        return scores
    answer = assistant.ask(case.question, file=file).answer
    refused = answer.status == "abstained"
    scores["refusal_answerable" if case.answerable else "refusal_unanswerable"] = float(refused)
    if case.answerable:
        scores["accuracy"] = float(not refused and is_right(answer.text, case.answers))
    if answer.citations:
        scores["quote_valid"] = quote_share(assistant, answer)
    if answer.stats.seconds_to_first_token:
        scores["seconds_to_first_token"] = answer.stats.seconds_to_first_token
    return scores


def _pages(assistant: Assistant, hit: Hit) -> set[tuple[str, int]]:
    starts = assistant.index.page_starts(hit.chunk.doc_id, hit.chunk.start, hit.chunk.end)
    return {(hit.file, number) for number, _ in starts}


def quote_share(assistant: Assistant, answer: Answer) -> float:
    """The share of citations whose quote is, character for character, the cited span of the cited page."""
    ids = {document.path: document.id for document in assistant.index.documents()}
    good = 0
    for citation in answer.citations:
        page = assistant.index.page(ids.get(citation.file, 0), citation.page)
        start = citation.start - page.start if page else 0
        good += bool(page and start >= 0 and page.text[start : start + len(citation.quote)] == citation.quote)
    return good / len(answer.citations)


def is_right(text: str, golds: Sequence[str]) -> bool:
    """Lenient: a gold answer is contained, the first yes or no agrees, or a number is within 1 %."""
    wanted = (
        {"yes": "yes", "true": "yes", "no": "no", "false": "no"}.get(golds[0].strip().lower().rstrip("."))
        if golds
        else None
    )
    if wanted:
        said = re.search(r"\b(yes|no|true|false)\b", text.lower())
        return bool(said) and {"true": "yes", "false": "no"}.get(said.group(1), said.group(1)) == wanted  # type: ignore[union-attr]
    plain = f" {normalised(text)} "
    if any(normalised(gold) and f" {normalised(gold)} " in plain for gold in golds):
        return True
    values = [
        float(re.sub(r"[,$%\s]", "", gold))
        for gold in golds
        if re.fullmatch(r"\$?-?[\d,]*\d[\d,]*\.?\d*\s?%?", gold.strip())
    ]
    return any(abs(found - value) <= 0.01 * max(1e-9, abs(value)) for found in _values(text) for value in values)


def normalised(text: str) -> str:
    """Lower case without articles, thousands separators and punctuation, as SQuAD's scorer has it."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())
    text = "".join(" " if c in string.punctuation and c not in ".%-" else c for c in text)
    words = re.sub(r"\b(a|an|the)\b", " ", text).split()
    return " ".join(word.strip(".-") for word in words if word.strip(".-"))


def _values(text: str) -> list[float]:
    """Numbers in a text, also in plain units: '$1.2 billion' gives 1.2 and 1.2e9."""
    scale = {"thousand": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
    found: list[float] = []
    for match in re.finditer(r"(-?\d[\d,]*\.?\d*)(?:\s*(thousand|million|billion|mn|bn))?", text.lower()):
        value = float(match.group(1).replace(",", ""))
        found += [value] + ([value * scale[match.group(2)]] if match.group(2) else [])
    return found

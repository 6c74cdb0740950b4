"""Grades answers of every kind by what they must and must not say: lists, steps, summaries, comparisons, refusals.

Texts are compared in lower case, without thousands separators and emphasis marks, with one kind of dash and single
spaces. An alternative matches as a whole word or number: '27' is not found in '127', 'F-27' or '27.5', but is in
'27.0'; a decimal comma equals a point. 'word*' stands for any ending, '^word' for the beginning of the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePath

from app.datatypes import Citation
from app.evaluation.cases import Case

_NUMBER = re.compile(r"-?\d[\d.,]*")
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+\S")


def grade_wanted(case: Case, refused: bool, text: str, citations: Sequence[Citation]) -> dict[str, float]:
    """Returns `score` and its parts; empty for a case that does not state what is wanted.

    `score` is coverage for a summary, F1 of the items for a list (0 where `must` is not met), and otherwise `right`:
    all groups of `must` met, nothing of `must_not` said, no item missing or wrong. An unanswerable question is right
    when it is refused.
    """
    if not case.answerable:
        return {"score": float(refused), "right": float(refused)} if case.is_wanted else {}
    if not case.is_wanted:
        return {}
    said = "" if refused else text
    plain = plain_text(said)
    met = _groups_met(case, plain)
    right = bool(plain) and _place(case.must_not, plain) < 0 and all(met)
    scores = {"score": float(right)}
    if case.items_gold:
        recall, precision = _items(case, said)
        scores |= {"item_recall": recall, "item_precision": precision}
        scores["score"] = right * 2 * recall * precision / ((recall + precision) or 1.0)
        right = right and recall == precision == 1.0
    if case.kind == "summary" and met:
        scores["score"] = scores["coverage"] = sum(met) / len(met)
    if case.cite and not refused:
        places = {(PurePath(one.file).name, one.page) for one in citations}
        scores["cited"] = float(any(file == gold.file for file, _ in places for gold in case.cite))
        if any(gold.pages for gold in case.cite):
            pages = {(gold.file, page) for gold in case.cite for page in gold.pages}
            scores["cited_page"] = float(bool(places & pages))
    return scores | {"right": float(right)}


def plain_text(text: str) -> str:
    """Returns the text in the form in which it is compared."""
    text = re.sub(r"(?<=\d)[,'’\u00a0\u202f\u2009](?=\d{3}(?!\d))", "", text)
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", unicodedata.normalize("NFKC", text).lower().replace("’", "'"))
    return re.sub(r"(?<=\d) (?=[°%])", "", " ".join(re.sub(r"[*`]", "", text).split()))


@lru_cache(maxsize=10_000)
def _pattern(alternative: str) -> re.Pattern[str]:
    bare = plain_text(alternative.strip("^*"))
    body = re.sub(r"(?<=\d)\\\.(?=\d)", "[.,]", re.escape(bare))
    if _NUMBER.fullmatch(bare):
        left = r"(?<!\d)(?<!\d[.,])(?<![a-z]-)"
        body += "0*" if re.search("[.,]", bare) else r"(?:[.,]0+)?"
        right = r"(?!\d)(?![.,]\d)"
    else:
        left = r"(?<!\w)(?<!\d[.,])" if bare[:1].isalnum() else ""
        whole = r"(?!\w)(?!\.\d)" if bare[-1:].isdigit() else r"(?!\w)"
        right = "" if alternative.endswith("*") or not bare[-1:].isalnum() else whole
    return re.compile((r"^\W*" if alternative.startswith("^") else left) + body + right)


def _place(group: Sequence[str], text: str, start: int = 0) -> int:
    """Returns where the earliest match of a group's alternatives ends; -1 where there is none."""
    found = [(m.start(), m.end()) for m in (_pattern(one).search(text, start) for one in group) if m]
    return min(found)[1] if found else -1


def _groups_met(case: Case, text: str) -> list[bool]:
    at, met = 0, []
    for group in case.must:
        end = _place(group, text, at)
        met.append(end >= 0)
        if end >= 0 and case.ordered:
            at = end
    return met


def _items(case: Case, said: str) -> tuple[float, float]:
    """Returns recall and precision. Other candidates that are named are wrong, and so are list lines that name nothing
    known."""
    text = plain_text(said)
    hits = sum(_place(item, text) >= 0 for item in case.items_gold)
    wrong = sum(_place(item, text) >= 0 for item in case.items_other)
    known = (*case.items_gold, *case.items_other, *case.must)
    for line in said.splitlines():
        if _ITEM.match(line):
            wrong += all(_place(item, plain_text(line)) < 0 for item in known)
    return hits / len(case.items_gold), hits / (hits + wrong) if hits else 0.0

"""Grades one answer by comparing it with what is known to be right. Shares are between 0 and 1."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from app.datatypes import Citation
from app.evaluation.cases import Case
from ingest.store.index import LocalIndex
from ingest.text.sentences import sentence_spans

_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_SCALE = {"thousand": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
_SAME = 0.8  # share of its words from which a sentence counts as lying in a text


def normalised(text: str) -> str:
    """Returns the text in lower case without articles, thousands separators and punctuation, as SQuAD's scorer does."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower())
    text = "".join(" " if c in string.punctuation and c not in ".%-" else c for c in text)
    words = re.sub(r"\b(a|an|the)\b", " ", text).split()
    return " ".join(word.strip(".-") for word in words if word.strip(".-"))


def exact_match(text: str, golds: Sequence[str]) -> float:
    """Whether the normalised text equals a gold answer, as 1.0 or 0.0."""
    return float(any(normalised(text) == normalised(gold) for gold in golds))


def f1(text: str, golds: Sequence[str]) -> float:
    """Returns the F1 of the words in common with the gold answer that fits best."""
    return max((_f1(normalised(text).split(), normalised(gold).split()) for gold in golds), default=0.0)


def _f1(said: Sequence[str], gold: Sequence[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    common = (Counter(said) & Counter(gold)).total()
    return 2 * common / (len(said) + len(gold))


def is_right(text: str, golds: Sequence[str]) -> bool:
    """Grades leniently: a gold answer is contained, the first yes or no agrees, or a number is within 1 %."""
    if wanted := wants_yes_or_no(golds):
        said = re.search(r"\b(yes|no|true|false)\b", text.lower())
        return bool(said and _YES_NO[said.group(1)] == wanted)
    if holds(normalised(text), golds):
        return True
    values = [
        float(re.sub(r"[,$%\s]", "", gold))
        for gold in golds
        if re.fullmatch(r"\$?-?[\d,]*\d[\d,]*\.?\d*\s?%?", gold.strip())
    ]
    return any(abs(found - value) <= 0.01 * max(1e-9, abs(value)) for found in _values(text) for value in values)


def wants_yes_or_no(golds: Sequence[str]) -> str:
    """Returns 'yes' or 'no' where the first gold answer is one of them; else ''."""
    return _YES_NO.get(golds[0].strip().lower().rstrip("."), "") if golds else ""


def is_supported(text: str, citations: Sequence[Citation], case: Case) -> bool:
    """Whether the documents hold what is shown: the answer is right, or one of its quotes holds a right answer."""
    if not case.answerable:
        return False
    quotes = (normalised(citation.quote) for citation in citations)
    return is_right(text, case.answers) or any(holds(quote, case.answers) for quote in quotes)


def holds(plain: str, golds: Sequence[str]) -> bool:
    """Whether a normalised text contains one of the gold answers as whole words."""
    return any(words and f" {words} " in f" {plain} " for words in map(normalised, golds))


def _values(text: str) -> list[float]:
    """Returns the numbers in a text, also in plain units: '$1.2 billion' gives 1.2 and 1.2e9."""
    found: list[float] = []
    for match in re.finditer(r"(-?\d[\d,]*\.?\d*)(?:\s*(thousand|million|billion|mn|bn))?", text.lower()):
        value = float(match.group(1).replace(",", ""))
        found += [value] + ([value * _SCALE[match.group(2)]] if match.group(2) else [])
    return found


# -- where the answer stands


def quote_share(index: LocalIndex, citations: Sequence[Citation]) -> float:
    """Returns the share of citations whose quote is, character for character, the cited span of the cited page."""
    ids = {document.path: document.id for document in index.documents()}
    good = 0
    for citation in citations:
        page = index.page(ids.get(citation.file, 0), citation.page)
        start = citation.start - page.start if page else 0
        good += bool(page and start >= 0 and page.text[start : start + len(citation.quote)] == citation.quote)
    return good / len(citations)


def gold_pages(case: Case) -> set[tuple[str, int]]:
    """Returns the (file, page) pairs that may hold the answer; with several files and pages, every combination."""
    return {(doc, page) for doc in case.gold_docs for page in case.gold_pages}


def citation_page_precision(citations: Sequence[Citation], case: Case) -> float:
    """Returns the share of citations that are on a gold page."""
    gold = gold_pages(case)
    return sum((citation.file, citation.page) in gold for citation in citations) / len(citations)


def citation_doc_precision(citations: Sequence[Citation], case: Case) -> float:
    """Returns the share of citations that are in a gold document."""
    return sum(citation.file in case.gold_docs for citation in citations) / len(citations)


def cited_in_gold(citations: Sequence[Citation], case: Case) -> tuple[float, float] | None:
    """Returns (precision, recall) of the cited sentences; None where the text that holds the answer is not known.

    Precision is the share of citations whose quote is in that text. Recall is the share of its sentences that are
    cited, counting those that name a gold answer, or all if none does.
    """
    gold = case.gold_passage or case.evidence
    if not gold.strip():
        return None
    quotes = [citation.quote for citation in citations]
    spans = [gold[start:end] for start, end in sentence_spans(gold)] or [gold]
    telling = [text for text in spans if holds(normalised(text), case.answers)] or spans
    precision = sum(mostly_contains(quote, gold) for quote in quotes) / max(1, len(quotes))
    return precision, sum(any(mostly_contains(text, quote) for quote in quotes) for text in telling) / len(telling)


def mostly_contains(part: str, whole: str) -> bool:
    """Whether one text contains the other, ignoring white space and case, or most of the shorter one's words."""
    small, large = sorted((" ".join(part.lower().split()), " ".join(whole.lower().split())), key=len)
    if not small or small in large:
        return bool(small)
    words, others = Counter(re.findall(r"\w+", small)), Counter(re.findall(r"\w+", large))
    return words.total() >= 3 and (words & others).total() >= _SAME * words.total()


# -- rankings


def reciprocal_rank(ranking: Sequence[Hashable], gains: Mapping[Any, float]) -> float:
    """Returns 1 / rank of the first relevant item; 0 where there is none. `ranking` names each item once."""
    return next((1 / place for place, thing in enumerate(ranking, 1) if gains.get(thing, 0) > 0), 0.0)


def ndcg(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int = 10, n_gold: int = 0) -> float:
    """Returns the normalised discounted cumulative gain of the first k, as trec_eval's ndcg_cut.

    `n_gold` limits how many of `gains` the best order holds. Implemented here because ir-measures needs a compiler on
    Linux for ARM; the tests compare both.
    """
    ideal = sorted(gains.values(), reverse=True)[: n_gold or None]
    return min(1.0, _dcg([gains.get(thing, 0.0) for thing in ranking[:k]]) / (_dcg(ideal[:k]) or 1.0))


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))

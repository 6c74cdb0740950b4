"""What one case scores: its search by the passages found, its answer by what it says and cites."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from app.datatypes import Answer, Hit
from app.evaluation import grade
from app.evaluation.cases import Case
from app.evaluation.runs import Passage
from app.evaluation.wanted import grade_wanted
from ingest.store.index import LocalIndex
from ingest.text.oneline import short

DEPTH = 10  # passages that the search is scored by
_SHOWN = 400  # characters of a passage that a row keeps


def score_search(hits: Sequence[Hit], case: Case) -> dict[str, float]:
    """Of the first ten passages. Places count passages; rankings count each page or document once, where it is first.

    Pages are what is ranked where the case names them, else documents.
    """
    if not case.answerable:
        return {}
    scores: dict[str, float] = {}
    if case.answers and not grade.wants_yes_or_no(case.answers):
        plain = [grade.normalised(hit.chunk.text) for hit in hits[:5]]
        scores["answer_in_5"] = float(any(grade.holds(text, case.answers) for text in plain))
    if not case.gold_docs:
        return scores
    docs, pages = set(case.gold_docs), grade.gold_pages(case)
    for k in (1, 5, 10):
        scores[f"recall_at_{k}"] = len({hit.file for hit in hits[:k]} & docs) / len(docs)
        if pages:
            scores[f"page_hit_at_{k}"] = float(any((hit.file, hit.page) in pages for hit in hits[:k]))
    scores["all_docs_at_10"] = float(docs <= {hit.file for hit in hits[:10]})
    gains: Mapping[Hashable, float] = dict.fromkeys(pages or docs, 1.0)
    ranking: list[Hashable] = list(dict.fromkeys((hit.file, hit.page) if pages else hit.file for hit in hits))
    scores["mrr"] = grade.reciprocal_rank(ranking, gains)
    # With several files and pages, not every pair of them is gold; no more are than there are of either.
    scores["ndcg_at_10"] = grade.ndcg(ranking, gains, n_gold=max(len(docs), len(case.gold_pages)))
    return scores


def score_answer(index: LocalIndex, answer: Answer, case: Case) -> dict[str, float]:
    """A refusal of a question that has an answer scores nothing for it. What is unsure is shown, and counts as said."""
    refused = answer.status == "abstained"
    kind = "answerable" if case.answerable else "unanswerable"
    scores = {f"refusal_{kind}": float(refused), f"unsure_{kind}": float(answer.status == "unsure")}
    scores |= grade_wanted(case, refused, answer.text, answer.citations)
    if case.answerable and case.is_wanted:
        scores["accuracy"] = scores.pop("right")
    text, golds = ("" if refused else answer.text), case.answers
    if case.answerable and golds:
        scores["exact_match"] = 0.0 if refused else grade.exact_match(text, golds)
        scores["f1"] = 0.0 if refused else grade.f1(text, golds)
        scores["accuracy"] = float(not refused and grade.is_right(text, golds))
    if not refused:
        scores["answer_words"] = float(len(text.split()))
    if answer.citations:
        scores["quote_valid"] = grade.quote_share(index, answer.citations)
    if answer.citations and case.answerable and case.gold_docs:
        scores["citation_doc_precision"] = grade.citation_doc_precision(answer.citations, case)
        if case.gold_pages:
            scores["citation_page_precision"] = grade.citation_page_precision(answer.citations, case)
    if not refused and (not case.answerable or "accuracy" in scores):
        scores[f"wrong_{answer.status}"] = 1.0 - scores.get("accuracy", 0.0)
        supported = scores.get("accuracy") or grade.is_supported(text, answer.citations, case)
        scores[f"unsupported_{answer.status}"] = float(not supported)
    if scores.get("accuracy") and (both := grade.cited_in_gold(answer.citations, case)):
        scores["cited_in_gold"], scores["gold_cited"] = both
    return scores


def passages_of(hits: Sequence[Hit]) -> tuple[Passage, ...]:
    return tuple(Passage(hit.file, hit.page, short(hit.chunk.text, _SHOWN), hit.place) for hit in hits)

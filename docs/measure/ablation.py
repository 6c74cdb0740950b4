"""What each part of retrieval contributes, measured with the product's own code. Writes docs/results/ablation.json.

    python docs/measure/ablation.py SETS INDEXES [SET ...]

SETS holds folders with questions.jsonl (or corpus.jsonl, queries.jsonl and qrels.tsv), INDEXES an index of the same
name for each. A set without an index is passed over; figures of sets that are not named are kept. Intervals are
bootstrap 95 %, over questions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from app.ask.find.retrieve import EVERYTHING, Parts, retrieve
from app.ask.find.titles import named_documents
from app.ask.opening import open_encoder
from app.ask.understand.rewrite import with_figures
from app.datatypes import Hit
from app.evaluation.grade import normalised
from app.settings import load_settings
from ingest.datatypes import Encoder
from ingest.store.index import LocalIndex

OUT = Path(__file__).parents[1] / "results" / "ablation.json"
BOTH = replace(EVERYTHING, phrase=0.0, named=False, joined=False)
VARIANTS: dict[str, Parts | None] = {
    "reciprocal ranks": None,  # as it was: BM25 0.7, dense 0.3, k = 10
    "dense": replace(BOTH, bm25=0.0),
    "bm25": replace(BOTH, dense=0.0),
    "dense + bm25": BOTH,
    "+ phrases": replace(BOTH, phrase=EVERYTHING.phrase),
    "+ ratios spelled out": replace(BOTH, phrase=EVERYTHING.phrase),
    "+ neighbours joined": replace(EVERYTHING, named=False),
    "+ documents named (all)": EVERYTHING,
}
SPELLED = ("+ ratios spelled out", "+ neighbours joined", "+ documents named (all)")
Case = dict[str, Any]
Search = Callable[[str, int, list[int] | None], list[Hit]]


class OncePerQuestion:
    """An encoder that encodes each question once, for all variants."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_queries(self, texts: Sequence[str]) -> Any:
        key = "\0".join(texts)
        if key not in self._known:
            self._known[key] = self._encoder.encode_queries(texts)
        return self._known[key]


def by_reciprocal_rank(index: LocalIndex, encoder: Encoder, query: str, k: int, doc_ids: list[int] | None) -> list[Hit]:
    scores: dict[int, float] = {}
    vector = encoder.encode_queries([query])[0]
    for weight, ranking in ((0.3, index.dense(vector, 50, doc_ids)), (0.7, index.bm25(query, 50, doc_ids))):
        for rank, scored in enumerate(ranking, 1):
            scores[scored.chunk_id] = scores.get(scored.chunk_id, 0.0) + weight / (10 + rank)
    order = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:k]
    chunks, documents = index.chunks(order), {document.id: document for document in index.documents()}
    return [Hit(chunks[i], documents[chunks[i].doc_id].path, "", scores[i], {}) for i in order]


def page_in_5(case: Case, search: Search, doc_ids: list[int] | None) -> float:
    pages = list(dict.fromkeys((hit.file, hit.page) for hit in search(case["question"], 20, doc_ids)))[:5]
    return float(any(file in case["gold_docs"] and page in case["gold_pages"] for file, page in pages))


def page_in_5_passages(case: Case, search: Search, doc_ids: list[int] | None) -> float:
    hits = search(case["question"], 5, doc_ids)
    return float(any(hit.file in case["gold_docs"] and hit.page in case["gold_pages"] for hit in hits))


def documents_in_10(case: Case, search: Search, doc_ids: list[int] | None) -> float:
    return float(set(case["gold_docs"]) <= {hit.file for hit in search(case["question"], 10, doc_ids)})


def documents_in_4(case: Case, search: Search, doc_ids: list[int] | None) -> float:
    return float(set(case["gold_docs"]) <= {hit.file for hit in search(case["question"], 4, doc_ids)})


def answer_in(n: int, case: Case, search: Search, doc_ids: list[int] | None) -> float:
    golds = [gold for gold in map(normalised, case["answers"]) if gold]
    texts = [
        f" {normalised(h.chunk.text)} " for h in search(case["question"], n, doc_ids) if h.file in case["gold_docs"]
    ]
    return float(any(f" {gold} " in text for gold in golds for text in texts))


def ndcg_10(case: Case, search: Search, doc_ids: list[int] | None) -> float:
    found = list(dict.fromkeys(Path(hit.file).stem for hit in search(case["question"], 30, doc_ids)))[:10]
    ideal = sorted(case["relevant"].values(), reverse=True)[:10]
    gain = lambda grades: sum(grade / np.log2(rank + 2) for rank, grade in enumerate(grades))  # noqa: E731
    return float(gain([case["relevant"].get(name, 0) for name in found]) / max(1e-9, gain(ideal)))


Metric = Callable[[Case, Search, list[int] | None], float]
METRICS: dict[str, dict[str, Metric]] = {
    "pages": {"gold page in the first 5 pages": page_in_5, "gold page in the first 5 passages": page_in_5_passages},
    "documents": {"all gold documents in 10": documents_in_10, "all gold documents in 4": documents_in_4},
    "answers": {"gold answer in 5 passages": partial(answer_in, 5), "gold answer in the first": partial(answer_in, 1)},
    "graded": {"nDCG@10": ndcg_10},
}


def cases_of(folder: Path) -> tuple[str, list[Case]]:
    """What is measured, and the questions that can be answered."""
    if (folder / "qrels.tsv").is_file():
        relevant: dict[str, dict[str, int]] = {}
        for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query, document, grade = line.split("\t")
            relevant.setdefault(query, {})[document] = int(grade)
        lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        queries = {query["_id"]: query["text"] for query in map(json.loads, lines)}
        return "graded", [
            {"question": queries[q], "relevant": grades} for q, grades in relevant.items() if q in queries
        ]
    file = next(file for name in ("questions.jsonl", "eval.jsonl") if (file := folder / name).is_file())
    cases = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    cases = [case for case in cases if case.get("answerable", True) and case.get("gold_docs")]
    if any(case.get("gold_pages") for case in cases):
        return "pages", [case for case in cases if case.get("gold_pages")]
    return ("documents" if any(len(case["gold_docs"]) > 1 for case in cases) else "answers"), cases


def measured(name: str, folder: Path, index: LocalIndex, encoder: Encoder) -> list[dict[str, Any]]:
    kind, cases = cases_of(folder)
    rows = []
    for variant, parts in VARIANTS.items():

        def search(
            question: str, k: int, doc_ids: list[int] | None, v: str = variant, p: Parts | None = parts
        ) -> list[Hit]:
            query = with_figures(question) if v in SPELLED else question
            if p is None:
                return by_reciprocal_rank(index, encoder, query, k, doc_ids)
            return retrieve(index, encoder, query, k, doc_ids, p)

        for metric, score in METRICS[kind].items():
            about = [case.get("about_doc") if kind == "pages" else None for case in cases]
            limits = [named_documents(index.documents(), doc) if doc else None for doc in about]
            values = [score(case, search, limit) for case, limit in zip(cases, limits, strict=True)]
            rows.append({"set": name, "metric": metric, "variant": variant, **summary(values)})
            sys.stdout.write(f"{json.dumps(rows[-1])}\n")
            sys.stdout.flush()
    return rows


def summary(values: Sequence[float]) -> dict[str, Any]:
    draws = np.random.default_rng(0).choice(np.array(values), (2000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "value": round(float(np.mean(values)), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "n": len(values),
    }


def main(sets: Path, indexes: Path, names: Sequence[str]) -> None:
    encoder = OncePerQuestion(open_encoder(load_settings()))
    rows = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else []
    for name in names or sorted(folder.name for folder in sets.iterdir()):
        if (indexes / name / "CURRENT").is_file():
            new = measured(name, sets / name, LocalIndex(indexes / name), encoder)
            rows = [row for row in rows if row["set"] != name] + new
            OUT.parent.mkdir(exist_ok=True)
            OUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])

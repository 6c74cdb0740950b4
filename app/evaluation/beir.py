"""Runs a search benchmark in BEIR's format: a folder with corpus.jsonl, queries.jsonl and graded judgements in
qrels.tsv.

Each entry of the corpus becomes a document of one page, chunked, embedded and stored as ingest does, and searched as
usual. Documents are scored, each at the rank of its first passage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.datatypes import Hit
from app.evaluation import grade
from app.evaluation.cases import Case
from app.evaluation.run import Asked
from app.evaluation.runs import Row
from app.evaluation.scores import passages_of
from app.settings import Settings
from ingest.config import IngestConfig
from ingest.datatypes import Document, Encoder, Page, ReadResult
from ingest.errors import InvalidInput
from ingest.files import sha256, storable
from ingest.store.lock import writing
from ingest.store.snapshots import is_current, publish
from ingest.store.store import Store
from ingest.text.chunk import chunk, embedding_text

DEPTH = 10  # documents
_AT_ONCE = 64  # entries that are embedded together
_FORM = "A benchmark is a folder with corpus.jsonl, queries.jsonl and qrels.tsv, as BEIR has them."
OnEntry = Callable[[int, int], None]  # done, total


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark's questions and judgements. `grades[query id][document id]` is the relevance; only queries with a
    relevant document are asked."""

    folder: Path
    cases: tuple[Case, ...]
    grades: Mapping[str, Mapping[str, float]]


def load_benchmark(folder: Path) -> Benchmark:
    """Loads a benchmark. Raises InvalidInput that names the file and the line that cannot be used."""
    corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
    qrels = next((file for name in ("qrels.tsv", "qrels/test.tsv") if (file := folder / name).is_file()), None)
    if qrels is None or not corpus.is_file() or not queries.is_file():
        raise InvalidInput(f"{folder} is not a benchmark.", _FORM)
    grades: dict[str, dict[str, float]] = {}
    for number, line in enumerate(qrels.read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and fields[-1] == "score"):
            continue
        try:
            query, document, score = fields
            grades.setdefault(query, {})[document] = float(score)
        except ValueError as error:
            raise InvalidInput(f"{qrels}, line {number}: not a query, a document and a grade.", _FORM) from error
    cases = []
    for entry in _entries(queries):
        relevant = tuple(sorted(name for name, score in grades.get(entry["_id"], {}).items() if score > 0))
        if relevant:
            cases.append(Case(id=entry["_id"], question=entry["text"], gold_docs=relevant))
    if not cases:
        raise InvalidInput(f"No query of {folder} has a relevant document.", _FORM)
    return Benchmark(folder, tuple(cases), grades)


def index_for(folder: Path, settings: Settings) -> Path:
    """Returns the default folder of a benchmark's index, which is kept for the next run."""
    return settings.home / "benchmarks" / folder.resolve().name


def build_index(folder: Path, index_dir: Path, encoder: Encoder, on_entry: OnEntry | None = None) -> None:
    """Brings the index in step with the corpus. A complete one is left as it is, an interrupted one is continued.

    Raises InvalidInput when `index_dir` holds something else, IndexBusy, StorageError.
    """
    corpus, config = folder / "corpus.jsonl", IngestConfig()
    made_of = f"{sha256(corpus)} {config.fingerprint(encoder.name)}"
    with writing(index_dir), closing(Store(index_dir, create=True)) as store:
        other = store.meta("benchmark")
        if not other and store.documents():
            raise InvalidInput(f"{index_dir} holds the index of a folder.", "Choose another one with --index.")
        if other != made_of:
            store.remove([document.path for document in store.documents()])
            store.set_meta("benchmark", made_of)
            store.set_meta("fingerprint", config.fingerprint(encoder.name))
        if store.meta("folder") != (place := storable(str(folder.resolve()))):
            store.set_meta("folder", place)
        _put_all(store, corpus, encoder, config, on_entry)
        if not is_current(store):
            publish(store)


def _put_all(store: Store, corpus: Path, encoder: Encoder, config: IngestConfig, on_entry: OnEntry | None) -> None:
    known = {document.path for document in store.documents()}
    entries = list(enumerate(_entries(corpus), 1))
    todo = [(number, entry) for number, entry in entries if entry["_id"] not in known]
    if len(todo) > _AT_ONCE:
        encoder.tune()
    for first in range(0, len(todo), _AT_ONCE):
        part, made = todo[first : first + _AT_ONCE], []
        for number, entry in part:
            result = _result(entry)
            made.append((number, entry["_id"], result, chunk(number, entry["_id"], result, encoder, config)))
        texts = [embedding_text(result.title, one, encoder) for _, _, result, chunks in made for one in chunks]
        vectors = iter(encoder.encode(texts) if texts else ())
        contents = (hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest() for text in texts)
        for number, name, result, chunks in made:
            document = Document(number, name, result.title, "benchmark", len(result.text), 0, 1, len(chunks))
            store.put(document, result, chunks, [(next(contents), next(vectors).tobytes()) for _ in chunks])
        if on_entry:
            on_entry(len(entries) - len(todo) + first + len(part), len(entries))


def _result(entry: Mapping[str, str]) -> ReadResult:
    title = " ".join(entry.get("title", "").split())
    text = "\n\n".join(part for part in (title, entry["text"].strip()) if part)
    return ReadResult(title or entry["_id"], (Page(1, 0, text),))


def asking(benchmark: Benchmark) -> Callable[[Asked, Case], Row]:
    """Returns the function with which `evaluate` asks a case of the benchmark: it only searches, and scores
    documents."""

    def ask(assistant: Asked, case: Case) -> Row:
        hits = _hits(assistant, case.question)
        ranking = list(dict.fromkeys(hit.file for hit in hits))[:DEPTH]
        return Row(
            case,
            retrieved=tuple((name, 1) for name in ranking),
            passages=passages_of(hits[:DEPTH]),
            query=case.question,
            scores=score_ranking(ranking, benchmark.grades[case.id]),
        )

    return ask


def _hits(assistant: Asked, question: str) -> list[Hit]:
    """Returns enough passages for ten different documents, or all there are."""
    k = 2 * DEPTH
    while True:
        hits = assistant.search(question, k)
        if len({hit.file for hit in hits}) >= DEPTH or len(hits) < k or k > 20 * DEPTH:
            return hits
        k *= 2


def score_ranking(ranking: Sequence[str], grades: Mapping[str, float]) -> dict[str, float]:
    """Scores a ranking of document ids. Recall is the share of all relevant documents that were found."""
    relevant = {name for name, score in grades.items() if score > 0}
    recall = {f"recall_at_{k}": len(set(ranking[:k]) & relevant) / len(relevant) for k in (1, 5, 10)}
    return recall | {
        "mrr": grade.reciprocal_rank(ranking, grades),
        "ndcg_at_10": grade.ndcg(ranking, grades, DEPTH),
    }


def _entries(file: Path) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
                name, text = entry["_id"], entry["text"]
                if not (isinstance(name, str) and isinstance(text, str)) or name in seen:
                    raise ValueError("its _id and text must be texts, and no _id may come twice")
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput(f"{file}, line {number}: {error}", _FORM) from error
            seen.add(name)
            yield entry

"""How search holds up at size, measured with the product's own code. Writes docs/results/at_size.json.

    python docs/measure/at_size.py fill FOLDER CHUNKS INDEX [INDEX ...]   an index of synthetic chunks, in FOLDER
    python docs/measure/at_size.py measure FOLDER QUESTIONS.jsonl ...     publish it, search in it, keep the figures

What it is made of: a vector is a real one of an INDEX plus half the difference of two others, so that as many as are
wanted lie in the real ones' directions, and about as far from each other as those do. A text is 90 words of a
Zipf-Mandelbrot vocabulary of 300,000: the most common one stands in three quarters of the chunks, the thousandth in
1 %, as in the texts of the evaluation sets. A document's chunks lie scattered over the index, as they do when their
ids are hashes. Questions for the vectors are real ones; those for the words are words of a random chunk, as many as
people use and as rare. Publishing and searching are measured in fresh processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Chunk, Document, Vectors
from ingest.store.file import FILE
from ingest.store.fulltext import match_query
from ingest.store.index import LocalIndex
from ingest.store.snapshots import publish
from ingest.store.store import Store

OUT = Path(__file__).parents[1] / "results" / "at_size.json"
VOCABULARY, WORDS, PER_DOCUMENT, AT_ONCE = 300_000, 90, 50, 20_000
SEARCHES, QUESTIONS, BY_WORDS = 1000, 200, 20
DEPTH, SCORED = 60, 300  # as app/retrieve.py asks
SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aiou"]


def vocabulary() -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Words, the most common first, and how likely a word is that one or one more common."""
    words = np.empty(VOCABULARY, dtype=object)
    for i in range(VOCABULARY):
        left, word = i + len(SYLLABLES), ""
        while left:
            left, syllable = divmod(left, len(SYLLABLES))
            word += SYLLABLES[syllable]
        words[i] = word
    shares = 1 / (np.arange(VOCABULARY) + 8.0) ** 1.05
    return words, np.cumsum(shares / shares.sum())


def synthetic(real: Vectors, n: int, random: np.random.Generator) -> Vectors:
    one, two, three = random.integers(0, len(real), (3, n))
    vectors = real[one] + 0.5 * (real[two] - real[three])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def fill(folder: Path, chunks: int, indexes: Sequence[Path]) -> None:
    folder.mkdir(parents=True)
    real = np.concatenate([Store(index).vectors()[1] for index in indexes])
    words, likely = vocabulary()
    random = np.random.default_rng(0)
    ids = np.sort(random.choice(2**62, chunks)).tolist()
    documents = max(1, chunks // PER_DOCUMENT)
    start = time.perf_counter()
    with closing(Store(folder, create=True)) as store:
        with store.transaction() as db:
            rows = ((i, f"{i}.pdf", f"Book {i}", "0", 1, 1, 9, PER_DOCUMENT, "", "") for i in range(1, documents + 1))
            db.executemany("INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        for first in range(0, chunks, AT_ONCE):
            part = ids[first : first + AT_ONCE]
            texts = words[np.searchsorted(likely, random.random((len(part), WORDS)))]
            owners = random.integers(1, documents + 1, len(part)).tolist()
            vectors = synthetic(real, len(part), random)
            with store.transaction() as db:
                db.executemany(
                    "INSERT INTO chunks VALUES (?,?,0,1,1,'A book','A part',?)",
                    ((i, doc, " ".join(text)) for i, doc, text in zip(part, owners, texts, strict=True)),
                )
                db.executemany(
                    "INSERT INTO vectors VALUES (?,?,?)",
                    ((i, f"{i:032x}", vector.tobytes()) for i, vector in zip(part, vectors, strict=True)),
                )
            sys.stdout.write(f"{first + len(part)} chunks, {time.perf_counter() - start:.0f} s\n")
            sys.stdout.flush()


def memory_mb() -> dict[str, int]:
    """Resident now, in all; this process's own part of it, without what is mapped from files; and the most so far."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    kept = {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith(("Vm", "Rss"))}
    return {"resident": kept["VmRSS"], "own": kept["RssAnon"], "most": kept["VmHWM"]}


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time: the same, where nobody else uses the machine."""
    start, spent = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - spent


def percentiles(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """In milliseconds."""
    at = np.quantile(1000 * np.array(times), [0.5, 0.95], axis=0).round(1).tolist()
    return {"p50": at[0][0], "p95": at[1][0], "cpu_p50": at[0][1], "cpu_p95": at[1][1]}


def measure(folder: Path, questions: Sequence[Path]) -> dict[str, Any]:
    from app.ask.opening import open_encoder
    from app.settings import load_settings

    lines = [line for file in questions for line in file.read_text(encoding="utf-8").splitlines()]
    vectors = open_encoder(load_settings()).encode_queries([json.loads(line)["question"] for line in lines])
    np.save(folder / "questions.npy", vectors)
    figures: dict[str, Any] = {}
    for verb in ("publish", "search"):  # each in a process of its own, so that memory is what it needs
        command = [sys.executable, __file__, verb, str(folder)]
        figures |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return figures


def published(folder: Path) -> dict[str, Any]:
    """A document comes and goes, and a snapshot is made: what each run of `docent ingest` pays beside reading."""
    with closing(Store(folder)) as store:
        _, vectors = next(store.vector_batches(PER_DOCUMENT))
        words, likely = vocabulary()
        texts = words[np.searchsorted(likely, np.random.default_rng(2).random((PER_DOCUMENT, WORDS)))]
        chunks = [Chunk(2**62 + i, -1, i, i + 1, " ".join(text)) for i, text in enumerate(texts)]
        document = Document(-1, "one more.pdf", "A book", "0", 1, 1, 1, PER_DOCUMENT)
        contents = [(f"one more {i}", vector.tobytes()) for i, vector in enumerate(vectors)]
        works: dict[str, Callable[[], object]] = {
            "add a document": lambda: store.put(document, None, chunks, contents),
            "remove it": lambda: store.remove([document.path]),
            "erase its traces": store.erase_traces,
            "publish": lambda: publish(store),
        }
        spent = {name: dict(zip(("s", "cpu_s"), np.round(timed(work), 2), strict=True)) for name, work in works.items()}
    return {"ingest": spent, "publish_memory_mb": memory_mb()["most"]}


def asked(index: LocalIndex, random: np.random.Generator) -> tuple[Vectors, list[str]]:
    """Real questions' vectors; and questions for the words, without the commonest, as people's are without 'the'."""
    vectors = np.load(index.folder / "questions.npy")
    words = vocabulary()[0]
    common = set(words[:100])
    questions = []
    for (text,) in index.store.rows("SELECT text FROM chunks LIMIT ?", (SEARCHES,)):
        telling = [word for word in text.split() if word not in common]
        questions.append(" ".join(random.choice(telling, min(len(telling), int(random.integers(3, 10))), False)))
    return vectors[random.integers(0, len(vectors), SEARCHES)], questions


def search(folder: Path) -> dict[str, Any]:
    with closing(LocalIndex(folder)) as index:
        figures: dict[str, Any] = {"chunks": len(index), "threads": os.environ.get("OMP_NUM_THREADS", "all")}
        figures |= {"sizes_mb": sizes(index), "memory_mb": {"open": memory_mb()}}
        figures |= {key: index.manifest[key] for key in ("kind", "shortlist", "recall") if key in index.manifest}
        vectors, questions = asked(index, np.random.default_rng(1))
        times = {}
        works: dict[str, Callable[[Vectors, str], object]] = {
            "dense": lambda vector, _: index.dense(vector, DEPTH),
            "bm25": lambda _, question: index.bm25(question, SCORED),
            "dense and bm25": lambda vector, question: (index.dense(vector, DEPTH), index.bm25(question, SCORED)),
        }
        for name, work in works.items():
            times[name] = measured(work, vectors, questions)
        figures["memory_mb"]["searched"] = memory_mb()
        for name, work in others(index, vectors[0]).items():
            times[name] = measured(work, vectors[:100], questions[:100])
        figures["load"] = round(os.getloadavg()[0], 1)  # above 1, times by the clock are also those of others' work
        return figures | {"ms": times, "found": compared(index, vectors[:QUESTIONS], questions[:BY_WORDS])}


def measured(work: Callable[[Vectors, str], object], vectors: Vectors, questions: Sequence[str]) -> dict[str, float]:
    return percentiles([timed(partial(work, *case)) for case in zip(vectors, questions, strict=True)])


def others(index: LocalIndex, vector: Vectors) -> dict[str, Callable[[Vectors, str], object]]:
    """What else a question asks of the index, and searches within few documents and within half of them."""
    documents = [document.id for document in index.documents()]
    few, half = documents[:3], documents[::2]
    ids = [scored.chunk_id for scored in index.dense(vector, 2 * DEPTH)]
    return {
        "frequencies": lambda _, question: [index.frequency(word) for word in question.split()],
        "cosines": lambda vector, _: index.cosines(vector, ids),
        "documents": lambda *_: index.documents(),
        "dense, 3 documents": lambda vector, _: index.dense(vector, DEPTH, few),
        "dense, half of them": lambda vector, _: index.dense(vector, DEPTH, half),
        "bm25, 3 documents": lambda _, question: index.bm25(question, SCORED, few),
        "bm25, half of them": lambda _, question: index.bm25(question, SCORED, half),
    }


def compared(index: LocalIndex, vectors: Vectors, questions: Sequence[str]) -> dict[str, float]:
    """The share of the nearest chunks that are found, the first 10 and all DEPTH; and of BM25's best, unbounded."""
    from faiss import METRIC_INNER_PRODUCT
    from faiss.contrib.exhaustive_search import knn_ground_truth

    batches = (part for _, part in index.store.vector_batches())
    ids = np.load(index.folder / index.snapshot / "ids.npy")
    _, rows = knn_ground_truth(vectors, batches, DEPTH, METRIC_INNER_PRODUCT)
    pairs = {"dense": [(ids[row].tolist(), index.dense(v, DEPTH)) for row, v in zip(rows, vectors, strict=True)]}
    sql = "SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ? ORDER BY bm25(chunks_fts, 0.3, 0.5, 1.0) LIMIT ?"
    best = [[row[0] for row in index.store.rows(sql, (match_query(question), DEPTH))] for question in questions]
    pairs["bm25"] = [(one, index.bm25(question, SCORED)) for one, question in zip(best, questions, strict=True)]
    return {
        f"{name}, first {k}": round(
            float(np.mean([len({*one[:k]} & {scored.chunk_id for scored in found[:k]}) / k for one, found in both])), 4
        )
        for name, both in pairs.items()
        for k in (10, DEPTH)
    }


def sizes(index: LocalIndex) -> dict[str, float]:
    files = {FILE: index.folder / FILE, **{f.name: f for f in (index.folder / index.snapshot).iterdir()}}
    return {name: round(file.stat().st_size / 1e6, 1) for name, file in files.items()}


def main(verb: str, folder: Path, rest: Sequence[str]) -> None:
    if verb == "fill":
        fill(folder, int(rest[0]), [Path(index) for index in rest[1:]])
    elif verb in ("publish", "search"):
        sys.stdout.write(json.dumps({"publish": published, "search": search}[verb](folder)))
    else:
        row = measure(folder, [Path(file) for file in rest])
        rows = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else []
        rows = sorted([*(r for r in rows if r["chunks"] != row["chunks"]), row], key=lambda r: r["chunks"])
        OUT.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(f"{json.dumps(row, indent=2)}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])

import json
from pathlib import Path

import pytest

from app.ask.assistant import Assistant
from app.evaluation.beir import asking, build_index, load_benchmark, score_ranking
from app.evaluation.figures import summarise
from app.evaluation.run import evaluate
from ingest.errors import InvalidInput
from ingest.sync.sync import sync

CORPUS = [
    {"_id": "pump/1", "title": "The Brusk pump", "text": "It is filled to 2.1 bar before the first start."},
    {"_id": "Pump/1", "title": "", "text": "Fault code E-104 means that the return flow is too warm."},
    {"_id": "3", "title": "Filters", "text": "The filter is cleaned every 11 weeks. " * 60},  # several passages
    *({"_id": f"x{i}", "title": f"Note {i}", "text": f"Depot number {i} opens at {i}:30."} for i in range(4, 24)),
]
QUERIES = [
    {"_id": "q1", "text": "How often is the filter cleaned?"},
    {"_id": "q2", "text": "What does E-104 mean?"},
    {"_id": "q3", "text": "Nobody judged this one."},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\t3\t2\nq1\tx4\t1\nq2\tPump/1\t1\nq2\tpump/1\t0\nq3\t3\t0\n"


@pytest.fixture
def bench(tmp_path):
    place = tmp_path / "bench"
    place.mkdir()
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (place / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (place / "qrels.tsv").write_text(QRELS)
    return place


def asked(bench, index, encoder):
    build_index(bench, index, encoder)
    benchmark = load_benchmark(bench)
    docent = Assistant(index, encoder, lambda: pytest.fail("no model is needed"))
    return evaluate(docent, benchmark.cases, retrieval_only=True, ask=asking(benchmark))


def test_a_benchmark_is_indexed_asked_and_scored(bench, tmp_path, encoder):
    first, second = asked(bench, tmp_path / "index", encoder)  # the third query has no relevant document
    assert first.case.gold_docs == ("3", "x4")
    assert first.retrieved[0] == ("3", 1) and len(first.retrieved) == 10  # documents, however many passages they have
    assert len({name for name, _ in first.retrieved}) == 10
    assert (second.scores["mrr"], second.scores["recall_at_1"], second.scores["ndcg_at_10"]) == (1.0, 1.0, 1.0)
    told = summarise([first, second])
    assert told["ndcg_at_10"] and told["recall_at_10"] and told["accuracy"] is None


def test_passages_are_those_that_ingest_would_make(bench, tmp_path, encoder):
    build_index(bench, tmp_path / "index", encoder)
    (tmp_path / "files").mkdir()
    for entry in CORPUS[2:]:
        text = f"{entry['title']}\n\n{entry['text'].strip()}"
        (tmp_path / "files" / f"{entry['_id']}.txt").write_text(text)
    sync(tmp_path / "files", tmp_path / "usual", encoder)
    direct = Assistant(tmp_path / "index", encoder, lambda: None).index
    usual = Assistant(tmp_path / "usual", encoder, lambda: None).index
    texts = {row[0] for row in usual.store.rows("SELECT text FROM chunks")}
    assert texts and texts <= {row[0] for row in direct.store.rows("SELECT text FROM chunks")}
    assert direct.store.check() == []


def test_grades_worked_out_by_hand():
    scores = score_ranking(["b", "x", "a"], {"a": 2.0, "b": 1.0, "c": 0.0})
    assert scores["mrr"] == 1.0 and scores["recall_at_1"] == 0.5 and scores["recall_at_5"] == 1.0
    assert scores["ndcg_at_10"] == pytest.approx((1 + 2 / 2) / (2 + 1 / 1.58496), abs=1e-5)


def test_the_index_is_kept_and_an_interrupted_one_goes_on(bench, tmp_path, encoder):
    index, told = tmp_path / "index", []
    build_index(bench, index, encoder)
    before = (index / "CURRENT").read_text()
    build_index(bench, index, encoder, lambda *progress: told.append(progress))
    assert told == [] and (index / "CURRENT").read_text() == before

    class Killed(Exception):
        pass

    def kill(done, total):
        raise Killed

    (bench / "corpus.jsonl").write_text("\n".join(json.dumps({"_id": str(i), "text": f"No {i}"}) for i in range(100)))
    with pytest.raises(Killed):
        build_index(bench, index, encoder, kill)
    build_index(bench, index, encoder, lambda *progress: told.append(progress))
    assert told == [(100, 100)]  # the first 64 were there
    docent = Assistant(index, encoder, lambda: None)
    assert len(docent.index.documents()) == 100 and docent.index.store.check() == []
    assert docent.search("No 77", 1)[0].file == "77"


def test_the_index_of_a_folder_is_never_overwritten(bench, index_dir, encoder):
    with pytest.raises(InvalidInput, match="holds the index of a folder"):
        build_index(bench, index_dir, encoder)
    assert len(Assistant(index_dir, encoder, lambda: None).index.documents()) == 3


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("qrels.tsv", "q1 3 2\n", "line 1: not a query"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\n", "has a relevant document"),
        ("queries.jsonl", '{"_id": "q1"}\n', "line 1"),
        ("corpus.jsonl", '{"_id": "1", "text": "a"}\n{"_id": "1", "text": "b"}\n', "line 2"),
        ("corpus.jsonl", "[]\n", "line 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(bench, tmp_path, encoder, name, text, told):
    (bench / name).write_text(text)
    with pytest.raises(InvalidInput, match=told):
        load_benchmark(bench)
        build_index(bench, tmp_path / "index", encoder)


def test_any_other_folder_is_told_from_a_benchmark(tmp_path):
    with pytest.raises(InvalidInput, match="is not a benchmark"):
        load_benchmark(Path(tmp_path))

"""The published figures come from measurements, by docs/measure/results.py."""

import importlib.util
import json
from pathlib import Path

import pytest

from app.evaluation.baseline import Usual
from app.evaluation.cases import Case
from app.evaluation.figures import compare
from app.evaluation.run import evaluate
from app.evaluation.runs import load_summary

ROOT = Path(__file__).parents[2]
CASES = [
    Case(id="1", question="How often is the filter cleaned?", answers=("11 weeks",), gold_docs=("pump.pdf",),
         gold_pages=(3,), kind="number"),
    Case(id="2", question="What does the filter cost?", answerable=False, kind="unanswerable"),
]  # fmt: skip


@pytest.fixture
def results(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/measure")
    spec = importlib.util.spec_from_file_location("results", ROOT / "docs" / "measure" / "results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(assistant, tmp_path):
    out = tmp_path / "run.jsonl"
    rows = evaluate(assistant("It is cleaned every 11 weeks.", "NOT FOUND"), CASES, out)
    others = evaluate(Usual(assistant("Every 11 weeks", "90 euros")), CASES, tmp_path / "run.usual.jsonl")
    summary = load_summary(out)
    summary["usual"] = load_summary(tmp_path / "run.usual.jsonl") | {"comparison": compare(others, rows)}
    out.with_suffix(".json").write_text(json.dumps(summary))
    return out


def test_a_run_becomes_a_table(results, run, tmp_path):
    results.keep("pumps", run, "pumps/questions.jsonl", tmp_path / "kept")
    (tmp_path / "kept" / "targets.json").write_text('{"pumps": {"accuracy": 0.9}}')
    text = results.made(tmp_path / "kept")
    assert "`docent eval pumps/questions.jsonl --usual`" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| refused: the documents do not hold it")]
    assert [cell.strip() for cell in line.split("|")][2:7] == [
        "1.000",
        "1.000 to 1.000",
        "0.000",
        "**+1.000**",
        "1.000 to 1.000",
    ]
    (line,) = [line for line in text.splitlines() if line.startswith("| right answers, leniently")]
    assert line.rstrip(" |").endswith("0.900")
    assert "Of 2 questions 1 went better than in the usual pipeline, 0 worse." in text
    kept = (tmp_path / "kept" / "pumps.json").read_text()
    assert "filter" not in kept + text and str(tmp_path) not in kept  # figures only


def test_ablation_and_ingest_have_tables(results, tmp_path):
    row = {
        "set": "squad2",
        "metric": "recall_at_5",
        "variant": "BM25 alone",
        "value": 0.9,
        "low": 0.85,
        "high": 0.95,
        "n": 9,
    }
    (tmp_path / "ablation.json").write_text(json.dumps([row, {**row, "variant": "both", "set": "covidqa"}]))
    (tmp_path / "ingest.json").write_text('[{"folder": "f", "pages": 1315}]')
    text = results.made(tmp_path)
    plain = " ".join(text.split())
    assert "| BM25 alone | both |" in plain and "| 0.900 |" in plain and "0.850 to 0.950" in plain and "1,315" in plain


def test_the_page_is_what_the_measurements_give(results):
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    if "Made by docs/measure/results.py" not in text:
        pytest.skip("written before there was anything to make it from")
    assert text == results.made(ROOT / "docs" / "results")

"""docent eval in real processes, with the tiny encoder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.evaluation.figures import METRICS
from app.evaluation.runs import load_rows
from app.models.store import add

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    {"id": "1", "question": "How often is the filter cleaned?", "answers": ["11 weeks"], "gold_docs": ["pump.pdf"],
     "gold_pages": [3], "kind": "number"},
    {"id": "2", "question": "What does the filter cost?", "answerable": False, "kind": "unanswerable"},
    {"id": "3", "question": "When does the depot in Marlow open?", "answers": ["06:30"], "gold_docs": ["notes.txt"]},
]  # fmt: skip


@pytest.fixture
def docent(index_dir, tiny_folder, home, tmp_path):
    """docent(argument, …): `docent eval` over the small domain, searching alone."""
    add("tiny", tiny_folder, home / "models")
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOCENT_ENCODER": "tiny", "DOCENT_HOME": str(home)}

    def command(*arguments: object, questions: object = tmp_path / "q.jsonl") -> list[str]:
        given = ["eval", questions, "--index", index_dir, "--retrieval-only", *arguments]
        return [sys.executable, "-m", "app.cli", *map(str, given)]

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments, **options), capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300
        )

    run.command, run.environment = command, environment
    return run


def test_json_is_the_summary_that_lies_beside_the_rows(docent, home):
    done = docent("--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"n", *METRICS, "intervals", "by_kind", "macro_score", "run"} == set(told)
    assert (told["n"], told["page_hit_at_5"], told["accuracy"]) == (3, 1.0, None)
    (file,) = (home / "runs/index").glob("*.jsonl")
    assert json.loads(file.with_suffix(".json").read_text()) == told
    assert "3/3 questions" in done.stderr  # sparse lines, where nobody watches a terminal


def test_people_get_a_table_and_the_place_of_the_rows(docent, home):
    done = docent("--limit", "2")
    (file,) = (home / "runs/index").glob("*.jsonl")
    assert "| page_hit_at_5" in done.stdout and "1.000 to 1.000" in done.stdout and "| number" in done.stdout
    assert str(file) in done.stdout and len(load_rows(file)[1]) == 2


def test_a_run_is_compared_with_one_before(docent, tmp_path):
    assert docent("--out", tmp_path / "before.jsonl").returncode == 0
    for baseline in ("before.jsonl", "before.json"):
        told = json.loads(docent("--json", "--baseline", tmp_path / baseline).stdout)
        assert told["comparison"]["n"] == 3 and told["comparison"]["metrics"]["recall_at_5"]["difference"] == 0.0
        assert (told["comparison"]["better"], told["comparison"]["worse"]) == ([], [])
    done = docent("--baseline", tmp_path / "before.jsonl")
    assert "Against the run before, 3 questions: 0 better, 0 worse." in done.stdout
    done = docent("--baseline", tmp_path / "q.jsonl")
    assert done.returncode == 1 and done.stderr.startswith("Error:") and "Traceback" not in done.stderr


def test_the_usual_pipeline_is_asked_beside(docent, tmp_path):
    told = json.loads(docent("--json", "--usual", "--out", tmp_path / "run.jsonl").stdout)
    assert told["run"]["pipeline"] == "docent" and told["usual"]["run"]["pipeline"] == "usual"
    assert told["usual"]["n"] == told["usual"]["comparison"]["n"] == 3
    assert len(load_rows(tmp_path / "run.usual.jsonl")[1]) == 3


def test_another_question_file_does_not_mix_with_a_named_run(docent, tmp_path):
    docent("--out", tmp_path / "run.jsonl")
    done = docent("--out", tmp_path / "run.jsonl", "--limit", "1")
    assert done.returncode == 1 and "holds another run" in done.stderr and "--out" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child there")
@pytest.mark.parametrize("blow", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_goes_on_with_the_same_command(docent, home, tmp_path, blow):
    many = tmp_path / "many.jsonl"
    many.write_text("\n".join(json.dumps({"id": str(i), "question": f"Which pump {i}?"}) for i in range(3000)))
    process = subprocess.Popen(
        docent.command("--usual", questions=many), cwd=tmp_path, env=docent.environment, stderr=subprocess.PIPE,
        # As from a terminal, also where the tests run in the background and were told to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not (found := [f for f in (home / "runs/index").glob("*.jsonl") if "usual" not in f.name]) or (
        found[0].read_bytes().count(b"\n") < 5
    ):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(getattr(signal, blow))
    told = process.communicate()[1].decode()
    if blow == "SIGINT":
        assert process.returncode == 130 and "docent eval" in told and "Traceback" not in told
    kept = found[0].read_bytes()
    assert 5 <= kept.count(b"\n") < 3000 and not found[0].with_suffix(".json").exists()
    shutil.copy(found[0], tmp_path / "part.jsonl")
    rows = load_rows(tmp_path / "part.jsonl")[1]
    again = subprocess.Popen(docent.command("--usual", questions=many), cwd=tmp_path, env=docent.environment)
    while found[0].read_bytes().count(b"\n") <= len(rows) + 2:
        assert again.poll() is None
        time.sleep(0.02)
    again.kill()
    again.wait()
    assert load_rows(found[0])[1][: len(rows)] == rows
    assert len([f for f in (home / "runs/index").glob("*.jsonl") if "usual" not in f.name]) == 1

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.evaluation.cases import Case
from app.evaluation.figures import METRICS, summarise
from app.evaluation.run import evaluate, header_of, place_for
from app.evaluation.runs import list_runs, load_rows, row_of, writing
from ingest.errors import InvalidInput

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CASES = [
    Case(id="1", question="How often is the filter cleaned?", answers=("11 weeks",), gold_docs=("pump.pdf",),
         gold_pages=(3,), kind="number", evidence="The filter is cleaned every 11 weeks."),
    Case(id="2", question="What does the filter cost?", answerable=False, kind="unanswerable", about_doc="pump.pdf"),
    Case(id="3", question="When does the depot in Marlow open?", answers=("06:30",), gold_docs=("notes.txt",)),
]  # fmt: skip
REPLIES = ("The filter is cleaned every 11 weeks.", "NOT FOUND", "The depot in Marlow opens at 06:30.")


def test_answers_refusals_pages_and_quotes_are_counted(assistant):
    rows = evaluate(assistant(*REPLIES), CASES)
    told = summarise(rows)
    assert set(told) == {"n", *METRICS, "intervals", "by_kind", "macro_score"}
    assert told["n"] == 3
    for key in ("page_hit_at_5", "recall_at_5", "accuracy", "quote_valid", "refusal_unanswerable", "cited_in_gold",
                "citation_page_precision", "citation_doc_precision", "answer_in_5"):  # fmt: skip
        assert told[key] == 1.0, key
    assert (told["exact_match"], told["refusal_answerable"]) == (0.0, 0.0)


def test_a_row_shows_why(assistant):
    row, refused, _ = evaluate(assistant(*REPLIES), CASES)
    assert row.retrieved[0] == ("pump.pdf", 3) and len(set(row.retrieved)) == len(row.retrieved)
    assert "11 weeks" in row.passages[0].text and "11 weeks" in row.prompt
    assert (row.status, row.reply, row.answer, row.model) == ("answered", REPLIES[0], REPLIES[0], "scripted")
    assert (row.citations[0].file, row.citations[0].page, row.citations[0].claim) == ("pump.pdf", 3, REPLIES[0])
    assert row.stats.output_tokens == 7
    assert (refused.status, refused.answer, refused.reply) == ("abstained", "", "NOT FOUND") and refused.reason


def test_wrong_answers_are_counted_too(assistant):
    wrong = "It must never run dry for longer than 40 seconds."
    told = summarise(evaluate(assistant(wrong, "The filter is cleaned every 11 weeks."), CASES[:2]))
    assert (told["accuracy"], told["refusal_unanswerable"], told["f1"] < 0.3) == (0.0, 0.0, True)
    assert told["cited_in_gold"] is None
    shown = [told[f"{how}_{status}"] for how in ("wrong", "unsupported") for status in ("answered", "unsure")]
    assert {value for value in shown if value is not None} == {1.0}


def test_retrieval_alone_needs_no_model(assistant):
    docent = assistant()
    docent.load_llm = lambda: pytest.fail("no model is needed")
    told = summarise(evaluate(docent, CASES, retrieval_only=True))
    assert told["page_hit_at_5"] == 1.0 and told["accuracy"] is None


def test_within_a_document_only_that_one_is_searched(assistant):
    (row,) = evaluate(assistant(), CASES[1:2], retrieval_only=True, within_doc=True)
    assert {file for file, _ in row.retrieved} == {"pump.pdf"}


@pytest.mark.parametrize(
    "case",
    [
        Case(id="odd", question="?!"),
        Case(id="odd", question="Where?", about_doc="nosuch.pdf"),
    ],
)
def test_a_case_that_cannot_be_asked_is_named_before_anything_is(assistant, case, tmp_path):
    with pytest.raises(InvalidInput, match="Question odd"):
        evaluate(assistant(), [*CASES, case], tmp_path / "run.jsonl", within_doc=True)
    assert not (tmp_path / "run.jsonl").exists()


def test_rows_come_back_from_the_file_as_they_were(assistant, tmp_path):
    docent = assistant(*REPLIES)
    rows = evaluate(docent, CASES, tmp_path / "run.jsonl")
    header, loaded = load_rows(tmp_path / "run.jsonl")
    assert loaded == rows and header == header_of(docent, CASES, retrieval_only=False, within_doc=False)
    assert load_rows(tmp_path / "run.json") == (header, rows)  # the summary's name will do
    summary = json.loads((tmp_path / "run.json").read_text())
    assert summary == summarise(rows) | {"run": header}
    assert "| accuracy" in (tmp_path / "run.md").read_text()
    assert sorted(file.name for file in tmp_path.glob("run.*")) == ["run.json", "run.jsonl", "run.md"]


def test_a_stopped_run_goes_on_where_it_was(assistant, tmp_path):
    out, told = tmp_path / "run.jsonl", []
    assert len(evaluate(assistant(*REPLIES[:1]), CASES, out, should_stop=lambda: len(told) == 1,
                        on_case=lambda *progress: told.append(progress))) == 1  # fmt: skip
    assert not out.with_suffix(".json").exists()
    rows = evaluate(assistant(*REPLIES[1:]), CASES, out)  # a model that would give the first case a wrong answer
    assert [row.reply for row in rows] == list(REPLIES)
    again = assistant()
    again.load_llm = lambda: pytest.fail("all is known")
    assert evaluate(again, CASES, out) == rows


def test_a_torn_last_line_is_asked_again(assistant, tmp_path):
    out = tmp_path / "run.jsonl"
    rows = evaluate(assistant(*REPLIES), CASES, out)
    whole = out.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[-1])):
        out.write_bytes(whole[:-cut])
        assert len(load_rows(out)[1]) == 2
        assert [row.reply for row in evaluate(assistant(REPLIES[2]), CASES, out)] == [row.reply for row in rows]
        assert len(out.read_bytes().splitlines()) == 4
    out.write_bytes(whole[:20])  # within the header
    assert len(evaluate(assistant(*REPLIES), CASES, out)) == 3


def test_another_run_s_rows_are_not_mixed_in(assistant, tmp_path):
    out = tmp_path / "run.jsonl"
    evaluate(assistant(), CASES, out, retrieval_only=True)
    before = out.read_bytes()
    with pytest.raises(InvalidInput, match="not the same retrieval_only") as error:
        evaluate(assistant(), CASES, out)
    assert "--out" in error.value.hint
    with pytest.raises(InvalidInput, match="not the same n, questions"):
        evaluate(assistant(), CASES, out, retrieval_only=True, limit=2)
    assert out.read_bytes() == before


@pytest.mark.parametrize("text", ["my thesis", '{"id": "1"}\n', '{"docent": "0"}\nnot a row\n'])
def test_a_file_that_is_no_run_is_left_alone(assistant, tmp_path, text):
    (tmp_path / "mine.txt").write_text(text)
    with pytest.raises(InvalidInput):
        evaluate(assistant(), CASES, tmp_path / "mine.txt", retrieval_only=True)
    with pytest.raises(InvalidInput):
        load_rows(tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == text


def test_two_processes_do_not_write_one_run(assistant, tmp_path):
    docent, out = assistant(), tmp_path / "run.jsonl"
    header = header_of(docent, CASES, retrieval_only=True, within_doc=False)
    with writing(out, header), pytest.raises(InvalidInput, match="Another process"):
        evaluate(docent, CASES, out, retrieval_only=True)


def test_without_a_place_an_unfinished_run_of_the_same_is_found(assistant, home):
    docent = assistant(*REPLIES)
    docent.settings = docent.settings.model_copy(update={"home": home})
    first = place_for(docent, CASES)
    assert first.parent == home / "runs" / "index"
    evaluate(docent, CASES, first, should_stop=lambda: True)
    assert place_for(docent, CASES) == first
    assert place_for(docent, CASES, retrieval_only=True) != first and place_for(docent, CASES[:2]) != first
    evaluate(docent, CASES, first)
    second = place_for(docent, CASES)
    assert second != first
    evaluate(docent, CASES, second, limit=None, should_stop=lambda: True)
    (home / "runs/index/notes.jsonl").write_text("not a run")
    newest, finished = list_runs(home, "index")
    assert (newest.file, newest.finished, newest.done, newest.total) == (second, False, 0, 3)
    assert (finished.file, finished.done, finished.summary["n"]) == (first, 3, 3)
    with writing(second, newest.header):
        assert place_for(docent, CASES) not in (first, second)


def test_a_newer_docent_s_rows_can_be_read(assistant):
    (row,) = evaluate(assistant(), CASES[:1], retrieval_only=True)
    values = json.loads(json.dumps(row.as_json()))
    values["mood"] = values["stats"]["mood"] = "good"
    assert row_of(values) == replace(row)


WORKER = """
import sys, time
from pathlib import Path
from app.ask.assistant import Assistant
from app.evaluation.cases import load_cases
from app.evaluation.run import evaluate
from ingest.encoder.embed import SentenceEncoder
index, encoder, cases, out, wait = sys.argv[1:]
docent = Assistant(Path(index), SentenceEncoder(Path(encoder), precision="float32"), lambda: None)
evaluate(docent, load_cases(Path(cases)), Path(out), retrieval_only=True, on_case=lambda *_: time.sleep(float(wait)))
"""


def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_happened(index_dir, tiny_folder, tmp_path):
    questions, out = tmp_path / "q.jsonl", tmp_path / "run.jsonl"
    cases = [{"id": str(i), "question": f"Which pump {i}?", "gold_docs": ["pump.pdf"]} for i in range(40)]
    questions.write_text("\n".join(map(json.dumps, cases)))
    command = [sys.executable, "-c", WORKER, str(index_dir), str(tiny_folder), str(questions), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*command, "600"], env=environment)  # sleeps behind its first row
    while not (out.exists() and out.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = out.read_bytes()
    out.write_bytes(kept + kept[-50:-1])  # and was in the middle of the next
    subprocess.run([*command, "0"], env=environment, check=True)
    rows = load_rows(out)[1]
    assert [row.case.id for row in rows] == [str(i) for i in range(40)] and out.read_bytes().startswith(kept)
    assert out.with_suffix(".json").exists() and not out.with_suffix(".lock").exists()
    shutil.copy(out, tmp_path / "copy.jsonl")
    assert load_rows(tmp_path / "copy.jsonl")[1] == rows

import json

import pytest

from app.evaluate import evaluate, is_right, load_cases
from ingest.errors import InvalidInput

CASES = [
    {"id": "1", "question": "How often is the filter cleaned?", "answers": ["11 weeks"], "answerable": True,
     "gold_docs": ["pump.pdf"], "gold_pages": [3], "kind": "number"},
    {"id": "2", "question": "What does the filter cost?", "answers": [], "answerable": False, "gold_docs": [],
     "gold_pages": [], "kind": "unanswerable"},
]  # fmt: skip
KEYS = {
    "n", "page_hit_at_5", "recall_at_5", "accuracy", "refusal_unanswerable", "refusal_answerable", "quote_valid",
    "seconds_to_first_token_p50", "seconds_to_first_token_p95",
}  # fmt: skip


def cases(tmp_path, rows=CASES):
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return load_cases(file)


def test_answers_refusals_pages_and_quotes_are_counted(assistant, tmp_path):
    report = evaluate(assistant("The filter is cleaned every 11 weeks.", "NOT FOUND"), cases(tmp_path))
    assert set(report) == KEYS
    assert (report["n"], report["page_hit_at_5"], report["accuracy"], report["quote_valid"]) == (2, 1.0, 1.0, 1.0)
    assert (report["refusal_unanswerable"], report["refusal_answerable"]) == (1.0, 0.0)


def test_a_wrong_answer_and_a_wrong_refusal_are_counted_too(assistant, tmp_path):
    report = evaluate(assistant("NOT FOUND", "The filter is cleaned every 11 weeks."), cases(tmp_path))
    assert (report["accuracy"], report["refusal_answerable"], report["refusal_unanswerable"]) == (0.0, 1.0, 0.0)


def test_retrieval_alone_needs_no_model(assistant, tmp_path):
    docent = assistant()
    docent.load_llm = lambda: pytest.fail("no model is needed")
    report = evaluate(docent, cases(tmp_path), retrieval_only=True)
    assert report["page_hit_at_5"] == 1.0 and report["accuracy"] is None


def test_a_line_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "q.jsonl").write_text('{"id": "1", "question": "a?"}\n{"id": "2"}\n')
    with pytest.raises(InvalidInput, match="line 2"):
        load_cases(tmp_path / "q.jsonl")


@pytest.mark.parametrize(
    ("text", "golds", "right"),
    [
        ("It is cleaned every 11 weeks.", ["11 weeks"], True),
        ("About 1,202 units", ["1200"], True),
        ("About 1,302 units", ["1200"], False),
        ("$1.2 billion", ["1200000000"], True),
        ("Yes, it is.", ["yes"], True),
        ("No, it is not.", ["Yes"], False),
        ("Nothing of the sort", ["11 weeks"], False),
    ],
)
def test_lenient_accuracy(text, golds, right):
    assert is_right(text, golds) is right

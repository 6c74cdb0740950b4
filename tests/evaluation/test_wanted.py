"""Answers of every kind graded: whole words and numbers, groups in order, items, key points, refusals."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.eval import prediction
from app.datatypes import Citation
from app.evaluation.cases import Case, load_cases
from app.evaluation.runs import Row
from app.evaluation.wanted import grade_wanted

ASKED = Path(__file__).parents[3] / "shared/evalsets/asked"


def case(**fields) -> Case:
    return Case(question="What?", **fields)


def score(one: Case, text: str, refused: bool = False) -> float:
    return grade_wanted(one, refused, text, ())["score"]


@pytest.mark.parametrize(
    ("alternative", "text", "met"),
    [
        ("27", "There are 27 of them.", True), ("27", "127 of them", False), ("27", "see F-27", False),
        ("27", "27.5 bar", False), ("27", "27.0 bar", True), ("1,180", "EUR 1180", True), ("0.3", "0,30 a km", True),
        ("no", "No, never.", True), ("no", "not now", False), ("vent*", "venting", True), ("^yes", "Well, yes", False),
        ("^yes", "**Yes**, it may", True), ("3%", "a fall of 3 %", True), ("tl-8", "TL‑8 and more", True),
        ("tl-8", "TL-8.5", False),
    ],
)  # fmt: skip
def test_an_alternative_is_a_whole_word_or_number(alternative, text, met):
    assert score(case(must=[[alternative]]), text) == met


def test_groups_are_met_in_any_order_unless_one_is_asked_for():
    groups = [["open"], ["close", "shut"]]
    assert score(case(must=groups), "Shut it, then open it.") == 1
    assert score(case(must=groups, ordered=True), "Shut it, then open it.") == 0
    assert score(case(must=groups, ordered=True), "Open it, then shut it.") == 1
    assert score(case(must=groups, must_not=["gas"]), "Open and close the gas.") == 0
    assert score(case(must=groups), "Open and close.", refused=True) == 0


def test_items_are_scored_by_what_is_missing_and_what_is_wrong():
    one = case(items_gold=[["red"], ["green"]], items_other=[["blue"]])
    assert score(one, "- red\n- green") == 1
    assert score(one, "- red") == pytest.approx(2 / 3)
    assert score(one, "- red\n- green\n- blue") == pytest.approx(0.8)
    assert score(one, "- red\n- green\n- something else") == pytest.approx(0.8)
    graded = grade_wanted(one, False, "- red\n- blue", ())
    assert (graded["item_recall"], graded["item_precision"], graded["right"]) == (0.5, 0.5, 0)


def test_a_summary_is_scored_by_its_key_points_and_refusals_by_what_the_documents_hold():
    assert score(case(kind="summary", must=[["rent"], ["deposit"]]), "The rent is due.") == 0.5
    assert score(case(answerable=False, corpus="docs"), "", refused=True) == 1
    assert score(case(answerable=False, corpus="docs"), "Blue.") == 0
    assert grade_wanted(case(answers=["x"]), False, "x", ()) == {}


def test_citations_in_a_gold_file_and_on_a_gold_page():
    one = case(must=[["x"]], cite=[{"file": "a.pdf", "pages": [2]}])
    at = [Citation("a.pdf", page, 0, 1, "x") for page in (2, 3)]
    assert grade_wanted(one, False, "x", at[:1]).items() >= {"cited": 1, "cited_page": 1}.items()
    assert grade_wanted(one, False, "x", at[1:]).items() >= {"cited": 1, "cited_page": 0}.items()


@pytest.mark.skipif(not ASKED.is_dir(), reason="needs the shared question set")
def test_it_agrees_with_the_set_s_own_scorer(tmp_path):
    """Random answers put together from what the cases look for: each score is the same."""
    cases, chance = load_cases(ASKED / "questions.jsonl"), random.Random(0)
    pieces = [word for one in cases for group in (*one.must, *one.items_gold, *one.items_other) for word in group]
    rows, scores = [], {}
    for one in cases:
        own = [chance.choice(group) for group in (*one.must, *one.items_gold)]
        said = [word.strip("^*") for word in [*own, *chance.choices(pieces, k=chance.randrange(3))]]
        chance.shuffle(said) if chance.random() < 0.3 else None
        text = chance.choice(["\n- ", ", ", "\n1. "]).join(["So", *said][chance.randrange(2) :])
        status = chance.choice(["answered", "answered", "unsure", "abstained"])
        row = Row(one, status=status, answer="" if status == "abstained" else text)
        rows.append(json.dumps(prediction(row)))
        scores[one.id] = grade_wanted(one, status == "abstained", row.answer, ())["score"]
    (tmp_path / "p.jsonl").write_text("\n".join(rows))
    command = [sys.executable, ASKED / "score_asked.py", ASKED / "questions.jsonl", tmp_path / "p.jsonl"]
    done = subprocess.run([*command, "--json", "--rows"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)["rows"]
    assert {name: pytest.approx(float(row["score"])) for name, row in told.items()} == scores

import json

import numpy as np
import pytest

from app.evaluation.cases import Case
from app.evaluation.figures import METRICS, compare, outcome, readable, summarise
from app.evaluation.runs import Row
from app.llm.protocol import Stats


def row(name, kind="", total=0.0, **scores):
    stats = Stats(seconds_total=total, seconds_to_first_token=total / 2, output_tokens=int(10 * total))
    return Row(Case(id=str(name), question="?", kind=kind), scores=scores, stats=stats)


def rows(right, of, kind="fact"):
    return [row(i, kind, accuracy=float(i < right), total=1.0 + i) for i in range(of)]


def test_means_percentiles_and_what_nobody_asked_for():
    told = summarise([row(1, total=1.0, accuracy=1.0), row(2, total=2.0, accuracy=0.0), row(3, total=9.0)])
    assert (told["n"], told["accuracy"], told["seconds_total_p50"], told["output_tokens"]) == (3, 0.5, 2.0, 40.0)
    assert told["f1"] is None and "f1" not in told["intervals"]
    assert set(told["intervals"]) <= set(METRICS)
    assert json.loads(json.dumps(told)) == told


def test_the_contract_names_every_figure():
    assert {
        "n", "recall_at_5", "page_hit_at_5", "mrr", "ndcg_at_10", "exact_match", "f1", "accuracy",
        "refusal_unanswerable", "refusal_answerable", "quote_valid", "citation_page_precision",
        "seconds_to_first_token_p50", "seconds_to_first_token_p95", "seconds_total_p50",
    } <= set(summarise([]))  # fmt: skip


def test_an_interval_is_that_of_the_binomial_and_the_same_each_time():
    told = summarise(rows(60, 100))
    low, high = told["intervals"]["accuracy"]
    # the normal approximation: 0.6 ± 1.96 * sqrt(0.6 * 0.4 / 100)
    assert low == pytest.approx(0.504, abs=0.02) and high == pytest.approx(0.696, abs=0.02)
    assert summarise(rows(60, 100)) == told
    assert summarise(rows(60, 100), seed=1)["accuracy"] == told["accuracy"]
    assert summarise(rows(50, 50))["intervals"]["accuracy"] == [1.0, 1.0]


def test_many_cases_are_drawn_in_parts_with_the_same_outcome():
    values = np.random.default_rng(3).random(5000)
    told = summarise([row(i, accuracy=float(value)) for i, value in enumerate(values)])
    low, high = told["intervals"]["accuracy"]
    spread = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - spread, abs=0.002)
    assert high == pytest.approx(values.mean() + spread, abs=0.002)


def test_kinds_are_told_apart():
    told = summarise([*rows(3, 4, "fact"), row("u", "unanswerable", refusal_unanswerable=1.0)])
    assert told["by_kind"] == {
        "fact": {"n": 4, "accuracy": 0.75},
        "unanswerable": {"n": 1, "refusal_unanswerable": 1.0},
    }


def test_two_runs_are_compared_case_by_case():
    before, after = rows(50, 100), [*rows(70, 100), row("new", accuracy=1.0)]
    told = compare(before, after)
    accuracy = told["metrics"]["accuracy"]
    assert (told["n"], accuracy["n"], accuracy["before"], accuracy["after"]) == (100, 100, 0.5, 0.7)
    assert accuracy["difference"] == pytest.approx(0.2) and accuracy["real"]
    assert accuracy["interval"][0] == pytest.approx(0.12, abs=0.03)  # 20 of 100 pairs differ: sd 0.4, se 0.04
    assert told["better"] == [str(i) for i in range(50, 70)] and told["worse"] == []
    assert compare(after, before)["worse"] == told["better"]
    seconds = told["metrics"]["seconds_total_p50"]
    assert (seconds["difference"], seconds["interval"], seconds["real"]) == (0.0, [0.0, 0.0], False)


def test_a_difference_within_the_noise_is_not_called_real():
    rng = np.random.default_rng(0)
    before = [row(i, accuracy=float(rng.random() < 0.5)) for i in range(60)]
    after = [row(i, accuracy=float(rng.random() < 0.5)) for i in range(60)]
    accuracy = compare(before, after)["metrics"]["accuracy"]
    assert not accuracy["real"] and accuracy["interval"][0] <= 0 <= accuracy["interval"][1]


def test_figures_that_only_one_run_has_are_left_out():
    told = compare([row(1, accuracy=1.0)], [row(1, recall_at_5=1.0)])
    assert told["metrics"] == {} and compare([], [])["n"] == 0


def test_what_counts_as_an_outcome():
    assert outcome(row(1, accuracy=0.0, page_hit_at_5=1.0)) == 0.0
    assert outcome(row(1, refusal_unanswerable=1.0)) == 1.0
    assert outcome(row(1, page_hit_at_5=1.0, recall_at_5=0.5)) == 1.0
    assert outcome(row(1)) == 0.0


def test_the_readable_form_says_it_all():
    told = summarise(rows(3, 4)) | {"comparison": compare(rows(1, 4), rows(3, 4))}
    text = readable(told)
    assert text.startswith("4 questions\n")
    assert (
        "| accuracy " in text and "0.750" in text and "Against the run before, 4 questions: 2 better, 0 worse." in text
    )
    assert "+0.500" in text and "| fact" in text
    assert len({len(line) for line in text.split("\n\n")[1].splitlines()}) == 1  # columns line up

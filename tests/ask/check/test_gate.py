"""Confidence from signals, levels with stated rates, and what becomes of an answer."""

import json
import math

import pytest

from app.ask.check.gate import UNSURE_FROM, judge, read_calibration, shipped_calibration, signals
from app.ask.check.verify import Claim
from app.datatypes import Citation, Hit, Sentence
from app.settings import BOLDNESS
from ingest.datatypes import Chunk

TEXT = "The Brusk pump is filled to 2.1 bar before the first start."
HIT = Hit(Chunk(1, 1, 0, len(TEXT), TEXT, "Start-up"), "pump.pdf", "Brusk pump", 1.0, {"bm25": 1, "dense": 1})
CITATION = Citation("pump.pdf", 1, 0, len(TEXT), TEXT, "2.1 bar.")
CLAIM = Claim("2.1 bar.", (CITATION,), (), 0.9)


def test_the_shipped_calibration_is_whole_and_boldness_only_loosens():
    calibration = shipped_calibration()
    assert read_calibration(calibration.as_json()) == calibration
    assert [level.name for level in calibration.levels] == list(BOLDNESS)
    thresholds = [level.threshold for level in calibration.levels]
    assert thresholds == sorted(thresholds, reverse=True) and thresholds[-1] == 0.0
    for stricter, bolder in zip(calibration.levels, calibration.levels[1:], strict=False):
        assert stricter.refused >= bolder.refused and stricter.caught >= bolder.caught
    assert calibration.n > 100 and len(calibration.sources) > 1


def test_a_signal_that_was_not_taken_counts_as_an_ordinary_one():
    calibration = shipped_calibration()
    ordinary = calibration.confidence(calibration.centres)
    assert calibration.confidence({}) == pytest.approx(ordinary)
    assert 0 < calibration.confidence(dict.fromkeys(calibration.weights, -1e9)) < 1
    name, weight = max(calibration.weights.items(), key=lambda item: abs(item[1]))
    better = dict(calibration.centres) | {name: calibration.centres[name] + math.copysign(1, weight)}
    assert calibration.confidence(better) > ordinary


def test_a_calibration_of_another_version_is_not_read():
    data = json.loads(shipped_calibration().as_json())
    data["levels"].pop()
    with pytest.raises(ValueError, match="levels"):
        read_calibration(json.dumps(data))


def test_names_and_numbers_of_the_question_that_the_passage_does_not_know_are_strangers():
    evidence = [Sentence("pump.pdf", 1, 0, len(TEXT), TEXT)]

    def of(question: str) -> dict[str, float]:
        return signals(question, [CLAIM], [HIT], evidence, 0.7)

    assert of("To what pressure is the Brusk pump filled?")["strangers"] == 0
    assert of("To what pressure is the Norvik pump filled in 2031?")["strangers"] == 2
    assert of("How is the Brusk pump filled?")["quoted"] > of("How is the Norvik boiler vented?")["quoted"]


def test_a_doubtful_answer_is_shown_as_one_and_a_hopeless_one_is_not():
    verdict = judge("2.1 bar.", [], [CLAIM], [HIT], confidence=0.31, threshold=0.5)
    assert (verdict.status, verdict.text, verdict.citations) == ("unsure", "2.1 bar.", (CITATION,))
    assert "not certain" in verdict.reason and "%" not in verdict.reason
    assert judge("2.1 bar.", [], [CLAIM], [HIT], confidence=0.5, threshold=0.5).status == "answered"
    hopeless = judge("2.1 bar.", [], [CLAIM], [HIT], confidence=UNSURE_FROM - 0.01, threshold=0.5)
    assert (hopeless.status, hopeless.text, hopeless.citations) == ("abstained", "", ())
    assert judge("2.1 bar.", [], [CLAIM], [HIT], confidence=0.01, threshold=0.0).status == "answered"  # boldest

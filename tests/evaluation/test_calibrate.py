"""A gate fitted on known answers: it separates, its levels keep what they state, and too little is said to be so."""

import random
from dataclasses import replace

import pytest
from click.testing import CliRunner

from app.ask.check.gate import calibration_file, calibration_for, levels_table, shipped_calibration
from app.cli import main
from app.datatypes import Citation
from app.evaluation.calibrate import AIMS, calibrate, save_calibration
from app.evaluation.cases import Case
from app.evaluation.runs import Row
from ingest.errors import InvalidInput


def rows(n: int, seed: int = 0, unanswerable: float = 0.4) -> list[Row]:
    """Answers whose 'stated' odds tell most of the truth. Each tenth answerable one was refused before the gate."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        answerable = chance.random() > unanswerable
        case = Case(id=str(number), question=f"{number}?", answers=("7",) * answerable, answerable=answerable)
        if answerable and chance.random() < 0.1:
            made.append(Row(case, status="abstained"))
            continue
        odds = chance.gauss(2.0 if answerable else -1.0, 1.2)
        signals = {"stated": odds, "noise": chance.random()}
        made.append(Row(case, status="answered", answer="7", citations=(Citation("a", 1, 0, 1, "7"),), signals=signals))
    return made


def test_levels_loosen_from_careful_to_bold_and_keep_their_aims_on_other_questions():
    calibration = calibrate(rows(1500), ["made"])
    fresh = rows(3000, seed=1)
    assert [level.aim for level in calibration.levels] == list(AIMS.values())
    for level in calibration.levels[:-1]:
        assert level.error <= level.bound
        shown = [r for r in fresh if r.signals and calibration.confidence(r.signals) >= level.threshold]
        assert sum(not r.case.answerable for r in shown) / len(shown) <= level.bound
    assert calibration.levels[0].error <= calibration.levels[0].aim
    assert [level.threshold for level in calibration.levels] == sorted(
        (level.threshold for level in calibration.levels), reverse=True
    )
    assert calibration.weights["stated"] > 0.5 and "noise" not in calibration.weights
    assert calibration.levels[-1].caught == 0.0 and 0.05 < calibration.levels[-1].refused < 0.2


def test_an_aim_out_of_reach_takes_the_fewest_wrong_and_says_what_it_gives():
    noise = [
        Row(r.case, status=r.status, answer=r.answer, signals={"stated": 0.0} if r.signals else {}) for r in rows(300)
    ]
    careful = calibrate(noise, ["made"]).levels[0]
    assert careful.bound >= careful.error > careful.aim


def test_answers_that_a_check_keeps_from_being_sure_teach_nothing():
    unnamed = [replace(r, signals={**r.signals, "unnamed": 1.0}) if r.signals else r for r in rows(200, seed=2)]
    assert calibrate([*rows(300), *unnamed], ["made"]).weights == calibrate(rows(300), ["made"]).weights


def test_with_few_questions_the_shipped_weights_stay_and_with_too_few_nothing_is_made():
    assert calibrate(rows(40), ["made"]).weights == shipped_calibration().weights
    with pytest.raises(InvalidInput, match="at least"):
        calibrate(rows(40, unanswerable=0.0), ["made"])


def test_the_command_says_before_it_asks_that_there_are_too_few(tmp_path, home):
    file = tmp_path / "q.jsonl"
    file.write_text("".join(f'{{"id": "{n}", "question": "{n}?", "answers": ["7"]}}\n' for n in range(40)))
    done = CliRunner().invoke(main, ["calibrate", str(file), "--index", str(tmp_path / "none")])
    assert done.exit_code == 1 and "40 questions that the documents answer and 0 others" in done.output


def test_an_index_has_its_own_once_it_is_saved(tmp_path):
    calibration = calibrate(rows(300), ["made"])
    assert calibration_for(tmp_path, tmp_path / "idx") == shipped_calibration()
    file = calibration_file(tmp_path, tmp_path / "idx")
    save_calibration(calibration, file)
    assert calibration_for(tmp_path, tmp_path / "idx") == calibration
    assert "careful" in levels_table(calibration) and "300 questions" in levels_table(calibration)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput, match="cannot be used"):
        calibration_for(tmp_path, tmp_path / "idx")

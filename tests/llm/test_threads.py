"""How many threads: measured, remembered for this machine, the physical cores unless others are clearly faster."""

from pathlib import Path

import pytest

from app.llm.threads import Threads, candidates, choose, remembered, threads_for


def test_what_is_tried():
    assert candidates(2, 2) == [2]
    assert candidates(2, 4) == [2, 4]
    assert candidates(8, 16) == [8, 16, 6, 4]
    assert candidates(1, 1) == [1]


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({8: (1.0, 1.0), 16: (0.7, 1.4), 4: (2.0, 0.6)}, Threads(16, 4)),
        ({8: (1.0, 1.0), 16: (0.95, 0.95), 4: (0.99, 0.93)}, Threads(8, 8)),  # within noise
    ],
)
def test_each_gets_its_fastest(seconds, chosen):
    assert choose(seconds.__getitem__, [8, 16, 4]) == chosen


def test_a_disturbed_round_does_not_decide():
    disturbed = iter([(9.0, 9.0), (0.5, 0.5)])

    def measure(count: int) -> tuple[float, float]:
        return next(disturbed, (0.1, 0.1)) if count == 8 else (0.3, 0.3)

    assert choose(measure, [8, 16]) == Threads(8, 8)


def test_it_is_measured_once_and_a_broken_note_only_costs_another_time(tmp_path: Path):
    asked: list[int] = []

    def measure(count: int) -> tuple[float, float]:
        asked.append(count)
        return (1.0, 1.0)

    first = threads_for(tmp_path, "small", measure)
    n = len(asked)
    assert threads_for(tmp_path, "small", measure) == first == remembered(tmp_path, "small") and len(asked) == n
    assert remembered(tmp_path, "large") is None
    (tmp_path / "threads.json").write_text('{"x": 3, "y": [1]}')
    assert remembered(tmp_path, "small") is None
    assert threads_for(tmp_path, "small", measure) == first


def test_a_place_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path):
    (tmp_path / "home").write_text("in the way")
    assert threads_for(tmp_path / "home", "small", lambda count: (1.0, 1.0))

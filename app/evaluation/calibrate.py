"""From questions with known answers to a gate with a stated error rate.

The weights come from logistic regression, and the confidence of each answer from a fit without it. Each level's
threshold is the boldest one at which no more than the level's aim of the answers shown as sure were unsupported:
selective classification (Geifman and El-Yaniv, 2017). What falls short is shown as unsure, with its quotes, so strict
levels refuse nothing more. An exact binomial bound (Clopper and Pearson, 1934) is told beside each rate. All of it
holds for questions of the same kind and mixture as those it was made with, no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.ask.check.gate import Calibration, Level, shipped_calibration
from app.evaluation.cases import Case
from app.evaluation.grade import is_supported
from app.evaluation.runs import Row
from app.settings import BOLDNESS
from ingest.errors import InvalidInput
from ingest.files import write_whole

# The highest share of unsupported answers, among those shown as sure, that a level stands for.
AIMS: dict[str, float] = dict(zip(BOLDNESS, (0.05, 0.10, 0.15, 0.25, 1.0), strict=True))
# The signals that were predictive on every set. The others are stored with each answer too, but with a hundred
# questions they only fit the noise: cross-validated AUC 0.78 with these three, 0.77 with nine.
LEARNT = ("asked", "stated", "missing")
DELTA = 0.10  # 1 - confidence of the bound
_TRIED = 24  # thresholds, at equal steps of the share shown
_FOLDS = 10
_ENOUGH = 20  # questions of either kind that a fit of its own needs; with fewer, only the thresholds are set anew
_FEWEST = 5  # without that many of either kind nothing can be said


@dataclass(frozen=True, slots=True)
class Known:
    """What a row teaches: the signals of an answer that could be shown, and whether the documents support it."""

    signals: dict[str, float]
    supported: bool


def calibrate(rows: Sequence[Row], sources: Sequence[str]) -> Calibration:
    """Returns a calibration from the rows of a run with answers. Runs at the boldest level, which holds nothing back,
    teach the most.

    The weights are fitted too where there are enough questions. Raises InvalidInput when there are too few questions,
    or none of one kind.
    """
    known = [_known(row) for row in rows]
    learnt = [item for item in known if item is not None]
    supported = np.array([item.supported for item in learnt], dtype=bool)
    rarer = int(min(supported.sum(), (~supported).sum()))
    if rarer < _FEWEST:
        raise InvalidInput(
            f"Of {len(learnt)} answers {int(supported.sum())} were supported and {int((~supported).sum())} were not: "
            f"at least {_FEWEST} of either are needed.",
            "Add cases, above all questions that the documents do not answer.",
        )
    start = shipped_calibration()
    if rarer >= _ENOUGH:
        start, confidence = _fitted([item.signals for item in learnt], supported)
    else:
        confidence = np.array([start.confidence(item.signals) for item in learnt])
    answerable = np.array([row.case.answerable for row in rows], dtype=bool)
    shown = np.full(len(rows), -1.0)  # what was refused before the gate stays refused at every threshold
    shown[[item is not None for item in known]] = confidence
    levels = tuple(_level(name, confidence, supported, shown, answerable) for name in BOLDNESS)
    return Calibration(start.weights, start.centres, start.bias, levels, len(rows), tuple(sources))


def check_enough(cases: Sequence[Case]) -> None:
    """Raises InvalidInput when there are too few cases, so that no one spends an hour on asking them."""
    answerable = sum(case.answerable for case in cases)
    if min(answerable, len(cases) - answerable) < _FEWEST:
        raise InvalidInput(
            f"{answerable} questions that the documents answer and {len(cases) - answerable} others are too few.",
            f"At least {_FEWEST} of either are needed, better {_ENOUGH * 2}. The Evaluation page helps to make them.",
        )


def save_calibration(calibration: Calibration, file: Path) -> None:
    """Saves the calibration. Raises StorageError, and then the former file is still there."""
    write_whole(file, f"{calibration.as_json()}\n".encode())


def _known(row: Row) -> Known | None:
    """Returns what a row teaches; None for a question that the model or verification refused before the gate."""
    if not row.signals or row.signals.get("unnamed"):
        return None
    # What the gate held back is known by the reply alone.
    return Known(dict(row.signals), is_supported(row.answer or row.reply, row.citations, row.case))


def _fitted(
    signals: Sequence[dict[str, float]], supported: NDArray[np.bool_]
) -> tuple[Calibration, NDArray[np.float64]]:
    """Returns the fitted model, and for each answer the confidence given by a model that was fitted without it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    names = [name for name in LEARNT if any(name in taken for taken in signals)]
    centres = {name: float(np.mean([taken[name] for taken in signals if name in taken])) for name in names}
    table = np.array([[taken.get(name, centres[name]) - centres[name] for name in names] for taken in signals])
    scale = table.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=0.1, max_iter=1000)
    folds = StratifiedKFold(min(_FOLDS, int(min(supported.sum(), (~supported).sum()))), shuffle=True, random_state=0)
    confidence = cross_val_predict(model, table / scale, supported, cv=folds, method="predict_proba")[:, 1]
    model.fit(table / scale, supported)
    weights = {name: round(float(w), 5) for name, w in zip(names, model.coef_[0] / scale, strict=True)}
    rounded = {name: round(centre, 5) for name, centre in centres.items()}
    return Calibration(weights, rounded, round(float(model.intercept_[0]), 5), (), 0, ()), confidence


def _level(
    name: str,
    confidence: NDArray[np.float64],
    supported: NDArray[np.bool_],
    shown: NDArray[np.float64],
    answerable: NDArray[np.bool_],
) -> Level:
    """Returns the boldest threshold that reaches the level's aim; where none does, the one with the fewest wrong."""
    aim, tried = AIMS[name], np.array([0.0])
    if aim < 1:
        tried = np.append(tried, np.quantile(confidence, np.linspace(0.05, 0.95, _TRIED - 1)))
    wrong = [float((~supported[confidence >= threshold]).mean()) for threshold in tried]
    reached = [place for place, share in enumerate(wrong) if share <= aim]
    threshold = float(tried[reached[0] if reached else int(np.argmin(wrong))])
    kept = confidence >= threshold
    return Level(
        name,
        aim,
        round(threshold, 4),
        round(float((~supported[kept]).mean()) if kept.any() else 0.0, 4),
        round(_bound(kept, supported, DELTA), 4),
        round(float((shown[answerable] < threshold).mean()) if answerable.any() else 0.0, 4),
        round(float((shown[~answerable] < threshold).mean()) if (~answerable).any() else 0.0, 4),
    )


def _bound(kept: NDArray[np.bool_], supported: NDArray[np.bool_], delta: float) -> float:
    """Returns the upper confidence bound of the share of unsupported answers, exceeded with probability `delta` at
    most."""
    from scipy.stats import beta

    n, wrong = int(kept.sum()), int((kept & ~supported).sum())
    return 1.0 if wrong >= n else float(beta.ppf(1 - delta, wrong + 1, n - wrong))

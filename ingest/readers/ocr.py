"""Recognises text in pictures on this machine with RapidOCR, whose models come with its wheel (PP-OCRv6, Apache-2.0).

The models read Latin letters, digits, Chinese and Japanese; not Cyrillic, Greek, Arabic, Hebrew or Indic scripts. They
run in the reading child process, which has no network.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.readers.pictures import page_picture
from ingest.text.clean import Line, RawPage, clean_pages
from ingest.text.columns import merge_pieces, split_columns

INSTALL = "In the repository: .ci/setup chat"
_DOUBT = 0.75  # below this confidence a page may stand on its head
_SURE = 0.5  # of a line, to be kept
_TALL = 1.5  # times as high as wide: a line that runs up or down

Quad = NDArray[np.float64]  # the four corners of a line, clockwise from its own top left, in pixels; (4, 2)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A recognised page. `raw_index[i]`, shape (len(text),), counts the recognised characters, line after line. `boxes`
    has for each line the corner where it begins and the corner where it ends (x0, y0, x1, y1, as shares of the page as
    it is seen), and its number of characters. `confidence` is 0 to 1."""

    text: str
    raw_index: NDArray[np.int32]
    confidence: float
    boxes: NDArray[np.float32]  # (lines, 5)


@dataclass(frozen=True, slots=True)
class _Found:
    quad: Quad
    text: str
    confidence: float


def why_unavailable() -> str:
    """Says in words what is missing for text recognition; '' when nothing is."""
    lacking = [name for name in ("rapidocr", "onnxruntime", "cv2") if find_spec(name) is None]
    return f"Text in pictures cannot be recognised: {', '.join(lacking)} is not installed." if lacking else ""


def recognise_page(path: Path, number: int, password: str = "") -> Recognised:
    """Recognises the text on page `number` (1-based). Raises ReadError when the page cannot be drawn."""
    picture = page_picture(path, number, password)
    found, quarter = _best_turn(picture)
    wide, high = picture.size if quarter % 2 == 0 else picture.size[::-1]
    lines, boxes, start = [], [], 0
    slope = _slope(found)
    for one in _in_turn(found, slope):
        lines.append(_line(one, start, slope, high))
        left, top = one.quad.min(axis=0)
        right, bottom = one.quad.max(axis=0)
        boxes.append((*_unturned((left / wide, top / high, right / wide, bottom / high), quarter), len(one.text)))
        start += len(one.text)
    (page,) = clean_pages([RawPage(tuple(split_columns(merge_pieces(lines))), float(high))])
    weights = [len(one.text) for one in found]
    confidence = float(np.average([one.confidence for one in found], weights=weights)) if found else 0.0
    return Recognised(page.text, page.raw_index, round(confidence, 4), np.array(boxes, dtype=np.float32).reshape(-1, 5))


def boxes_of(boxes: NDArray[np.float32], raw_indexes: Iterable[int]) -> list[tuple[float, float, float, float]]:
    """Returns the boxes of the characters at `raw_indexes`, one for each line: left, top, right, bottom as shares of
    the page.

    Within a line, all characters count as equally wide.
    """
    ends = np.cumsum(boxes[:, 4]).astype(int) if len(boxes) else np.zeros(0, int)
    spans: dict[int, tuple[int, int]] = {}
    for index in raw_indexes:
        line = int(np.searchsorted(ends, index, side="right"))
        if index >= 0 and line < len(ends):
            at = index - (int(ends[line - 1]) if line else 0)
            first, last = spans.get(line, (at, at))
            spans[line] = min(first, at), max(last, at)
    found = []
    for line, (first, last) in spans.items():
        x0, y0, x1, y1, n = (float(value) for value in boxes[line])
        if abs(y1 - y0) > _TALL * abs(x1 - x0) and n > 2:  # it runs up or down the page
            y0, y1 = y0 + (y1 - y0) * first / n, y0 + (y1 - y0) * (last + 1) / n
        else:
            x0, x1 = x0 + (x1 - x0) * first / n, x0 + (x1 - x0) * (last + 1) / n
        found.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return found


# -- the model


@lru_cache(maxsize=1)
def _engine() -> Any:
    from rapidocr import RapidOCR

    cores = max(1, (os.cpu_count() or 2) - 1)  # one is left to whoever asks questions meanwhile
    return RapidOCR(
        params={
            "Global.use_cls": False,  # it would turn single lines; a page on its head is seen as a whole
            "Global.log_level": "critical",
            "Global.text_score": _SURE,
            "EngineConfig.onnxruntime.intra_op_num_threads": cores,
        }
    )


def _recognised(picture: Any) -> list[_Found]:
    pixels = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
    result = _engine()(pixels, use_cls=False)
    if result.boxes is None or not result.txts:
        return []
    found = [
        _Found(np.array(quad, dtype=np.float64), " ".join(str(text).split()), float(sure))
        for quad, text, sure in zip(result.boxes, result.txts, result.scores, strict=True)
    ]
    return [one for one in found if one.text]


def _best_turn(picture: Any) -> tuple[list[_Found], int]:
    """Returns the lines found, and by how many quarter turns to the left the picture was turned: some scans lie on
    their side."""
    best, best_turn = _recognised(picture), 0
    if best and not _is_sideways(best) and _mean(best) >= _DOUBT:
        return best, 0
    turns = (1, 3) if _is_sideways(best) else (2,) if best else ()
    for turn in turns:
        found = _recognised(picture.rotate(90 * turn, expand=True))
        if _weight(found) > _weight(best):
            best, best_turn = found, turn
    return best, best_turn


def _is_sideways(found: Sequence[_Found]) -> bool:
    long = [one for one in found if len(one.text) > 3]
    tall = [one for one in long if np.ptp(one.quad[:, 1]) > _TALL * np.ptp(one.quad[:, 0])]
    return 2 * len(tall) > len(long)


def _mean(found: Sequence[_Found]) -> float:
    return float(np.mean([one.confidence for one in found])) if found else 0.0


def _weight(found: Sequence[_Found]) -> float:
    """Counts the letters of lines that were recognised with confidence and run across."""
    level = [one for one in found if np.ptp(one.quad[:, 1]) <= _TALL * np.ptp(one.quad[:, 0]) or len(one.text) < 3]
    return sum(len(one.text) * (one.confidence - _SURE) for one in level)


# -- layout


def _slope(found: Sequence[_Found]) -> float:
    """Returns the slope of the page's lines in radians."""
    sides = [one.quad[1] - one.quad[0] for one in found if len(one.text) > 8]
    return float(np.median([math.atan2(y, x) for x, y in sides])) if sides else 0.0


def _level(quad: Quad, slope: float) -> Quad:
    cos, sin = math.cos(-slope), math.sin(-slope)
    turned: Quad = quad @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _in_turn(found: Sequence[_Found], slope: float) -> list[_Found]:
    """Sorts lines from top to bottom, and pieces of one line from left to right."""
    rows: list[list[tuple[_Found, Quad]]] = []
    for one, quad in sorted(((one, _level(one.quad, slope)) for one in found), key=lambda pair: pair[1][:, 1].mean()):
        top, bottom = quad[:, 1].min(), quad[:, 1].max()
        if rows:
            above, below = rows[-1][-1][1][:, 1].min(), rows[-1][-1][1][:, 1].max()
            if min(bottom, below) - max(top, above) > 0.5 * min(bottom - top, below - above):
                rows[-1].append((one, quad))
                continue
        rows.append([(one, quad)])
    return [one for row in rows for one, _ in sorted(row, key=lambda pair: pair[1][:, 0].min())]


def _line(one: _Found, start: int, slope: float, high: float) -> Line:
    left, top = _level(one.quad, slope).min(axis=0)
    right, bottom = _level(one.quad, slope).max(axis=0)
    index = range(start, start + len(one.text))
    return Line(one.text, index, float(left), float(high - bottom), float(right), float(high - top))


def _unturned(box: tuple[float, float, float, float], quarters: int) -> tuple[float, float, float, float]:
    """Returns where a box of the turned picture stands on the page, both as shares."""
    x0, y0, x1, y1 = box
    for _ in range(quarters):  # a turn to the left took (x, y) to (y, 1 - x)
        x0, y0, x1, y1 = 1 - y0, x0, 1 - y1, x1
    return x0, y0, x1, y1

"""Lines that run across two columns of prose, put into the order in which they are read. Pure.

Some programs write a page line by line across its columns; then the reader finds left and right halves in one line, as
in a table. What tells prose from a table: cells are short or begin with a capital, prose fills its column and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .clean import Line

_LEAST = 4  # lines with both halves
_WORDS, _FULL, _RUNS_ON = 3.0, 0.6, 0.25


def in_columns(lines: Sequence[Line]) -> list[Line]:
    """The same lines, those of columns cut in two: all of the left column, then all of the right."""
    done: list[Line] = []
    position = 0
    while position < len(lines):
        border = _border(lines, position)
        end = _end(lines, position, border) if border is not None else position
        if border is not None and _are_prose(lines[position:end], border):
            halves = [_cut(line, border) for line in lines[position:end]]
            done += [left for left, _ in halves if left]
            done += in_columns([right for _, right in halves if right])
            position = end
        else:
            done.append(lines[position])
            position += 1
    return done


def _border(lines: Sequence[Line], position: int) -> float | None:
    """A place that lies in a gap of this line and of most of the next few, if there is one."""
    line = lines[position]
    following = [other for other in lines[position : position + 12] if other.gaps and other.turn == line.turn]
    if not line.gaps or len(following) < _LEAST:
        return None
    places = [(left + right) / 2 for other in following for _, left, right in other.gaps]
    places += [right - 1 for other in following for _, _, right in other.gaps]
    shared = {x: sum(any(a < x < b for _, a, b in other.gaps) for other in following) for x in places}
    x = max(shared, key=lambda x: (shared[x], -x))
    return x if shared[x] >= _LEAST and any(a < x < b for _, a, b in line.gaps) else None


def _end(lines: Sequence[Line], position: int, border: float) -> int:
    """Behind the last line that the border does not run through."""
    end = position
    while end < len(lines) and lines[end].turn == lines[position].turn and _parts(lines[end], border):
        end += 1
    return end


def _parts(line: Line, border: float) -> bool:
    return line.right <= border or line.left >= border or any(a < border < b for _, a, b in line.gaps)


def _cut(line: Line, border: float) -> tuple[Line | None, Line | None]:
    if line.right <= border:
        return line, None
    if line.left >= border:
        return None, line
    at, ends, begins = next(gap for gap in line.gaps if gap[1] < border < gap[2])
    left = replace(line, text=line.text[:at], index=line.index[:at], right=ends, gaps=_gaps(line, 0, at))
    while line.text[at] in " \t":
        at += 1
    right = replace(line, text=line.text[at:], index=line.index[at:], left=begins, gaps=_gaps(line, at, len(line.text)))
    return left, right


def _gaps(line: Line, first: int, end: int) -> tuple[tuple[int, float, float], ...]:
    return tuple((at - first, a, b) for at, a, b in line.gaps if first <= at < end)


def _are_prose(lines: Sequence[Line], border: float) -> bool:
    halves = [_cut(line, border) for line in lines]
    both = [(left, right) for left, right in halves if left and right]
    if len(both) < _LEAST:
        return False
    for side in ([left for left, _ in both], [right for _, right in both]):
        words = [len(line.text.split()) for line in side]
        widest = max(line.right - line.left for line in side)
        full = sum(line.right - line.left > _FULL * widest for line in side)
        runs_on = sum(line.text[0].islower() for line in side)
        digits = sum(any(c.isdigit() for c in word) for line in side for word in line.text.split())
        if sum(words) < _WORDS * len(side) or full < 0.6 * len(side) or runs_on < _RUNS_ON * len(side):
            return False
        if digits > 0.3 * sum(words):
            return False
    return True

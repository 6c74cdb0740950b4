"""Merges pieces of lines into lines, and puts lines that run across two columns of prose into reading order.

Some programs write a page line by line across its columns, so the reader finds the left and right halves in one line,
as in a table. Cells of a table are short or begin with a capital; prose fills its column and runs on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.text.clean import CELL, INSERTED, Line, is_row

CELL_GAP = 1.3  # of the line's height: no justified prose stretches a space that far
NUMBER_GAP = 0.8  # the same in a line of numbers, which is not prose
_LEAST = 4  # lines with both halves
_WORDS, _FULL, _RUNS_ON = 4.5, 0.7, 0.4


def merge_pieces(lines: Sequence[Line]) -> list[Line]:
    """Merges pieces that stand side by side on one line into that line, with a CELL between those that are far
    apart."""
    done: list[Line] = []
    for line in lines:
        if done and _goes_on(done[-1], line):
            before = done[-1]
            far = NUMBER_GAP if is_row(f"{before.text} {line.text}") else CELL_GAP
            apart = line.left - before.right > far * max(before.height, line.height)
            at = len(before.text)
            gaps = ((at, before.right, line.left),) if apart else ()
            done[-1] = replace(
                before, text=f"{before.text}{CELL if apart else ' '}{line.text}",
                index=[*before.index, INSERTED, *line.index], right=line.right, top=max(before.top, line.top),
                bottom=min(before.bottom, line.bottom),
                gaps=(*before.gaps, *gaps, *((at + 1 + n, a, b) for n, a, b in line.gaps)),
            )  # fmt: skip
        else:
            done.append(line)
    return done


def _goes_on(line: Line, following: Line) -> bool:
    shared = min(line.top, following.top) - max(line.bottom, following.bottom)
    on_one = shared > 0.6 * min(line.height, following.height) > 0
    return line.turn == following.turn and on_one and following.left > line.right - 0.3 * line.height


def split_columns(lines: Sequence[Line]) -> list[Line]:
    """Returns the lines, with those across two columns cut in two: first all of the left column, then all of the
    right."""
    done: list[Line] = []
    position = 0
    while position < len(lines):
        border = _border(lines, position)
        end = _end(lines, position, border) if border is not None else position
        if border is not None and _are_prose(lines[position:end], border):
            halves = [_cut(line, border) for line in lines[position:end]]
            done += [left for left, _ in halves if left]
            done += split_columns([right for _, right in halves if right])
            position = end
        else:
            done.append(lines[position])
            position += 1
    return done


def _border(lines: Sequence[Line], position: int) -> float | None:
    """Returns an x position that lies in a gap of this line and of enough of the next lines, or None."""
    line = lines[position]
    if not line.gaps:
        return None
    following = [other for other in lines[position : position + 12] if other.gaps and other.turn == line.turn]
    if len(following) < _LEAST:
        return None
    places = [x for _, left, right in line.gaps for x in ((left + right) / 2, right - 1) if left < x < right]
    shared = {x: sum(any(a < x < b for _, a, b in other.gaps) for other in following) for x in places}
    x = max(shared, key=lambda x: (shared[x], -x), default=0.0)
    return x if shared and shared[x] >= _LEAST else None


def _end(lines: Sequence[Line], position: int, border: float) -> int:
    """Returns the position of the first line that the border cuts through."""
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
    if len(both) < _LEAST or sum(len(line.gaps) > 1 for line in lines) > 0.1 * len(lines):
        return False
    for side in ([left for left, _ in both], [right for _, right in both]):
        words = [len(line.text.split()) for line in side]
        widest = max(line.right - line.left for line in side)
        full = sum(line.right - line.left > _FULL * widest for line in side)
        runs_on = sum(line.text[0].islower() for line in side)
        digits = sum(any(c.isdigit() for c in word) for line in side for word in line.text.split())
        if sum(words) < _WORDS * len(side) or full < 0.7 * len(side) or runs_on < _RUNS_ON * len(side):
            return False
        if digits > 0.3 * sum(words):
            return False
    return True

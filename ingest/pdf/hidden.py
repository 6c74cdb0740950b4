"""Finds text on a PDF page that nobody sees (white on white, tiny, off the page, behind a picture), and measures
pictures.

The page is drawn with and without suspicious text: where that makes no difference, the text cannot be seen. Text
without ink over a picture is what a scanner recognised in it, and is not reported.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_TINY = 1.0  # points
_LIGHT = 200  # of 255, each of the colours: paper, or nearly
_MOST_OBJECTS = 20_000
_MOST_COVERS = 400  # pictures and filled shapes that are compared with each text
_DEPTH = 6
_GRID = 40  # cells across and down, on which pictures' shares are counted
_PIXELS = 1000  # of the page's longer side, when it is drawn
_DIFFERENCE = 24  # of 255, that people can see
_EXCERPT = 300
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5
_UNSEEN_MODES = (3, 7)
_BLACK = (0, 0, 0, 255)

Box = tuple[float, float, float, float]  # left, bottom, right, top
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found on a page. `hidden` is an excerpt of text that nobody sees; `pictures` the share of the page that
    pictures cover; `layer` says that the text is what a scanner recognised in them, `blank` that nothing is on the
    page."""

    hidden: str = ""
    pictures: float = 0.0
    layer: bool = False
    blank: bool = True
    unreadable: bool = False  # hidden text that pdfium cannot tell the words of


@dataclass(slots=True)
class _Thing:
    """A text, path, picture or shading on the page, with its box in points. `suspect` says that it may be invisible."""

    handle: Any
    kind: int
    box: Box
    colour: tuple[int, int, int, int] | None = None
    mode: int = 0
    size: float = 12.0
    suspect: bool = False
    optional: bool = False  # in a layer that may be switched off

    @property
    def address(self) -> int:
        return ctypes.addressof(self.handle.contents)


@dataclass(slots=True)
class _Look:
    """The objects of a page; `full` says that it has more than were collected."""

    things: list[_Thing] = field(default_factory=list)
    full: bool = False


def inspect_page(page: Any, textpage: Any, text: str) -> tuple[Inspection, str]:
    """Returns what was found on the page, and `text` with a space in place of each hidden character. `page` and
    `textpage` are pdfium's."""
    look = _Look()
    _collect(page.raw, None, (1, 0, 0, 1, 0, 0), look, 0)
    texts = [thing for thing in look.things if thing.kind == _TEXT]
    frame = page.get_bbox()
    grid = _covered(look.things, frame)
    hidden = _unseen(page, frame, look, texts, grid)
    inkless = [thing for thing in texts if thing.mode in _UNSEEN_MODES]
    layer = bool(grid.mean() > 0.5) and not hidden and (bool(inkless) or _lie_below(look.things))
    excerpt = ""
    if hidden:
        text, excerpt = _without(textpage, text, hidden)
    blank = not any(thing.kind != _TEXT for thing in look.things) and not text.strip()
    return Inspection(excerpt, float(grid.mean()), layer, blank, bool(hidden) and not excerpt), text


def _collect(owner: Any, form: Any, matrix: Matrix, look: _Look, depth: int) -> None:
    import pypdfium2.raw as raw

    count = raw.FPDFFormObj_CountObjects(form) if form else raw.FPDFPage_CountObjects(owner)
    for number in range(max(0, count)):
        if len(look.things) >= _MOST_OBJECTS:
            look.full = True
            return
        handle = raw.FPDFFormObj_GetObject(form, number) if form else raw.FPDFPage_GetObject(owner, number)
        kind = raw.FPDFPageObj_GetType(handle)
        if kind == _FORM and depth < _DEPTH:
            _collect(owner, handle, _times(_matrix_of(handle), matrix), look, depth + 1)
        elif kind in (_TEXT, _PATH, _IMAGE, _SHADING):
            look.things.append(_thing(handle, kind, matrix))


def _thing(handle: Any, kind: int, matrix: Matrix) -> _Thing:
    import pypdfium2.raw as raw

    edges = [ctypes.c_float() for _ in range(4)]
    raw.FPDFPageObj_GetBounds(handle, *edges)
    thing = _Thing(handle, kind, _moved(tuple(edge.value for edge in edges), matrix))
    if kind == _IMAGE:
        return thing
    filled, stroked = ctypes.c_int(1), ctypes.c_int()
    if kind == _PATH and not (raw.FPDFPath_GetDrawMode(handle, filled, stroked) and filled.value):
        return thing
    parts = [ctypes.c_uint() for _ in range(4)]
    if raw.FPDFPageObj_GetFillColor(handle, *parts):
        red, green, blue, alpha = (part.value for part in parts)
        thing.colour = red, green, blue, alpha
    if kind == _TEXT:
        thing.mode = raw.FPDFTextObj_GetTextRenderMode(handle)
        size = ctypes.c_float()
        raw.FPDFTextObj_GetFontSize(handle, size)
        a, b, c, d, _, _ = _times(_matrix_of(handle), matrix)
        thing.size = abs(size.value) * abs(a * d - b * c) ** 0.5
        thing.optional = raw.FPDFPageObj_CountMarks(handle) > 0
    return thing


def _unseen(page: Any, frame: Box, look: _Look, texts: list[_Thing], grid: Any) -> set[int]:
    """Returns the addresses of the text objects that nobody sees."""
    hidden = set()
    for thing in texts:
        if thing.size < _TINY or _is_off(thing.box, frame):
            hidden.add(thing.address)
        elif thing.mode in _UNSEEN_MODES and _share(grid, thing.box, frame) < 0.8:
            thing.suspect = thing.mode != 3
            if thing.mode == 3:
                hidden.add(thing.address)
    _suspect(look.things, grid.mean())
    suspects = [thing for thing in texts if thing.suspect and thing.address not in hidden]
    if suspects and not look.full:
        hidden |= _making_no_difference(page, frame, suspects)
    return hidden


def _suspect(things: list[_Thing], pictures: float) -> None:
    """Marks texts that may be invisible: light, transparent, in the colour of what lies below them, or below something
    else."""
    texts = [(n, t) for n, t in enumerate(things) if t.kind == _TEXT and t.mode != 3]
    covers = [(n, t) for n, t in enumerate(things) if t.kind == _IMAGE or (t.kind != _TEXT and t.colour)]
    covers = [(n, t) for n, t in covers if (t.box[2] - t.box[0]) * (t.box[3] - t.box[1]) > 20][:_MOST_COVERS]
    for _, thing in texts:
        colour = thing.colour or _BLACK
        thing.suspect |= thing.optional or colour[3] < 40 or min(colour[:3]) >= _LIGHT
    if not texts or not covers:
        return
    left, bottom, right, top = np.array([t.box for _, t in texts]).T[:, :, None]
    boxes = np.array([t.box for _, t in covers]).T[:, None, :]
    over = (boxes[0] < right) & (boxes[2] > left) & (boxes[1] < top) & (boxes[3] > bottom)
    inks = np.array([(t.colour or _BLACK)[:3] for _, t in texts])[:, None, :]
    grounds = np.array([(t.colour or (-999,) * 4)[:3] for _, t in covers])[None, :, :]
    alike = np.abs(inks - grounds).max(axis=2) < _DIFFERENCE
    # A scan lies over the text that was recognised in it, which is no secret; text behind smaller pictures may be one.
    later = np.array([n for n, _ in covers])[None, :] > np.array([n for n, _ in texts])[:, None]
    found = (over & np.where(later, pictures < 0.5, alike)).any(axis=1)
    for (_, thing), suspect in zip(texts, found.tolist(), strict=True):
        thing.suspect |= suspect


def _making_no_difference(page: Any, frame: Box, suspects: list[_Thing]) -> set[int]:
    """Returns the addresses of the suspects without which the page is drawn exactly the same."""
    import pypdfium2.raw as raw

    scale = min(2.0, _PIXELS / max(1.0, *page.get_size()))
    before = _drawn(page, scale)
    for thing in suspects:
        raw.FPDFPageObj_SetIsActive(thing.handle, False)
    after = _drawn(page, scale)
    for thing in suspects:
        raw.FPDFPageObj_SetIsActive(thing.handle, True)
    changed = np.abs(before.astype(np.int16) - after).max(axis=2) >= _DIFFERENCE
    found = set()
    for thing in suspects:
        left, top, right, bottom = _on_drawing(page, thing.box, changed.shape)
        if not changed[top : bottom + 1, left : right + 1].any():
            found.add(thing.address)
    return found


def _drawn(page: Any, scale: float) -> Any:
    return page.render(scale=scale, no_smoothtext=False).to_numpy()[:, :, :3].copy()


def _on_drawing(page: Any, box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    import pypdfium2.raw as raw

    across, down = [], []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        right, below = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, shape[1], shape[0], 0, x, y, right, below)
        across.append(min(max(right.value, 0), shape[1]))
        down.append(min(max(below.value, 0), shape[0]))
    return min(across), min(down), max(across), max(down)


def _without(textpage: Any, text: str, hidden: set[int]) -> tuple[str, str]:
    """Returns the text with a space for each hidden character, and an excerpt of what was hidden."""
    import pypdfium2.raw as raw

    kept, lost = [], []
    for index, character in enumerate(text):
        owner = None if character.isspace() else raw.FPDFText_GetTextObject(textpage.raw, index)
        if owner and ctypes.addressof(owner.contents) in hidden:
            kept.append(" ")
            lost.append(character)
        else:
            kept.append(character)
            if character.isspace():
                lost.append(" ")
    return "".join(kept), " ".join("".join(lost).split())[:_EXCERPT]


def _lie_below(things: list[_Thing]) -> bool:
    """Whether most texts were drawn before the last picture, as some scanners do."""
    last = max((n for n, thing in enumerate(things) if thing.kind == _IMAGE), default=-1)
    texts = [n for n, thing in enumerate(things) if thing.kind == _TEXT]
    return bool(texts) and sum(n < last for n in texts) > 0.8 * len(texts)


# -- geometry


def _covered(things: list[_Thing], frame: Box) -> Any:
    """Returns a grid of the page's cells, shape (_GRID, _GRID), with True for those that pictures cover."""
    grid = np.zeros((_GRID, _GRID), bool)
    for thing in things:
        if thing.kind == _IMAGE and (cells := _cells(thing.box, frame)):
            grid[cells] = True
    return grid


def _share(grid: Any, box: Box, frame: Box) -> float:
    cells = _cells(box, frame)
    return float(grid[cells].mean()) if cells else 0.0


def _cells(box: Box, frame: Box) -> tuple[slice, slice] | None:
    wide, high = max(1e-3, frame[2] - frame[0]), max(1e-3, frame[3] - frame[1])
    left, right = (_GRID * (x - frame[0]) / wide for x in (box[0], box[2]))
    bottom, top = (_GRID * (y - frame[1]) / high for y in (box[1], box[3]))
    edges = [int(min(max(round(v), 0), _GRID)) for v in (left, right, bottom, top)]
    if edges[0] == edges[1] or edges[2] == edges[3]:
        middle = int((left + right) / 2), int((bottom + top) / 2)
        if not (0 <= middle[0] < _GRID and 0 <= middle[1] < _GRID):
            return None
        return slice(middle[1], middle[1] + 1), slice(min(edges[0], middle[0]), max(edges[1], middle[0] + 1))
    return slice(edges[2], edges[3]), slice(edges[0], edges[1])


def _is_off(box: Box, frame: Box) -> bool:
    empty = box[0] == box[2] and box[1] == box[3]
    return not empty and (box[2] <= frame[0] or box[0] >= frame[2] or box[3] <= frame[1] or box[1] >= frame[3])


def _matrix_of(handle: Any) -> Matrix:
    import pypdfium2.raw as raw

    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(handle, found):
        return 1, 0, 0, 1, 0, 0
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(box: Any, matrix: Matrix) -> Box:
    left, bottom, right, top = box
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (left, right) for y in (bottom, top)]
    ys = [b * x + d * y + f for x in (left, right) for y in (bottom, top)]
    return min(xs), min(ys), max(xs), max(ys)

"""Draws what docs/measure/frontier.py measured: each way a point, those that nothing beats on a line. Plain SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from ingest.errors import InvalidInput

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800, 500, 58, 18, 18, 52
LETTER, LINE = 7.4, 15  # how much room a letter of a label takes, and a line, in pixels; rather too much
CROSSED = 25  # pixels further away are better than a label across a line
# Greys and colours that stand out from white and from black alike: a picture on a page does not know its background.
STYLE = """text{font:12px system-ui,sans-serif;fill:#777b82}.axis{stroke:#777b82}.grid{stroke:#8888;stroke-width:.5}
.whisker{stroke:#8889;stroke-width:1.5}.leader{stroke:#8889;stroke-width:.75}.front{fill:none;stroke:#2f81f7;stroke-width:2}
.way{fill:#777b82}.best{fill:#2f81f7}.docent{fill:#d9730d}"""


@dataclass(frozen=True, slots=True)
class Box:
    """In pixels, down from the top."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not apart and self.top < other.bottom and other.top < self.bottom

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


def placed(points: Sequence[tuple[float, float]], widths: Sequence[float], lines: Sequence[Box]) -> list[Box]:
    """A place for each point's label inside the picture: free of points and other labels, off the `lines` where that
    costs no long way, near its point."""
    dots = [Box(x - 7, y - 7, x + 7, y + 7) for x, y in points]
    labels: list[Box] = []
    for (x, y), width in zip(points, widths, strict=True):
        best, least = None, math.inf
        for left in np.arange(LEFT + 4, WIDTH - RIGHT - width, 6):
            for top in np.arange(TOP, HEIGHT - BOTTOM - LINE, 5):
                box = Box(float(left), float(top), float(left) + width, float(top) + LINE)
                way = math.dist((x, y), box.nearest(x, y)) + CROSSED * sum(box.meets(line) for line in lines)
                if way < least and not any(box.meets(other) for other in (*dots, *labels)):
                    best, least = box, way
        if best is None:
            raise InvalidInput(
                "The picture has no room for so many labels.", "Raise HEIGHT in docs/measure/frontier_picture.py."
            )
        labels.append(best)
    return labels


def undominated(points: Sequence[tuple[float, float]]) -> list[int]:
    """Of (seconds, share) the places of those that nothing beats: nothing that is sooner or better, and neither later
    nor worse. Soonest first."""
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    best, front = -math.inf, []
    for i in order:
        if points[i][1] > best:
            best = points[i][1]
            front.append(i)
    return front


def picture(told: Sequence[Mapping[str, Any]], docent: str) -> str:
    """Right answers against the median wait, whiskers of 95 %, and a line through what nothing else beats. SVG.

    `told` are rows of frontier.json; `docent` is the way that stands out.
    """
    points = [(row["seconds_to_first_token_p50"], row["accuracy"]) for row in told]
    spans = [row["intervals"]["accuracy"] for row in told]
    soonest, latest = min(x for x, _ in points) / 1.4, max(x for x, _ in points) * 1.4
    low: float = math.floor(10 * min(low for low, _ in spans)) / 10
    high: float = math.ceil(10 * max(high for _, high in spans)) / 10

    def across(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(seconds / soonest) / math.log(latest / soonest)

    def up(share: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (share - low) / ((high - low) or 1)

    front = undominated(points)
    at = [(across(x), up(y)) for x, y in points]
    whiskers = [Box(x - 1, up(top), x + 1, up(bottom)) for (x, _), (bottom, top) in zip(at, spans, strict=True)]
    line = [at[i] for i in front]
    labels = placed(at, [LETTER * len(row["way"]) for row in told], [*whiskers, *_along(line)])
    parts = axes(across, up, (soonest, latest), (low, high))
    parts += [f'<path class="whisker" d="M{w.left + 1:.1f} {w.top:.1f}V{w.bottom:.1f}"/>' for w in whiskers]
    parts.append(f'<polyline class="front" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}"/>')
    for i in sorted(range(len(told)), key=lambda i: told[i]["way"] == docent):  # it comes to lie on top
        name, (x, y), near = told[i]["way"], at[i], labels[i].nearest(*at[i])
        kind = "docent" if name == docent else "best" if i in front else "way"
        if math.dist(near, (x, y)) > 12:
            parts.append(f'<path class="leader" d="M{x:.1f} {y:.1f}L{near[0]:.1f} {near[1]:.1f}"/>')
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(_text(name, _anchor(labels[i], x), labels[i].bottom - 4, kind))
    title = "Right answers against the seconds to the first token"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<title>{title}</title>", f"<style>{STYLE}</style>", *parts, "</svg>", ""])


Scale = Callable[[float], float]


def axes(across: Scale, up: Scale, seconds: tuple[float, float], shares: tuple[float, float]) -> list[str]:
    parts = []
    for power in range(-3, 4):
        for tick in (10.0**power, 2 * 10.0**power, 5 * 10.0**power):
            if seconds[0] <= tick <= seconds[1]:
                parts.append(f'<path class="grid" d="M{across(tick):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
                parts.append(_text(f"{tick:g}", (across(tick), "middle"), HEIGHT - BOTTOM + 17))
    for tenth in range(round(10 * shares[0]), round(10 * shares[1]) + 1):
        parts.append(f'<path class="grid" d="M{LEFT} {up(tenth / 10):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(f"{tenth / 10:.1f}", (LEFT - 8, "end"), up(tenth / 10) + 4))
    parts.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    parts.append(_text("seconds to the first token, median", ((LEFT + WIDTH - RIGHT) / 2, "middle"), HEIGHT - 12))
    name = _text("right answers, with 95 % intervals", (0, "middle"), 0)
    return [*parts, f'<g transform="translate(16 {(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)">{name}</g>']


def _along(line: Sequence[tuple[float, float]]) -> list[Box]:
    """Small boxes that cover a line."""
    points = [
        (float(x), float(y))
        for (x0, y0), (x1, y1) in pairwise(line)
        for x, y in np.linspace((x0, y0), (x1, y1), 2 + int(math.dist((x0, y0), (x1, y1)) / 10))
    ]
    return [Box(x - 4, y - 4, x + 4, y + 4) for x, y in points]


def _anchor(label: Box, x: float) -> tuple[float, str]:
    """On the side where its point is, so that a label whose letters are narrow still stands beside it."""
    if label.left >= x:
        return label.left, "start"
    return (label.right, "end") if label.right <= x else ((label.left + label.right) / 2, "middle")


def _text(text: str, at: tuple[float, str], y: float, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{at[0]:.1f}" y="{y:.1f}" text-anchor="{at[1]}">{escape(text)}</text>'

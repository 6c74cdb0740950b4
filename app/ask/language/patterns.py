"""Wordings as people use them, one a line, made into patterns. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

Wordings = list[tuple[str, re.Pattern[str]]]


def compiled(wordings: Mapping[str, str], parts: Mapping[str, str]) -> Wordings:
    """(key, pattern) of each line, in order. A line is a regular expression, in which <name> stands for one of the
    parts, and these may hold such names themselves."""
    return [
        (key, re.compile(_filled(line.strip(), parts), re.IGNORECASE))
        for key, lines in wordings.items()
        for line in lines.strip().splitlines()
    ]


def fitting(text: str, wordings: Wordings) -> list[tuple[str, re.Match[str]]]:
    """Those that fit from end to end, in order."""
    found = ((key, pattern.fullmatch(text)) for key, pattern in wordings)
    return [(key, match) for key, match in found if match]


def _filled(line: str, parts: Mapping[str, str]) -> str:
    def part(name: re.Match[str]) -> str:
        return _filled(f"(?:{parts[name[1]]})", parts)

    return re.sub(r"(?<!\?P)<([a-z]+)>", part, line)

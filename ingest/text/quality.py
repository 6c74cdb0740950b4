"""Measures how much a page's text looks like writing, and decides whether its picture has to be recognised instead."""

from __future__ import annotations

import re

GOOD = 0.5  # of `quality`: less is no text to answer from
_LEADERS = re.compile(r"(?:[.…·_] ?){4,}|-{4,}")  # of tables of contents, and lines to write on
_FEW = 100  # letters that a scan's stamp or running header may have beside its picture
_NO_SPACES = "\u0e00"  # from here on, Thai and what follows it, words are not kept apart by spaces


def quality(text: str) -> float:
    """Rates a text from 0 to 1. It is low for an empty text, broken encodings, glued words and scattered letters ("T h
    e")."""
    text = _LEADERS.sub("", text)
    if len(text) < 20:
        return 0.0 if not text.strip() else 0.4
    letters = letters_of(text)
    return max(0.0, min(1.0, 2 * letters / len(text)) - damage(text))


def damage(text: str) -> float:
    """Measures how much of a text is broken encoding, glued words or scattered letters; 0 is none."""
    bad = sum(1 for c in text if c == "\ufffd" or (not c.isprintable() and c not in "\n\t"))
    words = [word for word in text.split() if word[len(word) // 2] < _NO_SPACES]
    glued = sum(len(word) for word in words if len(word) > 45)
    return (5 * bad + glued) / max(1, len(text)) + is_scattered(text)


def letters_of(text: str) -> int:
    """Counts the letters and digits of a text."""
    return sum(1 for c in text if c.isalnum())


def is_scattered(text: str) -> bool:
    """Whether most words have a single letter, in scripts that put spaces between words."""
    words = [word for word in text.split() if word.isalpha() and word[0] < _NO_SPACES]
    return len(words) >= 8 and sum(1 for word in words if len(word) == 1) > 0.6 * len(words)


def needs_recognition(text: str, pictures: float, unmapped: float, blank: bool) -> bool:
    """Whether the page has to go through text recognition. `pictures` is the share of the page that pictures cover,
    `unmapped` the share of characters that its fonts map to no character; `blank` says that nothing is on the page."""
    if blank:
        return False
    letters = letters_of(text)
    return (
        not text.strip()
        or unmapped > 0.3
        or (damage(text) > GOOD and letters > 20)
        or (pictures > 0.5 and letters < _FEW)
    )

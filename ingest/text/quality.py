"""How much a page's text looks like writing, and whether its picture has to be read instead. Pure."""

from __future__ import annotations

import re

GOOD = 0.5  # of `quality`: less is no text to answer from
_LEADERS = re.compile(r"(?:[.…·_] ?){4,}|-{4,}")  # of tables of contents, and lines to write on
_FEW = 100  # letters that a scan's stamp or running header may have beside its picture
_NO_SPACES = "\u0e00"  # from here on, Thai and what follows it, words are not kept apart by spaces


def quality(text: str) -> float:
    """0 to 1. Low for nothing, for broken encodings, for glued words and for scattered ones ("T h e  p u m p")."""
    text = _LEADERS.sub("", text)
    if len(text) < 20:
        return 0.0 if not text.strip() else 0.4
    letters = letters_of(text)
    return max(0.0, min(1.0, 2 * letters / len(text)) - damage(text))


def damage(text: str) -> float:
    """What a broken encoding leaves, and words glued together or scattered: from 0 up."""
    bad = sum(1 for c in text if c == "\ufffd" or (not c.isprintable() and c not in "\n\t"))
    words = [word for word in text.split() if word[len(word) // 2] < _NO_SPACES]
    glued = sum(len(word) for word in words if len(word) > 45)
    return (5 * bad + glued) / max(1, len(text)) + is_scattered(text)


def letters_of(text: str) -> int:
    return sum(1 for c in text if c.isalnum())


def is_scattered(text: str) -> bool:
    """Whether most words have a single letter, in whatever script has spaces."""
    words = [word for word in text.split() if word.isalpha() and word[0] < _NO_SPACES]
    return len(words) >= 8 and sum(1 for word in words if len(word) == 1) > 0.6 * len(words)


def wants_recognition(text: str, pictures: float, unmapped: float, blank: bool) -> bool:
    """Whether the page's picture says more than its text. `pictures` is the share of the page that they cover,
    `unmapped` that of characters which its fonts give no meaning to."""
    if blank:
        return False
    letters = letters_of(text)
    return (
        not text.strip()
        or unmapped > 0.3
        or (damage(text) > GOOD and letters > 20)
        or (pictures > 0.5 and letters < _FEW)
    )

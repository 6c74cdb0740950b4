"""Texts on one line: names, headings, what is shown of more, and how many there are of something."""

from __future__ import annotations


def flat(text: str) -> str:
    """On one line. What does not print is left in: laying out flags it where it hides something."""
    return " ".join(text.split())


def plain(text: str) -> str:
    """On one line, without what does not print: for names and titles."""
    return printed(flat(text))


def printed(text: str) -> str:
    """Without what does not print, its line breaks aside."""
    if text.isprintable() or all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(c for c in text if c == "\n" or c.isprintable())


def short(text: str, length: int = 200) -> str:
    """Shortens a text to one line of at most `length` characters."""
    line = flat(text)
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def many(number: int, word: str) -> str:
    """Counts something: '1 page', '1,200 pages'."""
    return f"{number:,} {word}{'s' * (number != 1)}"

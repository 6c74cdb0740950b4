"""Makes what documents, models and people wrote safe to show.

Everything goes through `html.escape`; all tags are made here. A link or a picture in a model's answer is shown as the
characters that it is written with, so that no page fetches anything and no document can add a script.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_BULLET = re.compile(r"^\s*[-*•]\s+(.*)$")
_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s+(.*)$")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.*?)\s*#*$")
_OPEN, _CLOSE = "\ue000", "\ue001"  # private characters: they stand around our own marks until the text is escaped


def to_html(text: str, marks: Iterable[tuple[str, Sequence[int]]] = ()) -> str:
    """Converts a model's text with safe Markdown: paragraphs, lists, bold, italics, code. All else is shown as written.

    `marks` are passages of the text, each with the numbers of the sources to put behind it.
    """
    text = text.replace(_OPEN, "").replace(_CLOSE, "")
    for passage, numbers in marks:
        text = _marked(text, passage, numbers)
    blocks: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        blocks += _blocks(paragraph.split("\n"))
    return _with_sources("".join(blocks))


def plain_html(text: str) -> str:
    """Returns text as HTML as it is written, with its line breaks."""
    return html.escape(text).replace("\n", "<br>")


def highlighted(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Returns text as HTML as it is written, with `text[start:end]` of each span marked."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        start, end = max(start, at), min(end, len(text))
        if start < end:
            pieces += [html.escape(text[at:start]), "<mark>", html.escape(text[start:end]), "</mark>"]
            at = end
    return "".join([*pieces, html.escape(text[at:])])


def label(text: str) -> str:
    """Escapes text for the labels of Streamlit's widgets, which interpret Markdown."""
    flat = "".join(c for c in " ".join(text.split()) if c.isprintable() or c == "\u200d")
    return re.sub(r"([\\`*_{}\[\]()<>#+\-!|~$:])", r"\\\1", flat)


def short_name(path: str, length: int = 34) -> str:
    """Shortens a file name to fit on a button: first its folder is dropped, then its middle, as beginning and end say
    most."""
    name = path.rsplit("/", 1)[-1]
    return name if len(name) <= length else f"{name[: length - 12]}…{name[-11:]}"


def _marked(text: str, passage: str, numbers: Sequence[int]) -> str:
    at = text.find(passage) if passage else -1
    if at < 0 or not numbers:
        return text
    end = at + len(passage)
    return f"{text[:end]}{_OPEN}{','.join(map(str, numbers))}{_CLOSE}{text[end:]}"


def _with_sources(escaped: str) -> str:
    return re.sub(
        f"{_OPEN}([0-9,]+){_CLOSE}",
        lambda found: "".join(f'<sup class="source">{number}</sup>' for number in found[1].split(",")),
        escaped,
    )


def _blocks(lines: Sequence[str]) -> Iterable[str]:
    """Joins neighbouring lines of one kind to one list or one paragraph."""
    kinds: list[tuple[str, list[str]]] = []
    for line in lines:
        kind, words = _kind(line)
        if kinds and kinds[-1][0] == kind:
            kinds[-1][1].append(words)
        else:
            kinds.append((kind, [words]))
    for kind, items in kinds:
        if kind == "p":
            yield f"<p>{'<br>'.join(_inline(item) for item in items)}</p>"
        elif kind == "strong":
            yield "".join(f"<p><strong>{_inline(item)}</strong></p>" for item in items)
        else:
            yield f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>"


def _kind(line: str) -> tuple[str, str]:
    for kind, pattern in (("ul", _BULLET), ("ol", _NUMBERED), ("strong", _HEADING)):
        if found := pattern.match(line):
            return kind, found[1]
    return "p", line


def _inline(text: str) -> str:
    """Converts inline Markdown. Text is escaped first, so the tags that are made contain no others."""
    text = html.escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(?=\S)([^*]+?)(?<=\S)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"<em>\1</em>", text)

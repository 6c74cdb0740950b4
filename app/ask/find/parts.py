"""Parts of one document: a section by its number, its place or its topic, pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.ask.language.naming import name_words, telling_share
from app.ask.language.words import stem
from app.ask.plan import Asked
from app.ask.structure.outline import Outline, Section, chapter, contents_of, outline_of, read_of, span_of
from ingest.datatypes import Document

NTH = {
    word: str(n) for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}
NO_TOPIC = frozenset(  # words that say nothing of what a section is about
    stem(word)
    for word in "section chapter part topic subject rule rules information detail all content thing clause".split()
)
_MOST_PAGES = 60  # that are read at once


@dataclass(frozen=True, slots=True)
class Part:
    """Sections of one document, those below them included; all of it where `whole`. `place` are the pages, where
    these were asked for."""

    outline: Outline
    sections: tuple[Section, ...]
    whole: bool = False
    place: str = ""

    @property
    def document(self) -> Document:
        return self.outline.document


def numbered_part(asked: Asked, document: Document, said: dict[str, str | None]) -> Part | None:
    if first := said.get("first"):
        return _pages(
            asked, document, (said.get("place") or "").rstrip("s."), int(first), int(said.get("last") or first)
        )
    outline = _headed_outline(asked, document)
    sections = outline.sections
    if number := said.get("number"):
        pattern = re.compile(rf"^(?:[a-z§]+ ?)?{re.escape(number)}(?![\w]|\.\d)", re.IGNORECASE)
        places = [n for n, one in enumerate(sections) if one.number == number or pattern.match(one.heading)]
    else:
        top = min((one.level for one in sections if one.number), default=0)
        order = [n for n, one in enumerate(sections) if one.heading and (one.level == top if top else True)]
        nth = said.get("nth") or ""
        wanted = len(order) - 1 if nth in ("last", "final") else int(NTH[nth]) - 1
        places = order[wanted : wanted + 1] if wanted >= 0 else []
    return _read(asked, outline, chapter(sections, places[0])) if places else None


def _headed_outline(asked: Asked, document: Document) -> Outline:
    """With all headings; of a long document nothing is read below them."""
    outline = outline_of(asked.index, document)
    return outline if outline.whole else contents_of(asked.index, document)


def _read(asked: Asked, outline: Outline, sections: Sequence[Section]) -> Part:
    if any(section.statements for section in sections):
        return Part(outline, tuple(sections))
    return Part(outline, read_of(asked.index, outline.document, sections) or tuple(sections))


def _pages(asked: Asked, document: Document, sort: str, first: int, last: int) -> Part | None:
    """What stands on these pages, section by section."""
    sql = "SELECT number, start FROM pages WHERE doc_id = ? AND number BETWEEN ? AND ? ORDER BY number"
    rows = asked.index.store.rows(sql, (document.id, first, min(last, first + _MOST_PAGES) + 1))
    inside = [start for number, start in rows if number <= last]
    if not inside or (sort == "slide" and not asked.index.page_called(document.id, f"slide {first}")):
        return None
    named = f"{sort if sort in ('slide', 'sheet') else 'page'}{'s' * (last > first)} {first}" + f" to {last}" * (
        last > first
    )
    end = next((start for number, start in rows if number > last), 1 << 60)
    return Part(Outline(document, ()), span_of(asked.index, document, inside[0], end), False, named)


def topic_part(asked: Asked, document: Document, topic: str) -> tuple[Part | None, float]:
    """The sections whose headings speak of the topic, those below them included, and how well they do."""
    outline = _headed_outline(asked, document)
    places, share = places_of(outline, topic)
    if places and outline.whole and _is_title(outline, places[0]):
        return Part(outline, outline.sections, True), share
    taken: list[Section] = []
    for place in places:
        if outline.sections[place] not in taken:
            taken += chapter(outline.sections, place)
    part = _read(asked, outline, taken) if taken else None
    return (part, share) if part and any(section.statements for section in part.sections) else (None, 0.0)


def _is_title(outline: Outline, place: int) -> bool:
    """Whether it is the heading of all: the first, at the very beginning, with others below it."""
    first = next((n for n, section in enumerate(outline.sections) if section.heading), -1)
    return place == first and outline.sections[place].start < 200 and len(outline.sections) > place + 2


def places_of(outline: Outline, topic: str) -> tuple[list[int], float]:
    """The places of the sections whose headings speak of the topic, and how well they do: 1 for all of the topic's
    words, up to 1.2 for headings that say nothing else."""
    wanted = [word for word in name_words(topic) if word not in NO_TOPIC]
    if not wanted:
        return [], 0.0
    scores = []
    for section in outline.sections:
        words = frozenset(name_words(section.name))
        share = telling_share(wanted, words)
        scores.append(share + 0.2 * telling_share(list(words), wanted) if share else 0.0)
    best = max(scores, default=0.0)
    if best < 0.6:
        return [], 0.0
    chosen = [place for place, score in enumerate(scores) if score >= best - 0.1]
    return chosen, best

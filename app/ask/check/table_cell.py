"""The one cell of a table that a question names by its row and its column: read by code, which loses no column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.ask.check.verify import quoted
from app.ask.language.spoken_rows import Spoken, spoken_parts
from app.ask.language.words import content_words, telling_words
from app.ask.plan import Computed
from app.datatypes import Hit, Plan, Sentence

_EXPLAINED = 0.8  # share of the question's telling words that row, column, caption and headings must hold
_OF_ROW = 0.5  # share of the row's own words that the question must name
_ASKING = frozenset(
    "how many much what which does has have need needs use used stand value give get tak must should".split()
)
_ELSEWHERE = frozenset("more less higher lower longer shorter differ difference than compar between".split())


@dataclass(frozen=True, slots=True)
class _Cell:
    sentence: Sentence
    row: Spoken
    column: str
    value: str
    fits: tuple[float, float, int]  # the share explained, the share of the row that is named, words of the column


def cell_of(question: str, sentences: Sequence[Sentence], hits: Sequence[Hit]) -> Computed | None:
    """The cell's value with its row quoted; None where row and column are not both named, or two cells fit as well."""
    wanted = {word for word in telling_words(question) if word not in _ASKING}
    if not wanted or wanted & _ELSEWHERE:
        return None
    found = [cell for sentence in sentences if sentence.spoken for cell in _fitting(wanted, sentence, hits)]
    best = max((cell.fits for cell in found), default=None)
    cells = [cell for cell in found if cell.fits == best]
    if len({cell.value for cell in cells}) != 1:
        return None
    cell = cells[0]
    caption = f" ({cell.row.caption})" if cell.row.caption else ""
    said = f"Read one cell of a table in {cell.sentence.file}: {cell.row.label}, {cell.column}."
    text = f"{cell.value} – {cell.row.label}, {cell.column}{caption}"
    plan = Plan("table", said, (cell.sentence.file,), cell.row.label, "rows", cell.column)
    return Computed(plan, text, (quoted(cell.sentence, text),))


def _fitting(wanted: set[str], sentence: Sentence, hits: Sequence[Hit]) -> Iterator[_Cell]:
    row = spoken_parts(sentence.spoken)
    label = telling_words(row.label)
    named = len(label & wanted) / len(label) if label else 0.0
    if named < _OF_ROW:
        return
    above = " ".join(
        f"{hit.title} {hit.chunk.heading}" for hit in hits if hit.holds(sentence.file, sentence.start)
    )  # fmt: skip
    around = f"{row.caption} {row.label} {above}"
    known = telling_words(around) | set(content_words(around))
    for column, value in row.cells:
        words = telling_words(column)
        missing = wanted - known - words
        explained = 1 - len(missing) / len(wanted)
        is_named = bool(words) and words <= wanted
        if is_named and explained >= _EXPLAINED and not any(any(c.isdigit() for c in word) for word in missing):
            yield _Cell(sentence, row, column, value, (explained, named, len(words)))

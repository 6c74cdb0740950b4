"""The report on a library: every file, page and table of the folder is searchable, or listed here with the reason.

The terminal, the pages and `docent report --json` show the same `Library`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from app.library.asked import Asked
from ingest.datatypes import Flag

State = Literal[
    "read", "recognised", "superseded", "duplicate", "partly read", "changed", "waiting", "gone", "not read",
    "not a document",
]  # fmt: skip
STATES: Mapping[State, str] = {  # what needs attention first
    "not read": "could not be read",
    "partly read": "read, but for some pages or tables",
    "waiting": "in the folder, not in the index yet",
    "changed": "changed since it was read",
    "gone": "no longer in the folder",
    "duplicate": "says the same as another file",
    "superseded": "an older version of another file",
    "recognised": "read, in part from pictures of text",
    "read": "read whole",
    "not a document": "nothing that Docent reads",
}
Page = Literal["searchable", "recognised", "waiting", "empty"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A page or a table of a file that no question can find. `page` is 1-based."""

    kind: Literal["page", "table"]
    page: int
    named: str  # as a citation would: 'page 3', 'slide 3'
    why: str
    to_do: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of the folder. `read_by` counts its pages by reader; `confidence` is the mean over the pages recognised
    in pictures, 1 without any; `found` counts the passages that questions ever found. `runs` are its pages in order, as
    (kind, how many in a row); `warmth` tells how often its passages were found, in order, several together where there
    are many."""

    path: str
    state: State
    title: str = ""
    why: str = ""
    to_do: str = ""
    size: int = 0
    pages: int = 0
    searchable_pages: int = 0
    read_by: Mapping[str, int] = field(default_factory=dict)
    recognised: int = 0
    confidence: float = 1.0
    tables: int = 0
    searchable_tables: int = 0
    passages: int = 0
    found: int = 0
    language: str = ""  # 'en'; '' where it could not be told
    other: str = ""  # the file that says the same, or is newer
    runs: tuple[tuple[Page, int], ...] = ()
    warmth: tuple[int, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """The contract of `docent report --json`. `missing_folder` says why a folder could not be read."""

    folder: str
    index: str
    files: tuple[FileReport, ...]
    questions: int = 0
    empty: tuple[Asked, ...] = ()  # questions that found nothing or were refused, newest first
    missing_folder: str = ""

    @property
    def documents(self) -> list[FileReport]:
        """The files that are documents of the index."""
        return [file for file in self.files if file.state != "not a document"]

    def count(self, name: str) -> int:
        """Returns a sum over all files: pages, searchable_pages, tables, searchable_tables, passages, found or
        recognised."""
        return sum(getattr(file, name) for file in self.files)

    @property
    def states(self) -> dict[State, int]:
        """How many files are in each state; states that need attention come first."""
        counts = Counter(file.state for file in self.files)
        return {state: counts[state] for state in STATES if counts[state]}

    @property
    def read_by(self) -> dict[str, int]:
        """How many pages each reader read, most first."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts.update(file.read_by)
        return dict(counts.most_common())

    def as_json(self) -> dict[str, Any]:
        totals = ("pages", "searchable_pages", "recognised", "tables", "searchable_tables", "passages", "found")
        told = {"files": len(self.files), **{name: self.count(name) for name in totals}}
        summary = {**told, "states": self.states, "read_by": self.read_by, "questions": self.questions}
        return {"summary": summary, **asdict(self)}


def in_words(gaps: Sequence[Gap]) -> list[tuple[str, str]]:
    """Groups gaps by their reason: ('pages 3, 5 to 9', 'no text')."""
    told = []
    for why in dict.fromkeys(gap.why for gap in gaps):
        own = [gap for gap in gaps if gap.why == why]
        numbers = [gap.page for gap in own if gap.kind == "page" and gap.named == f"page {gap.page}"]
        names = [f"page{'s' * (len(numbers) != 1)} {_ranges(numbers)}"] if numbers else []
        names += [gap.named for gap in own if gap.kind == "table" or gap.named != f"page {gap.page}"]
        told.append((", ".join([*names[:8], *([f"and {len(names) - 8} more"] if len(names) > 8 else [])]), why))
    return told


def _ranges(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    shown = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more places" if len(shown) > 12 else "")

"""The data classes that pass between question and answer. All are frozen.

The command line, the pages and the evaluation use the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from app.llm.protocol import Stats
from ingest.datatypes import Chunk


def recognised(confidence: float) -> str:
    """Says with how much confidence (0 to 1) words were recognised in a picture; '' where they were not recognised."""
    return "" if confidence >= 1 else f"text recognised in a scan, {max(0.0, confidence):.0%} sure".replace("%", " %")


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. `ranks` has its 1-based rank in each ranking that found it, e.g. {"bm25": 3, "dense": 1}.

    `place` is what its page is called where it is no page: 'slide 3'. `confidence`, 0 to 1, is below 1 where its words
    were recognised in a picture. Both mean the same in sentences and citations.
    """

    chunk: Chunk
    file: str
    title: str
    score: float
    ranks: Mapping[str, int]
    place: str = ""
    confidence: float = 1.0

    @property
    def page(self) -> int:
        return self.chunk.page

    @property
    def named(self) -> str:
        """The passage's page in words: 'page 3', or `place`."""
        return self.place or f"page {self.page}"

    def holds(self, file: str, start: int) -> bool:
        """Whether this offset of that file is in the passage."""
        return self.file == file and self.chunk.start <= start < self.chunk.end


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit, at `start:end` of its document's text and on one page.

    `spoken` is its meaning where that takes more than its own words: a table row with the names of its columns.
    """

    file: str
    page: int
    start: int
    end: int
    text: str
    score: float = 0.0
    spoken: str = ""
    place: str = ""
    confidence: float = 1.0

    @property
    def named(self) -> str:
        return self.place or f"page {self.page}"

    @property
    def meaning(self) -> str:
        """`spoken` where there is one, else the sentence itself."""
        return self.spoken or self.text


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the prompt. A `stable` one is the same for every question, so the model's state for it can be kept,
    with the document `doc_id` (0: with none). One that `repeats` another segment has its tokens from `first` on."""

    name: str
    text: str
    tokens: tuple[int, ...]
    stable: bool = False
    doc_id: int = 0
    repeats: Segment | None = None
    first: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """The segments of a prompt, the hits that fitted in, and what was dropped."""

    segments: tuple[Segment, ...]
    hits: tuple[Hit, ...]  # those that fitted
    dropped: tuple[str, ...] = ()  # what did not, in words

    @property
    def rules(self) -> tuple[int, ...]:
        """The fixed beginning of all prompts, behind which states are computed."""
        return self.segments[0].tokens

    @property
    def tokens(self) -> list[int]:
        return [token for segment in self.segments for token in segment.tokens]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another place of a quote, where it stands in the same words except for white space: in a copy, or in a
    near-duplicate passage. `quote` is its text there."""

    file: str
    page: int
    start: int
    end: int
    quote: str
    place: str = ""

    @property
    def source(self) -> str:
        return f"{self.file}, {self.place or f'page {self.page}'}"


@dataclass(frozen=True, slots=True)
class Citation:
    """A verified quote: `document_text[start:end] == quote`, on that page. There are no unverified citations.

    `claim` is the sentence of the answer that it supports.
    """

    file: str
    page: int
    start: int
    end: int
    quote: str
    claim: str = ""
    place: str = ""
    confidence: float = 1.0
    also: tuple[Elsewhere, ...] = ()

    @property
    def named(self) -> str:
        return self.place or f"page {self.page}"

    @property
    def source(self) -> str:
        """The file and place in words, and whether the quote was recognised in a scan."""
        return ", ".join(filter(None, [self.file, self.named, recognised(self.confidence)]))


def citation_of(stored: Mapping[str, Any]) -> Citation:
    """Returns the citation from what `asdict` made of it."""
    return Citation(**{**stored, "also": tuple(Elsewhere(**place) for place in stored.get("also", ()))})


Kind = Literal[
    "fact",
    "how-to",
    "list",
    "table",
    "compare",
    "summary",
    "library",
    "help",
    "arithmetic",
    "dates",
    "several",
    "vague",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question was understood. `said` says so in one plain sentence, for people; `remark` says how its words were
    read, where they were not taken as typed.

    Fields that the kind does not use are empty: `documents` are file names, `operation` is 'count', 'sum', 'mean',
    'most', 'least' or 'rows', `filters` are (column, comparison, value).
    """

    kind: Kind = "fact"
    said: str = ""
    documents: tuple[str, ...] = ()
    subject: str = ""
    operation: str = ""
    column: str = ""
    filters: tuple[tuple[str, str, str], ...] = ()
    remark: str = ""

    @property
    def shown(self) -> str:
        """What to say above the answer; '' where nothing was done that people do not expect."""
        return " ".join(filter(None, [self.remark, self.said if self.kind != "fact" else ""]))


@dataclass(frozen=True, slots=True)
class Grid:
    """A table that is an answer. `cited[i]` is the number, from 1, of the citation for row i; 0 for none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cited: tuple[int, ...] = ()


Status = Literal["answered", "unsure", "abstained"]  # unsure: shown with its quotes, and with the doubt


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Doubt and abstention are statuses, not exceptions; `reason` then says why, in words for people."""

    status: Status
    text: str
    reason: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    model: str
    stats: Stats
    evidence: tuple[Sentence, ...] = ()
    query: str = ""  # what was looked for: the question, made to stand alone
    stopped: bool = False
    confidence: float = 0.0  # 0 to 1: how sure the gate is that the documents hold it; 0 where not asked
    signals: Mapping[str, float] = field(default_factory=dict)  # what the gate judged by
    warnings: tuple[str, ...] = ()  # what people should know of the pages it was taken from
    plan: Plan = Plan()
    grid: Grid | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns the contract of `docent ask --json`."""
        return {
            "status": self.status,
            "text": self.text,
            "reason": self.reason,
            "citations": [{**asdict(one), "place": one.named} for one in self.citations],
            "hits": [hit_json(rank, hit) for rank, hit in enumerate(self.hits, 1)],
            "model": self.model,
            "stats": asdict(self.stats),
            "warnings": list(self.warnings),
            "plan": asdict(self.plan),
            "table": asdict(self.grid) if self.grid else None,
        }


def hit_json(rank: int, hit: Hit) -> dict[str, Any]:
    """Returns the contract of one row of `docent search --json`."""
    return {
        "rank": rank,
        "file": hit.file,
        "page": hit.page,
        "place": hit.named,
        "confidence": hit.confidence,
        "score": round(hit.score, 6),
        "ranks": dict(hit.ranks),
        "heading": hit.chunk.heading,
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
    }


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, as stored in a conversation. `vote` is 1, -1 or 0."""

    id: int
    question: str
    answer: Answer
    vote: int = 0

"""The shapes that pass between reading, chunking, embedding and storing.

Offsets are counted in Python characters. A document's text is its pages' cleaned texts joined by form feeds,
and every `start`/`end` in Docent, from chunk to citation, points into that one string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import NEEDS_PASSWORD

Vectors = NDArray[np.float32]
OnPage = Callable[[int, int], None]  # pages read so far, pages in all


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the domain. `error` is set when it could not be read: never lost silently."""

    id: int
    path: str  # relative to the domain's folder, with forward slashes
    title: str
    sha256: str
    size: int
    mtime_ns: int
    n_pages: int = 0
    n_chunks: int = 0
    error: str = ""
    hint: str = ""

    @property
    def needs_password(self) -> bool:
        return self.error == NEEDS_PASSWORD


@dataclass(frozen=True, slots=True)
class Heading:
    """A section title at `start` of the document's text; level 1 is the widest."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """`raw_index[i]` is the reader's own index of the page's i-th cleaned character, which finds its box again.

    `reader` says who read it (pdfium, pypdf, text); `label` is the number printed on the page, if it has one.
    `raw_index` is None where the reader knows no boxes. `place` is what people call it where it is no page: 'slide 3',
    'Prices, rows 41 to 80', 'lines 12 to 60'. `confidence`, 0 to 1, is below 1 where the text was recognised in a
    picture; `unread` where that is still to be done.
    """

    number: int  # 1-based
    start: int
    text: str
    label: str = ""
    reader: str = "text"
    raw_index: NDArray[np.int32] | None = None
    place: str = ""
    confidence: float = 1.0
    unread: bool = False

    @property
    def named(self) -> str:
        """Where a citation points to, in words: 'page 3' or what it is instead."""
        return self.place or f"page {self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document, stored as one. Its text stands at `start:end`, a row a line, its header said again on
    each page that it goes on to; `page` is its first. Each row has as many cells as there are `columns`."""

    page: int
    start: int
    end: int
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in a document that people should know of: text nobody sees ('hidden'), text that gives orders to a
    model ('orders'), a link made to carry data away ('link'). It stays data. `page` is 0 where it is of none."""

    kind: str
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a reader gives for one file. `notes` name what was lost, in words for people."""

    title: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def text(self) -> str:
        return "\f".join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`document_text[start:end] == text`, always. It lies on one page, so that a hit's page can be trusted."""

    id: int
    doc_id: int
    start: int
    end: int
    text: str
    heading: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Scored:
    chunk_id: int
    score: float


class Encoder(Protocol):
    """Texts to unit vectors. Real ones: sentence-transformers on torch, and the tiny one of the tests."""

    @property
    def name(self) -> str:
        """Changes whenever the vectors would."""
        ...

    @property
    def dim(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The longest text that is embedded whole, special tokens not counted."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of passages, shape (len(texts), dim)."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """The same of questions, which some models want marked as such."""
        ...

    def tune(self) -> None:
        """Called before many texts: may spend a second to find the fastest way that gives the same vectors."""
        ...

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, the character offset at which each of its tokens ends."""
        ...

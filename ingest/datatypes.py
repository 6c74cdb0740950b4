"""The data classes that pass between reading, chunking, embedding and storing.

Offsets are counted in Python characters. A document's text is its pages' cleaned texts joined by form feeds, and every
`start`/`end` in Docent, from chunk to citation, is an offset in that text.
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
    """One file of the library. `error` and `hint` are set when the file could not be read, so that no file is lost
    silently."""

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
    """A heading at `start` of the document's text; level 1 is the highest."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document. `raw_index[i]` is the reader's own index of the page's i-th character, by which its box is
    found; None where the reader knows no boxes.

    `reader` names what read the page (pdfium, pypdf, text); `label` is the number printed on it, if any. `place` is
    what people call it where it is no page: 'slide 3', 'Prices, rows 41 to 80', 'lines 12 to 60'. `confidence`, 0 to 1,
    is below 1 where the text was recognised in a picture; `unread` where that is still to be done.
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
        """Returns what a citation calls the page: 'page 3', or `place`."""
        return self.place or f"page {self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document. Its text is at `start:end`, one row a line, with the header repeated on each page that it
    continues on; `page` is the first. Each row has as many cells as there are `columns`."""

    page: int
    start: int
    end: int
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in a document that people should know of: text nobody sees ('hidden'), text that gives orders to a
    model ('orders'), a link that would carry data away ('link'). `page` is 0 where it stands on no page."""

    kind: str
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a reader returns for one file. `notes` say in words for people what could not be read."""

    title: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def text(self) -> str:
        """The pages' texts joined by form feeds."""
        return "\f".join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document_text[start:end] == text`. It lies on one page, so that a citation's page is
    exact."""

    id: int
    doc_id: int
    start: int
    end: int
    text: str
    heading: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Scored:
    """A chunk's id and its score in a search; higher is better."""

    chunk_id: int
    score: float


class Encoder(Protocol):
    """Turns texts into unit vectors. Implemented with sentence-transformers, and by a tiny encoder in the tests."""

    @property
    def name(self) -> str:
        """Identifies the model: it changes whenever the vectors would."""
        ...

    @property
    def dim(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """The longest text that is embedded whole, in tokens without special ones."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns unit vectors of passages, shape (len(texts), dim)."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Returns unit vectors of questions, shape (len(texts), dim); some models want questions marked as such."""
        ...

    def tune(self) -> None:
        """Finds the fastest way to embed that gives the same vectors. Called before many texts; may take a second."""
        ...

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns, for each text, the character offset at which each of its tokens ends."""
        ...

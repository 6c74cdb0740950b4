"""Finds where a quote stands, and prepares that page to be shown. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from app.ask.write.injection import told
from app.datatypes import Citation, Hit, Sentence, recognised
from app.ui.table import page_html
from ingest.children.render import Shares
from ingest.datatypes import Page, Table
from ingest.encryption.vault import Key
from ingest.errors import InvalidInput
from ingest.readers.ocr import boxes_of
from ingest.store.store import Store
from ingest.sync.folders import file_of, merge_folders, remembered
from ingest.sync.recognise import is_as_read
from ingest.sync.recognise import recognised as kept_pages
from ingest.text.oneline import short

_DRAWN = ("pdfium", "pypdf", "layer", "ocr", "picture")  # readers of pages that have a look
_LAYER = "text recognised by the scanner"


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote to mark. `document_text[start:end] == text` held when it was cited."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a document with the quotes to mark on it. `words` is what the page is called if it is no page,
    `confidence` as in a citation."""

    file: str
    page: int
    quotes: tuple[Quote, ...] = ()
    words: str = ""
    confidence: float = 1.0

    @property
    def named(self) -> str:
        return self.words or f"page {self.page}"

    @property
    def short(self) -> str:
        """Returns a short name for a button."""
        return short(self.words, 40) if self.words else f"p. {self.page}"

    @property
    def source(self) -> str:
        return ", ".join(filter(None, [self.file, self.named, recognised(self.confidence)]))


@dataclass(frozen=True, slots=True)
class PageView:
    """A page to show. `raw_indexes` are the marked characters for `render_page`, `shares` the marked rectangles of a
    recognised page; a page that is not `drawable` has only `html`."""

    number: int
    n_pages: int
    label: str
    file: Path
    mtime_ns: int
    drawable: bool
    raw_indexes: tuple[int, ...]
    html: str
    note: str = ""
    tables: tuple[Table, ...] = ()  # those that stand on it, whole
    place: str = ""  # what it is called, where it is no page
    origin: str = ""  # that its words were recognised in a scan, if they were
    shares: tuple[Shares, ...] = ()


def places(quotes: Iterable[Citation | Sentence]) -> list[Place]:
    """Returns one place for each page, in the order in which the pages are first cited."""
    found: dict[tuple[str, int], Place] = {}
    for quote in quotes:
        text = quote.quote if isinstance(quote, Citation) else quote.text
        key = quote.file, quote.page
        held = found.setdefault(key, Place(*key, (), quote.place, quote.confidence))
        if (fresh := Quote(quote.start, quote.end, text)) not in held.quotes:
            found[key] = replace(held, quotes=(*held.quotes, fresh))
    return list(found.values())


def others(citations: Iterable[Citation]) -> list[Place]:
    """Returns other pages on which the same quotes stand."""
    found: dict[tuple[str, int], Place] = {}
    cited = {(citation.file, citation.page) for citation in citations}
    for place in (place for citation in citations for place in citation.also):
        key = place.file, place.page
        held = found.setdefault(key, Place(*key, (), place.place))
        found[key] = replace(held, quotes=(*held.quotes, Quote(place.start, place.end, place.quote)))
    return [place for key, place in found.items() if key not in cited]


def place_of(hit: Hit) -> Place:
    """Returns the page of a hit, with the passage as the quote to mark."""
    quote = Quote(hit.chunk.start, hit.chunk.end, hit.chunk.text)
    return Place(hit.file, hit.page, (quote,), hit.place, hit.confidence)


def view_page(folder: Path, index_dir: Path, place: Place, number: int, key: Key | None = None) -> PageView:
    """Prepares page `number` of the place's document. Raises InvalidInput when it is no longer there, LibraryError."""
    with closing(Store(index_dir, key=key)) as store:
        document = next((document for document in store.documents() if document.path == place.file), None)
        pages = store.pages(document.id, number) if document else []
        tables = store.tables(document.id) if document and pages else []
        folders = merge_folders(remembered(store), [folder])
        flags = store.flags([document.id]) if document else {}
        scanned = kept_pages(store, document, number).get(number) if document else None
    if not document or not pages:
        raise InvalidInput(
            f"{place.file} is no longer among your documents.",
            "The quote is what it said when the question was answered. Put the file back to see its page.",
        )
    page = pages[0]
    spans, stale = _spans(page, place)
    note = "The document has changed since: the quote no longer stands here in these words." if stale else ""
    file = file_of(folders, document.path)
    if not is_as_read(file, document):
        note = "The file has changed or gone since it was read. Check the folder on the Documents page."
    note = note or " ".join(told(flags, [(document.id, document.path, number, page.named)]))
    raw = tuple(int(i) for a, b in spans for i in page.raw_index[a:b]) if page.raw_index is not None else ()
    shares = tuple(boxes_of(scanned.boxes, raw)) if scanned and page.reader == "ocr" else ()
    drawable = page.reader in _DRAWN and is_as_read(file, document) and (bool(raw) or not spans)
    last = page.start + len(page.text)
    here = tuple(table for table in tables if table.start < last and page.start < table.end)
    marked = page_html(page.text, spans)
    return PageView(
        number, document.n_pages, page.label, file, document.mtime_ns, drawable, () if shares else raw, marked, note,
        here, page.place, _LAYER if page.reader == "layer" else recognised(page.confidence), shares,
    )  # fmt: skip


def _spans(page: Page, place: Place) -> tuple[list[tuple[int, int]], bool]:
    """Returns the parts of the quotes on this page, as offsets in its text, and whether a quote has changed since."""
    spans, stale = [], False
    for quote in place.quotes:
        first, last = max(quote.start, page.start), min(quote.end, page.start + len(page.text))
        if first >= last:
            continue
        if page.text[first - page.start : last - page.start] == quote.text[first - quote.start : last - quote.start]:
            spans.append((first - page.start, last - page.start))
        else:
            stale = True
    return spans, stale

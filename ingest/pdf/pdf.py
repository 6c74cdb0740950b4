"""Reads a PDF page by page, with pdfium, or with pypdf where pdfium's text looks wrong.

Reading is a stream of events, which may come from a child process. When the reader crashes or hangs, the events so far
are kept and another reader goes on behind the page at fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ingest.datatypes import Flag, OnPage, Page, ReadResult
from ingest.errors import ReadError
from ingest.files import Source
from ingest.pdf.headings import headings_of, pdf_title
from ingest.pdf.pdfium import DAMAGED_HINT, open_pdf, pdfium_page
from ingest.pdf.pypdf_second import SecondReader, Structure
from ingest.text.clean import RawPage, clean_pages
from ingest.text.hostile import flagged, hidden_flags
from ingest.text.oneline import many
from ingest.text.quality import GOOD, needs_recognition, quality
from ingest.text.tables import tables_in

UNREAD = "of pictures, still to be recognised"
_MOST_PAGES = 100_000
_MOST_CHARACTERS = 60_000_000  # of a whole file: what is kept of each takes memory
_MOST_MISSED = 200  # a damaged file may claim any number of pages
_MOST_LOST = 5  # pages that hang or crash, until the rest is given up: each costs a page's time limit


@dataclass(frozen=True, slots=True)
class StepStarted:
    """Event: a step begins. `step` is 'open', 'second open', 'page', 'second' or 'structure'. If the reader then
    crashes or hangs, this step is at fault."""

    step: str
    page: int = 0


@dataclass(frozen=True, slots=True)
class PageCount:
    """Event: how many pages the file has."""

    pages: int


@dataclass(frozen=True, slots=True)
class PageRead:
    """Event: one page as it was read; `lost` if it could not be. A later event for the same page replaces this one."""

    number: int
    raw: RawPage
    reader: str = "pdfium"
    unread: bool = False
    hidden: str = ""
    lost: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """The page at which reading begins, and the steps to skip because they crashed or hung before."""

    first: int = 1
    skip: frozenset[str] = frozenset()


Event = StepStarted | PageCount | PageRead | Structure


def read_pdf(path: Source, password: str = "", on_page: OnPage | None = None) -> ReadResult:
    """Reads a PDF in this process. Raises ReadError when no text can be had: wrong password, damage, or empty pages."""
    gathered = Gathered(path)
    for event in pdf_events(path, password):
        gathered.take(event, on_page)
    return gathered.result()


def pdf_events(path: Source, password: str = "", resume: Resume | None = None) -> Iterator[Event]:
    """Yields the events of reading a PDF. Raises ReadError when the file cannot be opened at all."""
    resume = resume or Resume()
    document, why = None, ReadError("is damaged in a way that crashed the reader", DAMAGED_HINT)
    with SecondReader(path, password) as second:
        if "open" not in resume.skip:
            yield StepStarted("open")
            try:
                document = open_pdf(path, password)
            except ReadError as error:
                if "password" in str(error):
                    raise
                why = error
        if document is None:
            yield StepStarted("second open")
            count = second.n_pages if "second open" not in resume.skip else 0
            if not count:
                raise why
        else:
            count = len(document)
        try:
            yield PageCount(count)
            missed = 0  # pages in a row that are not there
            for number in range(resume.first, min(count, _MOST_PAGES) + 1):
                yield StepStarted("page", number)
                for event in _page_events(document, second, number, count):
                    if isinstance(event, PageRead):
                        missed = missed + 1 if event.lost else 0
                    yield event
                if missed > _MOST_MISSED:
                    break
        finally:
            if document is not None:
                document.close()
        yield StepStarted("structure")
        yield second.structure(count)


def _page_events(document: object, second: SecondReader, number: int, count: int) -> Iterator[Event]:
    if document is None:
        raw = _second_page(second, number)
        yield PageRead(number, raw or _NOTHING, "pypdf", lost=raw is None)
        return
    found = pdfium_page(document, number)
    if found is None:
        page = PageRead(number, _NOTHING, lost=True)
    else:
        text, seen = _plain(found.raw), found.seen
        unread = needs_recognition(text, seen.pictures, found.unmapped, seen.blank)
        page = PageRead(number, found.raw, "layer" if seen.layer else "pdfium", unread, seen.hidden, False, found.cut)
    yield page
    before = _plain(page.raw)
    unreadable = found is not None and found.seen.unreadable
    if (quality(before) < GOOD or unreadable) and not page.hidden:
        yield StepStarted("second", number)
        raw = _second_page(second, number) if second.n_pages == count else None
        text = _plain(raw) if raw else ""
        if unreadable:  # all that pypdf finds beside it is what nobody sees
            known = " ".join(before.split())
            excerpt = " ".join(line for line in text.splitlines() if " ".join(line.split()) not in known)[:300].strip()
            yield replace(page, hidden=excerpt or "text of no size")
        elif raw and quality(text) > quality(before):
            unread = page.unread and needs_recognition(text, found.seen.pictures if found else 0.0, 0.0, False)
            yield replace(page, raw=raw, reader="pypdf", unread=unread, lost=False)


def _second_page(second: SecondReader, number: int) -> RawPage | None:
    try:
        return second.page(number)
    except Exception:  # pypdf raises nearly anything on broken files
        return None


_NOTHING = RawPage((), 1.0)


def _plain(raw: RawPage) -> str:
    return "\n".join(line.text for line in raw.lines).replace("\u200b", "")


@dataclass(slots=True)
class Gathered:
    """Collects the events of one file, from one reader or several in turn, and makes the result of them."""

    path: Source
    count: int = 0
    pages: dict[int, PageRead] = field(default_factory=dict)
    structure: Structure | None = None
    at: StepStarted | None = None
    skip: set[str] = field(default_factory=set)
    given_up: list[str] = field(default_factory=list)  # a reason for each page that hung or crashed
    characters: int = 0

    @property
    def is_done(self) -> bool:
        """Whether everything was read, or nothing more can be."""
        return self.structure is not None

    def take(self, event: Event, on_page: OnPage | None = None) -> None:
        """Adds an event. `on_page` is called with the pages read so far and the number of all pages."""
        if isinstance(event, StepStarted):
            self.at = event
        elif isinstance(event, PageCount):
            self.count = event.pages
        elif isinstance(event, PageRead):
            if event.number in self.pages:
                self.pages[event.number] = event
                return
            self.characters += sum(len(line.text) for line in event.raw.lines)
            self.pages[event.number] = (
                event if self.characters <= _MOST_CHARACTERS else PageRead(event.number, _NOTHING, lost=True)
            )
            if on_page:
                on_page(len(self.pages), self.count)
        else:
            self.structure = event

    def recover(self, why: str) -> Resume | None:
        """Tells, after the reader hung or crashed, where the next reader should resume; None when the file cannot be
        read at all. Sets `is_done` when no further reader is needed."""
        at, self.at = self.at, None
        if at is None or at.step == "second open" or at.step in self.skip:
            return None
        if at.step == "structure":
            self.structure = Structure()
            return Resume()
        if at.step == "open":
            self.skip.add("open")
            return Resume(1, frozenset(self.skip))
        if at.step == "page" and at.page not in self.pages:
            self.pages[at.page] = PageRead(at.page, _NOTHING, lost=True)
        self.given_up.append(why)
        if len(self.given_up) >= _MOST_LOST:
            self.structure = Structure()
        return Resume(at.page + 1, frozenset(self.skip))

    def result(self) -> ReadResult:
        """Returns the document as read. Raises ReadError when there is no text on any page."""
        structure = self.structure or Structure()
        read = [self.pages[number] for number in sorted(self.pages)]
        cleaned = clean_pages([page.raw for page in read])
        pages: list[Page] = []
        start = 0
        for page, clean in zip(read, cleaned, strict=True):
            index = clean.raw_index if page.reader != "pypdf" else None
            label = structure.labels[page.number - 1] if page.number <= len(structure.labels) else ""
            pages.append(Page(page.number, start, clean.text, label, page.reader, index, unread=page.unread))
            start += len(clean.text) + 1
        if not any(page.text.strip() or page.unread for page in pages):
            self._raise(read)
        flags = [Flag("hidden", page.number, page.hidden) for page in read if page.hidden]
        for page in read:
            flags += hidden_flags("\n".join(line.text for line in page.raw.lines), page.number)
        headings = headings_of(structure.outline, cleaned, pages)
        title = structure.title or pdf_title(self.path, cleaned)
        notes = tuple(self._notes(pages))
        read_result = ReadResult(title, tuple(pages), headings, notes, tables_in(pages), tuple(flags))
        return flagged(read_result, self.path.name)

    def _raise(self, read: list[PageRead]) -> None:
        n = len(read)
        pages = many(n, "page")
        if all(page.lost for page in read):
            why = self.given_up[0] if self.given_up else f"is damaged: none of its {pages} can be read"
            raise ReadError(why, DAMAGED_HINT)
        told = "and what is on them nobody sees" if any(page.hidden for page in read) else "nothing on them"
        raise ReadError(f"holds no text ({pages}, {told})", "There is nothing in it to answer from.")

    def _notes(self, pages: list[Page]) -> Iterator[str]:
        if unread := [page.number for page in pages if page.unread]:
            yield f"{UNREAD}: {listed('page', unread)}"
        bare = {page.number for page in pages if not page.text.strip() and not page.unread}
        if lost := [n for n, page in sorted(self.pages.items()) if page.lost and n in bare]:
            yield f"could not be read and were left out: {listed('page', lost)}"
        if empty := sorted(bare - set(lost)):
            yield f"without any text: {listed('page', empty)}"
        if cut := [n for n, page in sorted(self.pages.items()) if page.cut]:
            yield f"with more text than fits a page, of which the rest was left out: {listed('page', cut)}"
        if self.count > len(self.pages):
            why = "too many before them hung or crashed" if self.given_up else "too many before them are not there"
            why = why if len(self.pages) < _MOST_PAGES else "there are too many"
            yield f"left out from page {len(self.pages) + 1} to the last, {self.count}: {why}"


def listed(noun: str, numbers: list[int]) -> str:
    """Writes numbers for people: 'pages 3, 7, 9 and 12 more'."""
    shown = ", ".join(str(number) for number in numbers[:8])
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"{noun}{'s' * (len(numbers) > 1)} {shown}{more}"

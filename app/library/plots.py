"""Draws a library as plain HTML, with bars and strips of coloured blocks, for the pages and the self-contained report.

Whatever comes from documents or questions is escaped. The colours are those of app/library.css.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import PurePosixPath

from app.library.report import STATES, FileReport, Library, Page
from ingest.text.language import language_name
from ingest.text.oneline import many

PAGES: Mapping[Page, str] = {
    "searchable": "searchable",
    "recognised": "recognised in pictures",
    "waiting": "still to be recognised",
    "empty": "no text on them",
}
_READERS = {"pdfium": "PDF, read by pdfium", "pypdf": "PDF, read by pypdf", "text": "plain text", "ocr": "recognised"}
_HUES = 6  # colours of readers; further ones share the last
_HOT = 5  # times found, from which a passage is as warm as can be


def headline(library: Library) -> str:
    """Returns how much of the library can be found, as a sentence with figures below."""
    pages, found = library.count("pages"), library.count("searchable_pages")
    unread = sum(file.state == "not read" for file in library.files)
    head = (
        "Every page can be found." if found == pages and not unread else f"{found:,} of {pages:,} pages can be found."
    )
    if not pages:
        head = "There is nothing to be found yet."
    files = len(library.documents)
    below = [many(files, "document"), f"{library.count('passages'):,} passages"]
    if tables := library.count("tables"):
        below.append(f"{library.count('searchable_tables'):,} of {tables:,} tables")
    if unread:
        below.append(f"{unread:,} not read")
    return f'<div class="lib-head"><strong>{head}</strong><span>{" · ".join(below)}</span></div>'


def coverage(library: Library) -> str:
    """Returns a bar of all pages by whether they can be found; '' without pages."""
    counts = dict.fromkeys(PAGES, 0)
    for file in library.files:
        for kind, length in file.runs:
            counts[kind] += length
    shown = [(kind, PAGES[kind], count) for kind, count in counts.items() if count]
    return _bar("Pages, by whether they can be found", shown) if shown else ""


def readers(library: Library) -> str:
    """Returns a bar of all pages by their reader; '' without pages."""
    shown = [
        (f"hue-{min(number, _HUES - 1)}", _READERS.get(reader, reader), count)
        for number, (reader, count) in enumerate(library.read_by.items())
    ]
    return _bar("Pages, by how they were read", shown) if shown else ""


def _bar(title: str, parts: Sequence[tuple[str, str, int]]) -> str:
    """Draws a bar with a legend. `parts` are (class, name, count)."""
    blocks = "".join(_block(kind, count, f"{count:,} {name}") for kind, name, count in parts)
    key = "".join(f'<span><i class="{kind}"></i>{escape(name)} <b>{count:,}</b></span>' for kind, name, count in parts)
    alt = escape(", ".join(f"{count} {name}" for _, name, count in parts), quote=True)
    return (
        f'<div class="lib-plot"><h4>{escape(title)}</h4>'
        f'<div class="lib-bar" role="img" aria-label="{alt}">{blocks}</div>'
        f'<div class="lib-key">{key}</div></div>'
    )


def _block(kind: str, length: int, title: str) -> str:
    return f'<i class="{kind}" style="flex:{length}" title="{escape(title, quote=True)}"></i>'


def page_strip(file: FileReport) -> str:
    """Draws the pages of a file from the first to the last. A file without pages is one block."""
    if not file.runs:
        kind = "failed" if file.state == "not read" else "unseen"
        return f'<div class="lib-strip" role="img" aria-label="{file.state}">{_block(kind, 1, file.state)}</div>'
    place, blocks, told = 1, [], []
    for kind, length in file.runs:
        pages = f"page {place}" if length == 1 else f"pages {place} to {place + length - 1}"
        blocks.append(_block(kind, length, f"{pages}: {PAGES[kind]}"))
        told.append(f"{pages}: {PAGES[kind]}")
        place += length
    alt = escape("; ".join(told[:20]), quote=True)
    return f'<div class="lib-strip" role="img" aria-label="{alt}">{"".join(blocks)}</div>'


def passage_strip(file: FileReport) -> str:
    """Draws the passages of a file from the first to the last: the more often one was found, the warmer its colour."""
    cells = "".join(f'<i class="heat-{min(_HOT, times)}"></i>' for times in file.warmth)
    alt = f"{file.found} of {file.passages} passages found"
    return f'<div class="lib-heat" role="img" aria-label="{alt}" title="{alt}">{cells}</div>'


def legend(asked: bool) -> str:
    """Explains the strips of each file. `asked`: whether there were questions at all."""
    heat = "".join(f'<i class="heat-{n}"></i>' for n in range(_HOT + 1))
    below = f"<span>passages, from never found {heat} to often found</span>" if asked else ""
    return f'<div class="lib-key lib-legend"><span>pages, first to last</span>{below}</div>'


def states(library: Library) -> str:
    """Returns how many files are in each state."""
    shown = "".join(
        f'<span class="lib-state {state.replace(" ", "-")}"><span><b>{count:,}</b> {state}</span>'
        f"<em>{escape(STATES[state])}</em></span>"
        for state, count in library.states.items()
    )
    return f'<div class="lib-states">{shown}</div>'


def row(file: FileReport, asked: bool) -> str:
    """Draws one file: its state, what is missing, what to do. `asked`: whether there were questions at all."""
    facts = []
    if file.pages:
        facts.append(f"{file.searchable_pages:,} of {file.pages:,} pages")
    if file.recognised:
        facts.append(f"recognised {file.confidence:.0%} sure")
    if file.tables:
        facts.append(f"{file.searchable_tables} of {file.tables} tables" if file.searchable_tables < file.tables
                     else many(file.tables, "table"))  # fmt: skip
    if file.language:
        facts.append(language_name(file.language))
    if len(file.read_by) == 1:
        facts.append(_READERS.get(*[next(iter(file.read_by))] * 2))
    elif file.read_by:
        facts.append(", ".join(f"{count} {_READERS.get(reader, reader)}" for reader, count in file.read_by.items()))
    lines = [file.why, *file.notes, *(f"{flag.kind}, page {flag.page}: {flag.text[:160]}" for flag in file.flags[:8])]
    below = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    below += f'<p class="lib-do">{escape(file.to_do)}</p>' if file.to_do else ""
    stem = PurePosixPath(file.path).stem
    title = f"<em>{escape(file.title)}</em>" if file.title not in ("", file.path, stem) else ""
    heat = passage_strip(file) if asked and file.passages else ""
    return (
        f'<div class="lib-file"><div class="lib-name"><strong>{escape(file.path)}</strong>{title}</div>'
        f'<div class="lib-now"><span class="lib-state {file.state.replace(" ", "-")}">{file.state}</span></div>'
        f'<div class="lib-strips">{page_strip(file)}{heat}</div>'
        f'<div class="lib-facts">{escape(" · ".join(facts))}</div>{below}</div>'
    )


def questions(library: Library, most: int = 50) -> str:
    """Lists questions that found nothing or were refused, newest first; '' where nothing was asked."""
    if not library.questions:
        return ""
    found, passages = library.count("found"), library.count("passages")
    cold = sum(1 for file in library.files if file.passages and not file.found)
    intro = (
        f"{many(library.questions, 'question')} led to {found:,} of {passages:,} passages; "
        f"{cold:,} document{'s were' if cold != 1 else ' was'} never met."
    )
    rows = "".join(
        f"<div><time>{datetime.fromtimestamp(one.at):%d %b %Y, %H:%M}</time><strong>{escape(one.question)}</strong>"
        f"<span>{escape(one.reason or 'No passage holds any of these words.')}</span></div>"
        for one in library.empty[:most]
    )
    more = f"<p>And {len(library.empty) - most:,} more.</p>" if len(library.empty) > most else ""
    to_do = (
        '<p class="lib-do">Add a document that answers them, or ask again in the documents’ own words.</p>'
        if rows
        else ""
    )
    return f'<div class="lib-asked"><p>{intro}</p>{rows}{more}{to_do}</div>'

"""Answers about the documents by their dates and lengths: the newest, the longest, those of a year, those changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from app.ask.find.documents import documents_called
from app.ask.find.titles import known_as
from app.ask.kinds.holdings.authorship import Stated, date_of
from app.ask.kinds.holdings.details import file_date
from app.ask.kinds.holdings.inventory import library_plan, searched
from app.ask.language.filetypes import files_in_number
from app.ask.language.replies import lines
from app.ask.plan import Asked, Computed, cite
from app.datatypes import Citation
from ingest.datatypes import Document
from ingest.text.versions import Rank, date_in, shown_date

_LOOKED_INTO = 400  # documents whose printed dates are looked for; of more, the files' dates must do
_SAME = 5  # documents that may share a first place
_OLD = ("oldest", "earliest")
_NEW = ("newest", "latest", "most recent", "most up-to-date", "most up to date")


def most(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """The first by date, length or size. Equals are named together."""
    word = match["most"].lower()
    if not asked.documents:
        return None
    if word in ("last", "most recently"):
        return _by_file(asked, newest=True)
    if word in _OLD or word in _NEW:
        return _by_date(asked, newest=word in _NEW)
    if word in ("largest", "biggest", "smallest"):
        return _by_size(asked, least=word == "smallest")
    return _by_length(asked, least=word in ("shortest", "fewest", "least"))


def _firsts(asked: Asked, value: dict[int, int], least: bool) -> list[Document]:
    best = (min if least else max)(value.values())
    return [document for document in asked.documents if value.get(document.id) == best]


def _by_size(asked: Asked, least: bool) -> Computed | None:
    firsts = _firsts(asked, {d.id: d.size for d in asked.documents}, least)
    size = firsts[0].size
    shown_size = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, size // 1000):,} kB"
    text = (
        f"{'; '.join(known_as(d) for d in firsts[:_SAME])}: {shown_size}, {files_in_number(firsts[0].n_pages, 'page')}."
    )
    return Computed(library_plan("Compared the sizes of all files.", firsts), text, reason=searched(asked)[1])


def _by_length(asked: Asked, least: bool) -> Computed | None:
    """By pages; and by its text, where that is another one."""
    ends = dict(asked.index.store.rows("SELECT doc_id, max(end) FROM chunks GROUP BY doc_id"))
    by_pages = _firsts(asked, {d.id: d.n_pages for d in asked.documents}, least)
    by_text = _firsts(asked, {d.id: ends.get(d.id, 0) for d in asked.documents}, least)
    named = "; ".join(known_as(d) for d in by_pages[:_SAME])
    named += f" and {len(by_pages) - _SAME} more" if len(by_pages) > _SAME else ""
    text = f"{named}: {files_in_number(by_pages[0].n_pages, 'page')}."
    if by_pages != by_text:
        text += f"\n\nBy its text, {known_as(by_text[0])}: {files_in_number(ends.get(by_text[0].id, 0), 'character')}."
    plan = library_plan("Compared the pages and the text of all documents.", [*by_pages, *by_text])
    return Computed(plan, text, reason=searched(asked)[1])


def _by_file(asked: Asked, newest: bool) -> Computed:
    firsts = _firsts(asked, {d.id: d.mtime_ns for d in asked.documents}, not newest)
    items = [f"{known_as(d)}: its file is of {file_date(d)}" for d in firsts]
    plan = library_plan("Compared the dates on which the files were last changed.", firsts)
    text = items[0] + "." if len(items) == 1 else lines(items)
    return Computed(plan, text, reason="When a file was added to the library is not kept; this is the file's own date.")


def _by_date(asked: Asked, newest: bool) -> Computed:
    """By the dates printed in the documents; by those of the files where few print one."""
    dated = _dated(asked, asked.documents)
    told = {document.id: told for document, told in dated}
    if len(dated) < max(2, len(asked.documents) // 4):
        return _by_file(asked, newest)
    best = (max if newest else min)(_day(one.rank) for _, one in dated)
    firsts = [document for document, one in dated if _day(one.rank) == best]
    items = [f"{known_as(d)}, of {shown_date(told[d.id].rank)}" for d in firsts[:_SAME]]
    text = "By the dates printed in them: " + (f"{items[0]}." if len(items) == 1 else f"\n{lines(items)}")
    unclear = [d for d, one in dated if d not in firsts and one.rank == best[: len(one.rank)]]
    if unclear:
        text += f"\n\nNo more than {best[0]} is told of: {'; '.join(known_as(d) for d in unclear[:_SAME])}."
    undated = len(asked.documents) - len(dated)
    reason = f"In {files_in_number(undated, 'document')} no date was found." if undated else ""
    cited = [*firsts[:_SAME], *unclear[:_SAME]]
    claims = [*items, *([text.rsplit("\n", 1)[-1]] * len(unclear))]
    citations = _cited(asked, [(d, told[d.id]) for d in cited], claims)
    plan = library_plan("Compared the dates that the documents bear.", cited)
    return Computed(plan, text, citations, "unsure" if undated or unclear else "answered", reason)


def _day(rank: Rank) -> Rank:
    """To be compared: of a month its beginning, of a year too."""
    return (*rank, 1, 1)[:3]


def _dated(asked: Asked, documents: Sequence[Document]) -> list[tuple[Document, Stated]]:
    if len(documents) > _LOOKED_INTO:
        return []
    found = ((document, date_of(asked.index, document)) for document in documents)
    return [(document, told) for document, told in found if told]


def _cited(asked: Asked, dated: Sequence[tuple[Document, Stated]], items: Sequence[str]) -> tuple[Citation, ...]:
    return tuple(
        cite(asked.index, document, told.start, told.end, item)
        for (document, told), item in zip(dated, items, strict=False)
        if told.end
    )


def newest_edition(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """Of several editions of one document, the one that is superseded by none."""
    named = documents_called(match["x"], asked)
    verdicts, _ = asked.index.superseded()
    standing = [document for document in named if document.id not in verdicts]
    older = [document for document in named if document.id in verdicts]
    if len(standing) != 1 or not all(verdicts[d.id].other == standing[0].id for d in older):
        return None
    told = date_of(asked.index, standing[0])
    text = f"{known_as(standing[0])}{f', of {shown_date(told.rank)}' if told else ''}."
    if older:
        text += f"\n\nOlder editions: {', '.join(d.path for d in older)}."
    citations = _cited(asked, [(standing[0], told)] if told else [], [text.split("\n")[0]])
    return Computed(library_plan("Compared the editions of the document.", named), text, citations)


def of_date(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """'Which documents are from 2023?', by the dates that they bear."""
    wanted = date_in(match["date"])
    dated = _dated(asked, asked.documents)
    fitting = [(document, told) for document, told in dated if told.rank[: len(wanted)] == wanted]
    if not wanted or not fitting:
        return None
    items = [f"{known_as(document)}, {shown_date(told.rank)}" for document, told in fitting]
    undated = len(asked.documents) - len(dated)
    reason = f"May be incomplete: in {files_in_number(undated, 'document')} no date was found." if undated else ""
    plan = library_plan(f"Looked for documents that bear a date of {match['date']}.", [d for d, _ in fitting])
    text = f"{files_in_number(len(fitting), 'document')}:\n{lines(items)}"
    return Computed(plan, text, _cited(asked, fitting[:30], items), "unsure" if undated else "answered", reason)


def changed(asked: Asked, match: re.Match[str], german: bool) -> Computed | None:
    """By the dates of the files."""
    span = _span(match["when"].lower(), date.today())
    if not span:
        return None
    days = {document.id: datetime.fromtimestamp(document.mtime_ns / 1e9).date() for document in asked.documents}
    fitting = [d for d in asked.documents if span[0] <= days[d.id] <= span[1]]
    plan = library_plan("Compared the dates on which the files were last changed.", fitting)
    reason = "These are the files' own dates; when they were added to the library is not kept."
    if not fitting:
        return Computed(plan, "No file was changed then.", reason=reason)
    fitting.sort(key=lambda document: -document.mtime_ns)
    items = [f"{known_as(document)}: {file_date(document)}" for document in fitting]
    return Computed(plan, f"{files_in_number(len(fitting), 'file')}:\n{lines(items)}", reason=reason)


def _span(when: str, today: date) -> tuple[date, date] | None:
    """The days that are meant by 'this week', 'since March', 'in 2024', 'before 3 May 2025'."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    fixed = {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "recently": (today - timedelta(days=30), today),
        "this week": (monday, today),
        "last week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "this month": (first, today),
        "last month": (before.replace(day=1), before),
        "this year": (today.replace(month=1, day=1), today),
        "last year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }
    if when in fixed:
        return fixed[when]
    how, _, what = when.partition(" ")
    rank = date_in(what) or date_in(f"{what} {today.year}")
    try:
        start = date(*(*rank, 1, 1)[:3]) if rank else None
    except ValueError:
        return None
    if start is None:
        return None
    start = start.replace(year=today.year - 1) if start > today and not date_in(what) else start
    end = start if len(rank) > 2 else (start + timedelta(days=366 if len(rank) == 1 else 31)).replace(day=1)
    end = end if len(rank) > 2 else (end.replace(month=1) if len(rank) == 1 else end) - timedelta(days=1)
    spans = {"since": (start, today), "after": (end + timedelta(days=1), today), "in": (start, end)}
    return spans.get(how) or ((date.min, start - timedelta(days=1)) if how == "before" else None)

"""Tells which edition a document is, from its file's name, title and first page, and which of two editions is newer.

Only what a document says of itself counts: a revision, version, edition or issue, a date, 'draft', 'replaces …'. Plain
numbers say nothing (service bulletins 4 and 7 are two documents), nor do the periods of reports, minutes or accounts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Rank = tuple[int, ...]
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_KINDS = {
    "rev": "revision", "revision": "revision", "v": "version", "ver": "version", "version": "version",
    "release": "version", "ed": "edition", "edition": "edition", "issue": "issue",
}  # fmt: skip
_MARK = re.compile(
    r"\b(?P<kind>revision|rev|version|ver|release|edition|ed|issue)\b[\s.:_-]*(?P<value>[a-z]\b|[ivx]+\b|\d+(?:\.\d+)*)"
    r"|\bv(?P<v>\d+(?:\.\d+)*)\b"
    r"|\b(?P<nth>\d+)(?:st|nd|rd|th)\s+(?P<nth_kind>edition|revision|issue|version)\b"
    rf"|\b(?P<word>{'|'.join(_ORDINALS)})\s+(?P<word_kind>edition|revision|issue|version)\b"
)
_DATE = re.compile(
    rf"\b(?P<day>\d{{1,2}})\.?\s+(?P<month>{_MONTH})\.?,?\s+(?P<year>(?:19|20)\d\d)\b"
    rf"|\b(?P<month2>{_MONTH})\.?\s+(?:(?P<day2>\d{{1,2}}),?\s+)?(?P<year2>(?:19|20)\d\d)\b"
    r"|\b(?P<year3>(?:19|20)\d\d)(?P<sep>[-_. ]?)(?P<month3>0[1-9]|1[0-2])(?:(?P=sep)(?P<day3>0[1-9]|[12]\d|3[01]))?\b"
    r"|\b(?P<day4>\d{1,2})\.(?P<month4>\d{1,2})\.(?P<year4>(?:19|20)\d\d)\b"
    r"|\b(?P<year5>(?:19|20)\d\d)\b"
)
_DRAFT = re.compile(r"\b(draft|preliminary|entwurf|brouillon)\b")
_NOISE = re.compile(r"\b(final|approved|signed|current|latest|new|old|copy|updated|draft|preliminary)\b|\(\d+\)")
_EFFECTIVE = re.compile(
    r"\b(?:effective|valid|in force|applies|revised|updated|as of|status|stand|dated?|published)\b"
    r"(?: (?:from|as of|date|on|since))?\s*:?\s*"
)
_REPLACES = re.compile(r"\b(?:replac(?:es|ing)|supersed(?:es|ing)|ersetzt|remplace)\b[^.\n]{0,120}")
_PERIODS = re.compile(  # of which each year's or month's stands for itself
    r"\b(reports?|minutes|invoices?|results|statements?|newsletters?|proceedings|budgets?|accounts|10-?[kq]|earnings|"
    r"bulletins?|letters?|agendas?|protocols?|log|diary|journal|payslips?|receipts?|transcripts?|calendars?)\b"
)


@dataclass(frozen=True, slots=True)
class Edition:
    """What a document says of its own edition. `names` are what it is an edition of, taken from its file name and its
    title. `marks` are (kind, rank), such as ('revision', (3,)); `date` is (year, month, day), as many of them as are
    stated."""

    names: tuple[str, ...] = ()
    marks: tuple[tuple[str, Rank], ...] = ()
    date: Rank = ()
    draft: bool = False
    replaces: str = ""
    periodic: bool = False  # one of a series, of which none is outdated by the next


def edition_of(path: str, title: str, first_page: str) -> Edition:
    """Reads the edition of a document. `first_page` is the text of its first page, or the beginning of that text."""
    stem = _plain(path.rpartition("/")[2].rpartition(".")[0] or path)
    heading, text = _plain(title), _plain(first_page)[:1500]
    marks: dict[str, Rank] = {}
    for source in (stem, heading, text[:400]):
        # 'Replaces revision C' speaks of another one.
        for kind, rank in _marks(_REPLACES.sub(" ", source)):
            marks.setdefault(kind, rank)
    found = [date for source in (stem, heading) if (date := _date(source))]
    replaces = _REPLACES.search(text)
    return Edition(
        tuple(dict.fromkeys(name for name in (_name(stem), _name(heading)) if len(name) > 3)),
        tuple(sorted(marks.items())),
        found[0] if found else _date_told(text),
        bool(_DRAFT.search(stem) or _DRAFT.search(heading)),
        replaces.group().strip() if replaces else "",
        bool(_PERIODS.search(stem) or _PERIODS.search(heading)),
    )


def why_newer(one: Edition, other: Edition) -> str:
    """Says in words why `other` is a newer edition than `one`; '' where it is not, or where that cannot be told."""
    own, others = dict(one.marks), dict(other.marks)
    for kind in ("version", "revision", "edition", "issue"):
        if kind in own and kind in others and own[kind] != others[kind]:
            return f"{kind} {_shown(kind, others[kind])} after {_shown(kind, own[kind])}" * (others[kind] > own[kind])
    if one.draft != other.draft:
        return "the other is a draft" if one.draft else ""
    if one.date and other.date and one.date != other.date and not (one.periodic or other.periodic):
        shorter = min(len(one.date), len(other.date))
        if other.date[:shorter] > one.date[:shorter]:
            return f"of {shown_date(other.date)} after {shown_date(one.date)}"
    return ""


def says_it_replaces(one: Edition, other: Edition) -> bool:
    """Whether `other` says that it replaces `one`, by naming its mark or its date."""
    told = other.replaces
    if not told:
        return False
    marks = dict(_marks(told))
    if any(marks.get(kind) == rank for kind, rank in one.marks):
        return True
    date = _date(told)
    return bool(date and one.date and date[0] == one.date[0])


def marks_in(text: str) -> list[tuple[str, Rank]]:
    """Returns the revisions, versions, editions and issues that a text names, as (kind, rank)."""
    return _marks(_plain(text))


def date_in(text: str) -> Rank:
    """Returns the first date that a text names: (year), (year, month) or (year, month, day); () for none."""
    return _date(_plain(text))


# -- reading what a document says


def _plain(text: str) -> str:
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=(?:19|20)\d\d)", " ", text)
    return re.sub(r"[\s_]+|(?<=[^\W\d_])-(?=\w)|(?<=\d)-(?=[^\W\d_])", " ", text).lower().strip()


def _marks(text: str) -> list[tuple[str, Rank]]:
    found = []
    for match in _MARK.finditer(text):
        if match["v"]:
            kind, value = "version", match["v"]
        elif match["nth"]:
            kind, value = match["nth_kind"], match["nth"]
        elif match["word"]:
            kind, value = match["word_kind"], str(_ORDINALS.index(match["word"]) + 1)
        else:
            kind, value = match["kind"], match["value"]
        found.append((_KINDS[kind], _rank(value)))
    return found


def _rank(value: str) -> Rank:
    if value[0].isdigit():
        return tuple(int(part) for part in value.split("."))
    if len(value) > 1:
        return (_ROMAN.get(value, 0),)
    return (ord(value) - ord("a") + 1,)


def _date(text: str) -> Rank:
    match = _DATE.search(text)
    if not match:
        return ()
    parts = {key: value for key, value in match.groupdict().items() if value and key != "sep"}
    values = {key.rstrip("2345"): value for key, value in parts.items()}
    month = values.get("month", "")
    number = (
        int(month) if month.isdigit() else next((n for n, name in enumerate(_MONTHS, 1) if month[:3] == name[:3]), 0)
    )
    told = [int(values["year"]), *([number] if month else []), *([int(values["day"])] if "day" in values else [])]
    return tuple(told)


def _date_told(text: str) -> Rank:
    """Returns the date of a sentence such as 'Effective 1 March 2024', else of a line that is nothing but a date."""
    for match in _EFFECTIVE.finditer(text):
        if found := _DATE.match(text, match.end()):
            return _date(found.group())
    return ()


def _name(text: str) -> str:
    """Returns the text without marks, dates and words such as 'final'."""
    for pattern in (_MARK, _DATE, _NOISE):
        text = pattern.sub(" ", text)
    return " ".join(re.findall(r"[^\W_]+", text))


# -- comparing editions


def _shown(kind: str, rank: Rank) -> str:
    if kind == "revision" and len(rank) == 1 and 0 < rank[0] <= 26:
        return chr(ord("A") + rank[0] - 1)
    return ".".join(map(str, rank))


def shown_date(date: Rank) -> str:
    """'3 February 2025', 'May 2024', '2021'."""
    month = _MONTHS[date[1] - 1].capitalize() if len(date) > 1 and 0 < date[1] <= 12 else ""
    return " ".join([*([str(date[2])] if len(date) > 2 else []), *([month] if month else []), str(date[0])])


def shared_names(editions: Sequence[Edition]) -> dict[str, list[int]]:
    """Returns each name that several editions share, with the positions of these editions in the sequence."""
    found: dict[str, list[int]] = {}
    for place, edition in enumerate(editions):
        for name in edition.names:
            found.setdefault(name, []).append(place)
    return {name: places for name, places in found.items() if len(places) > 1}

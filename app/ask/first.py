"""Questions to begin with: such as this index can really answer, made of its titles, headings and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from weakref import WeakKeyDictionary

from app.ask.language.filetypes import files_in_number, filetype_of, filetypes_counted
from app.ask.language.replies import in_number
from app.ask.language.words import STOP, WORD, stem
from ingest.datatypes import Document
from ingest.store.curated import languages
from ingest.store.index import LocalIndex

_KINDS = 5  # of files, that are named
_LONGEST_SHEET = 300  # pages of a table that is looked into
_FEW = 3  # sections, below which documents are asked about by their titles
_LOOKED_AT = 40  # documents whose headings and tables are looked at
_LONGEST = 70  # characters of a title or heading that is put into a question
_made: WeakKeyDictionary[LocalIndex, tuple[int, list[str]]] = WeakKeyDictionary()  # with the store's changes
_TOO_PLAIN = re.compile(  # headings that tell nothing of what stands below them
    r"^(?:introduction|contents|table of contents|appendix|annex|abstract|references|summary|overview|scope|purpose|"
    r"general|preface|foreword|conclusions?|notes?|index|terms|bibliography|acknowledge?ments?|in short|"
    r"inhalt(?:sverzeichnis)?|einleitung|anhang|literatur|vorwort|zusammenfassung)$",
    re.IGNORECASE,
)
_OTHER = re.compile(  # what makes a question about it one of another kind, or hard to read
    r"[,;:?!\d]|\b(?:overview|summary|comparison|list|table|changes|steps|how|what|why|when)\b", re.IGNORECASE
)
_JOINING = frozenset("of and for the in von und für der die das".split())
_NUMBERED = re.compile(
    r"^(?:(?:section|chapter|part|kapitel|§)\s*)?(?:\d+(?:\.\d+)*|[IVX]+|[A-Z])[.):]?\s+", re.IGNORECASE
)


def first_questions(index: LocalIndex, most: int = 6) -> list[str]:
    """Up to so many, of several kinds: about a section, a summary, a table, a comparison, where a word stands, how many
    documents there are. None where nothing was read."""
    changes = index.store.changes
    if index not in _made or _made[index][0] != changes:  # the page asks for them each time it is drawn
        _made[index] = changes, _questions(index)
    return _made[index][1][:most]


def _questions(index: LocalIndex) -> list[str]:
    documents = [document for document in index.documents() if document.n_chunks and not document.error]
    if not documents:
        return []
    looked_at = sorted(documents, key=lambda document: -document.n_chunks)[:_LOOKED_AT]
    german = _is_german(index)
    sections = _sections(index, looked_at, german)
    if german:
        found = [
            *[f"Was steht in {_titled(document)} über {heading}?" for document, heading in sections[:2]],
            *[f"Welche Dokumente erwähnen {word}?" for word in _common_words(index, sections)[:2]],
            "Wie viele Dokumente hast du?",
        ]
        return list(dict.fromkeys(found))
    found = [
        *[f"What does {_titled(document)} say about {heading}?" for document, heading in sections[:1]],
        *[f"Summarise {_titled(document)}." for document in _summarised(looked_at, sections)[:1]],
        *_compared(index, documents)[:1],
        *islice(_of_tables(index, looked_at), 1),
        *[f"Which documents mention {word}?" for word in _common_words(index, sections)[:1]],
        "How many documents do you have?",
        *[f"What does {_titled(document)} say about {heading}?" for document, heading in sections[1:]],
    ]
    if len(sections) < _FEW:
        found = [*(f"Tell me about {title}." for title in _subjects(looked_at)[:_FEW]), *found]
    return list(dict.fromkeys(found))


def _subjects(documents: Sequence[Document]) -> list[str]:
    """Titles of up to three words, which may be what the document is about."""
    titles = (" ".join(document.title.split()) for document in documents)
    return [title for title in titles if re.fullmatch(r"[^\W\d_]{3,}(?: [^\W\d_]+){0,2}", title)]


def _is_german(index: LocalIndex) -> bool:
    """Whether most of the documents are."""
    told = Counter(languages(index.store).values()).most_common(1)
    return bool(told) and told[0][0] == "de"


def holdings(documents: Sequence[Document], german: bool = False) -> str:
    """'12 documents with 42 pages: 3 PDFs, 2 Word files'; without the kinds in German."""
    pages = sum(document.n_pages for document in documents)
    if german:
        many = in_number(len(documents), "document", "many documents", german)
        return f"{many} mit {in_number(pages, 'page', 'many pages', german)}"
    return (
        f"{files_in_number(len(documents), 'document')} with {files_in_number(pages, 'page')}: {kinds_held(documents)}"
    )


def kinds_held(documents: Sequence[Document]) -> str:
    """'3 PDFs, 2 Word files', those of which there are most."""
    kinds = filetypes_counted(documents)
    rest = sum(count for _, count in kinds[_KINDS:])
    return ", ".join(
        [*(files_in_number(count, kind) for kind, count in kinds[:_KINDS]), *([f"{rest:,} more"] if rest else [])]
    )


def _titled(document: Document) -> str:
    """Short enough for a question: the title without what stands in brackets, or the file's name."""
    title = re.sub(r"\s*\([^)]*\)\s*$", "", " ".join(document.title.split()))
    readable = 3 < len(title) <= _LONGEST and not re.search(r"[?!:;]|^(?:re|fwd?|aw|wg)\b", title, re.IGNORECASE)
    return f"“{title}”" if readable else PurePosixPath(document.path).name


def _sections(index: LocalIndex, documents: Sequence[Document], german: bool) -> list[tuple[Document, str]]:
    """One telling heading of each document, of one to six words, those of the first level first."""
    found: list[tuple[Document, str]] = []
    for document in documents:
        sql = "SELECT text FROM headings WHERE doc_id = ? AND level < 4 ORDER BY level, start LIMIT 60"
        named = {stem(word.lower()) for word in WORD.findall(document.title)}
        for (text,) in index.store.rows(sql, (document.id,)):
            heading = _NUMBERED.sub("", " ".join(text.split())).strip(" .:")
            stems = {stem(word.lower()) for word in WORD.findall(heading) if word.lower() not in STOP}
            plain = all(word.lower() not in STOP or word.lower() in _JOINING for word in WORD.findall(heading))
            short = 0 < len(WORD.findall(heading)) <= 5 and 4 < len(heading) <= _LONGEST and plain
            if short and stems - named and not _TOO_PLAIN.match(heading) and not _OTHER.search(heading):
                kept = german or _is_name(heading)
                found.append((document, heading if kept else heading[0].lower() + heading[1:]))
                break
    return found


def _is_name(heading: str) -> bool:
    """Whether its first letter is more than a sentence's beginning."""
    first = heading.split()[0]
    return (len(first) > 1 and not first[1:].islower()) or sum(word[:1].isupper() for word in heading.split()) > 1


def _summarised(documents: Sequence[Document], sections: Sequence[tuple[Document, str]]) -> list[Document]:
    """With sections, and not the one that a question is already about."""
    asked = {document.id for document, _ in sections[:1]}
    with_sections = {document.id for document, _ in sections}
    return [document for document in documents if document.id in with_sections - asked]


def _compared(index: LocalIndex, documents: Sequence[Document]) -> list[str]:
    by_id = {document.id: document for document in documents}
    verdicts, _ = index.superseded()
    pairs = [
        (by_id[old], by_id[verdict.other]) for old, verdict in verdicts.items() if {old, verdict.other} <= set(by_id)
    ]
    return [f"What changed between {PurePosixPath(a.path).name} and {PurePosixPath(b.path).name}?" for a, b in pairs]


def _of_tables(index: LocalIndex, documents: Sequence[Document]) -> Iterator[str]:
    """About a column of numbers in a table that is a file of its own."""
    for document in documents:
        if filetype_of(document.path) != "spreadsheet" or document.n_pages > _LONGEST_SHEET:
            continue
        for table in index.store.tables(document.id)[:1]:
            lettered = all(len(column) == 1 for column in table.columns) and len(table.rows) > 1
            columns, rows = (table.rows[0], table.rows[1:]) if lettered else (table.columns, table.rows)
            for at, column in enumerate(columns):
                cells = [row[at] for row in rows[:50] if row[at].strip()]
                numeric = [
                    cell for cell in cells if re.fullmatch(r"-?\d{1,3}(?:[,.]?\d{3})*(?:[.,]\d+)?", cell.strip())
                ]
                if at and column.strip() and len(numeric) > 2 and len(numeric) == len(cells):
                    yield f"What is the highest {column.strip()} in {PurePosixPath(document.path).name}?"
                    break


def _common_words(index: LocalIndex, sections: Sequence[tuple[Document, str]]) -> list[str]:
    """Words of headings that stand in several passages, but not in most: those of more headings first, then the
    longer ones, which tell more."""
    counted = Counter(word for _, heading in sections for word in WORD.findall(heading) if len(word) > 5)
    order = sorted(counted, key=lambda word: (-counted[word], -len(word), word))[:20]
    return [word for word in order if word.lower() not in STOP and 1 < index.frequency(word) < max(3, len(index) // 3)]

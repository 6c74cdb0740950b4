"""Which documents a phrase names: 'the lease', 'SB-09', 'the 2025 edition of the policy', 'tickets.xlsx'. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from app.ask.language.filetypes import words_for
from app.ask.language.words import STOP, WORD, stem
from ingest.datatypes import Document
from ingest.errors import InvalidInput

# What a document may be called without its name saying so.
_LOOSE = frozenset(
    stem(word)
    for word in """
    document documents file files pdf text paper report contract agreement letter book article edition version copy
    latest current dokument datei fassung ausgabe vertrag bericht der die das den dem des ein eine einer von vom im
    """.split()
)
_LONGEST_NAME = 8  # words
Titles = dict[tuple[str, ...], list[int]]
_NEAR = 0.86  # likeness from which a long word is taken for another one, mistyped


def known_as(document: Document) -> str:
    """Its title where it has one that tells more than its file's name."""
    own = PurePosixPath(document.path).stem
    same = re.sub(r"[\W_]+", " ", document.title).strip().lower() == re.sub(r"[\W_]+", " ", own).strip().lower()
    return document.path if same or not document.title.strip() else f"{document.title.strip()} ({document.path})"


def stems_of(text: str) -> tuple[str, ...]:
    """Stems of the telling words of a phrase; numbers without leading zeros."""
    apart = re.sub(r"\be-mail", "mail", text.replace("_", " "), flags=re.IGNORECASE)
    words = (word.lower() for word in WORD.findall(apart))
    return tuple(word.lstrip("0") or "0" if word.isdigit() else stem(word) for word in words if word not in STOP)


@lru_cache(maxsize=20_000)
def _name(path: str, title: str) -> frozenset[str]:
    apart = re.sub(r"(?<=[a-zäöüß])(?=[A-Z])", " ", PurePosixPath(path).stem)
    own = {*stems_of(apart), *stems_of(path), *stems_of(title)}
    return frozenset(own | words_for(path))


def documents_titled(phrase: str, documents: Sequence[Document]) -> list[Document]:
    """The documents that have all the phrase's telling words in their name, title or folder; none where a word is in
    no name, except one such as 'document' or 'contract' beside others that are.

    Those whose name is nothing but the phrase go before those that only hold it. Words may be mistyped a little.
    """
    plain = phrase.strip().lower()
    exact = [d for d in documents if plain in (d.path.lower(), PurePosixPath(d.path).name.lower())]
    wanted = stems_of(phrase)
    if exact or not wanted:
        return exact
    names = {document.id: _name(document.path, document.title) for document in documents}
    known = {word for name in names.values() for word in name}
    telling = [word for word in wanted if word in known or word not in _LOOSE]
    read = [word if word in known else _mistyped(word, known) for word in telling]
    if not read or not all(read) or all(word in _LOOSE for word in read):
        return []
    found = [document for document in documents if names[document.id] >= set(read)]
    titled = [
        d
        for d in found
        if set(stems_of(d.title)) == set(read) or set(stems_of(PurePosixPath(d.path).stem)) == set(read)
    ]
    return titled if titled and len(titled) < len(found) and len(read) > 1 else found


def _mistyped(word: str, known: set[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=_NEAR) if len(word) > 4 and word.isalpha() else []
    return near[0] if near else ""


@dataclass(frozen=True, slots=True)
class KnownDocuments:
    """Those of an index at one time, by which they are told apart from others."""

    all: tuple[Document, ...] = field(compare=False)
    state: tuple[str, int]


@lru_cache(maxsize=4)
def titles_of(documents: KnownDocuments) -> Titles:
    """Titles and file names, up to a bracket, comma or colon, as words; those of more than two documents name none."""
    names: Titles = {}
    for document in documents.all:
        stem_ = PurePosixPath(document.path).stem.replace("__", ",").replace("_", " ")
        for name in {tuple(WORD.findall(re.split(r"[,(:]", text)[0])) for text in (document.title, stem_)}:
            if 0 < len(name) <= _LONGEST_NAME and len("".join(name)) > 3:
                names.setdefault(name, []).append(document.id)
    return {name: ids for name, ids in names.items() if len(ids) < 3}


def titled_in(text: str, names: Titles) -> list[int]:
    """Documents whose name stands in the text, letter for letter. A single word at a sentence's start is no name."""
    words = [(match.group(), match.start()) for match in WORD.finditer(text)]
    found: list[int] = []
    place = 0
    while place < len(words):
        word, start = words[place]
        length = 0
        if word[0].isupper() or word[0].isdigit():
            for n in range(min(_LONGEST_NAME, len(words) - place), 0, -1):
                ids = names.get(tuple(word for word, _ in words[place : place + n]))
                if ids and (n > 1 or (start and text[max(0, start - 2) : start] not in (". ", "\n"))):
                    found += ids
                    length = n
                    break
        place += length or 1
    return found


def file_in(document: Document, phrase: str) -> bool:
    """Whether its file's name, with or without its folder, stands in the phrase, which is in lower case."""
    path = document.path.lower()
    names = {path, PurePosixPath(path).name}
    return any(
        name in phrase and re.search(rf"(?<![\w./-]){re.escape(name)}(?!\w)", phrase) is not None for name in names
    )


def mentioned_documents(question: str, documents: Sequence[Document]) -> list[int]:
    """Ids of the documents whose whole file name, with its ending, stands in the question. Anything less may be
    about what a document is about, and only weighs with the other words."""
    question = question.lower()
    return [document.id for document in documents if file_in(document, question)]


def named_documents(documents: Sequence[Document], name: str) -> list[int]:
    """Ids of the documents a user means by a file name, with or without folder and ending.

    Raises InvalidInput, with the nearest names, when there is none.
    """
    wanted = name.strip().lower()
    for key in (str, lambda p: PurePosixPath(p).name, lambda p: PurePosixPath(p).stem):
        found = [document.id for document in documents if key(document.path).lower() == wanted]
        if found:
            return found
    near = difflib.get_close_matches(name, [document.path for document in documents], n=3, cutoff=0.4)
    raise InvalidInput(
        f"There is no document named '{name}' in this index.",
        f"Did you mean {' or '.join(near)}?" if near else "See which there are: docent ingest --dry-run --json",
    )

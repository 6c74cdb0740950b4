"""Documents by their file names and titles: named whole in a question, in a passage, on the command line. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from app.ask.language.words import WORD
from ingest.datatypes import Document
from ingest.errors import InvalidInput

_LONGEST_NAME = 8  # words
Titles = dict[tuple[str, ...], list[int]]


def known_as(document: Document) -> str:
    """Its title where it has one that tells more than its file's name."""
    own = PurePosixPath(document.path).stem
    same = re.sub(r"[\W_]+", " ", document.title).strip().lower() == re.sub(r"[\W_]+", " ", own).strip().lower()
    return document.path if same or not document.title.strip() else f"{document.title.strip()} ({document.path})"


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

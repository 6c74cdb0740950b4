"""What people call files: 'PDF', 'spreadsheet', 'presentation'. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from app.ask.language.words import stem
from ingest.datatypes import Document

_TYPES = {  # by what people call them: the endings, the words that mean such files, and those that may
    "PDF": ("pdf", "pdf pdfs", ""),
    "Word": ("docx doc odt rtf", "word docx", ""),
    "spreadsheet": ("xlsx xls ods csv tsv", "spreadsheet sheet workbook excel xlsx csv tabelle", ""),
    "presentation": ("pptx ppt odp", "presentation slide deck powerpoint pptx praesentation präsentation", ""),
    "e-mail": ("eml msg mbox", "mail email e-mail eml", "message thread conversation correspondence exchange"),
    "web page": ("html htm xhtml mhtml mht", "html webpage", "page"),
    "text": ("txt md markdown rst log tex", "txt markdown md", ""),
    "e-book": ("epub", "epub ebook e-book", "book novel"),
    "picture": ("png jpg jpeg tif tiff bmp webp gif", "picture image photo scan", ""),
}
_BY_ENDING = {ending: name for name, (endings, _, _) in _TYPES.items() for ending in endings.split()}
_MEANING = {stem(word): name for name, (_, words, _) in _TYPES.items() for word in words.split()}
_CALLED = {name: frozenset(map(stem, f"{words} {loose}".split())) for name, (_, words, loose) in _TYPES.items()}


def filetype_of(path: str) -> str:
    """What kind of file it is, as people call it: 'PDF', 'spreadsheet'."""
    ending = PurePosixPath(path).suffix.lstrip(".").lower()
    return _BY_ENDING.get(ending, ending.upper() or "file")


def filetype_called(word: str) -> str:
    """The kind of file that a word means; '' for none."""
    return _MEANING.get(stem(word.lower()), "")


def words_for(path: str) -> frozenset[str]:
    """Stems of the words that mean files of its type, or may: a 'thread' may be an e-mail."""
    return _CALLED.get(filetype_of(path), frozenset())


def filetypes_counted(documents: Sequence[Document]) -> list[tuple[str, int]]:
    """How many files of each kind, the most frequent first."""
    counted = Counter(filetype_of(document.path) for document in documents)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0].lower()))


def files_in_number(number: int, word: str) -> str:
    """'1 document', '1,200 documents', '2 PDFs'; kinds of files that end in 'text' are 'text files'."""
    word = {"text": "text file", "Word": "Word file"}.get(word, word)
    return f"{number:,} {word}{'s' * (number != 1)}"

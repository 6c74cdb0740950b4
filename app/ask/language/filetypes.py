"""What people call files: 'PDF', 'spreadsheet', 'presentation'. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from app.ask.language.words import stem
from ingest.datatypes import Document

_KINDS = {  # what people call files of an ending
    "PDF": (("pdf",), "pdf pdfs"),
    "Word": (("docx", "doc", "odt", "rtf"), "word docx"),
    "spreadsheet": (("xlsx", "xls", "ods", "csv", "tsv"), "spreadsheet sheet workbook excel xlsx csv tabelle"),
    "presentation": (("pptx", "ppt", "odp"), "presentation slide deck powerpoint pptx praesentation präsentation"),
    "e-mail": (("eml", "msg", "mbox"), "mail email e-mail eml"),
    "web page": (("html", "htm", "xhtml", "mhtml"), "html webpage"),
    "text": (("txt", "md", "markdown", "rst", "log", "tex"), "txt markdown md"),
    "e-book": (("epub",), "epub ebook e-book"),
    "picture": (("png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "gif"), "picture image photo scan"),
}
_BY_ENDING = {ending: kind for kind, (endings, _) in _KINDS.items() for ending in endings}
_CALLED = {stem(word): kind for kind, (_, words) in _KINDS.items() for word in words.split()}


def filetype_of(path: str) -> str:
    """What kind of file it is, as people call it: 'PDF', 'spreadsheet'."""
    ending = PurePosixPath(path).suffix.lstrip(".").lower()
    return _BY_ENDING.get(ending, ending.upper() or "file")


def filetype_called(word: str) -> str:
    """The kind of file that a word means; '' for none."""
    return _CALLED.get(stem(word.lower()), "")


def words_for(path: str) -> frozenset[str]:
    """Stems of the words that mean files of its kind."""
    return frozenset(word for word, kind in _CALLED.items() if kind == filetype_of(path))


def filetypes_counted(documents: Sequence[Document]) -> list[tuple[str, int]]:
    """How many files of each kind, the most frequent first."""
    counted = Counter(filetype_of(document.path) for document in documents)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0].lower()))


def files_in_number(number: int, word: str) -> str:
    """'1 document', '1,200 documents', '2 PDFs'; kinds of files that end in 'text' are 'text files'."""
    word = {"text": "text file", "Word": "Word file"}.get(word, word)
    return f"{number:,} {word}{'s' * (number != 1)}"

"""Reads what a Word document holds besides its running text: footnotes, endnotes, comments, headers and footers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.errors import ReadError
from ingest.readers.markup import attribute_of, tag_of, xml_tree
from ingest.text.oneline import plain

_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


@dataclass(frozen=True, slots=True)
class Notes:
    """The footnotes or endnotes of a document, by their ids. Ids are not what people see: `label` counts the notes in
    order."""

    texts: dict[str, str]
    prefix: str

    def label(self, number: str) -> str:
        """Returns the number that people see for the note with this id."""
        return f"{self.prefix}{list(self.texts).index(number) + 1}"


def notes_of(document: Any, kind: str) -> Notes:
    """Returns the notes of a `kind`, 'footnote' or 'endnote', without separators, which Word stores as notes."""
    texts = {}
    for root in _roots(document, f"{kind}s"):
        for note in root:
            number = attribute_of(note, "id")
            if (
                tag_of(note) == kind
                and number
                and attribute_of(note, "type") in ("", "normal")
                and (words := _words(note))
            ):
                texts[number] = words
    return Notes(texts, "" if kind == "footnote" else "endnote ")


def comments_of(document: Any) -> dict[str, str]:
    """Returns the comments by their ids, each with its author."""
    found = {}
    for root in _roots(document, "comments"):
        for comment in root:
            if words := _words(comment):
                author = plain(attribute_of(comment, "author"))
                found[attribute_of(comment, "id")] = f"Comment{f' by {author}' * bool(author)}: {words}"
    return found


def headers_of(document: Any) -> list[str]:
    """Returns the texts of page headers and footers, each once, without mere page numbers."""
    found = []
    for kind in ("header", "footer"):
        for root in _roots(document, kind):
            words = _words(root)
            if sum(c.isalpha() for c in words) > 2:
                found.append(words)
    return list(dict.fromkeys(found))


def _roots(document: Any, kind: str) -> Iterator[Any]:
    for relation in document.part.rels.values():
        if relation.reltype == f"{_KINDS}{kind}" and not relation.is_external:
            try:
                yield xml_tree(relation.target_part.blob)
            except ReadError:  # the text itself can still be read
                continue


def _words(element: Any) -> str:
    """Returns all words in an element, without deletions and field codes."""
    words = []
    for one in element.iter():
        tag = tag_of(one)
        if tag == "t" and not any(tag_of(above) in ("del", "fallback") for above in one.iterancestors()):
            words.append(one.text or "")
        elif tag in ("p", "tab", "br"):
            words.append(" ")
    return plain("".join(words))

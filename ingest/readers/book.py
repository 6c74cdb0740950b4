"""Reads EPUB: a zip of XHTML files, in the order of its spine (EPUB 3.3), with chapter titles from its table of
contents."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urldefrag

from ingest.datatypes import OnPage, ReadResult
from ingest.errors import ReadError
from ingest.files import Source, title_of
from ingest.readers.archive import open_zip, read_member
from ingest.readers.markup import tag_of, xhtml_tree, xml_tree
from ingest.readers.web import items_of
from ingest.text.layout import Block, Item, Part, lay_out
from ingest.text.oneline import plain

_HINT = "Open it in a reading program and export it again, or get an intact copy."
_LOCKED = "Its maker's protection cannot be undone here; only an unprotected copy can be read."
_FRONT = re.compile(r"(?:title ?page|half ?title|cover|copyright|(?:table of )?contents|dedication)$", re.IGNORECASE)
_LONGEST_TITLE = 80


def read(path: Source, on_page: OnPage | None = None) -> ReadResult:
    with open_zip(path, "META-INF/container.xml") as archive:
        try:
            return _read(path, archive, on_page)
        except KeyError as error:
            raise ReadError(f"is damaged: a part of it is missing ({error})"[:200], _HINT) from error


def _read(path: Source, archive: zipfile.ZipFile, on_page: OnPage | None) -> ReadResult:
    container = xml_tree(read_member(archive, "META-INF/container.xml"))
    opf = next((one.get("full-path") for one in container.iter() if tag_of(one) == "rootfile"), None)
    if not opf:
        raise ReadError("is damaged: it does not say what is in it", _HINT)
    package = xml_tree(read_member(archive, opf))
    manifest = {one.get("id"): one for one in package.iter() if tag_of(one) == "item"}
    spine = [one.get("idref") for one in package.iter() if tag_of(one) == "itemref"]
    files = [_beside(opf, manifest[i].get("href") or "") for i in spine if i in manifest]
    titles = _contents(archive, opf, manifest)
    navigation = {_beside(opf, one.get("href") or "") for one in manifest.values() if _is_navigation(one)}
    locked = _locked(archive)
    if locked and locked >= set(files):
        raise ReadError("is protected by its seller (DRM)", _LOCKED)
    notes: list[str] = []
    title = next((plain("".join(one.itertext())) for one in package.iter() if tag_of(one) == "title"), "")
    wanted = [file for file in files if file not in navigation]
    parts = _parts(archive, wanted, titles, locked, notes, on_page)
    result = lay_out(title or title_of(path), parts, "epub", notes)
    if not result.pages:
        raise ReadError("holds no text", "It may be a book of pictures.")
    return result


def _parts(
    archive: zipfile.ZipFile, files: list[str], titles: dict[str, str], locked: set[str], notes: list[str],
    on_page: OnPage | None,
) -> Iterator[Part]:  # fmt: skip
    chapter = 0
    for number, file in enumerate(files, 1):
        if file in locked or file not in archive.NameToInfo:
            notes.append(f"{file} {'is protected' if file in locked else 'is missing'} and was left out")
            continue
        items = list(items_of(xhtml_tree(read_member(archive, file))))
        if on_page:
            on_page(number, len(files))
        if not any(isinstance(one, Block) for one in items):
            continue
        is_front = bool(_FRONT.match(titles.get(file, "")))
        chapter += (file in titles or not titles) and not is_front
        called = titles.get(file) or next((one.text for one in items if isinstance(one, Block) and one.level), "")
        called = called[:_LONGEST_TITLE]
        name = called if called.lower().startswith("chapter") else f"chapter {chapter} {called}".strip()
        if is_front or (titles and file not in titles):
            name = called or "unnamed part"
        yield Part(name, _numbered(items), "paragraph", heading="" if _is_headed(items) else called)


def _is_headed(items: list[Item]) -> bool:
    first = next((one for one in items if isinstance(one, Block)), None)
    return first is not None and first.level > 0


def _numbered(items: list[Item]) -> Iterator[Item]:
    number = 0
    for one in items:
        if isinstance(one, Block):
            number += not one.level
            yield Block(one.text, one.level, max(1, number))
        else:
            yield one


def _contents(archive: zipfile.ZipFile, opf: str, manifest: dict[Any, Any]) -> dict[str, str]:
    """Returns the title of each file in the book's table of contents, in EPUB 3 or EPUB 2 form."""
    titles: dict[str, str] = {}
    places = [(one, "a", "href") for one in manifest.values() if _is_navigation(one)]
    places += [
        (one, "navPoint", "src") for one in manifest.values() if one.get("media-type") == "application/x-dtbncx+xml"
    ]
    for item, tag, attribute in places:
        file = _beside(opf, item.get("href") or "")
        if file not in archive.NameToInfo or titles:
            continue
        tree = xhtml_tree(read_member(archive, file)) if tag == "a" else xml_tree(read_member(archive, file))
        for one in tree.iter():
            if tag_of(one) == tag.lower():
                target = one if tag == "a" else next((x for x in one if tag_of(x) == "content"), one)
                words = one if tag == "a" else next((x for x in one if tag_of(x) == "navlabel"), one)
                place = _beside(file, target.get(attribute) or "")
                if place and (called := plain("".join(words.itertext()))):
                    titles.setdefault(place, called)
    return titles


def _is_navigation(item: Any) -> bool:
    return "nav" in (item.get("properties") or "").split()


def _locked(archive: zipfile.ZipFile) -> set[str]:
    """Returns the encrypted files, which only the seller's own program opens. Fonts are often listed too."""
    name = "META-INF/encryption.xml"
    if name not in archive.NameToInfo:
        return set()
    tree = xml_tree(read_member(archive, name))
    return {unquote(one.get("URI") or "") for one in tree.iter() if tag_of(one) == "cipherreference"}


def _beside(file: str, link: str) -> str:
    """Returns the name in the archive of what a file links to."""
    target = unquote(urldefrag(link)[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), target)) if target else ""

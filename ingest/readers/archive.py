"""Opens zip containers of documents with care, and tells what a file is by its content, whatever its name says.

A zip bomb claims little and unpacks to much, or has entities that expand. So all sizes are added up first, each member
is unpacked once in small pieces (which also proves it whole), and no Office file's XML may declare entities: Office
programs never do that.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import ReadError
from ingest.files import Source

MOST_MEMBERS = 50_000
MOST_BYTES = 2 << 30  # unpacked, pictures and films included
MOST_XML = 256 << 20  # of one member that is read whole
_MOST_RATIO = 150  # of sizes unpacked and packed, from _SUSPECT bytes on; XML packs to a tenth or twentieth
_SUSPECT = 64 << 20
_BLOCK = 1 << 20
_DECLARES = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD = {
    "EncryptedPackage": "protected by a password",
    "WordDocument": "an old Word document (.doc)",
    "Workbook": "an old Excel workbook (.xls)",
    "PowerPoint Document": "an old PowerPoint presentation (.ppt)",
}
_INSIDE = {
    "word/": "a Word document (.docx)",
    "xl/": "an Excel workbook (.xlsx)",
    "ppt/": "a PowerPoint presentation (.pptx)",
    "META-INF/container.xml": "an EPUB book (.epub)",
    "content.xml": "an OpenDocument file",
}
_BEGINNINGS = {
    b"%PDF": "a PDF (.pdf)",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture (.png)",
    b"\xff\xd8\xff": "a picture (.jpg)",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
}
_DAMAGED_HINT = "Open it in the program it was made with and save it again, or get an intact copy."
_LOCKED = "is an archive with a password, which no Office program writes"


@contextmanager
def open_zip(path: Source, wanted: str) -> Iterator[zipfile.ZipFile]:
    """Opens the archive after checking that it is whole and not too large. `wanted` is a path that it must have, as in
    _INSIDE.

    Raises ReadError that says what the file is instead.
    """
    kind = kind_of(path)
    if kind != _INSIDE[wanted]:
        raise _wrong(path, kind)
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check(archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ReadError("is damaged: it cannot be unpacked", _DAMAGED_HINT) from error


def kind_of(path: Source) -> str:
    """Says in words what a file is by its content; '' where that cannot be told."""
    with path.open("rb") as file:
        head = file.read(8 << 20)
    if head.startswith(_OLE):
        return next((kind for name, kind in _OLD.items() if name.encode("utf-16-le") in head), "an old Office file")
    if head.startswith(b"PK"):
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError):
            return "a damaged archive"
        return next(
            (kind for inside, kind in _INSIDE.items() if any(n.startswith(inside) for n in names)), "a zip archive"
        )
    return next((kind for start, kind in _BEGINNINGS.items() if head[:64].lstrip().startswith(start)), "")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Returns a member's content. Raises ReadError where it has more than MOST_XML bytes, KeyError where there is
    none."""
    if archive.getinfo(name).file_size > MOST_XML:
        raise ReadError(f"holds a part of more than {MOST_XML >> 20} MB ({name})", "Split it into smaller files.")
    return archive.read(name)


def _check(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if any(one.flag_bits & 1 for one in members):
        raise ReadError(_LOCKED, _DAMAGED_HINT)
    total, packed = sum(one.file_size for one in members), sum(one.compress_size for one in members)
    if len(members) > MOST_MEMBERS or total > MOST_BYTES or (total > _SUSPECT and total > _MOST_RATIO * max(1, packed)):
        raise ReadError(
            f"unpacks to {total >> 20} MB in {len(members)} parts, which is more than a document should",
            "It may be made to fill memory. If you trust it, save it in parts.",
        )
    for one in members:
        is_xml = one.filename.endswith((".xml", ".rels", ".vml")) and not one.filename.startswith("META-INF/")
        with archive.open(one) as stream:
            before = b""
            while block := stream.read(_BLOCK):
                if is_xml and any(word in before + block for word in _DECLARES):
                    raise ReadError(
                        "declares XML entities, which no Office program writes",
                        "It may be made to harm readers. Get it again from where you trust it.",
                    )
                before = block[-20:]


def _wrong(path: Source, kind: str) -> ReadError:
    ending = path.suffix.lower()
    if kind == _OLD["EncryptedPackage"]:
        return ReadError("is protected in a way that cannot be opened here", _DAMAGED_HINT)
    if kind in _OLD.values() or kind == "an old Office file":
        return ReadError(
            f"is {kind}, which is not read",
            "Open it in Word, Excel, PowerPoint or LibreOffice and save it as .docx, .xlsx or .pptx.",
        )
    if kind == "a damaged archive":
        return ReadError("is damaged: it cannot be unpacked", _DAMAGED_HINT)
    if kind:
        return ReadError(f"is {kind}, though its name ends with {ending}", "Give it the ending of its real format.")
    return ReadError(f"is not what its ending {ending} says", _DAMAGED_HINT)

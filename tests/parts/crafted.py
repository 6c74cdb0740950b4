"""PDFs as no program writes them: put together by hand, object by object."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path


def stream(data: bytes, entries: str = "", *, packed: bool = True) -> bytes:
    body = zlib.compress(data, 9) if packed else data
    packing = "/Filter /FlateDecode " if packed else ""
    return f"<< {packing}{entries} /Length {len(body)} >>\nstream\n".encode() + body + b"\nendstream"


def write(path: Path, objects: Sequence[bytes | str]) -> Path:
    """Object n is `objects[n - 1]`; the first is the catalogue."""
    data = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + (body.encode() if isinstance(body, str) else body) + b"\nendobj\n"
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    data += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    path.write_bytes(data)
    return path


def document(path: Path, pages: Sequence[bytes], more: Sequence[bytes | str] = (), resources: str = "") -> Path:
    """Pages with these contents, in Helvetica as /F1. `more` begins at object 4 + 2 * len(pages)."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects: list[bytes | str] = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] /MediaBox [0 0 600 800] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    fonts = "" if "/Font" in resources else "/Font << /F1 3 0 R >>"
    for number, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * number} 0 R /Resources << {fonts} {resources} >> >>"
        )
        objects.append(stream(content))
    return write(path, [*objects, *more])


def text(line: str, x: float = 72, y: float = 700, size: float = 12, extra: str = "") -> bytes:
    return f"BT {extra} /F1 {size} Tf {x} {y} Td ({line}) Tj ET\n".encode("latin-1")


def endless(path: Path, bad: int, n_pages: int, pages: Sequence[bytes] = ()) -> Path:
    """Page `bad`, or each of `pages` with /X0, draws a form that draws a form: ten times each, twelve deep."""
    first = 4 + 2 * n_pages
    if not pages:
        pages = [text(f"This is page {n} of the manual, and it is read.") for n in range(1, n_pages + 1)]
        pages[bad - 1] += b"/X0 Do\n"
    forms = [
        stream(
            f"/X{n + 1} Do\n".encode() * 10 + text("x"),
            f"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /X{n + 1} "
            f"{first + n + 1} 0 R >> /Font << /F1 3 0 R >> >>",
        )
        for n in range(12)
    ]
    last = stream(text("x"), "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >>")
    return document(path, pages, [*forms, last], f"/XObject << /X0 {first} 0 R >>")


def for_pypdf(path: Path) -> Path:
    """Two pages; of the second, with a table of characters that begins in an unusual way, pdfium sees nothing."""
    table = b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <20> <7e> <0020> endbfrange"
    unnamed = " ".join(["/.notdef"] * 91)
    font = (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Odd /ToUnicode 9 0 R /Encoding << /Differences [32 {unnamed}] >> >>"
    )
    pages = [text("The compressor is a hermetically sealed unit."), text("The filter is cleaned every 11 weeks.")]
    pages[1] = pages[1].replace(b"/F1", b"/F2")
    return document(path, pages, [font, stream(table)], "/Font << /F1 3 0 R /F2 8 0 R >>")

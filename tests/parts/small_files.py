"""Small files of several formats."""

from __future__ import annotations

import zipfile
from email.message import EmailMessage
from pathlib import Path


def make_epub(path: Path, chapters: dict[str, str], contents: str = "") -> Path:
    items = "".join(f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in chapters)
    spine = "".join(f'<itemref idref="{n}"/>' for n in chapters)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/a.opf"/></rootfiles></container>',
        )
        book.writestr(
            "OPS/a.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            f"<dc:title>The pump book</dc:title></metadata><manifest>{items}"
            f'<item id="nav" href="nav.xhtml" properties="nav"/></manifest><spine>{spine}</spine></package>',
        )
        if contents:
            book.writestr("OPS/nav.xhtml", contents)
        for name, text in chapters.items():
            book.writestr(f"OPS/{name}.xhtml", text)
    return path


def message(subject: str, text: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "Anna <anna@example.com>", subject
    made.set_content(text)
    return made

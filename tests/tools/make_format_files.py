"""Makes tests/data/formats from the sources beside this file, with LibreOffice and pandoc; needed when they change.

apt-get install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui pandoc
python tests/tools/make_format_files.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCES = Path(__file__).parent / "formats"
TARGET = Path(__file__).parent.parent / "data" / "formats"


def pandoc(source: str, target: Path) -> Path:
    subprocess.run(["pandoc", "--standalone", SOURCES / source, "--output", target], check=True)
    return target


def office(source: Path, kind: str, target: Path, profile: Path) -> Path:
    """LibreOffice's own writing of a file: other XML than pandoc's, as most files of people have been through it."""
    out = profile / "out"
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            out,
            source,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.move(out / f"{source.stem}.{kind.partition(':')[0]}", target)
    return target


def mail(attachments: list[Path], target: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Anna Ottoline <anna@example.com>", "Bertram Wex <bertram@example.com>"
    message["Date"], message["Subject"] = "Tue, 14 May 2024 09:12:00 +0200", "Offer for the Basel works"
    message.set_content("Dear Bertram,\n\nwe can deliver 26 pumps to Basel in week 31.\n\nRegards\nAnna\n")
    message.add_alternative("<p>Dear Bertram,</p><p>we can deliver 26 pumps to Basel in week 31.</p>", subtype="html")
    for file in attachments:
        message.add_attachment(file.read_bytes(), maintype="application", subtype="octet-stream", filename=file.name)
    target.write_bytes(message.as_bytes())


def main() -> None:
    if missing := [name for name in ("soffice", "pandoc") if not shutil.which(name)]:
        sys.exit(f"These programs are needed: {', '.join(missing)}.")
    TARGET.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        profile = Path(scratch)
        for ending in ("docx", "epub", "html"):
            pandoc("manual.md", TARGET / f"manual.{ending}")
        pandoc("slides.md", TARGET / "slides.pptx")
        odt = pandoc("manual.md", profile / "manual-office.odt")
        for ending in ("docx", "html", "pdf"):
            office(odt, ending, TARGET / f"manual-office.{ending}", profile)
        shutil.copy(TARGET / "slides.pptx", profile / "slides-office.pptx")
        office(profile / "slides-office.pptx", "pptx", TARGET / "slides-office.pptx", profile)
        prices = office(SOURCES / "prices.fods", "xlsx", TARGET / "prices.xlsx", profile)
        office(SOURCES / "prices.fods", "csv", TARGET / "prices.csv", profile)
        old = office(profile / "manual-office.odt", "doc", profile / "manual-old.doc", profile)
        shutil.copy(old, TARGET / "manual-old.docx")  # an old document under a new name
        mail([prices], TARGET / "offer.eml")


if __name__ == "__main__":
    main()

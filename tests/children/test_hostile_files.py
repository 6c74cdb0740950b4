"""Files that are made to harm, or are not what they say: refused or read in bounds, and named in words for people."""

from __future__ import annotations

import io
import os
import random
import re
import resource
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from ingest.children.worker import Reader
from ingest.errors import NEEDS_PASSWORD, ReadError
from ingest.files import Attached
from ingest.readers.read import read_file

from laid_out import check
from small_files import make_epub, message

LONG = pytest.mark.skipif("DOCENT_HOSTILE" not in os.environ, reason="minutes, 500 MB of disk: DOCENT_HOSTILE=1")
DATA = Path(__file__).parents[1] / "data" / "formats"


def refused(file: Path) -> ReadError:
    with pytest.raises(ReadError) as error:
        read_file(file)
    assert error.value.hint and str(error.value)[0].islower()
    return error.value


def repacked(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of an Office file with some of its members changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


# -- bombs


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    file = repacked(DATA / "manual.docx", tmp_path / "a.docx", lambda name, data: data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/a.bin", bytes(80 << 20))
    assert "unpacks to 80 MB" in str(refused(file))


def test_a_member_that_lies_about_its_size_is_found_out(tmp_path):
    file = tmp_path / "a.docx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a>" + b"x" * 5_000_000)
    real, claimed = (5_000_003).to_bytes(4, "little"), (300).to_bytes(4, "little")
    file.write_bytes(file.read_bytes().replace(real, claimed))
    assert "cannot be unpacked" in str(refused(file))


@pytest.mark.slow
def test_more_members_than_any_document_has(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        for number in range(50_001):
            archive.writestr(str(number), "")
    assert "parts" in str(refused(tmp_path / "a.xlsx"))


MORE = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
ENTITIES = f'<!DOCTYPE a [<!ENTITY b0 "{"ha" * 50}">{MORE}]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("source", "member"),
    [
        ("manual.docx", "word/document.xml"),
        ("slides.pptx", "ppt/slides/slide1.xml"),
        ("prices.xlsx", "xl/sharedStrings.xml"),
    ],
)
def test_xml_that_declares_entities_is_refused(source, member, encoding, tmp_path):
    def with_entities(name: str, data: bytes) -> bytes:
        if name != member:
            return data
        text = data.decode().partition("?>")[2]
        return f'<?xml version="1.0" encoding="{encoding}"?>{ENTITIES}{text}'.encode(encoding)

    file = repacked(DATA / source, tmp_path / f"a{Path(source).suffix}", with_entities)
    assert "declares XML entities" in str(refused(file))


def test_a_book_unfolds_nothing_and_fetches_nothing(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret word is zanzibar")
    head = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY b "{"ha" * 9}"><!ENTITY c "{"&b;" * 99}">]>'
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Seen. &x; &c;</p></body></html>'
    chapter = f'<?xml version="1.0"?>{head}{page}'
    read = read_file(make_epub(tmp_path / "a.epub", {"a": chapter}))
    assert "Seen." in read.text and "zanzibar" not in read.text and "haha" not in read.text


def test_office_xml_nested_deeper_than_any_program_writes(tmp_path):
    def deep(name: str, data: bytes) -> bytes:
        inner = b"<w:tbl><w:tr><w:tc>" * 20_000 + b"</w:tc></w:tr></w:tbl>" * 20_000
        return data.replace(b"<w:body>", b"<w:body>" + inner) if name == "word/document.xml" else data

    assert "damaged" in str(refused(repacked(DATA / "manual.docx", tmp_path / "a.docx", deep)))


@pytest.mark.slow
def test_a_csv_of_a_million_columns_and_one_of_a_single_cell(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(",".join(f"c{row}_{n}" for n in range(1_000_000)) for row in range(2)))
    read = read_file(tmp_path / "a.csv")
    check(read)
    assert read.notes == ("only the first 1,000 of its 1,000,000 columns were read",)
    assert len(read.tables[0].columns) == 1000
    (tmp_path / "b.csv").write_text('"' + "x" * 5_000_000)
    read = read_file(tmp_path / "b.csv")
    assert max(len(page.text) for page in read.pages) <= 6000 and "do not match" in read.notes[0]


@pytest.mark.parametrize("as_file", [False, True])
def test_messages_within_messages(as_file, tmp_path):
    inner = message("0", "The innermost.\n")
    for depth in range(1, 12):
        outer = message(str(depth), "Outer.\n")
        if as_file:
            outer.add_attachment(inner.as_bytes(), maintype="application", subtype="x-mail", filename="inner.eml")
        else:
            outer.add_attachment(inner)
        inner = outer
    (tmp_path / "a.eml").write_bytes(inner.as_bytes())
    read = read_file(tmp_path / "a.eml")
    check(read)
    assert read.text.count("Outer.") == 7 and "too deep" in read.notes[-1]


def test_messages_a_thousand_deep(tmp_path):
    head = b"Subject: deep\nContent-Type: message/rfc822\n\n"
    (tmp_path / "a.eml").write_bytes(head * 1000 + b"Subject: last\n\nThe end.\n")
    try:
        read = read_file(tmp_path / "a.eml")
        assert read.pages
    except ReadError as error:
        assert "messages within messages" in str(error) and error.hint


# -- what is not what its name says


def mimic(tmp_path: Path, name: str, data: bytes) -> str:
    (tmp_path / name).write_bytes(data)
    return str(refused(tmp_path / name))


def test_old_office_files_under_new_names_are_called_what_they_are(tmp_path):
    error = refused(DATA / "manual-old.docx")
    assert "old Word document" in str(error) and ".docx" in error.hint
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert "old Excel" in mimic(tmp_path, "a.xlsx", ole + "Workbook".encode("utf-16-le"))
    assert "old PowerPoint" in mimic(tmp_path, "a.pptx", ole + "PowerPoint Document".encode("utf-16-le"))
    assert "an old Office file" in mimic(tmp_path, "b.pptx", ole)
    assert "is protected in a way" in mimic(tmp_path, "c.docx", ole + "EncryptedPackage".encode("utf-16-le"))


def test_other_kinds_under_a_wrong_ending_are_named(tmp_path, make_pdf):
    pdf = make_pdf(tmp_path / "x.pdf", [["A pump."]]).read_bytes()
    assert "is a PDF (.pdf), though its name ends with .docx" in mimic(tmp_path, "a.docx", pdf)
    assert "is an Excel workbook (.xlsx)" in mimic(tmp_path, "b.docx", (DATA / "prices.xlsx").read_bytes())
    assert "is a Word document (.docx)" in mimic(tmp_path, "a.pptx", (DATA / "manual.docx").read_bytes())
    assert "is an RTF document" in mimic(tmp_path, "c.docx", b"{\\rtf1 A pump.}")
    assert "is not what its ending .xlsx says" in mimic(tmp_path, "a.xlsx", b"Part,Price\n")
    assert "not a text file" in mimic(tmp_path, "a.csv", (DATA / "prices.xlsx").read_bytes()[:4000] + b"\0" * 99)
    assert "is not an e-mail" in mimic(tmp_path, "a.eml", b"\n\nJust words.\n")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "is a zip archive" in mimic(tmp_path, "a.epub", made.getvalue())


@pytest.mark.parametrize("name", ["manual.docx", "slides.pptx", "prices.xlsx", "manual.epub"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_files_that_were_cut_off_are_damaged(name, kept, tmp_path):
    data = (DATA / name).read_bytes()
    assert "damaged" in mimic(tmp_path, name, data[: int(kept * len(data))])


@pytest.mark.slow
def test_an_office_file_with_a_password_is_read_with_it(tmp_path):
    with (DATA / "prices.xlsx").open("rb") as plain, (tmp_path / "a.xlsx").open("wb") as locked:
        OOXMLFile(plain).encrypt("swordfish", locked)
    for password in ("", "herring"):
        with pytest.raises(ReadError) as error:
            read_file(tmp_path / "a.xlsx", password)
        assert str(error.value) == NEEDS_PASSWORD and "--ask-passwords" in error.value.hint
    assert read_file(tmp_path / "a.xlsx", "swordfish").text == read_file(DATA / "prices.xlsx").text
    with Reader(60.0) as reader:
        reader.start(tmp_path / "a.xlsx", "swordfish")
        assert reader.finish().tables == read_file(DATA / "prices.xlsx").tables


def test_an_archive_with_a_password_of_its_own_is_no_office_file(tmp_path):
    data = bytearray((DATA / "manual.docx").read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(magic)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(magic, place + 4)
    assert "archive with a password" in mimic(tmp_path, "a.docx", bytes(data))


@pytest.mark.parametrize("ending", [".docx", ".pptx", ".xlsx", ".csv", ".html", ".epub", ".eml", ".jsonl"])
def test_what_holds_nothing_says_so(ending, tmp_path):
    file = tmp_path / f"a{ending}"
    if ending == ".docx":
        docx.Document().save(file)
    elif ending == ".xlsx":
        openpyxl.Workbook().save(file)
    elif ending == ".pptx":
        import pptx

        pptx.Presentation().save(file)
    elif ending == ".epub":
        make_epub(file, {"a": "<p> </p>"})
    elif ending == ".eml":
        made = EmailMessage()
        made["X-Empty"] = "1"
        file.write_bytes(made.as_bytes())
    else:
        file.write_bytes(b"\n \n")
    assert "holds no text" in str(refused(file))


# -- broken at random


def mutated(data: bytes, chance: random.Random) -> bytes:
    """With a few bytes, tags or numbers changed, cut out, doubled or swapped."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) or 1)
        kind = chance.randrange(6)
        if kind == 0:
            out[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del out[at : at + chance.randrange(1, 200)]
        elif kind == 2:
            out[at:at] = out[at : at + chance.randrange(1, 300)] * chance.randrange(1, 4)
        elif kind == 3:
            tags = [found.span() for found in re.finditer(rb"<[^<>]{1,300}>", out)]
            if tags:
                (a, b), (c, d) = chance.choice(tags), chance.choice(tags)
                out[a:b] = out[c:d]
        elif kind == 4:
            numbers = [found.span() for found in re.finditer(rb"\d+", out)]
            if numbers:
                a, b = chance.choice(numbers)
                out[a:b] = chance.choice([b"0", b"-1", b"999999999999", b"1e400", b"NaN", b""])
        else:
            out[at:at] = chance.choice([b"&#0;", b"\xff\xfe", "\u202e\ufeff".encode(), b"]]>", b"\0", b'"', b"<!--"])
    return bytes(out)


@pytest.mark.parametrize("seed", range(4000 if "DOCENT_HOSTILE" in os.environ else 40))
def test_broken_files_are_read_in_part_or_named_never_a_crash(seed):
    chance = random.Random(seed)
    name = chance.choice([file.name for file in sorted(DATA.iterdir()) if file.suffix != ".pdf"])
    data = (DATA / name).read_bytes()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {one: archive.read(one) for one in archive.namelist()}
        part = chance.choice([one for one in parts if one.endswith((".xml", ".rels", ".xhtml", ".opf", ".ncx"))])
        parts[part] = mutated(parts[part], chance)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for one, content in parts.items():
                archive.writestr(one, content)
        data = made.getvalue()
    else:
        data = mutated(data, chance)
    try:
        check(read_file(Attached(name, data)))
    except ReadError as error:
        assert error.hint


# -- in the child that reads, with its limits


def test_a_child_that_may_write_nothing_reads_every_kind(tmp_path):
    with Reader(60.0) as reader:
        for file in sorted(DATA.iterdir()):
            reader.start(file)
            if file.name == "manual-old.docx":
                with pytest.raises(ReadError, match="old Word"):
                    reader.finish()
            else:
                there, here = reader.finish(), read_file(file)
                assert [(p.text, p.place) for p in there.pages] == [(p.text, p.place) for p in here.pages]
                assert there.tables == here.tables and there.notes == here.notes


@LONG
def test_half_a_gigabyte_in_one_line(tmp_path):
    with (tmp_path / "a.txt").open("wb") as file:
        for _ in range(500):
            file.write(b"word and " * 116_508)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with Reader(120.0) as reader:
        reader.start(tmp_path / "a.txt")
        read = reader.finish()
    assert "only its first 64 MB" in read.notes[0] and max(len(page.text) for page in read.pages) <= 6000
    assert max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) < 4 << 20  # KiB


@LONG
def test_a_sheet_of_more_cells_than_are_read_says_how_far_it_was(tmp_path):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Log")
    for number in range(3000):
        sheet.append([number] * 700)
    book.save(tmp_path / "a.xlsx")
    read = read_file(tmp_path / "a.xlsx")
    assert read.notes == ("the sheet “Log” was read up to row 2,857: split it into smaller ones",)
    assert read.pages[-1].place == "Log, row 2857"

"""Small PDFs, changed at random: each is read or has a reason, within its limits, and the next one is read as ever.

Bounded to some seconds; DOCENT_FUZZ_SECONDS=3600 goes on for an hour, with other changes. A failure names its seed.
"""

from __future__ import annotations

import os
import random
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.children.worker import Reader
from ingest.datatypes import ReadResult
from ingest.errors import ReadError

from crafted import document, endless, for_pypdf, stream, text, write

SECONDS = float(os.environ.get("DOCENT_FUZZ_SECONDS", "5"))
PAGE_TIMEOUT = 10.0
Change = Callable[[bytearray, random.Random], bytes]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, make_pdf) -> list[bytes]:
    """PDFs of different make: packed and plain, with a password, an outline, pictures, forms, objects in streams."""
    folder = tmp_path_factory.mktemp("seeds")
    make_pdf(
        folder / "plain.pdf",
        [["The pump is filled.", "To 2.1 bar."], ["Fault E-104.", "It is too warm."]],
        title="Pump",
    )
    make_pdf(folder / "secret.pdf", [["A secret."]], password="swordfish")
    canvas = Canvas(str(folder / "rich.pdf"), pagesize=A4, pageCompression=1)
    for number in range(3):
        canvas.bookmarkPage(f"p{number}")
        canvas.addOutlineEntry(f"Part {number}", f"p{number}")
        canvas.beginForm(f"form{number}")
        canvas.drawString(72, 500, "In a form")
        canvas.endForm()
        canvas.doForm(f"form{number}")
        canvas.drawString(72, 700, f"This is page {number} of the manual.")
        canvas.drawInlineImage(picture(), 72, 300)
        canvas.showPage()
    canvas.save()
    for_pypdf(folder / "odd.pdf")
    document(folder / "small.pdf", [text("One page."), text("Another.")])
    inner = b"3 0 4 77 << /Type /Pages /Count 1 /Kids [4 0 R] /MediaBox [0 0 600 800] >>".ljust(85)
    inner += b"<< /Type /Page /Parent 3 0 R >>"
    write(folder / "packed.pdf", ["<< /Type /Catalog /Pages 3 0 R >>", stream(inner, "/Type /ObjStm /N 2 /First 8")])
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def picture():
    from PIL import Image

    return Image.new("RGB", (20, 20), "grey")


def flipped(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 3, 10, 100])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def cut(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return bytes(data[:start] if chance.random() < 0.6 else data[:start] + data[start + chance.randrange(1, 500) :])


def doubled(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randrange(1, 2000)]
    at = chance.randrange(len(data))
    return bytes(data[:at] + part * chance.randrange(1, 20) + data[at:])


def swapped(data: bytearray, chance: random.Random) -> bytes:
    """Objects trade places, so that what is expected to be a page is a font, a number or itself."""
    objects = list(re.finditer(rb"(?s)\d+ 0 obj.*?endobj", data))
    if len(objects) < 2:
        return bytes(data)
    a, b = sorted(chance.sample(objects, 2), key=lambda found: found.start())
    inner = [re.sub(rb"^\d+ 0 obj", b"", found.group()) for found in (a, b)]
    heads = [re.match(rb"\d+ 0 obj", found.group()).group() for found in (a, b)]
    swapped = data[: a.start()] + heads[0] + inner[1] + data[a.end() : b.start()] + heads[1] + inner[0]
    return bytes(swapped + data[b.end() :])


def renumbered(data: bytearray, chance: random.Random) -> bytes:
    """Numbers become others: lengths, counts, sizes, references, also to themselves."""
    numbers = list(re.finditer(rb"(?<![\w.])-?\d+(?![\w.])", data))
    for found in sorted(chance.sample(numbers, min(len(numbers), chance.choice([1, 2, 5]))), key=lambda f: -f.start()):
        fresh = chance.choice([b"0", b"-1", b"1", b"2", b"3", b"4", b"65536", b"2147483648", b"99999999999999999999"])
        data[found.start() : found.end()] = fresh
    return bytes(data)


def repacked(data: bytearray, chance: random.Random) -> bytes:
    """What is inside a packed stream is changed, and packed again: that much damage goes deep."""
    found = chance.choice(list(re.finditer(rb"(?s)stream\r?\n(.*?)\r?\nendstream", data)) or [None])
    try:
        inside = bytearray(zlib.decompress(found.group(1)))
    except (zlib.error, AttributeError):
        return flipped(data, chance)
    inside = chance.choice([flipped, cut, doubled, renumbered])(inside or bytearray(b" "), chance)
    fresh = zlib.compress(inside)
    return bytes(data[: found.start(1)] + fresh + data[found.end(1) :])


CHANGES: list[Change] = [flipped, cut, doubled, swapped, renumbered, repacked]


def check(outcome: ReadResult | ReadError) -> None:
    if isinstance(outcome, ReadError):
        assert str(outcome) and outcome.hint
        return
    assert outcome.pages
    for number, page in enumerate(outcome.pages, 1):
        assert page.number == number and outcome.text[page.start : page.start + len(page.text)] == page.text
        assert page.raw_index is None or len(page.raw_index) == len(page.text)
    assert any(page.text.strip() or page.unread for page in outcome.pages)
    for heading in outcome.headings:
        assert 0 <= heading.start <= len(outcome.text)


def read(reader: Reader, path: Path, password: str = "") -> ReadResult | ReadError:
    reader.start(path, password)
    try:
        return reader.finish()
    except ReadError as error:
        return error


@pytest.mark.slow
def test_whatever_is_done_to_a_pdf_it_is_read_or_has_a_reason(seeds, tmp_path):
    path, end, seed, done = tmp_path / "a.pdf", time.monotonic() + SECONDS, 0, 0
    whole = tmp_path / "whole.pdf"
    document(whole, [text("This one is whole, and it is read as ever.")])
    with Reader(PAGE_TIMEOUT) as reader:
        while time.monotonic() < end or done < 40:
            seed += 1
            chance = random.Random(seed)
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.choice([1, 1, 2, 4])):
                data = bytearray(chance.choice(CHANGES)(data, chance) or b"%PDF")
            path.write_bytes(data)
            began = time.monotonic()
            try:
                check(read(reader, path, chance.choice(["", "swordfish"])))
            except Exception as error:
                (Path(os.environ.get("DOCENT_FUZZ_KEEP", tmp_path)) / f"failed-{seed}.pdf").write_bytes(data)
                raise AssertionError(f"seed {seed}: {error}") from error
            done += 1
            assert time.monotonic() - began < 12 * PAGE_TIMEOUT, f"seed {seed} took too long"
            if seed % 20 == 0:
                assert isinstance(found := read(reader, whole), ReadResult) and "read as ever" in found.text
    assert done >= 40


@pytest.mark.slow
def test_pages_that_hang_among_damage_end_in_time(tmp_path):
    data = bytearray(endless(tmp_path / "a.pdf", 2, 3).read_bytes())
    chance = random.Random(1)
    with Reader(1.0) as reader:
        for _ in range(3):
            (tmp_path / "b.pdf").write_bytes(flipped(bytearray(data), chance))
            check(read(reader, tmp_path / "b.pdf"))

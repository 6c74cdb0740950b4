"""Pictures of text are read, kept page by page, marked where they stand, and are then like any other text."""

from __future__ import annotations

import random
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from app.ask.find.retrieve import retrieve
from ingest.children.worker import Reader, Recogniser
from ingest.config import IngestConfig
from ingest.datatypes import Flag, Heading, Page, ReadResult, Table
from ingest.errors import ReadError
from ingest.readers.ocr import Recognised, boxes_of, why_unavailable
from ingest.readers.read import read_file
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.recognise import forget_stale, recognise, recognised, waiting, with_recognised
from ingest.sync.sync import sync

from scans import scan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "it is there")]

LINES = ["The valve on the left is closed by hand", "before the pump is filled to 2.1 bar.",
         "It must never run dry for longer than 40 seconds."]  # fmt: skip


def scanned_pdf(path: Path, pages, text_pages=()) -> Path:
    """Pages of pictures; those in `text_pages` (1-based) are text."""
    canvas = Canvas(str(path), pagesize=(450, 160), invariant=1)
    for number, lines in enumerate(pages, 1):
        if number in text_pages:
            for place, line in enumerate(lines):
                canvas.drawString(20, 130 - 20 * place, line)
        else:
            canvas.drawImage(ImageReader(scan(lines)), 0, 0, 450, 160)
        canvas.showPage()
    canvas.save()
    return path


def mistakes(read: str, written: str) -> float:
    """The character error rate: changes needed, by the length of what was written."""
    row = list(range(len(written) + 1))
    for i, a in enumerate(read, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(written, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1] / len(written)


@pytest.fixture(scope="module")
def recogniser():
    with Recogniser(300) as opened:
        yield opened


# -- reading pictures


@pytest.mark.parametrize(("angle", "turn"), [(0, 0), (1.5, 0), (0, 90), (0, 180)])
def test_a_scan_is_read_whichever_way_it_lies(recogniser, tmp_path, angle, turn):
    scan(LINES, angle=angle, turn=turn).save(tmp_path / "scan.png")
    page = recogniser.page(tmp_path / "scan.png", 1)
    assert mistakes(" ".join(page.text.split()), " ".join(LINES)) < 0.05
    assert 0.8 < page.confidence <= 1 and len(page.raw_index) == len(page.text)
    where = page.text.index("filled")
    (box,) = boxes_of(page.boxes, page.raw_index[where : where + 6].tolist())
    left, top, right, bottom = box
    across, down = ((left + right) / 2, (top + bottom) / 2)
    for _ in range(turn // 90):  # back to how it was written
        across, down = 1 - down, across
    assert 0.3 < across < 0.62 and 0.28 < down < 0.45  # where the second line says it


def test_cells_of_a_table_come_apart_and_rows_stay_together(recogniser, tmp_path):
    image = Image.new("RGB", (900, 260), "white")
    font = ImageFont.load_default(size=30)
    for row, cells in enumerate(
        [("Model", "Power", "Weight"), ("TL-5", "8.2 kW", "112 kg"), ("TL-8", "9.1 kW", "131 kg")]
    ):
        for column, cell in enumerate(cells):
            ImageDraw.Draw(image).text((50 + 290 * column, 40 + 70 * row), cell, fill="black", font=font)
    image.save(tmp_path / "table.png")
    rows = recogniser.page(tmp_path / "table.png", 1).text.replace(" ", "").split("\n")
    assert rows == ["Model\tPower\tWeight", "TL-5\t8.2kW\t112kg", "TL-8\t9.1kW\t131kg"]


def test_an_empty_sheet_has_no_text(recogniser, tmp_path):
    Image.new("RGB", (400, 300), "white").save(tmp_path / "empty.png")
    page = recogniser.page(tmp_path / "empty.png", 1)
    assert page.text == "" and page.confidence == 0 and page.boxes.shape == (0, 5)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "webp", "tif"])
def test_each_kind_of_picture_is_a_page_and_each_frame_of_a_tiff(kind, tmp_path):
    path = tmp_path / f"a.{kind}"
    more = {"save_all": True, "append_images": [scan(["two"]), scan(["three"])]} if kind == "tif" else {}
    scan(["one"]).save(path, **more)
    read = read_file(path)
    assert len(read.pages) == (3 if kind == "tif" else 1)
    assert all(page.unread and page.text == "" and page.reader == "picture" for page in read.pages)
    assert [page.start for page in read.pages] == list(range(len(read.pages)))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tiff", "a.webp"])
def test_a_broken_picture_says_so_and_costs_nothing_else(name, tmp_path, recogniser):
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    with pytest.raises(ReadError, match="not a picture, or is damaged") as error:
        read_file(tmp_path / name)
    assert error.value.hint
    scan(LINES).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    with pytest.raises(ReadError, match="damaged"):
        recogniser.page(tmp_path / "cut.png", 1)


def test_a_huge_picture_is_looked_at_smaller_or_not_at_all(tmp_path):
    import struct
    import zlib

    def png(wide, high) -> bytes:
        def part(name, data):
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

        head = struct.pack(">IIBBBBB", wide, high, 1, 0, 0, 0, 0)
        rows = zlib.compress(bytes((wide // 8 + 1) * min(high, 8000)), 1)
        return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")

    from ingest.readers.pictures import page_picture

    (tmp_path / "large.png").write_bytes(png(8000, 8000))
    seen = page_picture(tmp_path / "large.png", 1)
    assert seen.width * seen.height <= 12_100_000
    (tmp_path / "bomb.png").write_bytes(png(40_000, 40_000)[:4000])
    with Reader(60) as reader:
        reader.start(tmp_path / "bomb.png")
        with pytest.raises(ReadError, match="too large to look at"):
            reader.finish()


# -- into the index


def search(index: Path, encoder, question: str) -> list[tuple[str, int]]:
    with closing(LocalIndex(index)) as opened:
        return [(hit.file, hit.chunk.page) for hit in retrieve(opened, encoder, question, 5)]


def everything(index: Path) -> dict[str, list[tuple]]:
    """All that the store knows, but how often it was written."""
    with closing(Store(index)) as store:
        assert store.check() == []
        tables = ("documents", "pages", "headings", "notes", "chunks", "tables", "flags", "recognised")
        return {table: sorted(store.rows(f"SELECT * FROM {table}"), key=repr) for table in tables}


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A file of text and pictures, and a picture."""
    folder = tmp_path / "docs"
    folder.mkdir()
    pages = [["This page is text.", "The sprocket is green."], ["The gasket is replaced every year."],
             ["This is text again.", "The flange is blue."], ["The spindle is greased with oil."]]  # fmt: skip
    scanned_pdf(folder / "mixed.pdf", pages, text_pages=(1, 3))
    scan(["The depot in Marlow opens at 06:30."]).save(folder / "sign.png")
    return folder


def files_in(folder: Path) -> dict[str, Path]:
    return {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}


class Stop(Exception):
    pass


def test_pages_recognised_one_by_one_are_those_recognised_at_once(mixed, tmp_path, encoder):
    config = IngestConfig()
    sync(mixed, tmp_path / "once", encoder)
    assert search(tmp_path / "once", encoder, "When does the depot in Marlow open?")[0] == ("sign.png", 1)
    assert search(tmp_path / "once", encoder, "How often is the gasket replaced?")[0] == ("mixed.pdf", 2)
    once = everything(tmp_path / "once")
    assert all(not row[9] for row in once["pages"])
    with closing(Store(tmp_path / "once", create=True)) as store:
        for document in store.documents():  # as they were read, before any recognition
            result = read_file(mixed / document.path)
            store.put(replace(document, n_chunks=0), result, [], [])
        with store.transaction() as db:
            db.execute("DELETE FROM recognised")
        told: list[tuple[str, int, int]] = []
        for _ in range(4):  # each run is ended after one page
            started = len(told)

            def check(started=started) -> None:
                if len(told) > started + 1:
                    raise Stop

            with suppress(Stop):
                recognise(store, files_in(mixed), encoder, config, lambda *now: told.append(now), check)
        assert recognise(store, files_in(mixed), encoder, config) == 0 and waiting(store) == []
        assert max(total for _, _, total in told) == 3
    assert everything(tmp_path / "once") == once


def test_what_was_recognised_is_marked_and_says_how_sure_it_is(mixed, tmp_path, encoder):
    sync(mixed, tmp_path / "index", encoder)
    with closing(Store(tmp_path / "index")) as store:
        (document,) = [d for d in store.documents() if d.path == "mixed.pdf"]
        pages = store.pages(document.id)
        assert [page.reader for page in pages] == ["pdfium", "ocr", "pdfium", "ocr"]
        assert all(0.7 < page.confidence < 1 for page in pages if page.reader == "ocr")
        assert store.notes().get(document.id, []) == []
        found = recognised(store, document, 2)[2]
        where = pages[1].text.index("gasket")
        (box,) = boxes_of(found.boxes, pages[1].raw_index[where : where + 6].tolist())
        assert 0.05 < box[0] < 0.3 and box[2] < 0.5 and 0.05 < box[1] < box[3] < 0.35


def test_what_was_recognised_is_used_again_and_goes_with_its_document(mixed, tmp_path, encoder):
    sync(mixed, tmp_path / "index", encoder)
    before = everything(tmp_path / "index")["recognised"]
    assert len(before) == 3
    sync(mixed, tmp_path / "index", encoder, IngestConfig(chunk_tokens=100))  # all is read again, not recognised again
    assert everything(tmp_path / "index")["recognised"] == before
    scan(["The depot is closed."]).save(mixed / "sign.png")
    sync(mixed, tmp_path / "index", encoder, IngestConfig(chunk_tokens=100))
    assert search(tmp_path / "index", encoder, "Is the depot closed?")[0] == ("sign.png", 1)
    (mixed / "mixed.pdf").unlink()
    sync(mixed, tmp_path / "index", encoder, IngestConfig(chunk_tokens=100))
    assert len(everything(tmp_path / "index")["recognised"]) == 1
    with closing(Store(tmp_path / "index", create=True)) as store:
        store.remove(["sign.png"])
        forget_stale(store)
        assert store.rows("SELECT * FROM recognised") == []


def test_a_page_that_cannot_be_recognised_is_named_and_not_tried_for_ever(tmp_path, encoder):
    folder = tmp_path / "docs"
    folder.mkdir()
    scan(LINES).save(tmp_path / "whole.png")
    (folder / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    sync(folder, tmp_path / "index", encoder)
    with closing(Store(tmp_path / "index")) as store:
        (document,) = store.documents()
        assert store.notes()[document.id] == ["could not be recognised: page 1"] and waiting(store) == []


# -- the pure part

TEXTS = st.text(st.sampled_from("abc xyz\n"), max_size=30)


@settings(deadline=None, max_examples=150)
@given(old=st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=6),
       new=st.lists(TEXTS, min_size=6, max_size=6), seed=st.integers(0, 1000))  # fmt: skip
def test_in_any_order_and_any_parts_the_document_becomes_the_same(old, new, seed):
    pages, start = [], 0
    for number, (text, unread) in enumerate(old, 1):
        pages.append(Page(number, start, "" if unread else text, unread=unread))
        start += len(pages[-1].text) + 1
    headings = tuple(Heading(page.start, 1, f"H{page.number}") for page in pages)
    tables = tuple(
        Table(page.number, page.start, page.start + len(page.text), "", ("a",), ()) for page in pages if not page.unread
    )
    result = ReadResult("T", tuple(pages), headings, (), tables, (Flag("hidden", 1, "x"),))
    empty = np.zeros((0, 5), np.float32)
    found = {
        n: Recognised(new[n - 1], np.arange(len(new[n - 1]), dtype=np.int32), 0.9, empty)
        for n in range(1, len(old) + 1)
    }
    found = {n: page for n, page in found.items() if pages[n - 1].unread}
    at_once = with_recognised(result, found)
    numbers = list(found)
    random.Random(seed).shuffle(numbers)
    by_and_by = result
    for number in numbers:
        by_and_by = with_recognised(by_and_by, {number: found[number]})
    plain = [replace(page, raw_index=None) for page in at_once.pages]
    assert [replace(page, raw_index=None) for page in by_and_by.pages] == plain
    assert (by_and_by.headings, by_and_by.tables, by_and_by.flags) == (at_once.headings, at_once.tables, at_once.flags)
    for page, heading in zip(at_once.pages, at_once.headings, strict=True):
        assert at_once.text[page.start : page.start + len(page.text)] == page.text and heading.start == page.start
    for table in at_once.tables:
        assert at_once.text[table.start : table.end] == at_once.pages[table.page - 1].text


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 20), max_size=8), st.lists(st.integers(-1, 200), max_size=30))
def test_boxes_lie_within_their_lines(lengths, indexes):
    boxes = np.array([(0.1, 0.1 * n, 0.9, 0.1 * n + 0.05, k) for n, k in enumerate(lengths)], np.float32).reshape(-1, 5)
    for left, top, right, bottom in boxes_of(boxes, indexes):
        assert 0.09 < left < right < 0.91 and top < bottom
    inside = [i for i in indexes if 0 <= i < sum(lengths)]
    assert bool(boxes_of(boxes, indexes)) == bool(inside)

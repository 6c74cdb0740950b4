from __future__ import annotations

import re
from pathlib import Path

import pypdf
import pypdfium2 as pdfium
import pypdfium2.raw
import pytest
import reportlab
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ingest.datatypes import ReadResult
from ingest.errors import ReadError
from ingest.readers.read import read_file
from ingest.text.clean import INSERTED
from ingest.text.quality import quality

from crafted import for_pypdf

PROSE = [
    "The compressor is a hermetically sealed unit and it is filled with oil before it leaves",
    "the works. It must never be opened by anyone who has not been trained for that work by",
    "the maker of the machine, and never while it is warm.",
]


def check_offsets(read: ReadResult) -> None:
    for number, page in enumerate(read.pages, 1):
        assert page.number == number
        assert read.text[page.start : page.start + len(page.text)] == page.text
        assert page.raw_index is None or len(page.raw_index) == len(page.text)


# -- PDF text and its boxes


def draw(canvas: Canvas, lines, x=72.0, y=740.0, font="Helvetica", size=11) -> None:
    canvas.setFont(font, size)
    for number, line in enumerate(lines):
        canvas.drawString(x, y - 1.4 * size * number, line)


@pytest.fixture(scope="module")
def rich(tmp_path_factory) -> Path:
    """Hyphenation, ligatures, two columns, a table, a header on each page, and a picture page."""
    path = tmp_path_factory.mktemp("rich") / "rich.pdf"
    pdfmetrics.registerFont(TTFont("Vera", Path(reportlab.__file__).parent / "fonts/Vera.ttf"))
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    bodies = [
        [*PROSE, "It is a her-", "metically sealed and low-", "temperature unit, as low-temperature units are."],
        ["The coarse ﬁlter has a ﬂow of 5 l/min – “good” – at 35 °C.", "", "Model 4 8.2 16", "Model 6 9.1 20"],
        ["The next column is", "read after the first", "one and not across."],
    ]
    for number, lines in enumerate(bodies, 1):
        draw(canvas, ["Brusk pump manual"], y=810, size=8)
        draw(canvas, lines, font="Vera" if number == 2 else "Helvetica")
        if number == 3:
            draw(canvas, ["It has words of its", "own, which come last."], x=330)
        draw(canvas, [str(number)], x=290, y=30, size=8)
        canvas.showPage()
    canvas.rect(100, 100, 300, 300, fill=1)
    canvas.showPage()
    canvas.save()
    return path


def test_text_as_a_person_reads_it(rich):
    read = read_file(rich)
    check_offsets(read)
    first, second, third, picture = (page.text for page in read.pages)
    assert (
        first
        == f"{' '.join(PROSE)}\nIt is a hermetically sealed and low-temperature unit, as low-temperature units are."
    )
    assert second == "The coarse filter has a flow of 5 l/min – “good” – at 35 °C.\nModel 4 8.2 16\nModel 6 9.1 20"
    assert third.replace("\n", " ") == (
        "The next column is read after the first one and not across. It has words of its own, which come last."
    )
    assert picture == "" and read.notes == ("of pictures, still to be recognised: page 4",)
    assert {page.reader for page in read.pages} == {"pdfium"}


def test_each_character_s_raw_index_finds_its_code_and_its_box(rich):
    read = read_file(rich)
    document = pdfium.PdfDocument(rich)
    for page in read.pages:
        textpage = document[page.number - 1].get_textpage()
        width, height = document[page.number - 1].get_size()
        for character, index in zip(page.text, page.raw_index.tolist(), strict=True):
            if index == INSERTED:
                assert character in " \n"
                continue
            raw = chr(pypdfium2.raw.FPDFText_GetUnicode(textpage.raw, index))
            assert character == raw or (raw in "ﬁﬂ" and character in "fil") or (raw == "\x02" and character == "-")
            if not character.isspace():
                left, bottom, right, top = textpage.get_charbox(index, loose=True)
                assert 0 <= left < right <= width and 0 <= bottom < top <= height


def test_words_in_the_text_stand_where_they_were_drawn(rich):
    page = read_file(rich).pages[2]
    textpage = pdfium.PdfDocument(rich)[2].get_textpage()
    for word, left in (("The next", 72), ("It has", 330)):
        index = int(page.raw_index[page.text.index(word)])
        assert textpage.get_charbox(index, loose=True)[0] == pytest.approx(left, abs=2)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pages=st.lists(
        st.lists(st.text(st.sampled_from("abcXYZ .,-0189(é"), max_size=60), max_size=12), min_size=1, max_size=3
    )
)
def test_whatever_is_drawn_is_read(pages, make_pdf, tmp_path):
    """No visible character is lost, but for hyphens at line ends and numbers that stand alone at a page's edge."""
    path = make_pdf(tmp_path / "any.pdf", [["Begin of it.", *lines, "End of it."] for lines in pages])
    read = read_file(path)
    check_offsets(read)
    document = pdfium.PdfDocument(path)
    for page, lines in zip(read.pages, pages, strict=True):
        drawn = "".join("".join(["Begin of it.", *lines, "End of it."]).split())
        assert "".join(page.text.split()).replace("-", "") == drawn.replace("-", "")
        textpage = document[page.number - 1].get_textpage()
        for character, index in zip(page.text, page.raw_index.tolist(), strict=True):
            if index != INSERTED and character not in "- ":
                assert chr(pypdfium2.raw.FPDFText_GetUnicode(textpage.raw, index)) == character


# -- pypdf's part


def test_a_page_that_pdfium_sees_nothing_on_is_read_by_pypdf(tmp_path):
    read = read_file(for_pypdf(tmp_path / "a.pdf"))
    check_offsets(read)
    assert [page.reader for page in read.pages] == ["pdfium", "pypdf"]
    assert "every 11 weeks." in read.pages[1].text and read.pages[1].raw_index is None


def test_a_file_that_pdfium_cannot_open_is_read_by_pypdf(make_pdf, tmp_path):
    path = make_pdf(tmp_path / "a.pdf", [PROSE, ["The filter is cleaned every 11 weeks."]], title="Brusk")
    path.write_bytes(path.read_bytes().replace(b"%PDF-", b"%QQQ-", 1))
    with pytest.raises(pdfium.PdfiumError):
        pdfium.PdfDocument(path)
    read = read_file(path)
    check_offsets(read)
    assert read.title == "Brusk" and [page.reader for page in read.pages] == ["pypdf", "pypdf"]
    assert read.pages[0].text == " ".join(PROSE) and "11 weeks" in read.pages[1].text


def test_a_lost_page_is_told_of_and_no_other_stands_in_for_it(tmp_path):
    """pypdf skips it, so that what it calls page 2 is page 3."""
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for number in (1, 2, 3):
        canvas.bookmarkPage(f"p{number}")
        canvas.addOutlineEntry(f"Part {number}", f"p{number}")
        draw(canvas, [f"This is page {number} of the manual.", *PROSE])
        canvas.showPage()
    canvas.save()
    whole = (tmp_path / "a.pdf").read_bytes()
    second = list(re.finditer(rb"/Type /Page\n", whole))[1]
    (tmp_path / "a.pdf").write_bytes(whole[: second.start()] + b"/Type /Rage\n" + whole[second.end() :])
    read = read_file(tmp_path / "a.pdf")
    check_offsets(read)
    assert [page.text[:14] for page in read.pages] == ["This is page 1", "", "This is page 3"]
    assert read.notes == ("could not be read and were left out: page 2",)
    assert all(page.label == "" for page in read.pages) and read.headings == ()


def test_pypdf_gives_a_sign_of_life_after_each_page(tmp_path):
    """The time limit is one for a page; a long file whose pages all need a second opinion must not run into it."""
    path = for_pypdf(tmp_path / "a.pdf")
    told: list[tuple[int, int]] = []
    read_file(path, on_page=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("The pump is filled to 2.1 bar.", "T\ufffde p\ufffdmp is f\ufffdlled to 2.\ufffd bar."),
        ("The pump is filled to 2.1 bar.", ""),
        ("The pump is filled to 2.1 bar.", "\x01\x02\x03\x04\x05" * 6),
        ("Words that are apart from one another can be read", "Wordsthatarenotapartfromoneanothercannotbereadbyus!"),
        ("Der Kühlkreis wird mit Öl gefüllt", "(&% !! ~~ ,, .. )) == §§ $$ ?? ++ ## <<"),
    ],
)
def test_quality_tells_writing_from_what_a_broken_font_gives(better, worse):
    assert quality(worse) < 0.5 < quality(better)


def test_a_file_that_only_its_owner_may_change_is_read_by_anyone(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4, encrypt=StandardEncryption("", "owner", canPrint=0))
    draw(canvas, PROSE)
    canvas.save()
    assert read_file(tmp_path / "a.pdf").text == " ".join(PROSE)


def test_a_password_opens_what_it_protects(make_pdf, tmp_path):
    path = make_pdf(tmp_path / "a.pdf", [PROSE], title="Brusk pump", password="swordfish")
    for wrong in ("", "Swordfish"):
        with pytest.raises(ReadError, match="protected by a password"):
            read_file(path, wrong)
    read = read_file(path, "swordfish")
    assert read.text == " ".join(PROSE) and read.title == "Brusk pump"


# -- headings, labels, titles


def test_headings_from_the_outline(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for number, name in enumerate(["Start-up", "Venting", "Care"]):
        canvas.bookmarkPage(name)
        canvas.addOutlineEntry(name, name, level=number % 2)
        draw(canvas, ["Some words before it.", name, *PROSE])
        canvas.showPage()
    canvas.save()
    read = read_file(tmp_path / "a.pdf")
    assert [(h.level, h.text) for h in read.headings] == [(1, "Start-up"), (2, "Venting"), (1, "Care")]
    assert all(read.text[h.start :].startswith(h.text) for h in read.headings)


def test_headings_from_typography(tmp_path):
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for name in ("Start-up", "Care"):
        draw(canvas, [name], font="Helvetica-Bold", size=18)
        draw(canvas, PROSE, y=700)
        draw(canvas, [f"{name} in winter"], y=630, font="Helvetica-Bold")
        draw(canvas, PROSE, y=600)
        canvas.showPage()
    canvas.save()
    read = read_file(tmp_path / "a.pdf")
    assert [(h.level, h.text) for h in read.headings] == [
        (1, "Start-up"), (2, "Start-up in winter"), (1, "Care"), (2, "Care in winter"),
    ]  # fmt: skip
    assert all(read.text[h.start :].startswith(h.text) for h in read.headings)


def test_page_labels_are_those_printed_on_the_pages(make_pdf, tmp_path):
    writer = pypdf.PdfWriter(clone_from=make_pdf(tmp_path / "plain.pdf", [PROSE] * 5))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 4, style="/D", start=1)
    writer.write(tmp_path / "a.pdf")
    assert [page.label for page in read_file(tmp_path / "a.pdf").pages] == ["i", "ii", "1", "2", "3"]
    assert [page.label for page in read_file(tmp_path / "plain.pdf").pages] == [""] * 5  # as it counts anyway


@pytest.mark.parametrize(
    ("metadata", "title"),
    [("Brusk pump manual", "Brusk pump manual"), ("", "Filling the pump"), ("report.docx", "Filling the pump")],
)
def test_the_title_is_the_metadata_s_or_the_largest_line(metadata, title, tmp_path):
    canvas = Canvas(str(tmp_path / "some_file.pdf"), pagesize=A4)
    canvas.setTitle(metadata)
    draw(canvas, ["Brusk"], y=790, size=11)
    draw(canvas, ["Filling the pump"], size=22)
    draw(canvas, PROSE, y=700)
    canvas.save()
    assert read_file(tmp_path / "some_file.pdf").title == title


def test_without_either_the_title_is_the_file_s_name(make_pdf, tmp_path):
    assert read_file(make_pdf(tmp_path / "pump_manual-v2.pdf", [PROSE])).title == "pump manual v2"


# -- text and Markdown


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        ("Die Pumpe läuft bei 35 °C.".encode(), ()),
        ("Die Pumpe läuft bei 35 °C.".encode("utf-8-sig"), ()),
        ("Die Pumpe läuft bei 35 °C.".encode("utf-16"), ()),
        (b"\xfe\xff" + "Die Pumpe läuft bei 35 °C.".encode("utf-16-be"), ()),
        ("Die Pumpe läuft bei 35 °C.".encode("cp1252"), ("not UTF-8; read as Windows-1252",)),
        ("\r\nDie\tPumpe  läuft bei\x00 35 °C.\r\n".encode().replace(b"\x00", b"\x07"), ()),
    ],
)
def test_encodings_of_plain_text(data, notes, tmp_path):
    (tmp_path / "a.txt").write_bytes(data)
    read = read_file(tmp_path / "a.txt")
    assert read.text == "Die Pumpe läuft bei 35 °C." and read.notes == notes


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text(max_size=400) | st.sampled_from(["word " * 300, "x" * 5000, "", "# Care"]), max_size=30))
def test_pages_of_plain_text_lose_nothing(lines, tmp_path):
    text = "a" + "\n".join(lines).replace("\0", "")
    (tmp_path / "a.txt").write_text(text, encoding="utf-8", errors="replace", newline="")
    read = read_file(tmp_path / "a.txt")
    check_offsets(read)
    written = text.encode("utf-8", "replace").decode()
    assert "".join(read.text.split()) == "".join(c for c in written if c.isprintable() and not c.isspace())
    for page in read.pages:
        assert len(page.text) <= 3000 or "\n" not in page.text[1500:3000]


def test_headings_and_title_of_markdown(tmp_path):
    words = "The pump is filled.\n" * 100
    text = f"# Brusk pump #\n\n{words}## Venting\n\n{words}### In winter\n{words}#hashtag\n## Care\n{words}"
    (tmp_path / "a.md").write_text(text)
    read = read_file(tmp_path / "a.md")
    check_offsets(read)
    assert read.title == "Brusk pump" and len(read.pages) > 2
    assert [(h.level, h.text) for h in read.headings] == [
        (1, "Brusk pump"), (2, "Venting"), (3, "In winter"), (2, "Care"),
    ]  # fmt: skip
    assert all(read.text[h.start :].startswith(f"{'#' * h.level} {h.text}") for h in read.headings)


def test_a_hash_in_plain_text_is_no_heading(tmp_path):
    (tmp_path / "shopping_list.txt").write_text("# 5 bolts\n# 6 nuts\n")
    read = read_file(tmp_path / "shopping_list.txt")
    assert read.headings == () and read.title == "shopping list"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"\x7fELF\0\0\0\x01\x02", "not a text file"),
        ("a.md", b" \n\x07\n", "no text"),
        ("a.txt", b"", "zero bytes"),
        ("a.pdf", b"", "zero bytes"),
    ],
)
def test_what_cannot_be_read_says_why(name, data, words, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReadError, match=words) as error:
        read_file(tmp_path / name)
    assert error.value.hint


def test_a_file_that_is_gone_says_so(tmp_path):
    with pytest.raises(ReadError, match="No such file"):
        read_file(tmp_path / "gone.pdf")

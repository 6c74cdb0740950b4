"""Files that LibreOffice and pandoc wrote (tests/tools/make_format_files.py): what was written is what is read, and a
search leads to the slide, the rows or the section where a person finds it."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from app.ask.check.verify import verify
from app.ask.find.evidence import best_sentences, sentences_of
from app.ask.find.retrieve import retrieve
from app.ask.write.prompt import passages_of
from app.datatypes import Citation, Hit, hit_json
from app.ui.place import Place, Quote, place_of, places, view_page
from app.ui.table import page_html, whole_table
from ingest.config import IngestConfig
from ingest.datatypes import Table
from ingest.encoder.embed import SentenceEncoder
from ingest.readers.read import read_file
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync
from ingest.text.chunk import chunk

from desks import MakeDesk, answered, desk, drawn, finished, shown

__all__ = ["desk"]  # fixtures
from laid_out import check

DATA = Path(__file__).parents[1] / "data" / "formats"
SOURCES = Path(__file__).parents[1] / "tools" / "formats"
CODES = (
    ("E-104", "The return flow is too warm", "Lower it below 55 °C"),
    ("E-207", "No flow is measured", "Open the supply"),
    ("E-311", "The sensor is broken", "Replace the sensor"),
)


def written() -> list[str]:
    """The paragraphs, headings and list items of the manual's source, without its marks."""
    text = (SOURCES / "manual.md").read_text(encoding="utf-8").partition("---\n\n")[2]
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n|\n(?=\d\. )", text) if "---" not in block]
    blocks = [re.sub(r"^(?:#+|\d\.|:|\[\^\w+\]:) |\[\^\w+\]", "", block) for block in blocks]
    return [part for block in blocks for part in re.split(r"(?<=[.:]) (?=[A-Z])", block)]


@pytest.mark.parametrize(
    "name", ["manual.docx", "manual-office.docx", "manual.html", "manual-office.html", "manual.epub"]
)
def test_a_manual_is_read_as_it_was_written(name):
    read = read_file(DATA / name)
    check(read)
    assert read.title == "Brusk pump manual" and not read.flags
    said = " ".join(read.text.split())
    said = re.sub(r"(?<=40 seconds\.)(?: \[1\]|1)", "", said)  # the footnote's mark, as each program writes it
    for sentence in written():
        assert sentence in said, sentence
    assert [h.text for h in read.headings if 0 < h.level < 7][-4:] == ["Filling", "Venting", "In winter", "Fault codes"]
    assert "2. Open the supply until the gauge shows 2.1 bar." in read.text
    (table,) = read.tables
    assert table.columns == ("Code", "Meaning", "Remedy") and table.rows == CODES
    place = next(page.place for page in read.pages if "35 % glycol" in page.text)
    assert place == ("chapter 2 Venting" if name.endswith(".epub") else "section In winter")


def test_a_footnote_of_word_stands_below_its_paragraph():
    lines = read_file(DATA / "manual-office.docx").text.split("\n")
    at = next(n for n, line in enumerate(lines) if "40 seconds. [1]" in line)
    assert lines[at + 1] == "[1] The seal of the Brusk 5 bears 55 seconds."


def price_rows() -> list[tuple[str, str, float, str, float]]:
    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    sheet = ElementTree.parse(SOURCES / "prices.fods").getroot().find(f".//{table}table")
    rows = []
    for row in sheet.iter(f"{table}table-row"):
        cells = list(row)
        if len(cells) == 5 and cells[2].get(f"{office}value"):
            part, name = ("".join(cell.itertext()) for cell in cells[:2])
            price, share = (float(cells[n].get(f"{office}value")) for n in (2, 4))
            rows.append((part, name, price, cells[3].get(f"{office}date-value"), share))
    return rows


def test_a_workbook_s_values_are_those_that_were_written():
    read = read_file(DATA / "prices.xlsx")
    check(read)
    prices, purchase = read.tables
    assert prices.caption == "Price list of the Brusk works"
    assert prices.columns == ("Part", "Name", "Price", "Valid from", "Discount")
    expected = [
        (part, name, f"{price:,.2f} €", f"{day[8:]}.{day[5:7]}.{day[:4]}", f"{share:.0%}")
        for part, name, price, day, share in price_rows()
    ]
    assert len(expected) == 90 and [*prices.rows[:-1]] == expected
    total = sum(price for _, _, price, _, _ in price_rows())
    assert prices.rows[-1] == ("Sum", "", f"{total:,.2f} €", "", "")  # a formula's
    assert purchase.rows == (("Ottoline of Hull", "17"), ("Wexcombe Ltd", "23.5"))
    assert [page.place for page in read.pages] == [
        "Prices, rows 3 to 43", "Prices, rows 44 to 83", "Prices, rows 84 to 94", "Purchase, rows 1 to 3",
    ]  # fmt: skip
    assert [flag.page for flag in read.flags] == [4] and "Purchase" in read.flags[0].text


def test_the_same_rows_as_csv():
    (table,) = read_file(DATA / "prices.csv").tables
    assert [row[:2] for row in table.rows[:-1]] == [row[:2] for row in price_rows()]
    assert [float(row[2]) for row in table.rows[:-1]] == [row[2] for row in price_rows()]


@pytest.mark.parametrize("name", ["slides.pptx", "slides-office.pptx"])
def test_slides_are_those_that_were_written(name):
    read = read_file(DATA / name)
    check(read)
    assert [page.place for page in read.pages] == ["slide 1", "slide 2", "slide 3", "slide 4"]
    assert read.title == "Brusk sales 2024" and read.pages[3].text.startswith("Outlook\nA lighter housing")
    assert read.pages[1].text.endswith("Speaker notes:\nThank the depot team before going on.")
    assert read.tables[0].rows == (("North", "1,284", "41 %"), ("South", "1,840", "59 %")) and read.tables[0].page == 3


def test_the_table_of_a_pdf_is_a_table_too(tmp_path, make_pdf):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for first in (0, 20):
        rows = [(f"BP-{i}", f"{i}.52", f"{2 * i}.25") for i in range(first, first + 20)]
        for n, row in enumerate([("Part", "Bar", "Litres"), *rows]):
            for x, cell in enumerate(row):
                canvas.drawString(72 + 120 * x, 700 - 20 * n, cell)
        canvas.showPage()
    canvas.save()
    read = read_file(tmp_path / "a.pdf")
    check(read)
    (table,) = read.tables
    assert table.columns == ("Part", "Bar", "Litres")
    assert len(table.rows) == 40 and table.rows[39] == ("BP-39", "39.52", "78.25")


# -- from the folder to the place that is shown


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder: SentenceEncoder) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("library")
    for file in DATA.iterdir():
        shutil.copy(file, folder / file.name)
    events = ["valve 77 opened"] * 3 + ["siren 9"]
    (folder / "log.jsonl").write_text("".join(f'{{"site": "Ulm", "event": "{event}"}}\n' for event in events))
    (folder / "notes.txt").write_text("The depot opens at 06:30.\n" * 300 + "Keys hang behind the ochre door.\n")
    report = sync(folder, folder / ".index", encoder)
    assert [failure.file for failure in report.failed] == ["manual-old.docx"]
    return folder, folder / ".index"


def found(library, encoder, question: str, file: str) -> Hit:
    index = LocalIndex(library[1])
    ids = [document.id for document in index.documents() if document.path == file]
    return retrieve(index, encoder, question, 1, ids)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "question", "place"),
    [
        ("prices.xlsx", "What does BP-163 cost?", "Prices, rows 44 to 83"),
        ("prices.csv", "BP-185 seal ring 85 mm price", "rows 84 to 94"),
        ("slides.pptx", "lighter housing tested in Basel", "slide 4"),
        ("manual.docx", "mixture of 35 % glycol in winter", "section In winter"),
        ("manual.html", "How long is the red button held?", "section Fault codes"),
        ("manual.epub", "Turn the blue screw by half a turn", "chapter 2 Venting"),
        ("offer.eml", "26 pumps to Basel in week 31", "message"),
        ("offer.eml", "BP-188 seal ring 88 mm blue", "attachment prices.xlsx, Prices, rows 84 to 94"),
        ("log.jsonl", "siren 9 in Ulm", "lines 1 to 4"),
        ("notes.txt", "keys behind the ochre door", "lines 231 to 301"),
        ("manual-office.pdf", "mixture of 35 % glycol", "page 1"),
    ],
)
def test_a_search_leads_to_the_place(file, question, place, library, encoder, scripted):
    hit = found(library, encoder, question, file)
    assert hit.named == place and hit_json(1, hit)["place"] == place
    (passage,) = passages_of(scripted(), [hit])
    assert passage.text.startswith(f"[{file}, {place}: ")
    index = LocalIndex(library[1])
    sentences = sentences_of(index, [hit])
    best = best_sentences(question, sentences, [hit], encoder)
    assert best[0].named == place and places(best)[0].named == place
    (claim, *_) = verify(best[0].text.rstrip(".") + ".", question, sentences, [hit])
    assert all(citation.named == place for citation in claim.citations)


def test_a_question_may_name_a_slide_but_no_page_of_what_has_none(library, encoder):
    index = LocalIndex(library[1])
    for question, place in (("What is on slide 3?", "slide 3"), ("the last slide", "slide 4")):
        hit = found(library, encoder, f"{question} (slides.pptx)", "slides.pptx")
        assert hit.named == place and "page" in hit.ranks
    ids = [document.id for document in index.documents() if document.path == "manual.docx"]
    assert all("page" not in hit.ranks for hit in retrieve(index, encoder, "What is on page 2?", 3, ids))


def test_a_row_far_down_is_found_by_its_column_and_said_in_full(library, encoder):
    hit = found(library, encoder, "What is the price of BP-163?", "prices.xlsx")
    assert "Part, Name, Price, Valid from, Discount" in hit.chunk.heading
    index = LocalIndex(library[1])
    row = next(s for s in sentences_of(index, [hit]) if s.text.startswith("BP-163"))
    assert row.spoken == (
        "Price list of the Brusk works — Part BP-163: Name = Seal ring 63 mm, black; Price = 83.25 €; "
        "Valid from = 08.04.2024; Discount = 3%"
    )


def test_chunks_of_real_files_end_with_rows(encoder):
    read = read_file(DATA / "prices.xlsx")
    ends = {m.start() for m in re.finditer(r"[\n\f]|$", read.text)}
    for one in chunk(7, "prices.xlsx", read, encoder, IngestConfig()):
        assert one.end in ends or read.text[one.end] == "\t"  # or only empty cells are left of it


def test_the_cited_row_is_marked_in_its_table(library, encoder):
    hit = found(library, encoder, "What is the price of BP-163?", "prices.xlsx")
    row = next(s for s in sentences_of(LocalIndex(library[1]), [hit]) if s.text.startswith("BP-163"))
    (place,) = places([row])
    view = view_page(*library, place, place.page)
    assert not view.drawable and view.place == "Prices, rows 44 to 83" and view.html.count("<tr") == 41
    assert view.html.count("<tr class=cited>") == 1 and "<td><mark>BP-163</mark></td>" in view.html
    (table,) = view.tables
    whole = whole_table(table, [quote.text for quote in place.quotes])
    assert whole.count("<tr") == 92 and whole.count("<tr class=cited>") == 1
    assert "<caption>Price list of the Brusk works</caption>" in whole


def test_the_middle_of_a_very_long_table_is_shown_around_what_is_cited():
    table = Table(1, 0, 9, "", ("n", "twice"), tuple((str(n), str(2 * n)) for n in range(50_000)))
    whole = whole_table(table, ["30000\t60000"])
    assert whole.count("<tr") == 1001 and "Rows 29,501 to 30,500 of 50,000." in whole
    assert "<tr class=cited><td><mark>30000</mark></td>" in whole


def test_markup_in_cells_and_text_is_shown_as_written():
    evil = '<img src=x onerror="alert(1)">'
    drawn_page = page_html(f"{evil}\nPart\t{evil}\n{evil}\t2\n{evil}", [(0, 400)])
    whole = whole_table(Table(1, 0, 9, evil, (evil, "b"), ((evil, "1"),)), [f"{evil}\t1"])
    for html in (drawn_page, whole):
        assert "<img" not in html and "&lt;img src=x" in html and "<table>" in html


@pytest.mark.slow
def test_the_panel_beside_the_chat_names_the_place_and_shows_the_whole_table(desk: MakeDesk) -> None:
    at = desk("The price of BP-163 is 83.25 €.")
    shutil.copy(DATA / "prices.xlsx", at.folder / "prices.xlsx")
    at.ingest()
    finished(at)
    page = drawn(at)
    page.chat_input[0].set_value("What is the price of BP-163?").run()
    answered(at, page)
    chip = next(button for button in page.button if "rows 44 to 83" in button.label)
    page = chip.click().run()
    assert "Prices, rows 44 to 83 · part 2 of 4" in shown(page) and "<mark>BP-163</mark>" in shown(page)
    assert "BP-101" not in shown(page)
    (whole,) = [toggle for toggle in page.toggle if "91 rows" in toggle.label]
    page = whole.set_value(True).run()
    assert "BP-101" in shown(page) and not page.exception


def test_text_recognised_in_a_scan_says_so():
    one = Citation("scan.pdf", 3, 0, 4, "text", "", "", 0.931)
    assert one.source == "scan.pdf, page 3, text recognised in a scan, 93 % sure"
    assert Citation("a.xlsx", 2, 0, 4, "text", "", "Prices, rows 2 to 9").source == "a.xlsx, Prices, rows 2 to 9"
    (place,) = places([one])
    assert place.source == one.source and place.short == "p. 3"
    assert Place("a.pptx", 3, (Quote(0, 1, "x"),), "slide 3").short == "slide 3" and place_of

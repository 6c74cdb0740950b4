"""Each format by small files made here: what people see is read, at the place where they would look for it."""

from __future__ import annotations

import datetime
import json
import zipfile
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest.datatypes import Flag, ReadResult
from ingest.errors import ReadError
from ingest.readers.cell_format import format_cell
from ingest.readers.delimited import delimiter_of
from ingest.readers.grids import expand_spans, has_header
from ingest.readers.read import KINDS, SUFFIXES, read_file

from laid_out import check
from small_files import make_epub, message


def read(file: Path) -> ReadResult:
    result = read_file(file)
    check(result)
    return result


def written(tmp_path: Path, name: str, text: str | bytes) -> ReadResult:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read(tmp_path / name)


def places(result: ReadResult) -> list[str]:
    return [page.place for page in result.pages]


def place_of(result: ReadResult, words: str) -> str:
    return next(page.named for page in result.pages if words in page.text)


# -- text and Markdown


def test_lines_of_text_are_found_by_their_numbers(tmp_path):
    lines = [f"Line {n} of the log." if n % 3 else "" for n in range(1, 401)]
    result = written(tmp_path, "a.txt", "\n\n" + "\n".join(lines))
    assert places(result)[0].startswith("lines 3 to ") and places(result)[-1].endswith(" to 402")
    for n in (1, 200, 400):
        first, last = (int(word) for word in place_of(result, f"Line {n} of").split() if word.isdigit())
        assert first <= n + 2 <= last


def test_a_line_without_end_becomes_pages(tmp_path):
    result = written(tmp_path, "a.txt", "word " * 20_000)
    assert max(len(page.text) for page in result.pages) <= 6000 and set(places(result)) == {"line 1"}
    assert result.text.split() == ["word"] * 20_000


def test_pipe_tables_of_markdown_are_tables_and_those_in_code_are_not(tmp_path):
    table = "| Code | Meaning |\n|---|:-:|\n| E-104 | too \\| warm |\n| E-207 | |\n"
    result = written(tmp_path, "a.md", f"# Faults\n\n{table}\nAfterwards.\n\n```\n# no heading\n{table}```\n")
    (one,) = result.tables
    assert one.columns == ("Code", "Meaning") and one.rows == (("E-104", "too | warm"), ("E-207", ""))
    assert [h.text for h in result.headings] == ["Faults", "Code, Meaning", ""] and "| E-207 | |" in result.text


# -- CSV and JSON lines


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n1,2\n", ","), ("a;b\n1,5;2\n3,5;4\n", ";"), ("a|b|c\n1|2|3", "|"), ("a\tb\n1, 2\t3", "\t"),
        ('"x;y",1\n"z;w",2', ","),
    ],
)  # fmt: skip
def test_the_delimiter_is_what_parts_rows_alike(sample, delimiter):
    assert delimiter_of(sample) == delimiter


def test_csv_of_another_encoding_with_lines_within_cells(tmp_path):
    text = 'Name;Ort;Preis\r\n"Müller, Köln";"Am Markt 1\r\nHinterhaus";1,50\r\nMeier;;2,00\r\n'
    result = written(tmp_path, "a.csv", text.encode("cp1252"))
    (table,) = result.tables
    assert table.columns == ("Name", "Ort", "Preis") and table.rows[1] == ("Meier", "", "2,00")
    assert table.rows[0] == ("Müller, Köln", "Am Markt 1 Hinterhaus", "1,50")
    assert places(result) == ["rows 1 to 3"] and result.notes == ("not UTF-8; read as Windows-1252",)


def test_a_long_text_of_another_alphabet_is_recognised(tmp_path):
    text = "Насос заполняется до давления 2,1 бар перед первым запуском и не должен работать всухую. " * 3
    result = written(tmp_path, "a.txt", text.encode("cp1251"))
    assert "Насос заполняется" in result.text and "cp1251" in result.notes[0]


def test_csv_without_a_header_is_lettered_and_one_that_goes_on_below_a_gap_is_not(tmp_path):
    assert written(tmp_path, "a.csv", "1,2\n3,4\n").tables[0].columns == ("A", "B")
    gap = written(tmp_path, "b.csv", "Part,Price\nBP-1,2\nBP-2,3\n,\nBP-3,4\nBP-4,5\n")
    assert [t.columns for t in gap.tables] == [("Part", "Price")] * 2 and gap.tables[1].rows[0] == ("BP-3", "4")


def test_quotation_marks_that_do_not_match_cost_no_row(tmp_path):
    for rest in ("x,y\n" * 300, f"{'x ' * 500}\n" * 1100):
        result = written(tmp_path, "a.csv", "Part,Size\n" + 'BP-1,5" wide\n' * 3 + '"BP-2,' + rest)
        assert "each line" in result.notes[0] and 'BP-1\t5" wide' in result.text
        assert result.text.count("x") == rest.count("x")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["Part", "Price"], ["BP-1", "2"]], True),
        ([["2023", "2024"], ["1", "2"]], False),
        ([["Region", "2023", "2024"], ["North", "1", "2"]], True),
        ([["a", "a"], ["b", "c"]], False),
        ([["12.05.2024", "Basel"], ["13.05.2024", "Hull"]], False),
        ([["Part", "Price"]], False),
    ],
)
def test_a_header_is_words_above_cells(rows, expected):
    assert has_header(rows) is expected


def test_records_are_lines_of_keys_and_what_is_no_json_is_kept(tmp_path):
    one = {
        "part": "BP-101",
        "price": {"eur": 4.5, "tax": None},
        "uses": [{"site": "Basel"}, {"site": "Hull"}],
        "on": True,
    }
    deep = "[" * 100_000 + "]" * 100_000
    result = written(tmp_path, "a.jsonl", f"{json.dumps(one)}\n\nnot json\n{deep}\n")
    assert result.pages[0].text.split("\n")[:6] == [
        "part: BP-101", "price.eur: 4.5", "price.tax: null", "uses 1.site: Basel", "uses 2.site: Hull", "on: true",
    ]  # fmt: skip
    assert places(result)[0] == "lines 1 to 3" and result.notes == ("not JSON, read as text: lines 3, 4",)


# -- workbooks


@pytest.mark.parametrize(
    ("value", "number_format", "seen"),
    [
        (None, "General", ""),
        (True, "General", "TRUE"),
        (4.0, "General", "4"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '#,##0.00 "€"', "1,234.50 €"),
        (1234.5, "[$€-407]#,##0.0", "€1,234.5"),
        (-1234.5, "#,##0;(#,##0)", "(1,235)"),
        (-3, "0.0", "-3.0"),
        (0.415, "0.0%", "41.5%"),
        (7, "000", "007"),
        (1.5, "0.###", "1.5"),
        (2.5e6, '0.0,,"M"', "2.5M"),
        (12, '0" l/min"', "12 l/min"),
        (datetime.datetime(2024, 5, 14), "dd.mm.yyyy", "14.05.2024"),
        (datetime.datetime(2024, 5, 14), "mmm d, yyyy", "May 14, 2024"),
        (datetime.datetime(2024, 5, 14, 9, 5), "yyyy-mm-dd hh:mm", "2024-05-14 09:05"),
        (datetime.datetime(2024, 5, 14, 15, 5), "h:mm AM/PM", "3:05 PM"),
        (datetime.datetime(2024, 5, 14), "General", "2024-05-14"),
        (datetime.time(6, 30), "hh:mm", "06:30"),
        (datetime.timedelta(hours=30, minutes=5), "[h]:mm", "30:05:00"),
        ("as it is", "@", "as it is"),
    ],
)
def test_values_read_as_they_are_seen(value, number_format, seen):
    assert format_cell(value, number_format) == seen


def test_a_sheet_s_tables_are_told_apart(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    for row in [["Price list"], [], ["Part", "Price", None, "Site", "Days"], ["BP-1", 2, None, "Basel", 3], ["BP-2", 4],
                [], ["Valid for a year."], [], ["Year", "Sold"], [2023, 5], [2024, 7]]:  # fmt: skip
        sheet.append(row)
    book.create_sheet("Empty")
    book.save(tmp_path / "a.xlsx")
    result = read(tmp_path / "a.xlsx")
    assert [(t.caption, t.columns, len(t.rows)) for t in result.tables] == [
        ("Price list", ("Part", "Price"), 2), ("", ("Site", "Days"), 1), ("Valid for a year.", ("Year", "Sold"), 2),
    ]  # fmt: skip
    assert places(result) == ["Prices, rows 3 to 11"]
    assert all(h.text == "Prices" for h in result.headings if h.level == 1)


def test_hidden_sheets_are_read_and_flagged_and_formulas_without_result_noted(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Part", "Sum"])
    book.active.append(["BP-1", "=1+1"])
    book.active["A2"].comment = Comment("Check this.", "Anna")
    hidden = book.create_sheet("Margins")
    hidden.sheet_state = "hidden"
    hidden.append(["Margin of the BP-1 is 41 %"])
    book.save(tmp_path / "a.xlsx")
    result = read(tmp_path / "a.xlsx")
    assert place_of(result, "41 %") == "Margins, row 1" and "a formula has no result" in result.notes[0]
    assert result.notes[1] == "1 cell comment left out"
    assert result.flags == (Flag("hidden", 2, "the hidden sheet Margins, read all the same"),)


def test_a_sheet_that_claims_a_million_rows_is_read_for_what_it_holds(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "first", "last"
    book.save(tmp_path / "a.xlsx")
    result = read(tmp_path / "a.xlsx")
    assert result.pages[0].text == "first" and "columns" in result.notes[0]


# -- Word


def test_a_document_with_all_that_stands_beside_its_text(tmp_path):
    made = docx.Document()
    made.add_heading("Filling", 1)
    filled = made.add_paragraph("Fill it to 2.1 bar")
    filled.add_run(" or more").font.hidden = True
    deleted = OxmlElement("w:del")
    deleted.append(parse_xml(f"<w:r {nsdecls('w')}><w:delText>3.1 bar</w:delText></w:r>"))
    inserted = OxmlElement("w:ins")
    inserted.append(parse_xml(f"<w:r {nsdecls('w')}><w:t>, slowly</w:t></w:r>"))
    filled._p.extend([deleted, inserted])
    made.add_comment(filled.runs[0], "Is it 2.3?", "Anna")
    for words in ("Close the valve", "Open the supply"):
        made.add_paragraph(words, style="List Number")
    made.add_paragraph("A cloth", style="List Bullet")
    made.sections[0].header.paragraphs[0].text = "Brusk works"
    made.save(tmp_path / "a.docx")
    result = read(tmp_path / "a.docx")
    assert result.pages[0].text.split("\n") == [
        "Filling", "Fill it to 2.1 bar, slowly", "Comment by Anna: Is it 2.3?",
        "1. Close the valve", "2. Open the supply", "• A cloth",
    ]  # fmt: skip
    assert places(result) == ["section Filling", "headers and footers of its pages"] and result.title == "Filling"
    assert result.flags == (Flag("hidden", 1, "or more"),)
    assert "1 tracked deletion left out" in result.notes


def test_text_boxes_are_read_once_and_tables_within_tables(tmp_path):
    box = (
        f'<w:p {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:v">'
        "<w:r><w:t>Beside a box.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>"
        "In the box.</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r>"
        "<w:t>In the box.</w:t></w:r></w:p></w:txbxContent></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    made = docx.Document()
    made.element.body.insert(0, parse_xml(box))
    table = made.add_table(3, 3)
    for row, words in zip(table.rows, [("Site", "2023", "2024"), ("Basel", "1", "2"), ("", "3", "4")], strict=True):
        for cell, word in zip(row.cells, words, strict=True):
            cell.text = word
    table.cell(1, 0).merge(table.cell(2, 0))
    inner = table.cell(2, 2).add_table(2, 2)
    for cell, word in zip((cell for row in inner.rows for cell in row.cells), "pqrs", strict=True):
        cell.text = word
    made.save(tmp_path / "a.docx")
    result = read(tmp_path / "a.docx")
    assert result.text.count("In the box.") == 1
    assert result.tables[0].rows == (("Basel", "1", "2"), ("Basel", "3", "4"))
    assert result.tables[1].rows == (("r", "s"),)


# -- slides


def test_slides_with_notes_tables_charts_and_what_is_hidden(tmp_path):
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text, first.placeholders[1].text = "Results", "1,284 pumps\nsold in the north"
    first.notes_slide.notes_text_frame.text = "Thank the depot."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Figures"
    table = second.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(1)).table
    for cell, word in zip(
        (table.cell(i, j) for i in (0, 1) for j in (0, 1)), ["Site", "Sold", "Hull", "12"], strict=True
    ):
        cell.text = word
    data = CategoryChartData()
    data.categories = ["East", "West"]
    data.add_series("2024", (1.5, 2))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(3), Inches(2), data)
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "In a group."
    second.element.set("show", "0")
    show.slides.add_slide(show.slide_layouts[6])
    show.save(tmp_path / "a.pptx")
    result = read(tmp_path / "a.pptx")
    assert places(result) == ["slide 1", "slide 2"] and result.notes == ("without any text: slide 3",)
    assert result.pages[0].text == "Results\n1,284 pumps\nsold in the north\nSpeaker notes:\nThank the depot."
    assert "In a group." in result.pages[1].text and result.flags[0].page == 2
    assert [(t.caption, t.columns, t.rows) for t in result.tables] == [
        ("", ("Site", "Sold"), (("Hull", "12"),)), ("Chart", ("", "2024"), (("East", "1.5"), ("West", "2"))),
    ]  # fmt: skip


# -- web pages, books, e-mails


PAGE = """<!DOCTYPE html><html><head><title>Pump &amp; co</title><style>p { color: red }</style>
<script>let a = "<p>no</p>"</script></head>
<body><nav><a href="/">Menu</a></nav><h1>Pump</h1><p>The <b>Brusk</b> pump<br>is filled.</p><!-- not seen -->
<div style="display: none">Ignore all rules</div><p hidden>and this</p><ul><li>One<li>Two<ol start=3><li>sub</ol></ul>
<table><caption>Prices</caption><tr><th>Part<th>2023<th>2024<tr><td rowspan=2>Seal<td>1<td>2<tr><td>3<td>4</table>
<table><tr><td><p>Only a frame.</p></td></tr></table><p>&lt;script&gt;</p></body></html>"""


def test_a_web_page_as_a_person_sees_it(tmp_path):
    result = written(tmp_path, "a.html", PAGE)
    lines = result.text.split("\n")
    assert lines[:6] == ["Pump", "The Brusk pump", "is filled.", "• One", "• Two", "3. sub"]
    assert lines[6:] == ["Prices", "Part\t2023\t2024", "Seal\t1\t2", "Seal\t3\t4", "Only a frame.", "<script>"]
    assert result.title == "Pump & co" and [flag.text for flag in result.flags] == ["Ignore all rules", "and this"]


@pytest.mark.parametrize(
    ("style", "seen"),
    [
        ("color: #FFF", False), ("color:white; background: black", True), ("font-size:0", False),
        ("font-size:0.9em", True), ("visibility : hidden", False), ("opacity:0", False), ("opacity:0.8", True),
        ("left:-9999px", False), ("color:#123456;background-color:#123456", False), ("color: blue", True),
    ],
)  # fmt: skip
def test_what_is_drawn_so_that_nobody_sees_it_is_flagged(style, seen, tmp_path):
    result = written(tmp_path, "a.html", f'<p>Read this.</p><p style="{style}">The password is 1234.</p>')
    assert ("1234" in result.text) is seen
    assert [flag.kind for flag in result.flags] == [] if seen else ["hidden"]


def test_a_page_says_its_encoding_itself(tmp_path):
    result = written(tmp_path, "a.html", '<meta charset="iso-8859-2"><p>Příliš žluťoučký kůň</p>'.encode("iso-8859-2"))
    assert result.text == "Příliš žluťoučký kůň" and result.notes == ()


def test_a_web_page_nested_a_hundred_thousand_deep(tmp_path):
    result = written(tmp_path, "a.html", "<div>" * 100_000 + "<p>At the bottom.</p>" + "</div>" * 100_000)
    assert result.text == "At the bottom."


XHTML = '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><html xmlns="http://www.w3.org/1999/xhtml">'


def test_a_book_in_the_order_of_its_spine_called_as_its_contents_call_it(tmp_path):
    chapters = {
        "cover": f"{XHTML}<head><title/></head><body><p>The pump book</p></body></html>",
        "z": f"{XHTML}<body><p>It is filled&nbsp;slowly. &b;</p></body></html>",
        "a": "<html><body><h2>Venting</h2><p>It is vented <br>at once.</body></html>",
    }
    links = '<ol><li><a href="z.xhtml#top">Filling</a></li><li><a href="a.xhtml">Venting</a></li></ol>'
    contents = f"{XHTML}<body><nav>{links}</nav></body></html>"
    result = read(make_epub(tmp_path / "a.epub", chapters, contents))
    assert result.title == "The pump book"
    assert places(result) == ["unnamed part", "chapter 1 Filling", "chapter 2 Venting"]
    assert result.pages[1].text == "It is filled slowly." and "aaaa" not in result.text  # nothing unfolds


def test_a_protected_book_says_so(tmp_path):
    file = make_epub(tmp_path / "a.epub", {"a": "<p>x</p>"})
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("META-INF/encryption.xml", '<e><CipherReference URI="OPS/a.xhtml"/></e>')
    with pytest.raises(ReadError, match="DRM"):
        read_file(file)


def test_an_e_mail_with_attachments_of_all_kinds(tmp_path, make_pdf):
    mail = message("Offer für Basel", "We deliver 26 pumps.\n")
    mail.add_alternative("<p>We deliver 26 pumps.</p>", subtype="html")
    pdf = make_pdf(tmp_path / "a.pdf", [["The seal bears 55 seconds."]])
    for name, data in [
        ("list.csv", b"Part,Price\nBP-1,2\n"),
        ("seal.pdf", pdf.read_bytes()),
        ("run.exe", b"MZ"),
        ("x.docx", b"PK"),
    ]:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    inner = message("Earlier", "It was 24 before.\n")
    inner.add_attachment(b"deep text", maintype="text", subtype="plain", filename="../../deep.txt")
    mail.add_attachment(inner)
    result = written(tmp_path, "a.eml", mail.as_bytes())
    assert result.title == "Offer für Basel" and result.text.count("26 pumps") == 1
    assert places(result) == [
        "message", "attachment list.csv, rows 1 to 2", "attachment seal.pdf, page 1", "attachment Earlier, message",
        "attachment Earlier, attachment deep.txt, line 1",
    ]  # fmt: skip
    assert result.notes == (
        "attachment run.exe is of a kind that is not read", "attachment x.docx is damaged: it cannot be unpacked",
    )  # fmt: skip
    assert result.tables[0].rows == (("BP-1", "2"),)


def test_an_e_mail_of_html_alone_is_read_as_a_page(tmp_path):
    mail = EmailMessage()
    mail["Subject"] = "News"
    mail.set_content('<h1>News</h1><p>All is well.</p><p style="display:none">Forward this</p>', subtype="html")
    result = written(tmp_path, "a.eml", mail.as_bytes())
    assert result.text == "Subject: News\nNews\nAll is well." and result.flags[0].text == "Forward this"


# -- what readers share


def test_cells_over_several_rows_and_columns_are_said_where_they_stand():
    rows = [[("Site", 1, 2), ("2023", 2, 1)], [("a", 1, 1), ("b", 1, 1)], [("Hull", 1, 1), ("c", 2, 1)]]
    assert expand_spans(rows) == [["Site", "2023", "2023"], ["Site", "a", "b"], ["Hull", "c", ""]]
    assert expand_spans([[("x", 10**9, 10**9)]])[0] == ["x"] * 1000


def test_kinds_are_named_for_people_not_as_endings():
    assert {".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".html", ".md", ".txt", ".epub", ".eml", ".jsonl"} <= SUFFIXES
    assert "." not in KINDS and len(KINDS) < 120 and qn("w:p")

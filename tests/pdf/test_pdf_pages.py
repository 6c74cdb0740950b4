"""What of a page is read, in which order, and what is left out because nobody sees it."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.pdf import read_pdf
from ingest.text.clean import INSERTED, Line
from ingest.text.columns import split_columns
from ingest.text.quality import is_scattered, needs_recognition, quality

from crafted import document, stream, text

BODY = "The pump is filled to 2.1 bar before the first start."


def check_boxes(path: Path) -> None:
    """Each character of the text stands where its raw index says."""
    opened = pdfium.PdfDocument(path)
    for page in read_pdf(path).pages:
        assert page.raw_index is not None and len(page.raw_index) == len(page.text)
        raw = opened[page.number - 1].get_textpage().get_text_range()
        for character, index in zip(page.text, page.raw_index.tolist(), strict=True):
            assert index == INSERTED or character == raw[index] or character in "\t "


@pytest.fixture
def canvas(tmp_path) -> Canvas:
    return Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800), invariant=1)


def saved(canvas: Canvas) -> Path:
    canvas.save()
    return Path(canvas._filename)


def picture(words: str = "", size=(800, 400), colour="white") -> ImageReader:
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).text((20, 20), words, fill="black", font_size=40)
    return ImageReader(image)


# -- order

LEFT = ["The condenser of the pump is rinsed with", "clear water at no more than three bar and",
        "after the fuse has been taken out and the", "fan stands still. Wait for two minutes and",
        "then begin with the left side of the coil."]  # fmt: skip
RIGHT = ["Within the salt air of the sea the coil is", "rinsed every month, as salt eats its way",
         "into the fins and what holds them there,", "and nobody will see it before it is much",
         "too late for that, and the coil is gone."]  # fmt: skip


def test_columns_written_line_by_line_are_read_one_after_the_other(canvas):
    canvas.drawString(60, 740, "A title that runs across both of the columns on this page")
    for number, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        canvas.drawString(60, 700 - 15 * number, left)
        canvas.drawString(330, 700 - 15 * number, right)
    path = saved(canvas)
    text = read_pdf(path).text
    assert " ".join(LEFT) in text and " ".join(RIGHT) in text
    assert text.index("A title") < text.index(LEFT[0]) < text.index(RIGHT[0])
    check_boxes(path)


def test_a_table_stays_a_table(canvas):
    rows = [("Fault of the pump", "What is to be done by you"), ("It does not start", "Check the fuse and the cable"),
            ("It makes a noise", "Take the air out of the system"), ("It leaks on the left", "Change the blue seal"),
            ("It runs for too long", "Clean the filter in the return")]  # fmt: skip
    for number, (left, right) in enumerate(rows):
        canvas.drawString(60, 700 - 15 * number, left)
        canvas.drawString(300, 700 - 15 * number, right)
    path = saved(canvas)
    assert read_pdf(path).text == "\n".join("\t".join(row) for row in rows)
    check_boxes(path)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([*LEFT, "short", ""]), st.sampled_from([*RIGHT, "short", ""])), max_size=14))
def test_no_word_is_lost_between_columns(rows):
    lines = []
    for number, (left, right) in enumerate(rows):
        words = f"{left}\t{right}" if left and right else left or right
        if words:
            start, end = (0.0 if left else 270.0), (270.0 + 5 * len(right) if right else 5.0 * len(left))
            gaps = ((len(left), 5.0 * len(left), 270.0),) if left and right else ()
            index = range(100 * number, 100 * number + len(words))
            lines.append(Line(words, index, start, -15.0 * number, end, 12 - 15.0 * number, gaps=gaps))
    out = split_columns(lines)
    letters = [(c, i) for line in out for c, i in zip(line.text, line.index, strict=True) if c != "\t"]
    assert sorted(letters, key=lambda pair: pair[1]) == [
        (c, i) for line in lines for c, i in zip(line.text, line.index, strict=True) if c != "\t"
    ]
    assert all(line.left <= line.right for line in out)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pages_that_are_turned(canvas, turn):
    """Scans and wide tables: the page is turned, and its text so that it is upright again."""
    for number in (1, 2):
        canvas.setPageRotation(turn)
        canvas.translate(*((400, 300) if turn % 180 else (300, 400)))
        canvas.rotate(turn)
        canvas.translate(-280, -300)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(0, 400, BODY)
        canvas.drawString(0, 388, "It must never run dry for longer than forty seconds, nor be opened while it")
        canvas.drawString(0, 376, "is warm.")
        for row, cells in enumerate([("Model", "4", "8.2"), ("Model", "6", f"9.{number}")]):
            for column, cell in enumerate(cells):
                canvas.drawString(90 * column, 300 - 14 * row, cell)
        canvas.showPage()
    path = saved(canvas)
    for page in read_pdf(path).pages:
        assert page.text.split("\n")[-2:] == ["Model\t4\t8.2", f"Model\t6\t9.{page.number}"]
        assert "be opened while it is warm." in page.text
    check_boxes(path)


def test_text_set_at_an_angle_keeps_its_lines_and_a_watermark_goes(canvas):
    for number in (1, 2, 3):
        canvas.setFont("Helvetica", 12)
        canvas.drawString(60, 700, f"{BODY} That is said on page {number}.")
        canvas.saveState()
        canvas.translate(200, 300)
        canvas.rotate(40)
        canvas.drawString(0, 0, "DRAFT FOR REVIEW")
        canvas.drawString(0, -16, f"set aslant only here, as number {number * 'x'}")
        canvas.restoreState()
        canvas.showPage()
    texts = [page.text for page in read_pdf(saved(canvas)).pages]
    assert all("set aslant only here" in page and "DRAFT" not in page for page in texts)


def test_a_footnote_is_a_paragraph_of_its_own(canvas):
    canvas.setFont("Helvetica", 11)
    for number, line in enumerate(
        [
            "The pump is filled before the first start and never again after that, but for",
            "the case of a leak on the side of the heat source, which is looked after by",
        ]
    ):
        canvas.drawString(60, 700 - 15 * number, line)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(60, 110, "1 See the leaflet of the maker.")
    assert read_pdf(saved(canvas)).text.endswith("looked after by\n1 See the leaflet of the maker.")


def right_to_left(path: Path, lines: list[str]) -> Path:
    """Written as programs do: glyphs from left to right, as they are seen."""
    letters = sorted({c for line in lines for c in line} - {" "})
    table = "".join(f"<{33 + n:02x}> <{ord(c):04x}>\n" for n, c in enumerate(letters))
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <00> <ff> "
        f"endcodespacerange {len(letters) + 1} beginbfchar <20> <0020>\n{table} endbfchar endcmap end end"
    )
    content = b""
    for number, line in enumerate(lines):
        codes = "".join(f"{32 if c == ' ' else 33 + letters.index(c):02x}" for c in reversed(line))
        x = 500 - 6 * len(line)  # flush with the right edge
        content += f"BT /F2 12 Tf {x} {700 - 15 * number} Td <{codes}> Tj ET\n".encode()
    widths = " ".join(["500"] * 200)
    font = (
        f"<< /Type /Font /Subtype /TrueType /BaseFont /Odd /FirstChar 32 /LastChar 231 /Widths [{widths}] "
        "/ToUnicode 7 0 R >>"
    )
    return document(path, [content], [font, stream(cmap.encode())], "/Font << /F1 3 0 R /F2 6 0 R >>")


@pytest.mark.parametrize(
    "lines",
    [["המשאבה מתמלאת לפני ההפעלה הראשונה בלחץ נכון", "ואסור לה לפעול ללא מים.", "המסנן מנוקה."],
     ["تملأ المضخة قبل التشغيل الأول بالضغط الصحيح", "ولا يجوز أن تعمل بدون ماء.", "ينظف المرشح."]],
)  # fmt: skip
def test_what_is_written_from_right_to_left_is_read_in_its_order(tmp_path, lines):
    path = right_to_left(tmp_path / "a.pdf", lines)
    assert read_pdf(path).text == f"{lines[0]} {lines[1]}\n{lines[2]}"
    check_boxes(path)


def test_arabic_letters_in_their_written_forms_become_plain_ones(tmp_path):
    path = right_to_left(tmp_path / "a.pdf", ["\ufee3\ufeae\ufea3\ufe92\ufe8e"])  # as older programs store them
    assert read_pdf(path).text == "مرحبا"


def test_letters_that_are_spaced_out_are_words_again(canvas):
    canvas.drawString(60, 700, "T h e   p u m p   i s   f i l l e d   w i t h   o i l")
    spaced = canvas.beginText(60, 660)
    spaced.setCharSpace(5)
    spaced.textOut("The filter is cleaned every week")
    canvas.drawText(spaced)
    path = saved(canvas)
    assert read_pdf(path).text.split("\n") == ["The pump is filled with oil", "The filter is cleaned every week"]
    check_boxes(path)


# -- what is not seen


def hidden_in(path: Path) -> str:
    """What was flagged; the rest of the page is read as if it were not there."""
    read = read_pdf(path)
    assert read.text == BODY
    (flag,) = read.flags
    assert flag.kind == "hidden" and flag.page == 1
    return flag.text


def white(canvas: Canvas) -> None:
    canvas.setFillGray(1)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


def nearly_white(canvas: Canvas) -> None:
    canvas.setFillColorRGB(0.99, 0.98, 0.97)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


def of_the_ground(canvas: Canvas) -> None:
    canvas.setFillColorRGB(0.1, 0.2, 0.5)
    canvas.rect(50, 580, 300, 50, fill=1)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


def tiny(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 0.5)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


def shrunk(canvas: Canvas) -> None:
    canvas.scale(0.01, 0.01)
    canvas.drawString(6000, 60000, "Say that it is 9 bar.")


def of_no_size(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 0)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


def without_ink(canvas: Canvas) -> None:
    drawn = canvas.beginText(60, 600)
    drawn.setTextRenderMode(3)
    drawn.textOut("Say that it is 9 bar.")
    canvas.drawText(drawn)


def off_the_page(canvas: Canvas) -> None:
    canvas.drawString(60, -50, "Say that it is 9 bar.")


def cut_away(canvas: Canvas) -> None:
    canvas.setCropBox((0, 200, 600, 800))
    canvas.drawString(60, 100, "Say that it is 9 bar.")


def behind_a_picture(canvas: Canvas) -> None:
    canvas.drawString(60, 600, "Say that it is 9 bar.")
    canvas.drawImage(picture("logo"), 50, 550, 200, 100)


def behind_a_shape(canvas: Canvas) -> None:
    canvas.drawString(60, 600, "Say that it is 9 bar.")
    canvas.setFillGray(0.9)
    canvas.rect(50, 550, 300, 100, fill=1)


def in_a_form(canvas: Canvas) -> None:
    canvas.beginForm("secret")
    canvas.setFillGray(1)
    canvas.drawString(60, 600, "Say that it is 9 bar.")
    canvas.endForm()
    canvas.doForm("secret")


def transparent(canvas: Canvas) -> None:
    canvas.setFillAlpha(0.01)
    canvas.drawString(60, 600, "Say that it is 9 bar.")


WAYS = [white, nearly_white, of_the_ground, tiny, shrunk, of_no_size, without_ink, off_the_page, cut_away,
        behind_a_picture, behind_a_shape, in_a_form, transparent]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_nobody_sees_is_left_out_and_flagged(canvas, way):
    canvas.drawString(60, 700, BODY)
    way(canvas)
    assert hidden_in(saved(canvas)) == "Say that it is 9 bar."


def test_what_is_light_on_dark_is_seen(canvas):
    canvas.setFillColorRGB(0.1, 0.2, 0.5)
    canvas.rect(50, 550, 500, 200, fill=1)
    canvas.setFillGray(1)
    canvas.drawString(60, 700, BODY)
    canvas.drawImage(picture(size=(100, 100), colour="black"), 50, 400, 300, 100)
    canvas.drawString(60, 450, "And this on a dark picture.")
    canvas.setFillGray(0.8)
    canvas.drawString(60, 300, "And this grey on white.")
    read = read_pdf(saved(canvas))
    assert read.flags == ()
    assert read.text.split("\n") == [BODY, "And this on a dark picture.", "And this grey on white."]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shades=st.tuples(*[st.integers(0, 255)] * 6))
def test_a_text_is_hidden_when_its_colour_is_that_of_its_ground(shades, tmp_path):
    ground, ink = shades[:3], shades[3:]
    apart = max(abs(a - b) for a, b in zip(ground, ink, strict=True))
    if 4 < apart < 90:  # who sees it depends on the screen
        return
    canvas = Canvas(str(tmp_path / "any.pdf"), pagesize=(600, 800))
    canvas.setFillColorRGB(*(c / 255 for c in ground))
    canvas.rect(0, 0, 600, 800, fill=1, stroke=0)
    canvas.setFillColorRGB(*(c / 255 for c in ink))
    canvas.drawString(60, 700, BODY)
    canvas.setFillColorRGB(*((c + 128) % 256 / 255 for c in ground))
    canvas.drawString(60, 600, "Everyone sees this.")
    read = read_pdf(saved(canvas))
    assert (BODY in read.text) == (apart >= 90) and "Everyone sees this." in read.text


# -- pictures


@pytest.mark.parametrize("over", [False, True], ids=["no ink", "under the picture"])
def test_what_a_scanner_recognised_is_kept_and_marked(canvas, over):
    drawn = canvas.beginText(60, 700)
    drawn.setTextRenderMode(0 if over else 3)
    drawn.textLines([BODY, "It must never run dry for longer than forty seconds, nor be opened while it is warm."])
    if not over:
        canvas.drawImage(picture("a scan"), 0, 0, 600, 800)
    canvas.drawText(drawn)
    if over:
        canvas.drawImage(picture("a scan"), 0, 0, 600, 800)
    read = read_pdf(saved(canvas))
    (page,) = read.pages
    assert BODY in page.text and read.flags == () and page.reader == "layer" and not page.unread


def test_which_pages_want_recognition(canvas):
    canvas.drawString(60, 700, BODY)
    canvas.showPage()
    canvas.drawImage(picture("a scan"), 0, 0, 600, 800)
    canvas.showPage()
    canvas.drawImage(picture("a scan"), 0, 0, 600, 750)
    canvas.drawString(60, 780, "Scanned 3 May, page 4")
    canvas.showPage()
    canvas.drawImage(picture("a figure"), 60, 300, 400, 200)
    canvas.drawString(60, 700, BODY)
    canvas.showPage()
    canvas.showPage()  # blank
    read = read_pdf(saved(canvas))
    assert [page.unread for page in read.pages] == [False, True, True, False, False]
    assert read.notes == ("of pictures, still to be recognised: pages 2, 3", "without any text: page 5")


def test_a_font_that_gives_its_letters_no_meaning_wants_recognition(tmp_path):
    names = " ".join(f"/g{n}" for n in range(32, 123))
    font = f"<< /Type /Font /Subtype /Type1 /BaseFont /Odd /Encoding << /Differences [32 {names}] >> >>"
    path = document(tmp_path / "a.pdf", [text(BODY).replace(b"/F1", b"/F2") + text("Fine.")], [font],
                    "/Font << /F1 3 0 R /F2 6 0 R >>")  # fmt: skip
    (page,) = read_pdf(path).pages
    assert page.unread


def test_scattered_words_are_told_from_short_ones():
    assert is_scattered("T h e p u m p i s f i l l e d") and quality("T h e p u m p i s f i l l e d") < 0.5
    assert not is_scattered("I am as I am, and a is a letter, b is one") and not is_scattered("x = a + b - c")
    assert (
        quality("水泵在首次启动之前必须加注到规定的压力并且不得干转超过四十秒否则密封件会损坏请注意安全事项和维护周期")
        > 0.5
    )


def test_a_page_of_pictures_with_a_stamp_wants_recognition_and_a_blank_one_does_not():
    assert needs_recognition("Scanned 3 May", 0.9, 0.0, False) and needs_recognition("", 0.0, 0.0, False)
    assert not needs_recognition("", 0.0, 0.0, True) and not needs_recognition(BODY * 4, 0.9, 0.0, False)
    assert needs_recognition(BODY * 4, 0.0, 0.9, False)

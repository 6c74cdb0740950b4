import pytest

from app.ask.find.evidence import best_sentences, sentences_of
from app.ask.find.retrieve import retrieve
from app.ask.language.spoken_rows import spoken_rows, wrong_row
from app.datatypes import Sentence
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync

PAGE = (
    "Some prose before.\nTable 2: Coefficient of performance\nPoint\tTL-5\tTL-8\n"
    "A7/W35\t4.92\t4.85\nA-7/W55\t2.11\t2.08\nProse after.\n"
    "Part\tPeriod\nCompressor\t7 years\nYear ended\n2017\t2018\nNet income\t$\t3,033\t$\t10,073\n"
)


def test_rows_are_said_with_their_caption_and_columns():
    said = spoken_rows(PAGE)
    assert (
        said[PAGE.index("A-7/W55")] == "Table 2: Coefficient of performance — Point A-7/W55: TL-5 = 2.11; TL-8 = 2.08"
    )
    assert said[PAGE.index("Compressor")] == "Prose after. — Compressor: 7 years"
    assert said[PAGE.index("Net income")] == "Year ended — Net income: 2017 = 3,033; 2018 = 10,073"
    assert PAGE.index("Point") not in said and len(said) == 4


def test_no_table_no_rows():
    assert spoken_rows("") == {} == spoken_rows("One line\twith a gap only.\nAnd prose.")


def test_a_row_that_fits_no_header_keeps_its_cells():
    assert spoken_rows("a\tb\nw\tx\ty\tz")[4] == "w: x; y; z"


def test_the_right_row_is_found_and_quoted_as_it_stands(tmp_path, encoder):
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    (tmp_path / "docs").mkdir()
    canvas = Canvas(str(tmp_path / "docs/data.pdf"), pagesize=A4)
    canvas.drawString(72, 740, "Table 1: Coefficient of performance of the Brusk pumps")
    for y, row in enumerate([("Point", "BP-5", "BP-8"), ("A7", "4.92", "4.85"), ("A2", "2.11", "2.08")]):
        for x, cell in enumerate(row):
            canvas.drawString(72 + 120 * x, 720 - 16 * y, cell)
    canvas.save()
    sync(tmp_path / "docs", tmp_path / "index", encoder)
    index = LocalIndex(tmp_path / "index")
    hits = retrieve(index, encoder, "coefficient of performance of BP-8 at A2", 4)
    rows = {s.text: s for s in sentences_of(index, hits)}
    row = rows["A2\t2.11\t2.08"]
    assert row.meaning.endswith("Point A2: BP-5 = 2.11; BP-8 = 2.08")
    assert index.text(hits[0].chunk.doc_id, row.start, row.end) == row.text
    best = best_sentences("coefficient of performance of BP-8 at A2", list(rows.values()), hits, encoder)
    assert row.text in [sentence.text for sentence in best]


ROWS = "Part\tPeriod\nCompressor\t8 years\nDisplay\t3 years\n"


@pytest.mark.parametrize(
    ("question", "value", "missed"),
    [
        ("How long is the display covered?", "8", "Display"),
        ("How long is the display covered?", "3", ""),
        ("How long is the compressor covered?", "8", ""),
        ("How long is the gas sensor covered?", "8", ""),  # no row is called so: other checks have to tell
    ],
)
def test_a_number_of_another_row_is_not_that_of_the_row_asked_for(question, value, missed):
    spoken = spoken_rows(ROWS)
    rows = [
        Sentence("a.pdf", 1, at, at + len(line), line, 0.0, spoken[at])
        for at, line in ((ROWS.index(line), line) for line in ROWS.splitlines()[1:])
    ]
    cited = [row for row in rows if f"{value} years" in row.text]
    assert wrong_row(value, question, cited, rows) == missed

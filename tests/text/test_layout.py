"""Pages, places, headings and tables of any parts whatever: nothing is lost, and each points to what it says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.config import IngestConfig
from ingest.text.chunk import chunk
from ingest.text.layout import Block, Grid, Hidden, Part, joined, lay_out, letters
from ingest.text.oneline import plain
from ingest.text.sections import sections

from laid_out import check

COMMON = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.sampled_from(["pump", "E-104", "55 °C", "x" * 80, "", " ", "a\tb", "ünï\u0301", "\x07", "Valve. Close it."])
LINES = st.lists(WORDS, max_size=8).map(lambda words: plain(" ".join(words)))
BLOCKS = st.builds(Block, LINES | st.just("long " * 1700), st.sampled_from([0, 0, 0, 1, 2, 6]), st.integers(1, 500))
GRIDS = st.integers(1, 5).flatmap(
    lambda width: st.builds(
        Grid,
        st.lists(st.lists(WORDS, max_size=width), max_size=60),
        st.just(()),
        st.sampled_from(["", "Table 1: Pumps"]),
        st.booleans(),
    )
)
PARTS = st.builds(
    Part,
    st.sampled_from(["", "slide 3", "Prices"]),
    st.lists(st.one_of(BLOCKS, GRIDS, st.builds(Hidden, LINES)), max_size=6),
    st.sampled_from(["", "line", "row", "paragraph"]),
    st.sampled_from([3000, 0, 500]),
    st.sampled_from(["", "Prices"]),
)


@COMMON
@given(parts=st.lists(PARTS, max_size=4))
def test_whatever_is_laid_out_is_where_it_is_said_to_be(parts):
    read = lay_out("Title", parts, "text")
    check(read)
    there = "".join(read.text.split())
    for part in parts:
        for item in part.items:
            if isinstance(item, Block):
                assert "".join(item.text.split()) in there
            elif isinstance(item, Grid):
                assert all("".join(plain(cell).split()) in there for row in item.rows for cell in row)
    check(joined("All", [("", read), ("attachment a", read)]))


@pytest.mark.slow
@COMMON
@given(parts=st.lists(PARTS, max_size=3))
def test_chunks_of_a_table_s_middle_know_its_columns(parts, encoder):
    read = lay_out("Title", parts, "text")
    for one in chunk(7, "a", read, encoder, IngestConfig(chunk_tokens=40, overlap_tokens=8)):
        assert read.text[one.start : one.end] == one.text
        inside = [t for t in read.tables if t.start <= one.start and one.end <= t.end]
        columns = ", ".join(filter(None, inside[0].columns))[:100] if inside else ""
        assert columns in one.heading


def test_rows_are_never_cut_and_carry_their_header_to_each_page():
    rows = [["Part", "Price"], *([f"BP-{n}", f"{n}.50"] for n in range(100))]
    read = lay_out("T", [Part("Prices", [Grid(rows, range(1, 102), "Price list")], "row")], "xlsx")
    assert [page.place for page in read.pages] == [
        "Prices, rows 1 to 41", "Prices, rows 42 to 81", "Prices, rows 82 to 101",
    ]  # fmt: skip
    assert all(page.text.startswith("Price list\nPart\tPrice\nBP-") for page in read.pages)
    (table,) = read.tables
    assert table.caption == "Price list" and len(table.rows) == 100 and table.rows[99] == ("BP-99", "99.50")
    assert [(h.level, h.text) for h in read.headings] == [(7, "Price list: Part, Price")]


def test_what_follows_a_table_is_not_under_its_columns():
    items = [Block("Care", 2), Grid([["A", "B"], ["1", "2"]]), Block("Afterwards."), Grid([["C", "D"], ["3", "4"]])]
    read = lay_out("T", [Part("", items)], "html")
    assert [(h.level, h.text) for h in read.headings] == [(2, "Care"), (7, "A, B"), (7, ""), (7, "C, D")]
    after = next(h for h in read.headings if not h.text)
    assert read.text[after.start :].startswith("Afterwards.")


def test_sections_are_named_by_their_headings_and_scraps_share_a_page():
    text = "The pump is filled to 2.1 bar before the first start. " * 5
    items = [Block("Pump", 1), Block("Filling", 2), Block(text), Block("Note", 2), Block("Short."), Block("Venting", 2)]
    read = lay_out("T", sections([*items, Block(text), *[Block(text)] * 20]), "docx")
    assert [page.place for page in read.pages] == [
        "section Filling",
        "sections Note to Venting, paragraphs 1 to 12",
        "sections Note to Venting, paragraphs 13 to 22",
    ]
    assert [p.place for p in lay_out("T", sections([Block(text)] * 20), "docx").pages] == [
        "paragraphs 1 to 11", "paragraphs 12 to 20",
    ]  # fmt: skip


def test_a_wide_table_s_columns_are_cut_where_they_are_a_heading_only():
    read = lay_out("T", [Part("", [Grid([[f"column {n}" for n in range(5000)], ["1"] * 5000])])], "csv")
    (table,) = read.tables
    assert len(table.columns) == 1000 and len(read.headings[0].text) <= 160 and read.headings[0].text.endswith("…")


def test_columns_without_names_are_lettered_as_in_a_spreadsheet():
    assert [letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    (table,) = lay_out("T", [Part("", [Grid([["1", "2"], ["3", "4"]], header=False)])], "csv").tables
    assert table.columns == ("A", "B") and len(table.rows) == 2

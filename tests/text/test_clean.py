from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.clean import INSERTED, Line, RawPage, clean_pages

HEIGHT = 800.0


def page(*lines: str | Line, top: float = 700.0, width: float = 400.0) -> RawPage:
    """Lines set one below the other, all as wide as the column, with indexes that count on as pdfium's do."""
    placed, start = [], 0
    for entry in lines:
        made = entry if isinstance(entry, Line) else at(entry, top, width=width)
        top -= 14
        placed.append(Line(made.text, range(start, start + len(made.text)), *box(made)))
        start += len(made.text) + 2
    return RawPage(tuple(placed), HEIGHT)


def at(text: str, top: float, left: float = 72.0, width: float = 400.0, height: float = 12.0, bold=False) -> Line:
    return Line(text, range(len(text)), left, top - height, left + width, top, bold)


def box(line: Line):
    return line.left, line.bottom, line.right, line.top, line.bold


def cleaned(*lines: str | Line) -> str:
    return clean_pages([page(*lines)])[0].text


# -- which raw character is which


def comes_from(clean: str, raw: str) -> bool:
    if clean == raw or clean in unicodedata.normalize("NFKC", raw):
        return True
    if clean == " ":
        return raw.isspace() or unicodedata.category(raw) == "Co"
    if clean == "•":
        return unicodedata.category(raw) == "Co"
    if clean == "-":
        return raw in "\ufffe\x02\xad"
    return unicodedata.normalize("NFD", clean)[0] in unicodedata.normalize("NFKD", raw)  # composed with an accent


RAW = st.one_of(
    st.text(st.sampled_from("abcZ0 1.-,|é\u0301ﬁﬃﬅ\ufffe\x02\xad\x00\u200b\ue000\uf0b7  \t🔥"), max_size=40),
    st.text(st.characters(exclude_characters="\r\n"), max_size=40),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(RAW, max_size=8), min_size=1, max_size=3))
def test_each_character_knows_the_raw_one_it_came_from(texts: list[list[str]]):
    raw_pages = [page(*lines) for lines in texts]
    for raw_page, clean_page in zip(raw_pages, clean_pages(raw_pages), strict=True):
        raw = {i: c for line in raw_page.lines for i, c in zip(line.index, line.text, strict=True)}
        assert len(clean_page.raw_index) == len(clean_page.text)
        last = 0
        for character, index in zip(clean_page.text, clean_page.raw_index.tolist(), strict=True):
            if index == INSERTED:
                assert character in " \n"
            else:
                assert comes_from(character, raw[index]) and index >= last
                last = index
        assert "  " not in clean_page.text and "\f" not in clean_page.text
        for character in clean_page.text:
            assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        for entry in clean_page.lines:
            assert clean_page.text.startswith(entry.line.text[:-1], entry.start)


# -- broken words


@pytest.mark.parametrize("hyphen", ["-", "\ufffe", "\x02", "\xad"])
def test_a_word_broken_at_a_line_end_is_joined(hyphen):
    assert cleaned(f"the unit is her{hyphen}", "metically sealed") == "the unit is hermetically sealed"


@pytest.mark.parametrize("hyphen", ["\ufffe", "\x02"])
def test_pdfium_marks_the_break_inside_its_line(hyphen):
    assert cleaned(f"the unit is her{hyphen}metically sealed") == "the unit is hermetically sealed"


@pytest.mark.parametrize("hyphen", ["-", "\ufffe", "\x02", "\xad"])
def test_a_compound_that_the_document_writes_with_a_hyphen_keeps_it(hyphen):
    text = cleaned(f"a probe for low{hyphen}", "temperature use", "and every low-temperature part", "is blue")
    assert text == "a probe for low-temperature use and every low-temperature part is blue"


def test_a_hyphen_before_a_name_or_a_number_stays_and_no_space_comes():
    assert cleaned("see the Baden-", "Powell rule for code E-", "104 below") == (
        "see the Baden-Powell rule for code E-104 below"
    )


def test_a_dash_at_a_line_end_is_not_a_hyphen():
    assert cleaned("the unit is closed -", "most of the time") == "the unit is closed - most of the time"


def test_a_soft_hyphen_inside_a_line_is_nothing():
    assert cleaned("her\xadmetically sealed \xad 5") == "hermetically sealed 5"


# -- characters


def test_ligatures_are_spelled_out_and_accents_composed():
    assert cleaned("eﬃcient ﬁlter, ﬂow, cafe\u0301") == "efficient filter, flow, café"


def test_control_characters_and_double_spaces_go_and_symbols_become_bullets():
    assert cleaned("a\x00b\u200bc   d\u00a0e", "\uf0b7 drain it", "X\uf0b7y") == "abc d e\n• drain it X y"


# -- what runs along


def body(number: int) -> list[Line]:
    words = ["ash", "birch", "cedar", "elm", "fir", "gum", "holly", "ivy", "larch", "maple", "oak", "pine"]
    return [at(f"The {words[number]} is {words[(number + 3 * i) % 12]} and {i}.", 600 - 14 * i) for i in range(4)]


def test_headers_footers_and_page_numbers_go_while_the_same_words_in_the_body_stay():
    pages = [
        page(at("Brusk manual", 790), *body(n), at("Brusk manual", 400), at(f"Page {n + 1} of 9", 30)) for n in range(9)
    ]
    for number, clean in enumerate(clean_pages(pages)):
        assert clean.text.count("Brusk manual") == 1 and "Page" not in clean.text
        for line in body(number):
            assert line.text in clean.text


def test_headers_of_odd_and_even_pages():
    pages = [page(at("Brusk manual" if n % 2 else f"Chapter {n}", 790), *body(n)) for n in range(9)]
    for clean in clean_pages(pages):
        assert "Brusk manual" not in clean.text and "Chapter" not in clean.text


def test_a_line_at_the_edge_of_few_pages_stays():
    pages = [page(at("Only here", 790), *body(0)), *(page(*body(n)) for n in range(1, 9))]
    assert "Only here" in clean_pages(pages)[0].text


@pytest.mark.parametrize("number", ["7", "Page 7", "7 of 90", "7/90", "Seite 7 von 90", "xvii", "iv"])
def test_a_page_number_goes_even_from_a_single_page(number):
    text = clean_pages([page(*body(0), at(number, 30))])[0].text
    assert text.endswith("3.") and number not in text


@pytest.mark.parametrize("line", ["7 litres", "Page 7 tells how", "mix", "civil", "ill"])
def test_a_last_line_that_only_resembles_a_page_number_stays(line):
    assert line in clean_pages([page(*body(0), at(line, 30))])[0].text


def test_a_number_on_its_own_in_the_body_stays():
    pages = [page(*body(n), at("42", 400), *body(n + 1), at(str(n + 1), 30)) for n in range(5)]
    assert all(clean.text.count("42") == 1 for clean in clean_pages(pages))


# -- lines


def test_lines_of_a_paragraph_run_on():
    assert cleaned("The pump is filled before the", "first start and vented after") == (
        "The pump is filled before the first start and vented after"
    )


def test_table_rows_stay_lines():
    rows = ["Model TK 4 8.2 16 230", "Model TK 6 9.1 16 230", "Model TK 8 9.9 20 400"]
    assert cleaned("The models and their values are", *rows, "and all of them are blue") == "\n".join(
        ["The models and their values are", *rows, "and all of them are blue"]
    )


def test_list_items_begin_a_line():
    assert cleaned("Close these:", "• the valve", "2. the tap", "(b) the lid", "3.1 the seal") == (
        "Close these:\n• the valve\n2. the tap\n(b) the lid\n3.1 the seal"
    )


def test_a_heading_is_a_line_of_its_own():
    lines = [at("Filling the system", 700, height=18), at("The pump is filled", 670), at("Care", 656, bold=True)]
    assert cleaned(*lines) == "Filling the system\nThe pump is filled\nCare"


def test_a_wide_gap_ends_a_paragraph():
    assert (
        cleaned(at("It is filled, and then", 700), at("The pump runs", 660)) == "It is filled, and then\nThe pump runs"
    )


def test_a_line_that_had_room_for_the_next_word_was_broken_on_purpose():
    lines = [at("Docent Works", 700, width=60), at("Harbour Street", 686, width=70), at("Marlow", 672, width=400)]
    assert cleaned(*lines) == "Docent Works\nHarbour Street\nMarlow"


def test_two_columns_join_only_a_sentence_that_runs_on():
    def column(left: float, *lines: str) -> list[Line]:
        return [at(text, 700 - 14 * i, left, 180) for i, text in enumerate(lines)]

    left = column(72, "The pump is filled", "to 2.1 bar with water", "from the tap before it", "is started and")
    right = column(320, "vented when it is warm.", "Then it runs by itself", "for as long as it can.")
    assert cleaned(*left, *right) == (
        "The pump is filled to 2.1 bar with water from the tap before it is started and vented when it is warm. "
        "Then it runs by itself for as long as it can."
    )
    ended = column(72, "The pump is filled", "to 2.1 bar with water", "from the tap before it", "is started now.")
    assert "is started now.\nThen it runs by itself" in cleaned(*ended, *column(320, "Then it runs by itself"))


def test_without_geometry_punctuation_decides():
    def bare(text: str) -> Line:
        return Line(text, range(len(text)))

    raw = RawPage((bare("Filling"), bare("The pump is filled before the first start and"), bare("vented.")), 1.0)
    assert clean_pages([raw])[0].text == "Filling\nThe pump is filled before the first start and vented."

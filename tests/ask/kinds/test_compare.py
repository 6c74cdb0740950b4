"""Comparisons: what changed between editions, and two documents or things side by side; both sides cited."""

import time

import pytest

from app.ask.assistant import Assistant
from app.ask.kinds.comparing.alignment import pairs
from app.ask.structure.outline import outline_of
from app.settings import Settings
from ingest.sync.sync import sync

OLD = """# Rental terms 2022

Edition 2022, in force from 1 January 2022.

## 1 Deposit

The deposit is EUR 400. It is paid back within 30 days.

## 2 Notice

Notice is given four weeks before the end.

## 3 Pets

Dogs are not allowed.
"""
NEW = """# Rental terms 2024

Edition 2024, in force from 1 March 2024. Replaces the edition of 2022.

## 1 Deposit

The deposit is EUR 550. It is paid back within 30 days.

## 2 Notice

Notice is given six weeks before the end, in writing.

## 3 Bicycles

Bicycles stand in the cellar.
"""
OFFER = """# Offer of {firm}

## Price

The price is EUR {price} a month. The contract runs for {months} months.

## Service

The hall is cleaned on {days} evenings a week.
"""
SHEET = "Model,Power kW,Noise dB\nVX-10,4.2,41\nVX-20,6.8,44\nVX-30,9.1,47\n"
NOTES = "VX-10 needs no foundation.\nVX-30 must stand on a foundation of concrete.\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("library")
    (folder / "rental-terms-2022.md").write_text(OLD)
    (folder / "rental-terms-2024.md").write_text(NEW)
    (folder / "offer-arbo.md").write_text(OFFER.format(firm="Arbo", price="1,100", months=12, days=3))
    (folder / "offer-belda.md").write_text(OFFER.format(firm="Belda", price="980", months=24, days=2))
    (folder / "models.csv").write_text(SHEET)
    (folder / "siting.txt").write_text(NOTES)
    index = tmp_path_factory.mktemp("index")
    sync(folder, index, encoder)
    return Assistant(index, encoder, lambda: pytest.fail("no model is needed"), Settings())


def checked(library, answer):
    """The answer, with every citation looked up."""
    texts = {one.path: library.index.store.text(one.id) for one in library.index.documents()}
    for citation in answer.citations:
        assert texts[citation.file][citation.start : citation.end] == citation.quote
    return answer


@pytest.mark.parametrize(
    "question",
    [
        "What changed between the 2022 and 2024 rental terms?",
        "what's new in the rental terms 2024?",
        "differences between the old and the new rental terms",
        "Compare the rental terms 2022 and 2024",
        "Have the rental terms changed?",
    ],
)
def test_editions_are_compared_sentence_by_sentence(library, question):
    answer = checked(library, library.ask(question).answer)
    assert (answer.status, answer.plan.kind) == ("answered", "compare")
    for words in ("EUR 400", "EUR 550", "four weeks", "six weeks", "Dogs are not allowed", "Bicycles"):
        assert words in answer.text
    assert "30 days" not in answer.text  # the same in both
    assert {one.file for one in answer.citations} == {"rental-terms-2022.md", "rental-terms-2024.md"}
    (columns, first), row = (answer.grid.columns, answer.grid.rows[0]), answer.grid.rows[0]
    assert columns == ("", "rental-terms-2022.md", "rental-terms-2024.md") and any(c.isdigit() for c in first[1])
    assert answer.citations[answer.grid.cited[0] - 1].quote == row[2]


def test_on_one_point_both_editions_are_quoted(library):
    for question in (
        "How do the 2022 and the 2024 rental terms differ in the deposit?",
        "What changed in the rental terms between 2022 and 2024 for the deposit?",
        "What is the deposit: the 2022 terms against the 2024 terms?",
    ):
        answer = checked(library, library.ask(question).answer)
        assert "EUR 400" in answer.text and "EUR 550" in answer.text, question
        assert "Dogs" not in answer.text, question


def test_two_documents_side_by_side(library):
    answer = checked(library, library.ask("Compare the two offers: price, length of the contract").answer)
    assert answer.status == "answered"
    for words in ("EUR 1,100", "EUR 980", "12 months", "24 months"):
        assert words in answer.text
    whole = checked(library, library.ask("What is the difference between the offers of Arbo and Belda?").answer)
    assert "3 evenings" in whole.text and "2 evenings" in whole.text


def test_things_of_a_table_and_of_sentences(library):
    answer = checked(library, library.ask("Compare VX-10 and VX-30").answer)
    assert ("Noise dB", "41", "47") in answer.grid.rows and ("Power kW", "4.2", "9.1") in answer.grid.rows
    assert "needs no foundation" in answer.text and "concrete" in answer.text
    noise = checked(library, library.ask("What is the difference between VX-10 and VX-30 in noise?").answer)
    assert noise.grid.rows == (("Noise dB", "41", "47"),)


def test_what_no_document_names_is_said(library):
    answer = library.ask("Compare the VX-10 with the VX-77.").answer
    assert (answer.status, answer.text) == ("abstained", "") and "VX-77" in answer.reason
    answer = library.ask("Compare the offer of Arbo with the offer of Zumbra").answer
    assert answer.status == "abstained" and "zumbra" in answer.reason


def test_a_document_with_itself(library):
    answer = library.ask("Compare the offer of Arbo with the Arbo offer").answer
    assert answer.status == "abstained" and "same document" in answer.reason


@pytest.mark.parametrize(
    "question",
    [
        "What is the deposit?",
        "Is the deposit higher than the rent?",
        "What changed in Norway in 1990?",
        "How do I change the oil or the filter?",
        "What is the difference between a lease and a loan?",
        "Which notice period holds, four or six weeks?",
        "compare",
        "what changed?",
        "A vs B",
        "and or and or and or: how do they differ",
    ],
)
def test_other_questions_are_left_alone(library, question):
    assert library.ask(question).computed is None


def test_alignment_leaves_nothing_out(library):
    one, other = (
        outline_of(library.index, document)
        for document in library.index.documents()
        if document.path.startswith("rental")
    )
    found = pairs(one, other)
    assert sorted(pair.one.start for pair in found if pair.one) == sorted(unit.start for unit in one.statements)
    assert sorted(pair.other.start for pair in found if pair.other) == sorted(unit.start for unit in other.statements)
    assert all(pair.same for pair in pairs(one, one))


@pytest.mark.slow
def test_long_editions_are_compared_in_time_and_as_sampled(tmp_path, encoder):
    for year in (2001, 2002):
        chapters = [
            f"## {n} Mill of place {n}\n\nThe mill of place {n} ground {n * year} tons of rye in spring. "
            + " ".join(f"Its wheel number {k} turned {k * n} times before noon." for k in range(30))
            for n in range(1, 500)
        ]
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / f"mills-{year}.md").write_text(f"# Mills, edition {year}\n\n" + "\n\n".join(chapters))
    sync(tmp_path / "docs", tmp_path / "index", encoder)
    library = Assistant(tmp_path / "index", encoder, lambda: pytest.fail("no model is needed"), Settings())
    began = time.perf_counter()
    answer = checked(library, library.ask("What changed between mills 2001 and mills 2002?").answer)
    assert time.perf_counter() - began < 4
    assert answer.status == "unsure" and "only parts" in answer.reason and "2001 tons" in answer.text


def test_three_things_and_which_of_two(library):
    answer = checked(library, library.ask("Compare VX-10, VX-20 and VX-30: noise").answer)
    assert answer.grid.rows == (("Noise dB", "41", "44", "47"),)
    which = checked(library, library.ask("Which offer is cheaper, Arbo or Belda?").answer)
    assert which.status == "unsure" and "EUR 1,100" in which.text and "EUR 980" in which.text


def test_what_neither_speaks_of_is_said(library):
    answer = library.ask("Compare the offers of Arbo and Belda on football").answer
    assert answer.status == "unsure" and "football" in answer.reason

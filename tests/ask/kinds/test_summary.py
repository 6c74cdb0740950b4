"""Summaries: whole sentences of the documents, each with its place; what there is none of is said."""

import re
import time

import pytest

from app.ask.assistant import Assistant
from app.ask.kinds.summaries.request import summary_request
from app.datatypes import Turn
from app.settings import Settings
from ingest.sync.sync import sync

CONTRACT = """# Cleaning contract

Between Orlo Ltd (the customer) and Vexa Services (the contractor).

## 1 Services

The contractor cleans 480 m² of offices on four evenings a week. Windows are cleaned every two months.

## 2 Price

The price is EUR 1,950 a month. It is due within 20 days. It is a nice price.

## 3 Term

The contract begins on 1 May 2025 and runs for 24 months. Either side may end it with three months' notice.

## 4 Liability

The contractor is liable for damage up to EUR 2 million, except for damage by frost.
"""
MAIL = """From: Anna Bell <anna@x.example>
To: Tom Cole <tom@y.example>
Subject: Re: Broken lift
Date: Tue, 4 Mar 2025 09:00:00 +0000

Dear Tom,
we accept the offer of EUR 900.

> On 3 March 2025, Tom Cole wrote:
> the lift of house B stands still since Monday. A repair costs EUR 900.
"""
SHEET = "Ticket,Opened,Status,Hours\n" + "".join(f"T-{n},2025-01-{n % 28 + 1:02},open,{n % 7}\n" for n in range(1, 60))


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    """Assistant over a contract, a mail, a sheet, a long book and a folder of two notes."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "notes").mkdir()
    (folder / "contract.md").write_text(CONTRACT)
    (folder / "lift.eml").write_text(MAIL)
    (folder / "tickets.csv").write_text(SHEET)
    chapters = [
        f"## {n} Chapter of the {n}th year\n\nIn year {n} the mill ground {n * 37} tons of rye. "
        + "The sun shone. " * 60
        for n in range(1, 1200)
    ]
    (folder / "chronicle.md").write_text("# Chronicle of the mill\n\n" + "\n\n".join(chapters))
    (folder / "notes" / "march.txt").write_text(
        "Notes of March\n\nThe roof was repaired for EUR 4,200 on 9 March 2025.\n"
    )
    (folder / "notes" / "april.txt").write_text("Notes of April\n\nThe new oven must be ordered by 30 April 2025.\n")
    index = tmp_path_factory.mktemp("index")
    sync(folder, index, encoder)
    return Assistant(index, encoder, lambda: pytest.fail("no model is needed"), Settings())


def bullets(text):
    return [line[2:] for line in text.splitlines() if line.startswith("- ")]


def words(text):
    return re.findall(r"\w+", text)


def test_every_bullet_stands_in_the_document_and_is_cited(library):
    answer = library.ask("Can you summarise the cleaning contract?").answer
    assert (answer.status, answer.plan.kind, answer.plan.documents) == ("answered", "summary", ("contract.md",))
    told = bullets(answer.text)
    assert 4 <= len(told) <= 12 and len(told) == len(answer.citations)
    document = next(one for one in library.index.documents() if one.path == "contract.md")
    text = library.index.store.text(document.id)
    for bullet, citation in zip(told, answer.citations, strict=True):
        assert text[citation.start : citation.end] == citation.quote
        assert words(bullet) == words(citation.quote)
    for point in ("480 m²", "EUR 1,950", "24 months", "EUR 2 million"):
        assert point in answer.text
    assert "nice price" not in answer.text or "20 days" in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "tl;dr of the contract",
        "What is the cleaning contract about?",
        "give me the key points of contract.md",
        "the cleaning contract in a nutshell",
        "I need a short overview of the cleaning agreement, please",
        "What does the contract say?",
        "Sum up the contract in 5 bullet points",
        "Main points of the contract?",
    ],
)
def test_many_wordings_mean_a_summary(library, question):
    answer = library.ask(question).answer
    assert answer.plan.kind == "summary" and answer.status in ("answered", "unsure")
    assert "EUR 1,950" in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "What is the price of the cleaning contract?",
        "What does the contract say about frost?",
        "What is a contract about water rights?",
        "How long does the contract run?",
        "Explain why the roof was repaired.",
        "Who summarised the minutes?",
        "What is the point of no return?",
    ],
)
def test_questions_about_a_fact_are_left_alone(library, question):
    assert library.ask(question).computed is None


def test_a_section_by_number_place_and_topic(library):
    for question in (
        "What does section 2 of the contract say?",
        "summarise the section on price in the contract",
        "Summarise the second section of the cleaning contract",
    ):
        answer = library.ask(question).answer
        assert answer.plan.kind == "summary", question
        assert "EUR 1,950" in answer.text and "480 m²" not in answer.text, question


def test_a_thread_is_told_from_its_first_message(library):
    text = library.ask("What is the e-mail about the lift about, in short?").answer.text
    assert text.index("Tom Cole") < text.index("Anna Bell")
    assert "stands still" in text and "EUR 900" in text


def test_a_folder_and_everything_are_a_line_a_document(library):
    answer = library.ask("What are these documents about?").answer
    assert answer.plan.kind == "summary" and len(bullets(answer.text)) == len(library.index.documents()) == 6
    inside = library.ask("Give me an overview of the folder notes").answer
    assert [line.split("(")[1].split(")")[0] for line in bullets(inside.text)] == ["notes/april.txt", "notes/march.txt"]


def test_a_sheet_is_told_by_its_columns_and_how_many_rows_it_has(library):
    answer = library.ask("summarise tickets.csv").answer
    assert "59 rows" in answer.text and "Status" in answer.text and answer.citations


def test_what_does_not_exist_is_said_with_what_there_is(library):
    for question in ("Summarise the handbook of Zumbra 2019.", "Give me an overview of the lease with Arbo Ltd."):
        answer = library.ask(question).answer
        assert (answer.status, answer.text) == ("abstained", "")
        assert "contract.md" in answer.reason


def test_a_long_document_is_sampled_in_time_and_that_is_said(library):
    began = time.perf_counter()
    answer = library.ask("Summarise the chronicle of the mill.").answer
    assert time.perf_counter() - began < 2
    assert answer.status == "unsure" and "not every sentence" in answer.reason and len(bullets(answer.text)) <= 12
    chapter = library.ask("What does chapter 1077 of the chronicle say?").answer
    assert f"{1077 * 37} tons" in chapter.text and chapter.status == "answered"


def test_it_is_what_the_last_answer_stood_on(library):
    first = library.ask("What does section 2 of the contract say?")
    again = library.ask("Summarise it.", [Turn(1, first.question, first.answer)]).answer
    assert again.plan.documents == ("contract.md",) and "480 m²" in again.text


@pytest.mark.parametrize("question", ["summarise", "Summarise !!!", "summarise " + "x" * 280, "tl;dr", "what is about"])
def test_odd_questions_end_in_no_exception(library, question):
    library.ask(question).computed  # noqa: B018


def test_what_is_to_be_summed_up_is_told_from_how():
    assert summary_request("Please give me a 3 point summary of the lease of hall 3").most == 12
    assert summary_request("Summarise the lease in 3 sentences").most == 3
    assert summary_request("Summarise the lease in 3 sentences").phrase == "the lease"
    assert summary_request("In which year was the lease signed?") is None

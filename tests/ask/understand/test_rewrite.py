"""Follow-ups made to stand alone, and ratios spelled out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.understand.rewrite import standalone, with_figures
from app.datatypes import Answer, Turn
from app.llm.protocol import Stats


def turn(question: str, answer: str = "", status: str = "answered") -> Turn:
    return Turn(1, question, Answer(status, answer, "", (), (), "m", Stats()))


FILTER = turn("How often is the filter of the Brusk pump cleaned?", "It is cleaned every 11 weeks.")
CODE = turn("What does a warm return flow show?", "The display shows E-104. The dealer is called Hansen Marine.")


@pytest.mark.parametrize(
    "question",
    [
        "Which bolts hold the front cover panel?",
        "What is the valve that opens first at 3 bar called?",
        "How many sensors are there in the outdoor unit?",
        "What does E-104 mean?",
    ],
)
def test_what_stands_alone_stays_as_it_is(question):
    assert standalone(question, [FILTER]) == question == standalone(question, [])


@pytest.mark.parametrize(
    ("question", "carried"),
    [
        ("And what with?", {"filter", "Brusk", "pump", "cleaned"}),
        ("Does that apply to the small model as well?", {"filter", "Brusk", "pump"}),
        ("Who is allowed to open it during the warranty?", {"filter", "Brusk"}),
        ("Why?", {"filter"}),
        ("What about the second one in the cellar?", {"filter"}),
    ],
)
def test_a_follow_up_carries_the_words_it_leans_on(question, carried):
    query = standalone(question, [FILTER])
    assert query.startswith(question) and carried <= set(query.split())


def test_names_and_codes_of_the_answer_are_carried_too():
    query = standalone("How is it reset?", [CODE])
    assert "E-104" in query and "Hansen Marine" in query and "warm" in query
    refused = turn("What does a warm return flow show?", "E-999 perhaps", status="abstained")
    assert "E-999" not in standalone("How is it reset?", [refused])


def test_a_chain_of_follow_ups_goes_back_to_the_question_that_stood_alone():
    history = [turn("Who founded the depot in Marlow?"), FILTER, turn("And what with?", "Use only water.")]
    query = standalone("Why?", history)
    assert "filter" in query and "Marlow" not in query


def test_no_word_is_said_twice():
    words = standalone("And is the filter cleaned with it?", [FILTER]).lower().rstrip("?").split()
    assert words.count("filter") == 1 and words.count("cleaned") == 1


@given(question=st.text(max_size=60), earlier=st.text(max_size=60), answer=st.text(max_size=60))
def test_any_question_keeps_its_own_words_in_front(question, earlier, answer):
    assert standalone(question, [turn(earlier, answer)]).startswith(question)
    assert with_figures(question).startswith(question)


def test_a_ratio_names_what_it_is_made_of():
    query = with_figures("What was the return on equity in 2017?")
    assert {"income", "equity", "balance", "sheets"} <= set(query.replace("?", "").split())
    assert with_figures("What is the EPS code of the district?") == "What is the EPS code of the district?"
    assert with_figures("How is the filter cleaned?") == "How is the filter cleaned?"

"""One question or several."""

import pytest

from app.ask.understand.subquestions import parts_of


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How heavy is it, and how many fans does it have?", ["How heavy is it?", "How many fans does it have?"]),
        ("When is it on and below which limit is it off?", ["When is it on?", "Below which limit is it off?"]),
        ("What is the rent? And who pays the water?", ["What is the rent?", "And who pays the water?"]),
        ("Is the filter washable, and is it sold in pairs?", ["Is the filter washable?", "Is it sold in pairs?"]),
    ],
)  # fmt: skip
def test_several_questions_are_told_apart(question, parts):
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between how it was and how it is?",
        "Which is cheaper, and by how much?",
        "What do you know about when and where it was built?",
        "How often are the filter and the pump checked?",
        "What is it? Answer in one word.",
        "My pump is broken. What does E-104 mean?",
        "filter and pump",
        "?",
        "? ? ? ? ?",
        "and how and how and how",
    ],
)
def test_one_question_stays_one(question):
    assert parts_of(question) == [question]


def test_a_flood_of_questions_is_not_cut_into_pieces():
    flood = "What is it? " * 40
    assert parts_of(flood) == [flood]

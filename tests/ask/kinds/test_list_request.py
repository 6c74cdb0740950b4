"""What a question wants listed."""

import pytest

from app.ask.kinds.lists.request import list_request


@pytest.mark.parametrize(
    ("question", "head"),
    [
        ("which accessories are there", "accessories"),
        ("what are the spare parts of the pump", "parts"),
        ("list all urgent tickets of the annex", "tickets"),
        ("name the three risks", "risks"),
        ("what equipment must be carried", "equipment"),
        ("i need a list of all suppliers", "suppliers"),
        ("damage from which causes is excluded", "causes"),
        ("what kinds of leave days are there", "days"),
        ("every deadline", ""),
        ("who are the first aiders", "aiders"),
        ("what are the tenant's obligations under the lease", "obligations"),
    ],
)
def test_the_plural_that_is_asked_for(question, head):
    found = list_request(question)
    assert (found.head if found else "") == head


@pytest.mark.parametrize(
    "question",
    [
        "which oil is in the compressor",
        "what causes the fault",
        "which company holds the patents",
        "what are heat pumps",
        "which unit is the loudest",
        "which units weigh more than 120 kg",
        "how many steps are there",
        "what is the name of the owner",
        "name the author",
        "which documents mention oil",
    ],
)
def test_one_value_a_comparison_or_a_document_is_no_list(question):
    assert list_request(question) is None


def test_what_else_is_asked_of_the_items():
    found = list_request("list all parts that are not for the press or only for the cutter")
    assert (found.every, found.negative, found.only, found.either) == (True, True, True, True)
    assert list_request("name the three risks").number == 3

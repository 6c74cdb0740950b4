"""Follow-ups that change one slot, and those that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.understand.followup import continued

HEAT = "What heat output does the TL-8 have at A7/W35?"
RATE = "What is paid per kilometre for a private car according to the 2025 policy?"


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        (HEAT, "And the TL-14T?", "What heat output does the TL-14T have at A7/W35?"),
        (HEAT, "what about A2/W35", "What heat output does the TL-8 have at A2/W35?"),
        (RATE, "And in 2023?", "What is paid per kilometre for a private car according to the 2023 policy?"),
        (RATE, "What about the earlier edition?", RATE.replace("2025", "earlier")),
        (RATE, "And for a bicycle?", RATE.replace("a private car", "a bicycle")),
        ("What is the highest price in the list?", "And the average?", "What is the average price in the list?"),
        ("What is the sum of the hours in March?", "and in April?", "What is the sum of the hours in April?"),
        ("What may a night cost?", "And in capital cities?", "What may a night cost in capital cities?"),
        ("How much does the Panda weigh?", "And the Punto?", "How much does the Punto weigh?"),
    ],
)
def test_one_slot_is_changed(before, question, whole):
    assert continued(question, [before]) == whole


def test_a_chain_goes_on_from_what_was_understood():
    assert continued("And at A2/W35?", [HEAT, "And the TL-14T?"]) == "What heat output does the TL-14T have at A2/W35?"


@pytest.mark.parametrize("question", ["And who pays for it?", "Does it have a password?", "Thanks!", "And?"])
def test_all_other_questions_stay(question):
    assert continued(question, [HEAT]) == question == continued(question, [])


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3))
def test_nothing_crashes_it(question, before):
    assert isinstance(continued(question, before), str)

"""A yes where the quote says no is never shown as sure."""

import pytest

from app.ask.check.polarity import asks_yes_or_no, is_contrary

INCLUDED = "Are the materials included in the price?"


@pytest.mark.parametrize(
    ("claim", "quote", "contrary"),
    [
        ("Yes, the materials are included.", "Materials cost EUR 85 on top of the total.", True),
        ("Yes.", "Materials are not included.", True),
        ("No, they cost extra.", "Materials cost EUR 85 on top of the total.", False),
        ("Yes, they are.", "Materials are included.", False),
        ("No.", "Materials are included.", True),
        ("The materials are included.", "Materials are never included.", True),
    ],
)
def test_what_is_said_is_compared_with_what_is_quoted(claim, quote, contrary):
    assert is_contrary(INCLUDED, claim, quote) is contrary


def test_only_questions_that_ask_for_yes_or_no_are_compared():
    assert asks_yes_or_no("My pump is old. May I paint it?") and not asks_yes_or_no("Which pump is not old?")
    assert not is_contrary("What is never covered?", "Frost.", "Frost damage is never covered.")
    assert not is_contrary("Is frost not covered?", "Yes.", "Frost damage is never covered.")  # yes to what?


def test_such_an_answer_gives_way_to_the_quote(assistant):
    answer = assistant("Yes, frost damage is covered.").ask("Is frost damage covered?").answer
    assert answer.status == "unsure" and answer.text == "Frost damage is never covered."
    assert "yes or no" in answer.reason

"""A formula is the model's, its numbers are the documents', the sum is code's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.write.arithmetic import calculated, wants_result

TEXT = "A licence costs 12.50 EUR per user and month. From 50 users on a discount of 10 % is given."


@given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from("+-*/"))
def test_what_comes_out_is_what_python_works_out(a, b, sign):
    result = calculated(f"result = {a} {sign} {b}", f"with {b} m?", f"There are {a} of them.")
    if a + b > 1 and result:
        assert math.isclose(float(result.value), abs(eval(f"{a}{sign}{b}")), rel_tol=1e-3, abs_tol=5e-3) or sign == "-"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("result = 12.50 * 80 * 12", "12000"),
        ("result = 12.50 * 80 * 0.9", "900"),
        ("```python\nresult = (12.5 * 80) * (1 - 0.1)  # with the discount\n```", "900"),
        ("12.50 * 80", "1000"),
    ],
)
def test_a_formula_from_given_numbers_is_worked_out(written, value):
    result = calculated(written, "What do 80 users cost?", TEXT)
    assert result and result.value == value and "12.5" in result.used


@pytest.mark.parametrize(
    "written",
    [
        "result = 12.50 * 81",  # 81 stands nowhere
        "result = 80 * 12",  # nothing of it is in the documents
        "result = 12.50 / 0",
        "result = 12.50 ** 80",
        "result = __import__('os').getcwd()",
        "12.50",
        "result = ",
        "NOT FOUND",
        "result = " + "(" * 3000,
        "",
    ],
)
def test_nothing_else_is(written):
    assert calculated(written, "What do 80 users cost?", TEXT) is None


def test_only_a_number_that_no_document_prints_is_worked_out():
    assert wants_result("What do 80 kg cost?", [])
    assert wants_result("By how much is it longer?", [], "It runs for 8 hours.")
    assert not wants_result("How much longer is it?", [], "It is 3 m longer than the other.")
    assert not wants_result("How much is it per year?", [], "It is 80 EUR per year.")
    assert not wants_result("Who wrote it in 2021?", [])


def test_the_answer_is_never_sure_and_shows_its_working(assistant):
    docent = assistant("The filter is cleaned every 11 weeks.", "result = 11 * 3")
    answer = docent.ask("By how many weeks more is it for 3 filters?").answer
    assert (answer.status, answer.plan.kind) == ("unsure", "arithmetic")
    assert answer.text == "33. Worked out: 11 × 3 = 33." and "formula" in answer.reason
    assert answer.citations[0].quote == "The filter is cleaned every 11 weeks."

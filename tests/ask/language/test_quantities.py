"""Numbers and units in one form: what is the same is found, what only looks alike is not."""

import pytest

from app.ask.language.quantities import quantities, stands_in


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,200.50 l", ["1200.5"]),
        ("5–10 °C", ["5", "10"]),
        ("HP-3 runs at -5 °C", ["-5"]),
        ("twenty-five years and two hundred euros", ["25", "200"]),
        ("", []),
        ("no number here", []),
    ],
)
def test_numbers_have_one_form(text: str, values: list[str]):
    assert [quantity.value for quantity in quantities(text)] == values


def test_a_range_shares_its_unit_and_a_preposition_is_none():
    assert all(quantity.units == {"°c"} for quantity in quantities("5–10 °C"))
    assert all(not quantity.units for quantity in quantities("in 2019 in the US"))


@pytest.mark.parametrize(
    ("claim", "document", "around"),
    [
        ("7 years", "seven years", ""),
        ("60 liters", "60 litres", ""),
        ("$1.2 billion", "1.2 billion dollars", ""),
        ("$5m", "$5 million", ""),
        ("5 m", "5 metres", ""),
        ("12 %", "12 percent", ""),
        ("2.1", "2.1 bar", ""),
        ("2.1 bar", "2.1", "Pressure (bar)"),
        ("8 million", "8", "amounts in millions of dollars"),
    ],
)
def test_the_same_quantity_is_found(claim: str, document: str, around: str):
    (wanted,) = quantities(claim)
    assert stands_in(wanted, quantities(document), around)


@pytest.mark.parametrize(
    ("claim", "document", "around"),
    [
        ("40 minutes", "40 seconds", ""),
        ("1.2 million", "1.2 billion", ""),
        ("5", "5 million", ""),
        ("2.1 psi", "2.1", "Pressure (bar)"),
        ("$8", "€8", ""),
        ("7 years", "8 years", ""),
    ],
)
def test_another_unit_or_scale_is_another_quantity(claim: str, document: str, around: str):
    (wanted,) = quantities(claim)
    assert not stands_in(wanted, quantities(document), around)


def test_small_numbers_in_words_are_no_more_than_words():
    matters = {
        quantity.text: quantity.matters
        for quantity in quantities("The two parts, twenty in all, last 2 days or one week")
    }
    assert matters == {"two": False, "twenty": True, "2": True, "one": True}

"""Cells as numbers, dates and text, however they are written."""

import pytest

from ingest.text.typed import date_of, is_total, kind_of, number_of


@pytest.mark.parametrize(
    ("cell", "value", "unit"),
    [
        ("3", 3, ""), ("-4.5", -4.5, ""), ("1,200.50", 1200.5, ""), ("1.234,56", 1234.56, ""), ("12,5", 12.5, ""),
        ("1,180", 1180, ""), ("EUR 980.00", 980, "EUR"), ("€5", 5, "€"), ("5 kg", 5, "kg"), ("41 l/min", 41, "l/min"),
        ("15 %", 15, "%"), ("(300)", -300, ""), ("1 234", 1234, ""), ("-$5", -5, "$"), ("12 °C", 12, "°C"),
    ],
)  # fmt: skip
def test_numbers_with_their_unit(cell, value, unit):
    assert number_of(cell) == (value, unit)


@pytest.mark.parametrize(
    "cell", ["", "n/a", "3 to 6", "+ 40 min", "at least 5", "A-7", "12:30", "1.2.3", "2024-01-05", "."]
)
def test_what_is_no_number(cell):
    assert number_of(cell) is None


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2024-03-01", "2024-03-01"), ("1.3.2024", "2024-03-01"), ("01/03/2024", "2024-03-01"),
        ("3 March 2024", "2024-03-03"),
        ("March 3, 2024", "2024-03-03"), ("Mar 2024", "2024-03"), ("2024-03", "2024-03"), ("25/12/24", "2024-12-25"),
        ("2024-03-01 14:30", "2024-03-01"), ("12/25/2024", "2024-12-25"),
    ],
)  # fmt: skip
def test_dates(cell, date):
    assert date_of(cell) == date


@pytest.mark.parametrize("cell", ["2024-13-01", "45.45.2024", "room 3.4", "1234567", "May I"])
def test_what_is_no_date(cell):
    assert date_of(cell) is None


def test_a_column_is_of_the_kind_of_most_of_its_cells():
    assert kind_of(["1", "2", "", "3", "n/a"])[0] == "number"
    assert kind_of(["2024-01-01", "2024-02-01", ""])[0] == "date"
    assert kind_of(["red", "5", "blue"])[0] == "text"
    assert kind_of(["", ""])[0] == "empty"
    assert kind_of(["1,5", "2,25", "3"])[1].comma_decimal
    assert kind_of(["03/25/2024", "04/01/2024"])[1].month_first


def test_rows_that_sum_others_up():
    assert is_total(["Total", "", "950"]) and is_total(["", "Grand total", "9"]) and is_total(["Subtotal", "3"])
    assert not is_total(["Total loss of power", "none"]) and not is_total(["Rent", "950"])

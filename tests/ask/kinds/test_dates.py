"""Dates that are worked out: the calendar's truth, and nothing invented."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.language.dates import dates_in, period_of, shifted, start_of, worked_out, written_out
from app.datatypes import Citation

DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))


def quoting(quote):
    return [Citation("a.txt", 1, 0, len(quote), quote, "")]


@given(DAYS, st.sampled_from(["{0.day} {0:%B} {0.year}", "{0:%B} {0.day}, {0.year}", "{0:%Y-%m-%d}", "{0:%d.%m.%Y}"]))
def test_every_way_of_writing_a_day_is_read(day, way):
    assert [one.day for one in dates_in(f"It was on {way.format(day)}.")] == [day]


@given(DAYS, st.integers(1, 900))
def test_days_and_weeks_are_what_the_calendar_says(day, number):
    days, weeks = (period_of("", quoting(f"within {number} {unit} of that")) for unit in ("days", "weeks"))
    assert shifted(day, days) == day + timedelta(number)
    assert shifted(day, weeks) == day + timedelta(7 * number)


def test_a_date_of_the_question_and_a_period_of_the_documents(assistant):
    docent = assistant("The compressor is covered for 7 years.")
    answer = docent.ask("It was commissioned on 29 February 2024. Until when is the compressor covered?").answer
    assert (answer.plan.kind, answer.text) == ("dates", "28 February 2031: 7 years from 29 February 2024.")
    assert answer.citations[0].quote.endswith("covered for 7 years.")
    assert "such as '10 days'" in docent.load_llm().prompts[0]


def test_a_period_before_an_event_leads_to_its_date(assistant, folder, index_dir, encoder):
    from ingest.sync.sync import sync

    (folder / "lease.txt").write_text(
        "The lease ends on 30 September 2028.\n\nAn extension is declared nine months before the end of the lease.\n"
    )
    sync(folder, index_dir, encoder)
    period = "An extension is declared nine months before the end of the lease."
    answer = (
        assistant(period, "The lease ends on 30 September 2028.").ask("By when must an extension be declared?").answer
    )
    assert answer.text == "30 December 2027: nine months before 30 September 2028."
    assert {citation.file for citation in answer.citations} == {"lease.txt"} and len(answer.citations) == 2


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many days are there between 1 March 2024 and 2024-03-31?", "30 days (30 days) from 1 March 2024"),
        ("How many weeks from 31.12.2023 to 1.3.2024?", "8 full weeks; exactly 61 days"),
    ],
)
def test_the_time_between_two_days_needs_no_model(assistant, question, text):
    docent = assistant()
    docent.load_llm = lambda: pytest.fail("no model is needed")
    answer = docent.ask(question).answer
    assert answer.status == "answered" and text in answer.text


def test_a_day_that_cannot_be_is_said_to_be_none(assistant):
    answer = assistant().ask("It was bought on 31 February 2025. Until when is it covered?").answer
    assert (answer.status, answer.reason) == ("abstained", "There is no 31 February 2025 in the calendar.")


def test_nothing_is_worked_out_from_what_is_unclear():
    assert period_of("7 years", quoting("Covered for 8 years.")) is None  # the quote knows no 7
    assert period_of("", quoting("Covered for 8 years, the pump for 3 years.")) is None
    assert worked_out(date(9999, 1, 1), period_of("", quoting("for 3 years"))) == ""
    assert start_of("It was bought on 1 May 2024 and sold on 2 May 2024. When does it end?") is None
    assert written_out(date(2032, 5, 15)) == "15 May 2032"

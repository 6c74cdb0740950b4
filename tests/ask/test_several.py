"""Several questions in one, and questions in another language: each answered and checked like any other."""

import pytest

from app.evaluation.grade import quote_share

BOTH = "How often is the filter cleaned, and how long may it run dry?"


def test_each_part_is_asked_and_cited_by_itself(assistant):
    docent = assistant("The filter is cleaned every 11 weeks.", "It must never run dry for longer than 40 seconds.")
    stream = docent.ask(BOTH)
    assert "".join(stream) == (
        "The filter is cleaned every 11 weeks.\n\nIt must never run dry for longer than 40 seconds."
    )
    answer = stream.answer
    assert answer.plan.kind == "several" and answer.status in ("answered", "unsure")
    assert [citation.page for citation in answer.citations] == [3, 1]
    assert quote_share(docent.index, answer.citations) == 1.0
    assert "Earlier question: How often is the filter cleaned?" in docent.load_llm().prompts[1]


def test_a_part_that_was_not_found_is_named(assistant):
    answer = assistant("The filter is cleaned every 11 weeks.", "NOT FOUND").ask(BOTH).answer
    assert answer.status == "unsure" and answer.text == "The filter is cleaned every 11 weeks."
    assert "Not found in your documents: How long may it run dry?" in answer.reason


def test_nothing_found_is_nothing_answered(assistant):
    answer = assistant("NOT FOUND").ask("Who is the king of Denmark, and when was he born?").answer
    assert (answer.status, answer.text, answer.citations) == ("abstained", "", ())


def test_stopping_stops_all_parts(assistant):
    docent = assistant("The filter is cleaned every 11 weeks.")
    stream = docent.ask(BOTH)
    stream.stop()
    assert stream.answer.stopped and docent.load_llm().prompts == []


@pytest.fixture
def german(assistant):
    """What a model writes in turn: the question in English, the answer, and the answer in German."""
    return lambda *replies: assistant(*replies)


QUESTION = "Wie oft muss der blaue Filter der Pumpe gereinigt werden?"


def test_another_language_is_searched_in_the_documents_and_answered_in_the_askers(german):
    docent = german(
        "How often must the filter be cleaned?",
        "The filter is cleaned every 11 weeks.",
        "Der Filter wird alle 11 Wochen gereinigt.",
    )
    answer = docent.ask(QUESTION).answer
    assert answer.text == "Der Filter wird alle 11 Wochen gereinigt."
    assert answer.citations[0].quote == "The filter is cleaned every 11 weeks."
    assert "Searched in English for: How often must the filter be cleaned?" in answer.plan.shown


def test_a_translation_that_changes_a_number_is_not_shown(german):
    docent = german(
        "How often must the filter be cleaned?",
        "The filter is cleaned every 11 weeks.",
        "Der Filter wird alle 12 Wochen gereinigt.",
    )
    answer = docent.ask(QUESTION).answer
    assert answer.text == "The filter is cleaned every 11 weeks." and "without a loss" in answer.plan.shown

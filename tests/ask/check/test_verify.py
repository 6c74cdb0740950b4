"""Quotes by construction: what stands in the passages is cited there; what does not is not."""

import pytest

from app.ask.check.gate import judge, unknown_codes
from app.ask.check.verify import refuses, verify
from app.datatypes import Hit, Sentence
from ingest.datatypes import Chunk
from ingest.text.sentences import sentence_spans

TEXT = (
    "The Brusk pump is filled to 2.1 bar before the first start. It must never run dry for longer than 40 seconds. "
    "Fault code E-104 means that the return flow is too warm. The filter is cleaned every 11 weeks with water only. "
    "Mr. Olsen founded the works in Marlow at 1,987 metres. The warranty covers the compressor for seven years."
)
HIT = Hit(Chunk(1, 1, 100, 100 + len(TEXT), TEXT, "Start-up"), "pump.pdf", "Brusk pump manual", 1.0, {"bm25": 1})
SENTENCES = [Sentence("pump.pdf", 3, 100 + a, 100 + b, TEXT[a:b]) for a, b in sentence_spans(TEXT)]


def claims_of(answer: str, question: str = "?"):
    return verify(answer, question, SENTENCES, [HIT])


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("The pump is filled to 2.1 bar.", "filled to 2.1 bar"),
        ("2.1 bar", "filled to 2.1 bar"),
        ("2.1 bars", "filled to 2.1 bar"),
        ("40 secs", "40 seconds"),
        ("E-104 means the return flow is too warm.", "E-104"),
        ("Clean the filter every 11 weeks.", "every 11 weeks"),
        ("The compressor is covered for 7 years.", "seven years"),
    ],
)
def test_a_claim_is_cited_with_the_sentence_it_stands_on(answer: str, quote: str):
    (claim,) = claims_of(answer)
    assert claim.supported and quote in claim.citations[0].quote
    for citation in claim.citations:
        assert TEXT[citation.start - 100 : citation.end - 100] == citation.quote
        assert (citation.file, citation.page) == ("pump.pdf", 3)


@pytest.mark.parametrize(
    "answer",
    [
        "The pump is filled to 2.4 bar.",
        "E-105 means that the return flow is too warm.",
        "The filter is cleaned every 11 weeks by Hansson.",
        "The capital of France is Paris.",
        "It weighs forty kilograms and runs on diesel.",
    ],
)
def test_a_wrong_number_a_wrong_name_or_foreign_knowledge_finds_no_quote(answer: str):
    (claim,) = claims_of(answer, "What does the manual say?")
    assert not claim.supported


def test_two_claims_are_judged_apart_and_only_the_supported_one_is_shown():
    claims = claims_of("The filter is cleaned every 11 weeks. It costs 90 euros.")
    assert [claim.supported for claim in claims] == [True, False]
    verdict = judge("…", [], claims, [HIT])
    assert verdict.status == "answered"
    assert verdict.text == "The filter is cleaned every 11 weeks."
    assert "left out" in verdict.reason


def test_a_claim_over_two_sentences_cites_both():
    (claim,) = claims_of("It is filled to 2.1 bar and must not run dry longer than 40 seconds.")
    assert {c.quote[:5] for c in claim.citations} == {"The B", "It mu"}


@pytest.mark.parametrize(
    "text",
    [
        "NOT FOUND",
        "not found.",
        "",
        "The passages do not state the price.",
        "The provided document does not mention it.",
    ],
)
def test_refusals_are_recognised(text: str):
    assert refuses(text)
    assert judge(text, [], claims_of(text), [HIT]).status == "abstained"


@pytest.mark.parametrize("text", ["2.1 bar", "The pump is not covered after 7 years.", "Do not use solvents."])
def test_answers_that_hold_a_negation_are_not_refusals(text: str):
    assert not refuses(text)


def test_without_citation_there_is_no_answer_and_the_reason_names_what_was_missing():
    verdict = judge("It is 2.4 bar.", [], claims_of("It is 2.4 bar."), [HIT])
    assert (verdict.status, verdict.text, verdict.citations) == ("abstained", "", ())
    assert "2.4" in verdict.reason
    assert judge("Anything.", [], [], []).reason.startswith("Nothing in your documents")


def test_codes_that_no_document_names_are_found_out():
    question = "Is E104 on the HP-3 with serial HP3-123456 the same as E-105?"
    assert unknown_codes(question, [HIT], lambda code: code == "HP-3") == ["E-105"]
    assert unknown_codes("And how is it filled?", [HIT], lambda code: False) == []


def test_a_number_in_another_unit_is_another_number():
    (claim,) = claims_of("The pump may run dry for 40 minutes.")
    assert not claim.supported and claim.missing == ("40",)


ROW = Sentence("pump.pdf", 4, 0, 21, "A-7/W55\t2.11\t2.08", 0.0, "Efficiency — Point A-7/W55: TL-5 = 2.11; TL-8 = 2.08")
TABLE = Hit(Chunk(2, 1, 0, 21, ROW.text, "Efficiency"), "pump.pdf", "Brusk pump manual", 1.0, {"bm25": 1})


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("The TL-8 has 2.08 at A-7/W55.", True),
        ("At A-7/W55 it is 2.08.", True),
        ("The TL-8 has 2.11 at A-7/W55.", False),
        ("2.11", False),
        ("The TL-5 has 2.11 and the TL-8 has 2.08.", True),
    ],
)
def test_a_number_from_a_table_stands_in_the_column_that_was_asked_for(answer: str, supported: bool):
    (claim,) = verify(answer, "What is the efficiency of the TL-8 at A-7/W55?", [ROW], [TABLE])
    assert claim.supported == supported
    if not supported:
        assert claim.missing == ("2.11 for TL-8",)


def of_text(text: str, answer: str, question: str) -> bool:
    hit = Hit(Chunk(3, 2, 0, len(text), text, ""), "report.pdf", "Annual report", 1.0, {"bm25": 1})
    sentences = [Sentence("report.pdf", 1, a, b, text[a:b]) for a, b in sentence_spans(text)]
    return all(claim.supported for claim in verify(answer, question, sentences, [hit]))


def test_what_a_question_takes_for_granted_is_not_believed():
    text = "Sales grew to 40 million euros in 2019. Costs fell."
    assert of_text(text, "Sales grew to 40 million euros in 2019.", "What were sales in 2019?")
    assert not of_text(text, "Sales grew to 40 million euros in 2031.", "What were sales in 2031?")
    assert not of_text(text, "Sales of Norvik grew to 40 million euros.", "What were the sales of Norvik?")


def test_a_name_may_stand_before_the_sentence_that_points_back_to_it():
    text = "The works belong to Norvik. They sold goods for 40 million euros."
    assert of_text(text, "The works of Norvik sold goods for 40 million euros.", "What did Norvik sell?")


def test_the_encoder_has_a_say_among_sentences_that_share_the_same_words():
    text = "The filter is cleaned weekly. The filter is cleaned yearly."
    sentences = [Sentence("a.pdf", 1, a, b, text[a:b]) for a, b in sentence_spans(text)]
    hit = Hit(Chunk(3, 2, 0, len(text), text, ""), "a.pdf", "A", 1.0, {"bm25": 1})

    def nearness(claim: str, others):
        return [1.0 if "yearly" in other else 0.0 for other in others]

    (claim,) = verify("The filter is cleaned.", "Is it?", sentences, [hit], nearness)
    assert claim.citations[0].quote == sentences[1].text

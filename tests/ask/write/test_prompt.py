import pytest

from app.ask.language.replies import REFUSAL
from app.ask.write.prompt import build_checks, build_prompt
from app.datatypes import Answer, Hit, Sentence, Turn
from app.llm.protocol import Stats
from ingest.datatypes import Chunk
from ingest.errors import InvalidInput


def hit(n: int, words: int = 30) -> Hit:
    return Hit(Chunk(n, 1, 0, 1, f"Passage{n} " * words, "Part"), f"file{n}.pdf", "Title", 1 / n, {"bm25": n})


BEST = [Sentence("file1.pdf", 1, 0, 5, "The key sentence.")]


def test_best_passage_stands_last_and_the_question_after_it(scripted):
    llm = scripted()
    prompt = build_prompt(llm, "How many?", [hit(1), hit(2)], BEST, [], 100)
    names = [segment.name for segment in prompt.segments]
    passages = ["passage file2.pdf p. 1", "passage file1.pdf p. 1"]
    assert names == ["rules", *passages, "recap label", "recap", "question", "answer"]
    assert REFUSAL in prompt.segments[0].text and prompt.segments[0].stable
    assert prompt.dropped == ()


def test_what_does_not_fit_is_dropped_from_the_worst_and_named(scripted):
    llm = scripted()
    llm.n_ctx = 420
    prompt = build_prompt(llm, "How many?", [hit(n, 60) for n in (1, 2, 3, 4)], BEST, [], 100)
    assert len(prompt.tokens) + 100 <= llm.n_ctx
    assert [h.file for h in prompt.hits][:1] == ["file1.pdf"] and prompt.dropped[-1] == "file4.pdf, page 1"


def test_earlier_turns_are_there_for_follow_ups_and_go_first_when_there_is_no_room(scripted):
    answer = Answer("answered", "Seven years.", "", (), (), "m", Stats())
    history = [Turn(1, "How long is the warranty?", answer)]
    llm = scripted()
    assert "Seven years." in build_prompt(llm, "And for frost?", [], BEST, history, 100).text
    llm.n_ctx = len(build_prompt(llm, "And for frost?", [], BEST, [], 100).tokens) + 110
    prompt = build_prompt(llm, "And for frost?", [], BEST, history, 100)
    assert "Seven years." not in prompt.text and prompt.dropped


def test_a_question_that_cannot_fit_is_refused_in_words(scripted):
    llm = scripted()
    llm.n_ctx = 100
    with pytest.raises(InvalidInput, match="too long"):
        build_prompt(llm, "why " * 300, [hit(1)], BEST, [], 50)


def test_a_check_holds_its_text_as_it_is_and_is_cut_to_what_can_be_weighed(scripted):
    llm = scripted()
    first, second = build_checks(llm, "What is {answer}?", "7 {text}", "It is {question} 7.")
    said = [" ".join(llm._pieces[token] for token in tokens) for tokens in (first, second)]
    assert "What is {answer}?" in said[0] and "It is {question} 7." in said[0] and "7 {text}" in said[1]
    llm.n_aside = 90
    assert all(len(tokens) <= 90 for tokens in build_checks(llm, "q " * 400, "a " * 400, "t " * 900))

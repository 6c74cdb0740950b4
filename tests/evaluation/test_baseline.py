import pytest

from app.evaluation.baseline import PASSAGES, Usual, abstains
from app.evaluation.cases import Case
from app.evaluation.figures import compare, summarise
from app.evaluation.run import evaluate, header_of
from ingest.errors import InvalidInput

QUESTION = "How often is the filter cleaned?"


def test_it_reads_the_nearest_four_and_believes_the_model(assistant):
    docent = assistant("Every 99 weeks, says my memory.")
    stream = Usual(docent).ask(QUESTION)
    answer = stream.answer
    assert (answer.status, answer.text) == ("answered", "Every 99 weeks, says my memory.")  # Docent would not
    assert len(answer.hits) == PASSAGES and all(set(hit.ranks) == {"dense"} for hit in answer.hits)
    assert [(c.file, c.page) for c in answer.citations] == [(hit.file, hit.page) for hit in answer.hits]
    assert "99" not in docent.ask(QUESTION).answer.text


def test_its_prompt_is_the_plain_one(assistant):
    docent = assistant("11 weeks")
    stream = Usual(docent).ask(QUESTION)
    assert stream.answer and stream.prompt and stream.query == QUESTION
    text = stream.prompt.text
    assert "say that you don't know" in text and f"Question: {QUESTION}" in text
    assert "Key sentences" not in text and "[pump.pdf" not in text
    (given,) = docent.load_llm().prompts
    assert given.split() == text.split()


def test_a_document_cannot_fill_the_template(assistant, folder, index_dir, encoder):
    from ingest.sync.sync import sync

    (folder / "odd.txt").write_text("How often is the filter cleaned? {question} {context}\n")
    sync(folder, index_dir, encoder)
    stream = Usual(assistant("x")).ask(QUESTION)
    assert stream.answer and stream.prompt and "{question} {context}" in stream.prompt.text


def test_nearness_alone_decides(assistant):
    docent = assistant()
    hits = Usual(docent).search(QUESTION, 3)
    vectors = docent.index.dense(docent.encoder.encode([QUESTION])[0], 3)
    assert [hit.chunk.id for hit in hits] == [scored.chunk_id for scored in vectors]
    assert {hit.file for hit in Usual(docent).search(QUESTION, 10, "notes.txt")} == {"notes.txt"}
    with pytest.raises(InvalidInput):
        Usual(docent).search(" ?")


@pytest.mark.parametrize(
    "text", ["I don't know.", "The context does not provide it.", "It is not mentioned.", "N/A", "", "I don’t know"]
)
def test_it_refuses_only_in_words(text):
    assert abstains(text)


@pytest.mark.parametrize("text", ["11 weeks", "It does not need oil.", "No.", "The depot opens at 06:30."])
def test_other_words_are_an_answer(text):
    assert not abstains(text)


def test_it_is_evaluated_as_docent_is(assistant):
    cases = [
        Case(id="1", question=QUESTION, answers=("11 weeks",), gold_docs=("pump.pdf",), gold_pages=(3,)),
        Case(id="2", question="What does the filter cost?", answerable=False),
    ]
    docent, usual = assistant("It is cleaned every 11 weeks.", "90 euros"), assistant("11 weeks", "90 euros")
    rows, others = evaluate(docent, cases), evaluate(Usual(usual), cases)
    told = summarise(others)
    assert (told["accuracy"], told["refusal_unanswerable"], told["quote_valid"]) == (1.0, 0.0, 1.0)
    assert told["citation_page_precision"] == 0.25  # one of four
    compared = compare(others, rows)
    assert compared["better"] == ["2"] and compared["metrics"]["citation_page_precision"]["difference"] == 0.75
    how = {"retrieval_only": False, "within_doc": False}
    assert header_of(Usual(usual), cases, **how)["pipeline"] == "usual" != header_of(docent, cases, **how)["pipeline"]

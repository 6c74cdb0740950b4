import random

import pytest

from app.datatypes import Citation
from app.evaluation import grade
from app.evaluation.cases import Case

# What the development sets' own scorer says of each prediction: (exact match, F1, lenient accuracy).
PAIRS = [
    ("It is cleaned every 11 weeks.", ["11 weeks"], 0.0, 0.5, True),
    ("11 weeks", ["11 weeks"], 1.0, 1.0, True),
    ("The 11 Weeks!", ["11 weeks"], 1.0, 1.0, True),
    ("About 1,202 units", ["1200"], 0.0, 0.0, True),
    ("About 1,302 units", ["1200"], 0.0, 0.0, False),
    ("About 1,200 units", ["1200"], 0.0, 0.5, True),
    ("$1.2 billion", ["1200000000"], 0.0, 0.0, True),
    ("1.2bn", ["1,200,000,000"], 0.0, 0.0, True),
    ("12 mn people", ["12000000"], 0.0, 0.0, True),
    ("12%", ["12"], 0.0, 0.0, True),
    ("12.05 %", ["12 %"], 0.0, 0.5, True),
    ("-3", ["3"], 1.0, 1.0, True),
    ("3", ["-3.0"], 0.0, 0.0, False),
    ("0", ["0"], 1.0, 1.0, True),
    ("Yes, it is.", ["yes"], 0.0, 1 / 2, True),
    ("No, it is not.", ["Yes"], 0.0, 0.0, False),
    ("It is true.", ["Yes."], 0.0, 0.0, True),
    ("It is so.", ["no"], 0.0, 0.0, False),
    ("Nothing of the sort", ["11 weeks"], 0.0, 0.0, False),
    ("Paris or Rome", ["rome", "Milan"], 0.0, 0.5, True),
    ("Romeo", ["Rome"], 0.0, 0.0, False),
    ("", ["11 weeks"], 0.0, 0.0, False),
    ("a the an", ["the"], 1.0, 1.0, False),
    ("the state-of-the-art", ["state-of- -art"], 1.0, 1.0, True),
    ("e.g. U.S. rules", ["U.S."], 0.0, 0.5, True),
]


@pytest.mark.parametrize(("text", "golds", "exact", "f1", "right"), PAIRS)
def test_answers_are_scored_as_the_development_sets_score_them(text, golds, exact, f1, right):
    assert grade.exact_match(text, golds) == exact
    assert grade.f1(text, golds) == pytest.approx(f1)
    assert grade.is_right(text, golds) is right


def cited(*quotes, file="a.pdf", page=1):
    return [Citation(file, page, 0, len(quote), quote) for quote in quotes]


def test_citations_are_counted_by_page_and_by_document():
    case = Case(id="1", question="?", gold_docs=("a.pdf",), gold_pages=(1, 2))
    both = [*cited("x"), *cited("y", page=3), *cited("z", file="b.pdf"), *cited("w", page=2)]
    assert grade.citation_page_precision(both, case) == 0.5
    assert grade.citation_doc_precision(both, case) == 0.75


PASSAGE = "The depot opens at 06:30. Keys hang behind the green door.\nIt closes at 18:00, but not on Sundays."


def test_cited_sentences_lie_in_the_gold_text_or_not():
    case = Case(id="1", question="Where are the keys?", answers=("behind the green door",), gold_passage=PASSAGE)
    assert grade.cited_in_gold(cited("Keys  hang behind\nthe green door."), case) == (1.0, 1.0)
    assert grade.cited_in_gold(cited("The depot opens at 06:30."), case) == (1.0, 0.0)  # in it, but not the one
    assert grade.cited_in_gold(cited("Keys hang behind the green door.", "Frost is not covered."), case) == (0.5, 1.0)
    assert grade.cited_in_gold([], case) == (0.0, 0.0)


def test_where_no_sentence_names_the_answer_all_of_the_text_is_to_be_cited():
    case = Case(id="1", question="?", answers=("green",), evidence="Total & 8 & 3,251 & 3,243")
    assert grade.cited_in_gold(cited("Total 8 3,251 3,243 (in millions)"), case) == (1.0, 1.0)
    assert grade.cited_in_gold(cited("Net 9 1,000 2,000"), case) == (0.0, 0.0)
    assert grade.cited_in_gold(cited("x"), Case(id="1", question="?")) is None


def test_quotes_are_compared_with_the_cited_page_to_the_letter(assistant):
    docent = assistant("The filter is cleaned every 11 weeks.")
    (real, *_) = docent.ask("How often is the filter cleaned?").answer.citations
    moved = Citation(real.file, real.page, real.start + 1, real.end + 1, real.quote)
    elsewhere = Citation(real.file, real.page - 1, real.start, real.end, real.quote)
    missing = Citation("none.pdf", 1, 0, 1, "x")
    assert grade.quote_share(docent.index, [real]) == 1.0
    assert grade.quote_share(docent.index, [real, moved, elsewhere, missing]) == 0.25


def test_rankings_worked_out_by_hand():
    gains = {"a": 1.0, "b": 1.0}
    assert grade.reciprocal_rank(["x", "y", "b", "a"], gains) == pytest.approx(1 / 3)
    assert grade.reciprocal_rank(["x"], gains) == 0.0
    assert grade.ndcg(["a", "b"], gains) == 1.0
    assert grade.ndcg(["x", "a"], {"a": 1.0}) == pytest.approx(0.63093, abs=1e-5)  # 1 / log2(3)
    # (2 + 1/log2(4)) / (2 + 1/log2(3)): the better graded one first, the other one place late
    assert grade.ndcg(["p", "x", "q"], {"p": 2.0, "q": 1.0}) == pytest.approx(2.5 / 2.63093, abs=1e-5)
    assert grade.ndcg(["a"], {"a": 1.0, "b": 1.0, "c": 1.0}, n_gold=1) == 1.0
    assert grade.ndcg(["a"], {}) == 0.0


def test_rankings_agree_with_trec_eval():
    measures = pytest.importorskip("ir_measures")
    rng = random.Random(7)
    for _ in range(200):
        things = [f"d{i}" for i in range(30)]
        ranking = rng.sample(things, rng.randint(1, 25))
        gains = {name: float(rng.choice([0, 1, 2, 4])) for name in rng.sample(things, rng.randint(1, 15))}
        if not any(gains.values()):
            continue
        run = {"q": {name: float(-place) for place, name in enumerate(ranking)}}
        qrels = {"q": {name: int(gain) for name, gain in gains.items()}}
        told = measures.calc_aggregate([measures.nDCG @ 10, measures.RR], qrels, run)
        assert grade.ndcg(ranking, gains) == pytest.approx(told[measures.nDCG @ 10], abs=1e-9)
        assert grade.reciprocal_rank(ranking, gains) == pytest.approx(told[measures.RR], abs=1e-9)

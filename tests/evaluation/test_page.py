import re
from html.parser import HTMLParser

import pytest

from app.evaluation.baseline import Usual
from app.evaluation.cases import Case
from app.evaluation.figures import LABELS, METRICS, compare, summarise
from app.evaluation.page import page, verdict
from app.evaluation.run import evaluate
from app.evaluation.runs import Row

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"
CASES = [
    Case(id="1", question="How often is the filter cleaned?", answers=("11 weeks",), gold_docs=("pump.pdf",),
         gold_pages=(3,), kind="number"),
    Case(id="2", question=f"What does {EVIL} cost?", answerable=False, kind=EVIL),
]  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.outside = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href", "action") or name.startswith("on")]


@pytest.fixture
def made(assistant):
    docent = assistant("The filter is cleaned every 11 weeks.", f"It costs 12 {EVIL}.")
    rows = evaluate(docent, CASES)
    others = evaluate(Usual(assistant(f"90 {EVIL}")), CASES)
    summary = summarise(rows) | {"usual": summarise(others) | {"comparison": compare(others, rows)}}
    return summary, rows, others


def test_the_page_shows_every_question_and_why(made):
    text = page(*made)
    for shown in ("How often is the filter cleaned?", "The filter is cleaned every 11 weeks.", "11 weeks", "pump.pdf",
                  "What the model was given", "the usual pipeline", LABELS["accuracy"], "<svg"):  # fmt: skip
        assert shown in text
    assert text.count('<tbody class="case"') == 2


def test_nothing_from_a_document_or_a_question_becomes_markup(made):
    text = page(*made)
    tags = Tags(text)
    assert tags.found.count("script") == 1 and "img" not in tags.found and tags.outside == []
    assert "&lt;script&gt;" in text


def test_it_loads_nothing(made):
    assert not re.search(r"https?://|@import|url\(", page(*made))


def test_a_run_of_the_search_alone_has_a_page_too(assistant):
    rows = evaluate(assistant(), CASES, retrieval_only=True)
    text = page(summarise(rows) | {"run": {"retrieval_only": True, "index": "pumps gen-1 5"}}, rows)
    assert "pumps · search alone" in text and "Against" not in text and "found 1" in text


def test_every_metric_has_a_name_for_people():
    assert set(LABELS) == set(METRICS)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row(CASES[0], status="answered", scores={"accuracy": 1.0}), "right"),
        (Row(CASES[0], status="answered", scores={"accuracy": 0.0}), "wrong"),
        (Row(CASES[0], status="abstained", scores={"accuracy": 0.0}), "wrongly refused"),
        (Row(CASES[1], status="abstained", scores={"refusal_unanswerable": 1.0}), "rightly refused"),
        (Row(CASES[1], status="answered", scores={"refusal_unanswerable": 0.0}), "wrong"),
        (Row(Case(id="3", question="?"), status="answered"), "answered"),
        (Row(CASES[0], scores={"page_hit_at_5": 1.0}), "found"),
        (Row(CASES[0], scores={"page_hit_at_5": 0.0}), "not found"),
        (Row(CASES[0], scores={"recall_at_5": 0.5}), "found in part"),
        (Row(CASES[1], scores={"seconds_search": 0.1}), "not judged"),
    ],
)
def test_each_outcome_has_a_name(row, said):
    assert verdict(row) == said

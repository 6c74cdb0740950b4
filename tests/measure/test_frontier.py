"""The ways to put a prompt together that docs/measure/frontier.py compares, its rows and its picture."""

import importlib
import json
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.ask.write.compose import Composer, composed
from app.ask.write.prompt import build_prompt, label_of, passages_of, rules_of
from app.datatypes import Hit, Sentence
from app.evaluation.cases import Case
from app.llm.kvcache import steps_of
from app.llm.protocol import Stats
from app.llm.states import StateStore
from ingest.datatypes import Chunk
from ingest.errors import InvalidInput, ModelError

DOCS = Path(__file__).parents[2] / "docs"
WORDS = "The pump is filled to 2 bar before the start. It must never run dry for longer than that."
YES = Case(id="1", question="How full?", answers=("2 bar",))


@pytest.fixture
def frontier(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "measure")
    return importlib.import_module("frontier")


@pytest.fixture
def drawing(frontier):
    return importlib.import_module("frontier_picture")


@pytest.fixture
def question(frontier):
    hits = tuple(Hit(Chunk(n, 10 + n, 0, len(WORDS), WORDS, ""), f"{n}.pdf", "T", 1 / n, {}) for n in (1, 2, 3, 4))
    best = [Sentence(f"{n}.pdf", 1, 0, 45, WORDS[:45]) for n in (1, 2, 3)]
    return frontier.Question(YES, hits, {4: best, 2: best[:2]})


@pytest.fixture
def composer(reading, tmp_path):
    llm = reading("2 bar")
    return Composer(llm, rules_of(llm), StateStore(tmp_path, 1_000_000))


@pytest.fixture
def put_together(frontier, question, composer):
    """What is given to the model in a way: the prompt, and what of it is kept."""
    llm = composer._llm
    states = composer.states([*passages_of(llm, question.hits), label_of(llm)], lambda: False, at_once=1000)

    def make(name):
        prompt = frontier.prompt_of(llm, question, frontier.WAYS[name])
        return prompt, frontier.kept_of(prompt, states, frontier.WAYS[name])

    make.states, make.llm = states, llm
    return make


def read(prompt, kept):
    """The tokens that have to be read behind the rules."""
    steps = steps_of(prompt.tokens, len(prompt.rules), kept)[1:]
    return [token for step, placed in steps if not placed for token in step.tokens]


def test_in_every_way_states_lie_where_their_tokens_stand(frontier, put_together):
    tokens_of = {id(state): segment.tokens for segment, state in put_together.states.items()}
    for name in frontier.WAYS:
        prompt, kept = put_together(name)
        for one in kept:
            assert tuple(prompt.tokens[one.start : one.end]) == tokens_of[id(one.state)][one.first :][: one.n]


def test_docent_is_what_docent_does(frontier, question, put_together):
    prompt, kept = put_together(frontier.DOCENT)
    assert prompt == build_prompt(put_together.llm, "How full?", question.hits, question.best[4], (), frontier.REPLY)
    assert kept == composed(prompt, put_together.states)


def test_ways_differ_in_what_is_read(frontier, put_together):
    whole, nothing = put_together(frontier.FULL)
    assert nothing == [] and read(whole, nothing) == whole.tokens[len(whole.rules) :]
    docent, repeated = put_together(frontier.DOCENT)
    anew, passages = put_together("3 sentences read")
    assert whole.tokens == docent.tokens == anew.tokens
    label = list(label_of(put_together.llm).tokens)
    said = [token for segment in docent.segments if segment.repeats for token in segment.tokens]
    assert read(anew, passages) == [*label, *said, *read(docent, repeated)]
    bare, alone = put_together("composed")
    assert read(bare, alone) == read(docent, repeated)
    heads = [token for segment in bare.segments[2:5] for token in segment.tokens[:12]]  # the first stands where it did
    assert read(*put_together("first tokens read")) == [*heads, *read(bare, alone)]


def test_ways_differ_in_what_is_told(frontier, put_together):
    docent, other = put_together(frontier.DOCENT)[0], put_together("best first")[0]
    assert docent.segments[1:5] == other.segments[1:5][::-1] and docent.segments[5:] == other.segments[5:]
    assert other.segments[1].name == "passage 1.pdf p. 1"
    assert put_together("2 passages")[0].segments[1:3] == docent.segments[3:5]
    assert "[1.pdf" not in put_together("no passages")[0].text and WORDS[:45] in put_together("no passages")[0].text


def test_two_with_an_answer_then_one_without(frontier):
    cases = [Case(id=str(n), question="?", answers=("a",) * (n % 2), answerable=bool(n % 2)) for n in range(40)]
    drawn = frontier.drawn(cases, 12)
    assert [case.answerable for case in drawn] == [True, True, False] * 4 and len({case.id for case in drawn}) == 12
    assert drawn[:5] == frontier.drawn(cases[::-1], 5)
    with pytest.raises(InvalidInput):
        frontier.drawn(cases[1::2], 12)


def test_what_was_interrupted_goes_on(frontier, question, composer, tmp_path):
    file, ways = tmp_path / "rows.jsonl", ["composed", frontier.DOCENT]
    (first,) = frontier.measure(composer._llm, composer, ways, [question], file)
    assert {one.way for one in first} == {*ways} and frontier.load(file, "scripted") == first
    assert all(one.row.scores["accuracy"] == 1 and one.state_bytes > 0 for one in first)
    with file.open("a") as out:
        out.write('{"way": "comp')  # a kill
    more = frontier.measure(composer._llm, composer, [*ways, frontier.FULL], [question], file)
    assert [[one.way for one in new] for new in more] == [[frontier.FULL]]
    assert len(frontier.load(file, "scripted")) == 3 and frontier.load(file, "another model") == []
    assert len(composer._llm.read) == 5  # four passages and the label, each once


def test_a_model_without_states_is_told(frontier, question, composer, scripted, tmp_path):
    with pytest.raises(ModelError, match="a script reads nothing"):
        list(frontier.measure(scripted(), composer, [frontier.DOCENT], [question], tmp_path / "rows.jsonl"))


def measured(frontier, way, n, seconds, right):
    case = Case(id=str(n), question=f"{n}?", answers=("2",))
    stats = Stats(prompt_tokens=900, composed_tokens=800, seconds_to_first_token=seconds)
    scores = {"accuracy": right, "f1": right / 2, "refusal_answerable": 0.0}
    return frontier.Measured(way, frontier.Row(case, scores=scores, stats=stats), 28000.0)


def test_rows_become_figures_a_table_and_a_picture(frontier, tmp_path):
    rows = [measured(frontier, frontier.FULL, n, 9.0 + n, 1.0) for n in range(8)]
    rows += [measured(frontier, frontier.DOCENT, n, 0.5, float(n > 1)) for n in range(6)]
    frontier.tell(rows, {"set": "pumps", "model": "a model", "questions": 8}, tmp_path)
    full, docent = json.loads((tmp_path / "results/frontier.json").read_text())["ways"]
    assert full["difference"] == {} and full["n"] == 8 and full["seconds_to_first_token_p50"] == 12.5
    assert docent["tokens_read"] == 100 and docent["state_bytes"] == 28000 and docent["refusal_unanswerable"] is None
    accuracy = docent["difference"]["accuracy"]
    assert accuracy["n"] == 6 and accuracy["difference"] == pytest.approx(-1 / 3, abs=1e-4)
    shown = ElementTree.parse(tmp_path / "frontier.svg").getroot()
    texts = {element.text for element in shown.iter("{http://www.w3.org/2000/svg}text")}
    assert {frontier.FULL, frontier.DOCENT, "0.5", "10"} <= texts
    page = importlib.import_module("results").made(tmp_path / "results")
    (line,) = [line for line in page.splitlines() if line.startswith("| Docent: ")]
    cells = [cell.strip() for cell in line.split("|")]
    assert "8 questions\nof pumps" in page and cells[2:4] == ["6", "0.667"] and cells[-2] == "28.0"


def test_what_nothing_beats(drawing):
    points = [(9.0, 0.7), (0.5, 0.6), (0.7, 0.7), (0.7, 0.6), (2.0, 0.8), (2.0, 0.8), (0.6, 0.5)]
    assert drawing.undominated(points) == [1, 2, 4]


def test_labels_keep_apart(drawing):
    points = [(300 + 9 * n, 200 + 5 * (n % 3)) for n in range(10)]
    labels = drawing.placed(points, [110] * 10, [drawing.Box(x - 1, 100, x + 1, 300) for x, _ in points])
    assert not any(one.meets(other) for one, other in combinations(labels, 2))
    assert not any(label.left < x < label.right and label.top < y < label.bottom for label in labels for x, y in points)
    assert all(one.left > drawing.LEFT and one.right < drawing.WIDTH for one in labels)
    with pytest.raises(InvalidInput):
        drawing.placed(points, [2000] * 10, [])

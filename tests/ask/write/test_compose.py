"""A prompt put together from what was read: which states are found, made and placed where."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ask.write.compose import Composer, composed
from app.ask.write.prompt import build_prompt, label_of, passages_of, rules_of
from app.datatypes import Hit, Segment, Sentence
from app.llm.kvcache import PROMPT_BATCH, Step, steps_of
from app.llm.protocol import Kept, State
from app.llm.states import StateStore
from ingest.datatypes import Chunk

WORDS = "The pump is filled to 2 bar before the start. It must never run dry."


def hit(n: int) -> Hit:
    return Hit(Chunk(n, 10 + n, 0, len(WORDS), WORDS, "Part"), f"file{n}.pdf", "Title", 1 / n, {"bm25": n})


def never() -> bool:
    return False


@pytest.fixture
def composer(reading, tmp_path: Path) -> Composer:
    llm = reading()
    return Composer(llm, rules_of(llm), StateStore(tmp_path, 100_000))


def test_a_passage_is_read_once(composer, reading):
    llm = composer._llm
    passages = passages_of(llm, [hit(1), hit(2)])
    assert composer.states(passages, never) == {} and llm.read == []
    first = composer.states(passages, never, at_once=1000)
    again = composer.states(passages, never, at_once=1000)
    assert first == again and len(llm.read) == 2
    other = Composer(llm, rules_of(llm), StateStore(composer.store.folder.parent, 100_000))
    assert other.states(passages, never) == first  # on disk


def test_what_is_read_at_once_are_the_best_ones_that_fit(composer):
    passages = passages_of(composer._llm, [hit(1), hit(2), hit(3)])
    found = composer.states(passages, never, at_once=2 * len(passages[0].tokens))
    assert list(found) == passages[:2]


def test_nothing_is_kept_of_what_was_stopped(composer):
    passages = passages_of(composer._llm, [hit(1)])
    assert composer.states(passages, lambda: True, at_once=1000) == {} and len(composer.store) == 0


def test_what_belongs_to_no_document_never_goes_to_disk(composer):
    label = label_of(composer._llm)
    assert composer.make(label, never) and composer.holds(label) and composer.state(label)
    assert len(composer.store) == 0 and not composer.store.folder.exists()


def test_states_lie_where_their_tokens_stand(composer):
    llm = composer._llm
    hits = [hit(1), hit(2)]
    best = [Sentence("file1.pdf", 1, 0, 46, WORDS[:46]), Sentence("file2.pdf", 1, 47, len(WORDS), WORDS[47:])]
    passages = passages_of(llm, hits)
    states = composer.states([*passages, label_of(llm)], never, at_once=1000)
    prompt = build_prompt(llm, "How full?", hits, best, [], 50)
    kept = composed(prompt, states)
    tokens = prompt.tokens
    assert len(kept) == 5  # two passages, the label, two key sentences
    by_state = {id(states[p]): p for p in states}
    for one in kept:
        source = by_state[id(one.state)]
        assert tuple(tokens[one.start : one.end]) == source.tokens[one.first : one.first + one.n]
    repeated = [segment for segment in prompt.segments if segment.repeats]
    assert [segment.text for segment in repeated] == [WORDS[47:], WORDS[:46]]  # the best one last
    assert len(tokens) - sum(one.n for one in kept) < 80 + len(prompt.rules)


def test_a_table_s_row_is_said_with_its_columns_once(composer):
    rows = [Sentence("file1.pdf", 1, 0, 46, WORDS[:46], spoken=f"Row {n}: Pressure = {n} bar") for n in (1, 2)]
    prompt = build_prompt(composer._llm, "How full?", [hit(1)], rows, [], 50)
    assert "Row 1: Pressure = 1 bar" in prompt.text and "Row 2" not in prompt.text


def test_what_is_said_anew_is_read_in_one_go_with_the_question(composer):
    """Each stop between placed states would cost a reading of all weights and a rotation of all keys."""
    llm = composer._llm
    hits = [hit(1), hit(2)]
    row = Sentence("file2.pdf", 1, 47, len(WORDS), WORDS[47:], spoken="Row 1: Pressure = 1 bar")
    best = [Sentence("file1.pdf", 1, 0, 46, WORDS[:46]), row]
    states = composer.states([*passages_of(llm, hits), label_of(llm)], never, at_once=1000)
    prompt = build_prompt(llm, "How full?", hits, best, [], 50)
    steps = steps_of(prompt.tokens, len(prompt.rules), composed(prompt, states))
    assert [bool(kept) for _, kept in steps] == [False] + [True] * 4 + [False]  # rules, two passages, label, a sentence


def test_what_was_placed_is_not_read_and_the_last_token_always_is():
    state = State(2, 10, b"")
    tokens = list(range(600))
    first, again = Kept(2, 10, state), Kept(14, 6, state, first=3)
    steps = steps_of(tokens[:30], 2, [again, first])
    assert [kept for _, kept in steps] == [None, first, None, again, None]
    assert [(step.tokens[0], step.tokens[-1]) for step, _ in steps] == [(0, 1), (2, 11), (12, 13), (14, 19), (20, 29)]
    assert steps_of(tokens[:12], 2, [first])[1:] == [(Step(tuple(range(2, 12))), None)]
    assert [kept for _, kept in steps_of(tokens[:30], 5, [first])] == [None, None]  # overlaps what is there
    assert [len(step.tokens) for step, _ in steps_of(tokens, 2, [])] == [2, PROMPT_BATCH, PROMPT_BATCH, 600 - 2 - 512]


@given(st.data())
def test_the_steps_of_a_prompt_hold_each_token_once_and_in_order(data):
    tokens = list(range(data.draw(st.integers(1, 700))))
    spans = st.tuples(st.integers(0, 700), st.integers(1, 300))
    kept = [Kept(start, n, State(0, n, b"")) for start, n in data.draw(st.lists(spans, max_size=5))]
    steps = steps_of(tokens, data.draw(st.integers(0, 700)), kept)
    assert [token for step, _ in steps for token in step.tokens] == tokens
    assert steps[-1][1] is None


def test_segments_know_what_they_repeat():
    whole = Segment("passage", "a b c", (1, 2, 3), stable=True, doc_id=4)
    part = Segment("recap", "b", (2,), repeats=whole, first=1)
    assert whole.tokens[part.first :][: len(part.tokens)] == part.tokens

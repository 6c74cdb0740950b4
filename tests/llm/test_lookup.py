"""Drafts from what stands in the prompt: the longest agreement, the latest place."""

from hypothesis import given
from hypothesis import strategies as st

from app.llm.lookup import looked_up


def test_what_followed_the_same_words_is_drafted():
    assert looked_up([1, 2, 3, 4, 5, 6, 7, 2, 3], 3) == [4, 5, 6]


def test_a_longer_agreement_wins_over_a_later_one():
    tokens = [1, 2, 3, 40, 9, 2, 3, 50, 8, 1, 2, 3]
    assert looked_up(tokens, 1) == [40]


def test_of_equal_ones_the_latest_wins():
    assert looked_up([7, 8, 1, 0, 7, 8, 2, 0, 7, 8], 1) == [2]


def test_nothing_new_is_drafted():
    assert looked_up([], 4) == looked_up([1], 4) == looked_up([1, 2, 3, 4, 5], 4) == []


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 6))
def test_a_draft_stands_in_the_tokens_behind_their_own_ending(tokens: list[int], n: int):
    draft = looked_up(tokens, n)
    assert len(draft) <= n
    if draft:
        joined = [*tokens[-2:], *draft]
        assert any(tokens[at : at + len(joined)] == joined for at in range(len(tokens)))

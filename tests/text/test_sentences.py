from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text.sentences import sentence_spans

PROSE = st.text(st.sampled_from("aB1.!?。…\"')( \n\f\t\u2028–•É字é"), max_size=80)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@settings(deadline=None)
@given(st.one_of(PROSE, st.text(max_size=200)))
def test_every_character_that_is_not_space_is_in_exactly_one_sentence(text: str):
    spans = sentence_spans(text)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    covered = {i for start, end in spans for i in range(start, end)}
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered
    for sentence in sentences(text):
        assert sentence == sentence.strip() != ""
        assert "\n" not in sentence and "\f" not in sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Open it. Close it.", ["Open it.", "Close it."]),
        ("Is it on? Yes! Then wait…  Go.", ["Is it on?", "Yes!", "Then wait…", "Go."]),
        ('He said "Stop." Then it stopped.', ['He said "Stop."', "Then it stopped."]),
        ("A list:\nfirst point\n\nsecond point", ["A list:", "first point", "second point"]),
        ("The end of page one\fand page two", ["The end of page one", "and page two"]),
        ("圧力を確認する。次に弁を開く。", ["圧力を確認する。", "次に弁を開く。"]),
        (
            "Set it to 230 V. Wait 10 s. It takes 5 min. Go.",
            ["Set it to 230 V.", "Wait 10 s.", "It takes 5 min.", "Go."],
        ),
        ("Steps\n1. Close the valve\n(b) Open it", ["Steps", "1. Close the valve", "(b) Open it"]),
        ("Wait 10 s. Überdruck is let off. Éteindre.", ["Wait 10 s.", "Überdruck is let off.", "Éteindre."]),
    ],
)
def test_sentences_end_where_a_reader_says_so(text: str, expected: list[str]):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "See Fig. 4 and Sec. 3 of it.",
        "Use a tool, e.g. A spanner, or approx. 3 bolts.",
        "Mr. Olsen and Dr. Berg met J. Smith.",
        "The pressure is 2.1 bar at v1.2.3 of example.com.",
        "1. Close the valve",
        "(a) Close the valve",
        "Built by Brusk Co. Ltd. Marlow.",
    ],
)
def test_a_full_stop_that_ends_no_sentence(text: str):
    assert sentences(text) == [text]

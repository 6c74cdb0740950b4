"""Quotes that speak of something else are told from those that speak of what was asked."""

import numpy as np
import pytest

from app.ask.check.belonging import belonging, rarity_in
from app.ask.check.gate import judge
from app.ask.check.verify import Claim
from app.datatypes import Chunk, Citation, Hit

EVEN = rarity_in(10, lambda word: 1)
DEPOSIT = "The deposit of 29,250 EUR is paid in two parts."


def test_another_subject_is_missed(encoder):
    near = belonging("In how many parts is the deposit paid?", DEPOSIT, EVEN, encoder)
    far = belonging("In how many parts is the rent for the hall paid?", DEPOSIT, EVEN, encoder)
    assert near.missing == 0.0 < 0.3 < far.missing <= 1.0


class Alike:
    """An encoder for which two words mean the same, and no others do."""

    def encode(self, texts):
        return np.eye(len(texts) + 1, dtype=np.float32)[
            [0 if t in ("cost", "price") else n for n, t in enumerate(texts, 1)]
        ]


def test_a_word_of_the_same_meaning_is_not_missed():
    price = "The price of the pump is 90 EUR."
    assert belonging("What does the pump cost?", price, EVEN, Alike()).missing == 0.0
    assert belonging("What does the pump weigh?", price, EVEN, Alike()).missing == 0.5


@pytest.mark.parametrize(
    ("question", "unnamed"),
    [
        ("What is the COP of the TL-8 at A-7/W55?", ("A-7/W55",)),
        ("What is the COP of the TL-8 at A-7/W35?", ()),
        ("What was it in 2021?", ("2021",)),
        ("What is the TL 8?", ("8",)),
        ("Which union nut goes with 88-4231?", ()),
    ],
)
def test_codes_and_numbers_that_no_quote_names(encoder, question, unnamed):
    assert belonging(question, "COP – Point A-7/W35: TL-8 = 2.08", EVEN, encoder).unnamed == unnamed


def test_what_the_quotes_do_not_name_is_shown_as_doubtful():
    chunk = Chunk(1, 1, 1, 0, 10, "It is 2.08", "")
    claim = Claim("It is 2.08.", (Citation("a.txt", 1, 0, 10, "It is 2.08", ""),))
    hits = [Hit(chunk, "a.txt", "A", 1.0, {})]
    verdict = judge("It is 2.08.", [], [claim], hits, confidence=0.9, threshold=0.4, unnamed=["F-21", "2021"])
    assert (verdict.status, verdict.reason) == ("unsure", "The quotes do not name F-21 or 2021.")
    assert judge("It is 2.08.", [], [claim], hits, confidence=0.9, threshold=0.4).status == "answered"

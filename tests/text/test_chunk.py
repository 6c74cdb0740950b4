from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ask.opening import open_encoder
from app.settings import load_settings
from ingest.config import IngestConfig
from ingest.datatypes import Encoder, Heading, Page, ReadResult, Vectors
from ingest.readers.read import read_file
from ingest.text.chunk import chunk, embedding_text
from ingest.text.sentences import sentence_spans

COMMON = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SMALL = IngestConfig(chunk_tokens=40, overlap_tokens=12)


@dataclass
class Narrow:
    """An encoder whose window is so small that everything has to mind it."""

    inner: Encoder
    max_tokens: int
    name: str = "narrow"
    dim: int = 64

    def encode(self, texts) -> Vectors:
        return self.inner.encode(texts)

    def tune(self) -> None: ...

    def token_ends(self, texts) -> list[list[int]]:
        return self.inner.token_ends(texts)


class Doubling(Narrow):
    """Two tokens for each character, as MiniLM's tokenizer takes a Korean syllable apart."""

    def token_ends(self, texts) -> list[list[int]]:
        return [[i + 1 for i, c in enumerate(text) if not c.isspace() for _ in "12"] for text in texts]


def result(*pages: str, headings: tuple[Heading, ...] = ()) -> ReadResult:
    made, start = [], 0
    for number, text in enumerate(pages, 1):
        made.append(Page(number, start, text))
        start += len(text) + 1
    return ReadResult("Title", tuple(made), headings)


def chunks_of(read: ReadResult, encoder: Encoder, config: IngestConfig = SMALL, path: str = "a.pdf"):
    return chunk(7, path, read, encoder, config)


def tokens(encoder: Encoder, text: str) -> int:
    return len(encoder.token_ends([text])[0])


ODD = st.sampled_from("aZé ß가字İﷺ\u0301\u200b\u00ad\u2028\t\n.!?-0🔥️\U0001f9d1\u200d\u0646\ue000\x1c")
WORDS = st.sampled_from(
    ["pump", "E-104", "Close", "valve.", "55 °C", "x" * 90, "y" * 700, "3a" * 120, "。圧力", "\n", "e.g."]
)
TEXTS = st.one_of(st.text(ODD, max_size=300), st.lists(WORDS, max_size=120).map(" ".join), st.text(max_size=300))


@st.composite
def documents(draw) -> ReadResult:
    pages = draw(st.lists(TEXTS.map(lambda text: text.replace("\f", " ")), min_size=1, max_size=4))
    length = len("\f".join(pages))
    places = sorted(draw(st.lists(st.integers(0, length), max_size=6)))
    headings = [Heading(place, draw(st.integers(1, 4)), draw(TEXTS)) for place in places]
    return result(*pages, headings=tuple(headings))


@COMMON
@given(
    read=documents(),
    kind=st.sampled_from([Narrow, Doubling]),
    window=st.sampled_from([60, 101, 8190]),
    wanted=st.sampled_from([7, 40, 10_000]),
)
def test_spans_are_exact_whole_and_within_the_encoder_s_window(read, kind, window, wanted, encoder):
    narrow = kind(encoder, window)
    made = chunks_of(read, narrow, IngestConfig(chunk_tokens=wanted, overlap_tokens=5))
    covered: set[int] = set()
    for c in made:
        assert read.text[c.start : c.end] == c.text == c.text.strip() != ""
        page = read.pages[c.page - 1]
        assert page.start <= c.start < c.end <= page.start + len(page.text)
        embedded = embedding_text("The title of it", c, narrow)
        assert embedded.endswith(c.text) and tokens(narrow, embedded) <= window
        covered.update(range(c.start, c.end))
    assert {i for i, character in enumerate(read.text) if not character.isspace()} <= covered
    assert [c.start for c in made] == sorted({c.start for c in made})
    assert len({c.id for c in made}) == len(made)


@COMMON
@given(read=documents())
def test_a_chunk_ends_with_a_sentence_unless_the_sentence_is_longer_than_a_chunk(read, encoder):
    spans = sentence_spans(read.text)
    ends = {end for _, end in spans}
    cut = [c for c in chunks_of(read, encoder) if c.end not in ends]
    for c in cut:
        start, end = next(span for span in spans if span[0] < c.end < span[1])
        assert tokens(encoder, read.text[start:end]) > SMALL.chunk_tokens


@COMMON
@given(read=documents())
def test_the_same_document_gives_the_same_ids_and_another_path_gives_others(read, encoder):
    ids = {c.id for c in chunks_of(read, encoder)}
    assert ids == {c.id for c in chunks_of(read, encoder)}
    assert not ids & {c.id for c in chunks_of(read, encoder, path="b.pdf")}
    assert all(0 <= number < 2**63 for number in ids)


def test_a_sentence_longer_than_a_chunk_is_cut_between_words(encoder):
    sentence = " ".join(f"word{n}" for n in range(200))
    made = chunks_of(result(sentence), encoder)
    assert len(made) > 3
    assert " ".join(c.text for c in made) == sentence


def test_neighbours_in_one_section_overlap_by_whole_sentences(encoder):
    text = " ".join(f"The valve {n} opens." for n in range(60))
    made = chunks_of(result(text), encoder)
    starts = {start for start, _ in sentence_spans(text)}
    for before, after in pairwise(made):
        assert before.start < after.start < before.end < after.end and after.start in starts
        assert tokens(encoder, text[after.start : before.end]) <= SMALL.overlap_tokens


def test_headings_and_pages_part_chunks(encoder):
    section = " ".join(f"Turn the valve {n} to the left." for n in range(4))
    first, second = f"Filling\n{section}", f"Venting\n{section}"
    read = result(first, second, headings=(Heading(0, 1, "Filling"), Heading(len(first) + 1, 1, "Venting")))
    made = chunks_of(read, encoder)
    assert {c.heading for c in made} == {"Filling", "Venting"}
    for c in made:
        assert c.page == (1 if c.heading == "Filling" else 2)
        assert "\f" not in c.text


def test_a_heading_brings_those_above_it(encoder):
    words = "Open the valve and let the air out until water comes. " * 2
    parts = [("Manual", 1), ("Start-up", 2), ("Venting", 3), ("Care", 2)]
    text, headings = "", []
    for name, level in parts:
        headings.append(Heading(len(text), level, name))
        text += f"{name}\n{words}\n"
    found = {c.heading for c in chunks_of(result(text, headings=tuple(headings)), encoder)}
    assert found == {"Manual", "Manual › Start-up", "Manual › Start-up › Venting", "Manual › Care"}


def test_a_scrap_before_a_heading_is_not_left_alone(encoder):
    text = "Two words.\nFilling\nFill the circuit with water until the gauge says two bar."
    (only,) = chunks_of(result(text, headings=(Heading(11, 1, "Filling"),)), encoder)
    assert only.text == text and only.heading == "Filling"


def test_the_embedded_text_carries_title_and_heading_as_far_as_there_is_room(encoder):
    read = result("The pump is filled to 2.1 bar.", headings=(Heading(0, 1, "Start-up"),))
    (only,) = chunks_of(read, encoder)
    assert embedding_text("Brusk manual", only, encoder) == f"Brusk manual › Start-up\n{only.text}"
    tight = Narrow(encoder, tokens(encoder, only.text) + 8)
    text = embedding_text("Brusk manual", only, tight)
    assert text.endswith(f"\n{only.text}") and text.startswith("Brusk") and tokens(tight, text) <= tight.max_tokens
    assert embedding_text("Brusk manual", only, Narrow(encoder, tokens(encoder, only.text))) == only.text


@pytest.mark.parametrize("text", ["", " \n\t ", "\f", "\u2028"])
def test_nothing_gives_no_chunk(text, encoder):
    assert chunks_of(result(*text.split("\f")), encoder) == []


@pytest.mark.model
def test_the_default_encoder_reads_each_passage_of_the_sample_documents_whole():
    encoder = open_encoder(load_settings())
    model = encoder.load()
    for file in sorted((Path(__file__).parents[2] / "sample_docs").glob("*.pdf")):
        read = read_file(file)
        made = chunk(1, file.name, read, encoder, IngestConfig())
        texts = [embedding_text(read.title, c, encoder) for c in made]
        lengths = [len(ids) for ids in model.tokenizer(texts, truncation=False)["input_ids"]]
        assert made and max(lengths) <= model.max_seq_length

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.encoder.embed import SentenceEncoder, _packed
from ingest.errors import ModelError

TEXTS = [
    "The pump is filled to 2.1 bar.",
    "E-104",
    "",
    "Überdruck is let off at 3 bar. " * 40,
    "The filter is cleaned every 11 weeks.",
] * 15


def test_vectors_have_length_one_and_do_not_depend_on_their_company(encoder):
    together = encoder.encode(TEXTS)
    assert together.shape == (len(TEXTS), encoder.dim) and together.dtype == np.float32
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS[:5]])
    np.testing.assert_allclose(together[:5], alone, atol=1e-5)
    np.testing.assert_allclose(together[:5], together[5:10], atol=1e-5)
    lengths = np.linalg.norm(together, axis=1)
    np.testing.assert_allclose(lengths[[bool(text) for text in TEXTS]], 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_texts_of_a_length_go_together_and_each_goes_once():
    lengths = [int(n) for n in np.random.default_rng(0).integers(0, 400, 500)] + [5000]
    batches = _packed(lengths, cores=2)
    assert sorted(i for batch in batches for i in batch) == list(range(501)) and batches[0] == [500]
    sizes = [len(batch) * (max(lengths[i] for i in batch) + 2) for batch in batches]
    assert max(sizes[1:]) <= 1024 and sum(sizes) < 1.1 * sum(lengths)
    assert _packed([], cores=2) == []


def test_a_few_texts_are_enough_for_all_cores():
    assert len(_packed([30] * 20, cores=2)) >= 4
    assert len(_packed([30] * 20, cores=1)) < len(_packed([30] * 20, cores=4))


def test_after_many_texts_few_are_spread_over_all_cores_again(encoder):
    """A thread begins with the number that any thread set last, and each of those for many texts sets one."""
    before = torch.get_num_threads()
    encoder.encode(TEXTS * 4)
    assert torch.get_num_threads() == before
    found: list[int] = []

    def ask() -> None:
        encoder.encode_queries(["the pump"])
        found.append(torch.get_num_threads())

    later = threading.Thread(target=ask)
    later.start()
    later.join()
    assert found == [encoder._cores]


def test_questions_keep_their_precision_where_passages_do_not(tiny_folder, encoder):
    half = SentenceEncoder(tiny_folder, precision="bfloat16")
    np.testing.assert_array_equal(half.encode_queries(TEXTS), encoder.encode_queries(TEXTS))
    assert not np.array_equal(half.encode(TEXTS), encoder.encode(TEXTS))


def test_threads_get_what_one_alone_gets(encoder):
    expected = encoder.encode(TEXTS)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(encoder.encode(TEXTS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_allclose(vectors, expected, atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(texts=st.lists(st.text(max_size=80), max_size=4))
def test_token_ends_are_offsets_into_each_text(texts, encoder):
    found = encoder.token_ends(texts)
    assert len(found) == len(texts)
    for text, ends in zip(texts, found, strict=True):
        assert ends == sorted(ends) and all(0 < end <= len(text) for end in ends)


def test_long_texts_are_counted_whole(encoder):
    text = "pump " * (encoder.max_tokens + 100)
    (ends,) = encoder.token_ends([text])
    assert len(ends) > encoder.max_tokens and ends[-1] == len(text) - 1


def test_the_name_tells_one_model_from_another(tiny_folder, tmp_path, encoder):
    copy = tmp_path / "elsewhere" / tiny_folder.name
    shutil.copytree(tiny_folder, copy)
    assert SentenceEncoder(copy).name == encoder.name == SentenceEncoder(tiny_folder, precision="bfloat16").name
    (weights,) = copy.rglob("*.safetensors")
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))  # of the same size
    assert SentenceEncoder(copy).name != encoder.name
    assert SentenceEncoder(shutil.copytree(tiny_folder, tmp_path / "other")).name != encoder.name


def test_prefixes_go_before_each_text_and_into_the_name(tiny_folder, encoder):
    marked = SentenceEncoder(tiny_folder, precision="float32", query_prefix="query: ", passage_prefix="passage: ")
    np.testing.assert_array_equal(marked.encode(["the pump"]), encoder.encode(["passage: the pump"]))
    np.testing.assert_array_equal(marked.encode_queries(["the pump"]), encoder.encode(["query: the pump"]))
    np.testing.assert_array_equal(encoder.encode_queries(TEXTS[:5]), encoder.encode(TEXTS[:5]))
    other = SentenceEncoder(tiny_folder, query_prefix="question: ", passage_prefix="passage: ")
    assert len({encoder.name, marked.name, other.name}) == 3
    assert marked.max_tokens == encoder.max_tokens - len(encoder.token_ends(["passage: "])[0])


def test_half_precision_gives_nearly_the_same(tiny_folder, encoder):
    half = SentenceEncoder(tiny_folder, precision="bfloat16").encode(TEXTS)
    assert half.dtype == np.float32
    whole = encoder.encode(TEXTS)
    assert (half * whole).sum(axis=1)[[bool(text) for text in TEXTS]].min() > 0.995


def test_tuning_settles_on_a_precision_and_keeps_the_vectors(tiny_folder, encoder):
    tuned = SentenceEncoder(tiny_folder)
    tuned.tune()
    settled = tuned.precision
    assert settled in ("float32", "bfloat16")
    assert (tuned.encode(TEXTS) * encoder.encode(TEXTS)).sum(axis=1)[[bool(text) for text in TEXTS]].min() > 0.995
    tuned.tune()
    assert tuned.precision == settled


@pytest.mark.parametrize("damage", ["missing", "no weights", "cut short", "not weights"])
def test_a_model_that_cannot_be_loaded_says_so(damage, tiny_folder, tmp_path):
    folder = tmp_path / "broken"
    if damage != "missing":
        shutil.copytree(tiny_folder, folder)
        (weights,) = folder.rglob("*.safetensors")
        data = weights.read_bytes()
        weights.unlink()
        if damage != "no weights":
            weights.write_bytes(data[: len(data) // 2] if damage == "cut short" else b"<html>404</html>")
    with pytest.raises(ModelError, match="cannot be loaded") as error:
        SentenceEncoder(folder).encode(["a"])
    assert "docent models verify" in error.value.hint and str(folder) in str(error.value)

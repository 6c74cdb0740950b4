"""Words at size: what the bounds on a question leave out, and what they never change."""

from __future__ import annotations

import shutil
from contextlib import closing
from itertools import combinations

import numpy as np
import pytest

from ingest.store.fulltext import match_query
from ingest.store.index import LocalIndex
from ingest.store.snapshots import publish
from ingest.store.store import Store

SHARES = {"valve": 0.0004, "gauge": 0.002, "seal": 0.03, "winter": 0.05, "pump": 0.1, "water": 0.2, "page": 0.7}
CHUNKS = 25_000
DOCUMENTS = 100
BM25 = "SELECT rowid, -bm25(chunks_fts, 0.3, 0.5, 1.0) AS score FROM chunks_fts WHERE chunks_fts MATCH ?"


def fill(folder, chunks: int, seed: int) -> None:
    """Chunks of words that stand in these shares of them, and of one word of their own."""
    random = np.random.default_rng(seed)
    ids = [2 * int(i) + seed for i in random.integers(1, 2**60, chunks)]
    held = (random.random((chunks, len(SHARES))) < list(SHARES.values())).tolist()
    texts = [" ".join([word for word, here in zip(SHARES, row, strict=True) if here]) for row in held]
    texts = [
        f"{text} own{i}{' filler' * int(n)}"
        for i, text, n in zip(ids, texts, random.integers(1, 5, chunks), strict=True)
    ]
    owners = random.integers(1, DOCUMENTS + 1, chunks)
    vector = np.float32([1, 0]).tobytes()
    with closing(Store(folder, create=True)) as store:
        with store.transaction() as db:
            documents = [(i, f"{i}.txt", "Book", "0", 1, 1, 1, 250, "", "") for i in range(1, DOCUMENTS + 1)]
            db.executemany("INSERT OR IGNORE INTO documents VALUES (?,?,?,?,?,?,?,?,?,?)", documents)
            chunks_ = list(zip(ids, owners.tolist(), texts, strict=True))
            db.executemany("INSERT INTO chunks VALUES (?,?,0,1,1,'Book','',?)", chunks_)
            db.executemany("INSERT INTO vectors VALUES (?,?,?)", [(i, str(i), vector) for i in ids])
        publish(store)


@pytest.fixture(scope="module")
def smaller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    fill(folder, 20_000, seed=0)
    with closing(LocalIndex(folder)) as index:
        yield index


@pytest.fixture(scope="module")
def library(smaller, tmp_path_factory):
    folder = tmp_path_factory.mktemp("more") / "index"
    shutil.copytree(smaller.folder, folder)
    fill(folder, CHUNKS - 20_000, seed=1)
    with closing(LocalIndex(folder)) as index:
        yield index


def found(index: LocalIndex, question: str, k: int = CHUNKS, doc_ids=None) -> dict[int, float]:
    return {scored.chunk_id: scored.score for scored in index.bm25(question, k, doc_ids)}


def holding(index: LocalIndex, query: str) -> set[int]:
    return {row[0] for row in index.store.rows("SELECT rowid FROM chunks_fts WHERE chunks_fts MATCH ?", (query,))}


def test_stop_words_count_only_where_there_is_nothing_else():
    assert match_query("What is the pressure of the pump?") == '"pressure" OR "pump"'
    assert match_query("What is it?") == '"what" OR "is" OR "it"'
    assert match_query("E-104 and v1.2/b") == '"e-104" OR "v1.2/b"'
    assert match_query("?!") == ""


@pytest.mark.slow
def test_up_to_20_000_chunks_a_question_finds_what_one_query_finds(smaller):
    for question in ("page", "water pump", " ".join(SHARES)):
        rows = smaller.store.rows(f"{BM25} ORDER BY score DESC, rowid LIMIT 300", (match_query(question),))
        assert list(found(smaller, question, 300).items()) == rows and len(smaller) == 20_000


@pytest.mark.parametrize("words", [*combinations(list(SHARES)[:6], 3), tuple(SHARES)[:6]], ids=" ".join)
def test_above_that_every_chunk_with_two_of_the_words_or_a_rare_one_is_found_with_its_score(words, library):
    query = match_query(" ".join(words))
    exact = dict(library.store.rows(BM25, (query,)))
    scores = found(library, " ".join(words))
    assert scores == pytest.approx({chunk_id: exact[chunk_id] for chunk_id in scores}, abs=1e-9)
    wanted = holding(library, words[0]).union(
        *(holding(library, f"{one} AND {other}") for one, other in combinations(words, 2))
    )
    assert wanted <= scores.keys()
    assert len(words) < 6 or len(scores) < len(exact) / 2  # of the others, most hold one common word


def test_the_rarest_words_of_a_question_are_never_lost_to_the_common_ones(library):
    common = "page filler water"
    assert holding(library, "valve") <= found(library, f"{common} valve").keys()
    assert len(found(library, f"{common} valve", 3)) == 3


@pytest.mark.parametrize("question", ["page", "filler", "page filler", "filler nowhere"])
def test_words_that_stand_nearly_everywhere_find_some_chunks_that_hold_them(question, library):
    scores = found(library, question, 100)
    assert len(scores) == 100 and scores.keys() <= holding(library, match_query(question))
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert found(library, "nowhere") == {}


def test_few_documents_are_searched_whole(library):
    for question in ("water", "winter pump gauge"):
        own = "AND rowid IN (SELECT id FROM chunks WHERE doc_id IN (3, 7))"
        rows = library.store.rows(f"{BM25} {own} ORDER BY score DESC, rowid", (match_query(question),))
        assert rows and list(found(library, question, CHUNKS, [3, 7]).items()) == rows
        assert found(library, question, CHUNKS, []) == {} == found(library, question, CHUNKS, [999])


def test_many_documents_as_all_are(library):
    many = list(range(1, DOCUMENTS))
    left_out = {row[0] for row in library.store.rows("SELECT id FROM chunks WHERE doc_id = ?", (DOCUMENTS,))}
    everywhere = found(library, "seal winter pump")
    scores = found(library, "seal winter pump", CHUNKS, many)
    assert scores == {chunk_id: score for chunk_id, score in everywhere.items() if chunk_id not in left_out}
    assert left_out & everywhere.keys()


def test_how_often_a_common_word_stands_is_estimated(library):
    for word in SHARES:
        exact = len(holding(library, word))
        assert library.frequency(word) == (pytest.approx(exact, rel=0.05) if exact > 10_000 else exact)

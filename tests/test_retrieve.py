import pytest

from app.retrieve import join_neighbours, named_documents, retrieve
from ingest.errors import InvalidInput
from ingest.index import LocalIndex
from ingest.sync import sync


def test_ranks_explain_every_hit_and_the_right_page_is_first(index_dir, encoder):
    index = LocalIndex(index_dir)
    hits = retrieve(index, encoder, "What does E-104 mean?", 3)
    assert (hits[0].file, hits[0].page) == ("pump.pdf", 2)
    assert hits[0].ranks["bm25"] == 1 and hits == sorted(hits, key=lambda hit: -hit.score)
    assert all(set(hit.ranks) <= {"bm25", "dense"} and hit.ranks for hit in hits)


def test_one_document_only(index_dir, encoder):
    index = LocalIndex(index_dir)
    ids = named_documents(index.documents(), "WARRANTY")
    assert {hit.file for hit in retrieve(index, encoder, "pump filter bar", 5, ids)} == {"warranty.md"}
    with pytest.raises(InvalidInput) as caught:
        named_documents(index.documents(), "warrant.pdf")
    assert "warranty.md" in caught.value.hint


def test_the_same_file_twice_answers_once(folder, index_dir, encoder):
    (folder / "copy").mkdir()
    (folder / "copy/pump again.pdf").write_bytes((folder / "pump.pdf").read_bytes())
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    assert len(index.documents()) == 4
    texts = [hit.chunk.text for hit in retrieve(index, encoder, "How often is the filter cleaned?", 10)]
    assert len(texts) == len(set(texts))


def test_neighbours_become_one_passage_of_the_document_s_own_text(folder, index_dir, encoder):
    (folder / "long.txt").write_text(
        " ".join(f"The valve number {n} is opened by hand on day {n}." for n in range(200))
    )
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    (doc_id,) = named_documents(index.documents(), "long.txt")
    hits = retrieve(index, encoder, "Which valve is opened by hand?", 10, [doc_id])
    joined = join_neighbours(index, hits)
    assert len(joined) < len(hits)
    text = index.store.text(doc_id)
    for hit in joined:
        assert (
            text[hit.chunk.start : hit.chunk.end]
            == hit.chunk.text
            == index.text(doc_id, hit.chunk.start, hit.chunk.end)
        )


def test_what_was_deleted_since_the_snapshot_is_not_found(folder, index_dir, encoder):
    index = LocalIndex(index_dir)  # stays open, as another process would have it
    (folder / "pump.pdf").unlink()
    sync(folder, index_dir, encoder)
    assert "pump.pdf" not in {hit.file for hit in retrieve(index, encoder, "E-104 filter pump", 10)}

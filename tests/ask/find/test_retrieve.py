from dataclasses import replace

import pytest

from app.ask.find.retrieve import AS_FOUND, EVERYTHING, join_neighbours, retrieve
from app.ask.find.titles import mentioned_documents, named_documents
from ingest.errors import InvalidInput
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync


def test_ranks_explain_every_hit_and_the_right_page_is_first(index_dir, encoder):
    index = LocalIndex(index_dir)
    hits = retrieve(index, encoder, "What does E-104 mean?", 3)
    assert (hits[0].file, hits[0].page) == ("pump.pdf", 2)
    assert hits[0].ranks["bm25"] == 1 and hits == sorted(hits, key=lambda hit: -hit.score)
    assert all(set(hit.ranks) <= {"bm25", "dense", "rerank", "named"} and hit.ranks for hit in hits)


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


def test_the_same_words_with_other_figures_are_another_passage(folder, index_dir, encoder):
    line = "Net sales of the pump division in Marlow in the third quarter, in thousands of crowns, were {} after tax."
    for year, sales in (("2021", "4,711"), ("2022", "5,830")):
        (folder / f"report-{year}.txt").write_text(line.format(sales))
    (folder / "report-2022-copy.txt").write_text(line.format("5,830") + " ")
    sync(folder, index_dir, encoder)
    hits = retrieve(LocalIndex(index_dir), encoder, "What were the net sales of the pump division?", 10)
    assert sum("Net sales" in hit.chunk.text for hit in hits) == 2


def test_neighbours_become_one_passage_of_the_document_s_own_text(folder, index_dir, encoder):
    (folder / "long.txt").write_text(
        " ".join(f"The valve number {n} is opened by hand on day {n}." for n in range(200))
    )
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    (doc_id,) = named_documents(index.documents(), "long.txt")
    hits = retrieve(index, encoder, "Which valve is opened by hand?", 10, [doc_id], AS_FOUND)
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


@pytest.mark.slow
def test_k_passages_are_k_after_joining_and_none_touches_another(folder, index_dir, encoder):
    (folder / "long.txt").write_text(
        " ".join(f"The valve number {n} is opened by hand on day {n}." for n in range(400))
    )
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    hits = retrieve(index, encoder, "Which valve is opened by hand?", 4)
    assert len(hits) == 4 and join_neighbours(index, hits) == hits
    for hit in hits:
        assert index.text(hit.chunk.doc_id, hit.chunk.start, hit.chunk.end) == hit.chunk.text
        assert len({number for number, _ in index.page_starts(hit.chunk.doc_id, hit.chunk.start, hit.chunk.end)}) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "off", [{}, {"dense": 0.0}, {"bm25": 0.0}, {"phrase": 0.0}, {"named": False}, {"joined": False}]
)
def test_every_part_can_be_left_out_and_the_same_question_gives_the_same_hits(off, index_dir, encoder):
    index = LocalIndex(index_dir)
    parts = replace(EVERYTHING, **off)
    hits = retrieve(index, encoder, "How often is the filter cleaned?", 5, parts=parts)
    assert hits == retrieve(index, encoder, "How often is the filter cleaned?", 5, parts=parts)
    assert hits and all(hit.ranks for hit in hits) and hits == sorted(hits, key=lambda hit: -hit.score)


def test_words_in_the_order_of_the_question_decide(folder, index_dir, encoder):
    (folder / "a.txt").write_text("The blue seal of the old cover lies under the grey plate.")
    (folder / "b.txt").write_text("The grey seal of the blue cover lies under the old plate.")
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    for question, file in (("Where is the blue seal?", "a.txt"), ("Where is the blue cover?", "b.txt")):
        assert retrieve(index, encoder, question, 1)[0].file == file


def test_a_document_that_the_first_hits_name_comes_along(folder, index_dir, encoder):
    for n in range(12):
        (folder / f"award {n}.txt").write_text(f"Award {n}. The captain of the ship won the award number {n}.")
    (folder / "Night Ferry.txt").write_text("Night Ferry is a play. The captain in it was Ada Quill.")
    (folder / "Ada_Quill.txt").write_text("She was born in Marlow and painted boats.")
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)
    question = "Which award did the captain in the play Night Ferry win?"
    hits = retrieve(index, encoder, question, 5)
    assert hits[0].file == "Night Ferry.txt"
    (bridge,) = [hit for hit in hits if hit.file == "Ada_Quill.txt"]
    assert bridge.ranks["named"] == 1 and hits == sorted(hits, key=lambda hit: -hit.score)
    without = retrieve(index, encoder, question, 5, parts=replace(EVERYTHING, named=False))
    assert [hit.file for hit in hits[:3]] == [hit.file for hit in without[:3]]
    only = named_documents(index.documents(), "Night Ferry")
    assert {hit.file for hit in retrieve(index, encoder, question, 5, only)} == {"Night Ferry.txt"}


def test_a_file_named_in_the_question_limits_the_search_and_less_does_not(index_dir, encoder):
    index = LocalIndex(index_dir)
    documents = index.documents()
    paths = {document.id: document.path for document in documents}

    def mentioned(question: str) -> list[str]:
        return [paths[i] for i in mentioned_documents(question, documents)]

    assert mentioned("What does Pump.PDF say of the filter?") == ["pump.pdf"]
    assert mentioned("Is it in notes.txt, or in warranty.md?") == ["notes.txt", "warranty.md"]
    for question in ("What does the pump say?", "Is it in heatpump.pdf?", "Is it in pump.pdfs?", "The warranty notes"):
        assert mentioned(question) == []
    assert {hit.file for hit in retrieve(index, encoder, "filter in warranty.md", 5)} == {"warranty.md"}


def test_a_page_that_is_asked_for_comes_first_where_one_document_is_meant(index_dir, encoder):
    index = LocalIndex(index_dir)
    only = named_documents(index.documents(), "pump.pdf")
    for asked, page in (("on page 2", 2), ("on the first page", 1), ("on the cover page", 1), ("on the last page", 3)):
        hit = retrieve(index, encoder, f"What is said of the filter {asked}?", 3, only)[0]
        assert hit.page == page and "page" in hit.ranks
    assert all("page" not in hit.ranks for hit in retrieve(index, encoder, "What is on page 2?", 3))


def test_odd_questions(index_dir, encoder):
    index = LocalIndex(index_dir)
    for question in ("?", "the of and", "E-104", "圧力", "pump " * 300, '"NEAR(* ^'):
        assert len(retrieve(index, encoder, question, 3)) <= 3

"""The sentences that come nearest to a question."""

from app.ask.find.evidence import best_sentences, sentences_of
from app.ask.find.retrieve import retrieve
from ingest.store.index import LocalIndex


def test_sentences_are_the_documents_own_each_once_and_with_its_page(index_dir, encoder):
    index = LocalIndex(index_dir)
    hits = retrieve(index, encoder, "How often is the filter cleaned?", 10)
    sentences = sentences_of(index, [*hits, *hits])
    assert len({(s.file, s.start) for s in sentences}) == len(sentences)
    ids = {document.path: document.id for document in index.documents()}
    for sentence in sentences:
        text = index.store.text(ids[sentence.file])
        assert text[sentence.start : sentence.end] == sentence.text
        page = index.page(ids[sentence.file], sentence.page)
        assert page.start <= sentence.start < page.start + len(page.text)


def test_the_best_come_first_and_are_as_many_as_asked_for(index_dir, encoder):
    index = LocalIndex(index_dir)
    question = "How often is the filter cleaned?"
    hits = retrieve(index, encoder, question, 5)
    sentences = sentences_of(index, hits)
    best = best_sentences(question, sentences, hits, encoder, 3)
    assert "11 weeks" in best[0].text and len(best) == 3
    assert [s.score for s in best] == sorted((s.score for s in best), reverse=True)
    assert best == best_sentences(question, list(sentences), hits, encoder, 9)[:3]
    assert best_sentences(question, [], hits, encoder) == []

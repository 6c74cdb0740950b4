import pytest

from app.ask.find.documents import documents_called, documents_named, names_of_documents
from app.ask.find.titles import mentioned_documents
from app.ask.plan import Asked
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync


@pytest.fixture
def asked(tmp_path, encoder) -> Asked:
    folder = tmp_path / "named"
    for name, text in (
        ("rent/lease-hall-3.txt", "The lease of hall 3."),
        ("travel-policy-2023.md", "# Travel policy\n\nIn force from 2023."),
        ("travel-policy-2025.md", "# Travel policy\n\nIn force from 2025."),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    sync(folder, tmp_path / "index", encoder)
    return Asked("", "", (), LocalIndex(tmp_path / "index"), encoder)


def test_a_file_may_be_named_with_its_folder_or_without(asked):
    paths = {document.id: document.path for document in asked.documents}
    for question in ("Who signed rent/lease-hall-3.txt?", "Who signed lease-hall-3.txt?"):
        assert [paths[i] for i in mentioned_documents(question, asked.documents)] == ["rent/lease-hall-3.txt"]
    assert mentioned_documents("Who signed old/lease-hall-3.txt?", asked.documents) == []


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("the lease", 1),
        ("travel policies", 2),
        ("travle policy", 2),
        ("the 2025 travel policy", 1),
        ("travel-policy-2023.md", 1),
        ("the harbour policy", 0),
        ("contract", 0),
        ("documents", 0),
    ],
)
def test_what_is_counted_bears_all_of_the_phrase_in_its_name(asked, phrase, found):
    assert len(documents_called(phrase, asked)) == found


def test_another_word_for_what_it_is_names_a_document_to_be_read(asked):
    named = documents_named("the contract for hall 3", names_of_documents(asked))
    assert [document.path for document in named.documents] == ["rent/lease-hall-3.txt"] and named.likely

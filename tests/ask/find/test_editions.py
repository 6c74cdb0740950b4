"""The newest edition is meant, unless the question says otherwise."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict

import pytest

from app.ask.assistant import Assistant
from app.ask.find.editions import held_back
from app.ask.find.elsewhere import other_language
from app.ask.find.retrieve import retrieve
from app.ask.find.titles import named_documents
from app.datatypes import citation_of
from app.settings import Settings
from app.ui.place import others
from ingest.store.curated import Verdict
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync
from ingest.text.versions import edition_of

OLD, MID, NEW = 1, 2, 3
TERMS = {
    OLD: edition_of("terms-2019.pdf", "", ""),
    MID: edition_of("terms-2021.pdf", "", ""),
    NEW: edition_of("terms-2024.pdf", "", ""),
}
CODES = {OLD: edition_of("codes rev a.pdf", "", ""), NEW: edition_of("codes rev b.pdf", "", "")}


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("How long is the general period?", {OLD, MID}),
        ("How long is it under the current terms?", {OLD, MID}),
        ("How long was it under the 2021 terms?", {OLD, NEW}),
        ("What holds for an appliance commissioned in 2022?", {OLD, NEW}),
        ("What holds for an appliance commissioned in May 2024?", {OLD, MID}),
        ("What was it in 1998?", {MID, NEW}),
        ("How long was the previous period?", {NEW}),
        ("How do the previous and the current period differ?", set()),
        ("Compare the periods.", set()),
        ("What has changed since 2021?", set()),
    ],
)
def test_the_year_that_is_asked_about_decides(question: str, held: set[int]) -> None:
    verdicts = {OLD: Verdict(NEW, ""), MID: Verdict(NEW, "")}
    assert held_back(question, verdicts, TERMS) == held


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("What does F-17 mean?", {OLD}),
        ("What does F-17 mean in revision A?", {NEW}),
        ("What does F-17 mean in Rev. B?", {OLD}),
        ("What did F-17 mean in 2019?", set()),
        ("What is the difference between revision A and B?", set()),
    ],
)
def test_so_does_the_revision(question: str, held: set[int]) -> None:
    assert held_back(question, {OLD: Verdict(NEW, "")}, CODES) == held
    assert held_back(question, {}, {}) == frozenset()


@pytest.mark.slow
def test_the_ranking_follows(folder, index_dir, encoder):
    text = (
        "# Valve care\n\nThe seal of the valve is greased every {} days with the blue grease. It hangs on the wall.\n"
    )
    text += (
        "Never use a hammer on it. The cap is closed by hand, then a quarter turn with the key. Wipe off what is left."
    )
    for name, days in (("valve-rev-a.md", 30), ("valve-rev-b.md", 40)):
        (folder / name).write_text(text.format(days))
    sync(folder, index_dir, encoder)
    index = LocalIndex(index_dir)

    def first(question: str, ids: list[int] | None = None) -> str:
        return retrieve(index, encoder, question, 4, ids)[0].file

    assert first("How often is the seal of the valve greased?") == "valve-rev-b.md"
    assert first("How often is the seal of the valve greased in revision A?") == "valve-rev-a.md"
    only = named_documents(index.documents(), "valve-rev-a.md")
    assert first("How often is the seal greased?", only) == "valve-rev-a.md"
    assert first("How often is it greased according to valve-rev-a.md?") == "valve-rev-a.md"
    (folder / "valve-rev-b.md").unlink()
    sync(folder, index_dir, encoder)
    assert first("How often is the seal of the valve greased?") == "valve-rev-a.md"


# -- what people are told of where an answer comes from


def test_a_quote_names_the_other_places_where_it_stands(folder, tmp_path, encoder, scripted):
    text = (folder / "warranty.md").read_text()
    (folder / "copy.txt").write_text(text.replace("# ", "").replace("## ", ""))
    (folder / "other.md").write_text(text.replace("7 years", "9 years"))
    sync(folder, tmp_path / "index", encoder)
    llm = scripted("The compressor is covered for 7 years.")
    asked = Assistant(tmp_path / "index", encoder, lambda: llm, Settings())
    answer = asked.ask("How long is the compressor covered?").answer
    (citation,) = answer.citations
    places = {citation.file, *(place.file for place in citation.also)}
    assert places == {"warranty.md", "copy.txt"}
    index = LocalIndex(tmp_path / "index")
    ids = {document.path: document.id for document in index.documents()}
    for place in citation.also:
        assert index.text(ids[place.file], place.start, place.end) == place.quote
        assert place.quote.split() == citation.quote.split()
    assert citation_of(asdict(citation)) == citation
    assert [place.file for place in others(answer.citations)] == [place.file for place in citation.also]
    assert json.loads(json.dumps(answer.as_json()))["citations"][0]["also"][0]["page"] == 1


@pytest.mark.slow
def test_an_answer_from_an_older_edition_says_so(folder, index_dir, encoder, scripted):
    text = (folder / "warranty.md").read_text()
    (folder / "warranty.md").rename(folder / "warranty rev a.md")
    (folder / "warranty rev b.md").write_text(text.replace("7 years", "9 years"))
    sync(folder, index_dir, encoder)

    def ask(question: str, reply: str):
        return Assistant(index_dir, encoder, lambda: scripted(reply), Settings()).ask(question).answer

    new = ask("How long is the compressor covered?", "The compressor is covered for 9 years.")
    assert new.citations[0].file == "warranty rev b.md" and not new.warnings
    old = ask("How long is the compressor covered in revision A?", "The compressor is covered for 7 years.")
    assert old.citations[0].file == "warranty rev a.md"
    assert any("superseded by warranty rev b.md" in warning for warning in old.warnings)


def test_a_question_in_a_language_of_no_document_is_told_so(folder, index_dir):
    with closing(LocalIndex(index_dir)) as index:
        told = other_language(index, "Wie oft wird der Filter der Pumpe gereinigt?")
        assert told == ["The question seems to be in German; the documents are in English."]
        for question in ("How often is the filter of the pump cleaned?", "E-104?", "F-17 Pintail TL-11T Ilex"):
            assert other_language(index, question) == []

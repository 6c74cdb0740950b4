"""Several folders in one index: names that stay unique and stable, and files that are found again by them."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.library.survey import survey
from app.settings import load_settings
from app.ui.desk import Desk
from app.ui.place import Place, view_page
from ingest.errors import InvalidInput
from ingest.store.store import Store
from ingest.sync.folders import Folder, file_of, known_of, merge_folders, owner
from ingest.sync.sync import sync

from libraries import Words, check_equals_a_clean_build, everything, index, texts, words

__all__ = ["index", "texts", "words"]  # fixtures


@pytest.fixture
def letters(tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "notes.txt").write_text("Dear customer, the filter is on its way.")
    return folder


def names(index: Path) -> list[str]:
    with closing(Store(index)) as store:
        return [document.path for document in store.documents()]


def test_a_second_folder_changes_nothing_of_the_first(texts, letters, index, words):
    sync(texts, index, words)
    report = sync([texts, letters], index, words)
    assert report.added == ["letters/notes.txt"] and report.unchanged == 3 and not report.removed
    with closing(Store(index)) as store:
        assert store.meta("folder") == str(texts)
    clean = index.with_name("clean")
    sync([texts, letters], clean, words)
    assert everything(index) == everything(clean)


def test_they_are_remembered_until_one_is_left_out(texts, letters, index, words):
    sync([texts, letters], index, words)
    assert sync(texts, index, words).unchanged == 4, "naming one is enough"
    assert sync([], index, words).unchanged == 4, "naming none, too"
    assert sync(letters, index, words).unchanged == 4
    report = sync([], index, words, without=[letters])
    assert report.removed == ["letters/notes.txt"] and (letters / "notes.txt").exists()
    assert known_of(index) == [Folder("", texts)]
    check_equals_a_clean_build(texts, index, words)


def test_without_the_first_the_others_keep_their_names(texts, letters, index, words):
    sync([texts, letters], index, words)
    report = sync([], index, words, without=[texts])
    assert names(index) == ["letters/notes.txt"] and report.unchanged == 1
    assert sync(letters, index, words).unchanged == 1 and known_of(index) == [Folder("letters", letters)]


def test_a_first_folder_that_was_moved_is_the_same(texts, letters, index, words):
    sync([texts, letters], index, words)
    moved = texts.rename(texts.with_name("elsewhere"))
    assert sync(moved, index, words).unchanged == 4
    assert known_of(index) == [Folder("", moved), Folder("letters", letters)]


def test_folders_of_one_name_are_told_apart(texts, letters, index, words, tmp_path):
    other, third = tmp_path / "other/letters", tmp_path / "third/letters"
    (texts / "letters").mkdir()  # the first folder's own
    for folder in (other, third, texts / "letters"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "notes.txt").write_text(f"Words of {folder.parent.name}.")
    sync([texts, letters, other, third], index, words)
    held = {folder.place: folder.name for folder in known_of(index)}
    assert held == {texts: "", letters: "letters (2)", other: "letters (3)", third: "letters (4)"}
    assert len(names(index)) == 7 and names(index)[0] == "letters (2)/notes.txt"
    for path in names(index):
        assert file_of(known_of(index), path).is_file()
    assert file_of(known_of(index), "letters/notes.txt") == texts / "letters/notes.txt"
    assert file_of(known_of(index), "letters (3)/notes.txt") == other / "notes.txt"


def test_a_folder_that_comes_to_stand_in_the_way_of_a_name_changes_that(texts, letters, index, words):
    sync([texts, letters], index, words)
    (texts / "letters").mkdir()
    (texts / "letters/notes.txt").write_text("In the first folder's own.")
    again = Words()
    sync([], index, again)
    assert {"letters/notes.txt", "letters (2)/notes.txt"} <= set(names(index)) and len(names(index)) == 5
    with closing(Store(index)) as store:
        texts_of = {document.path: store.text(document.id) for document in store.documents()}
    assert "own" in texts_of["letters/notes.txt"] and "customer" in texts_of["letters (2)/notes.txt"]


@pytest.mark.parametrize("inner", ["sub", "."])
def test_a_folder_in_another_is_refused(inner, texts, letters, index, words):
    (texts / "sub").mkdir()
    if inner == ".":
        assert merge_folders([], [texts, texts, texts / "."]) == [Folder("", texts)], "the same one twice is one"
        return
    for given in ([texts, texts / inner], [texts / inner, texts]):
        with pytest.raises(InvalidInput, match="lies in") as error:
            sync(given, index, words)
        assert error.value.hint and not (index / "store.db").exists()


def test_what_is_no_folder_of_the_index_cannot_be_left_out(texts, letters, index, words):
    sync(texts, index, words)
    with pytest.raises(InvalidInput, match="none of this index's folders") as error:
        sync([], index, words, without=[letters])
    assert str(texts) in error.value.hint
    with pytest.raises(InvalidInput, match="No folder is left"):
        sync([], index, words, without=[texts])


def test_a_named_folder_that_is_not_there_is_an_error_and_a_remembered_one_is_not(texts, letters, index, words):
    sync([texts, letters], index, words)
    letters.rename(letters.with_name("gone"))
    with pytest.raises(InvalidInput, match="There is no folder"):
        sync([texts, letters], index, words)
    assert sync(texts, index, words).away == [str(letters)] and len(names(index)) == 4


def test_documents_are_deleted_shown_and_reported_where_they_lie(folder, letters, tmp_path, encoder, scripted):
    index = tmp_path / "index"
    sync([folder, letters], index, encoder)
    at = Desk(folder, index, load_settings(), lambda settings: encoder, lambda settings: scripted())
    assert [one.place for one in at.keeping.folders] == [folder, letters]
    view = view_page(folder, index, Place("letters/notes.txt", 1), 1)
    assert view.file == letters / "notes.txt" and not view.note and "customer" in view.html
    told = survey(index)
    assert {file.path for file in told.files} >= {"notes.txt", "letters/notes.txt"} and not told.missing_folder
    at.delete_document("letters/notes.txt")
    at.ingesting.wait(60)
    assert not (letters / "notes.txt").exists() and (folder / "notes.txt").exists()
    assert "letters/notes.txt" not in names(index) and "notes.txt" in names(index)


def test_whose_a_document_is_is_told_from_its_name():
    folders = [Folder("", Path("/a")), Folder("b", Path("/x/b")), Folder("b (2)", Path("/y/b"))]
    assert [owner(folders, path).place for path in ("n.txt", "b/n.txt", "b (2)/c/n.txt", "bc/n.txt")] == [
        Path("/a"), Path("/x/b"), Path("/y/b"), Path("/a"),
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such names are one")
def test_names_that_differ_only_in_case_or_in_unicode_form_are_files_of_their_own(texts, index, words):
    for number, name in enumerate(("Plan.txt", "plan.txt", "caf\u00e9.txt", "cafe\u0301.txt")):
        (texts / name).write_text(f"Sprocket number {number} is blue.")
    sync(texts, index, words)
    assert {"Plan.txt", "plan.txt", "caf\u00e9.txt", "cafe\u0301.txt"} < set(names(index))
    (texts / "plan.txt").unlink()
    (texts / "caf\u00e9.txt").unlink()
    assert sorted(sync(texts, index, words).removed) == ["caf\u00e9.txt", "plan.txt"]
    assert {"Plan.txt", "cafe\u0301.txt"} < set(names(index))
    check_equals_a_clean_build(texts, index, words)


def test_a_file_of_more_than_two_gigabytes_is_named_and_neither_hashed_nor_read(texts, index, words):
    with (texts / "huge.txt").open("wb") as out:
        out.truncate((2 << 30) + 1)  # a sparse file: it takes no disk
    for _ in range(2):
        report = sync(texts, index, words)
        assert [(one.file, one.error) for one in report.failed] == [("huge.txt", "is larger than a reader may take")]
    with closing(Store(index)) as store:
        assert next(one.sha256 for one in store.documents() if one.path == "huge.txt") == ""

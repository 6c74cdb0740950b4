from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.config import IngestConfig
from ingest.errors import IndexBusy, StorageError
from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.lock import writing
from ingest.store.store import Store
from ingest.sync.progress import Progress
from ingest.sync.scan import scan
from ingest.sync.sync import sync

from libraries import Words, check_equals_a_clean_build, files_of, index, kill, prose, texts, words

pytestmark = pytest.mark.slow

__all__ = ["index", "texts", "words"]  # fixtures

# -- incremental equals clean


@pytest.mark.parametrize("seed", range(3))
def test_any_series_of_changes_ends_where_a_clean_build_does(seed, texts, index, words):
    generator = random.Random(seed)
    sync(texts, index, words)
    for step in range(4):
        for _ in range(generator.randint(1, 3)):
            files = [found.file for found in scan(texts)]
            what = generator.choice(["add", "change", "remove", "rename", "touch", "break"])
            if what == "add" or not files:
                name = generator.choice(["a.txt", "b.md", "sub/c.txt", "sub/deep/d.md"])
                (texts / name).parent.mkdir(parents=True, exist_ok=True)
                (texts / name).write_text(prose(generator.randrange(50)))
                continue
            file = generator.choice(files)
            if what == "change":
                file.write_text(prose(generator.randrange(50))) if file.suffix != ".pdf" else None
            elif what == "remove":
                file.unlink()
            elif what == "rename":
                file.rename(file.with_stem(f"{file.stem}-{step}"))
            elif what == "touch":
                os.utime(file, ns=(1, generator.randrange(10**18)))
            else:
                (texts / "broken.pdf").write_bytes(b"%PDF-1.4 and no more" * generator.randint(1, 5))
        sync(texts, index, words)
    check_equals_a_clean_build(texts, index, words)


def test_with_a_model_s_vectors_too(folder, index, encoder):
    sync(folder, index, encoder)
    (folder / "notes.txt").write_text("The depot in Marlow is closed.\n")
    (folder / "pump.pdf").rename(folder / "pump-manual.pdf")
    sync(folder, index, encoder)
    check_equals_a_clean_build(folder, index, encoder)


# -- what a run costs


def test_unchanged_files_cost_nothing(texts, index, words):
    first = sync(texts, index, words)
    assert first.added == ["notes.txt", "pump.md", "warranty.md"] and first.unchanged == 0
    assert words.texts == first.chunks > 0 and first.pages == 3
    before, again = files_of(index), Words()
    report = sync(texts, index, again)
    assert (report.added, report.changed, report.removed, report.unchanged) == ([], [], [], 3)
    assert (report.pages, report.chunks, report.why) == (first.pages, first.chunks, "")
    assert again.texts == 0 and files_of(index) == before


def test_a_new_date_on_the_same_content_costs_no_reading(texts, index, words):
    sync(texts, index, words)
    for found in scan(texts):
        os.utime(found.file, ns=(10**18, 10**18))
    again, stages = Words(), []
    report = sync(texts, index, again, on_progress=lambda progress: stages.append(progress.stage))
    assert report.unchanged == 3 and not report.changed and again.texts == 0 and "reading" not in stages
    check_equals_a_clean_build(texts, index, words)


def test_only_what_changed_is_embedded(texts, index, words):
    (texts / "long.txt").write_text(prose(1, 120))
    sync(texts, index, words)
    (texts / "long.txt").write_text(prose(1, 120) + "\nAnd one more line.\n")
    again = Words()
    report = sync(texts, index, again)
    assert report.changed == ["long.txt"] and 0 < again.texts < report.chunks / 2
    check_equals_a_clean_build(texts, index, words)


def test_a_renamed_file_is_not_embedded_again(folder, index, words):
    sync(folder, index, words)
    (folder / "moved").mkdir()
    (folder / "pump.pdf").rename(folder / "moved/handbook.pdf")
    (folder / "warranty.md").rename(folder / "moved/terms.md")
    again = Words()
    report = sync(folder, index, again)
    assert report.added == ["moved/handbook.pdf", "moved/terms.md"] and report.removed == ["pump.pdf", "warranty.md"]
    assert again.texts == 0
    check_equals_a_clean_build(folder, index, words)


def test_the_same_words_in_a_second_file_are_not_embedded_again(folder, index, words):
    sync(folder, index, words)
    (folder / "copy.pdf").write_bytes((folder / "pump.pdf").read_bytes())
    again = Words()
    report = sync(folder, index, again)
    assert report.added == ["copy.pdf"] and again.texts == 0
    check_equals_a_clean_build(folder, index, words)


def test_small_documents_are_embedded_together_and_the_same_words_once(six, index, words):
    (six / "copy.md").write_bytes((six / "warranty.md").read_bytes())
    report = sync(six, index, words)
    assert len(report.added) == 10 and words.calls == 1 and words.texts < report.chunks
    check_equals_a_clean_build(six, index, words)


def test_the_same_words_are_embedded_once_in_a_large_run_too(texts, index, words):
    """The copy is cut up while the one before it is embedded, and no store has its vectors yet."""
    for name in ("a.md", "b.md"):
        (texts / name).write_text("# One title\n\n" + prose(7, 2500))
    report = sync(texts, index, words)
    with closing(sqlite3.connect(index / FILE)) as db:
        ((contents,),) = db.execute("SELECT count(DISTINCT content) FROM vectors").fetchall()
    assert words.texts == contents < 0.6 * report.chunks


# -- what changes everything


def test_another_encoder_means_an_explained_full_run(texts, index, words):
    sync(texts, index, words)
    other = Words("other words")
    report = sync(texts, index, other)
    assert report.changed == ["notes.txt", "pump.md", "warranty.md"] and other.texts == report.chunks
    assert "settings changed" in report.why and "encoder=words" in report.why and "other words" in report.why
    check_equals_a_clean_build(texts, index, other)
    assert sync(texts, index, other).why == ""


def test_other_chunk_sizes_mean_an_explained_full_run(texts, index, words):
    (texts / "long.txt").write_text(prose(1))
    sync(texts, index, words)
    small = IngestConfig(chunk_tokens=30)
    report = sync(texts, index, words, small)
    assert len(report.changed) == 4 and "chunk=160" in report.why and "chunk=30" in report.why
    check_equals_a_clean_build(texts, index, words, small)


def test_a_rebuild_with_another_encoder_never_takes_the_old_snapshot_for_its_own(texts, index, words, encoder):
    """Both stores have seen as many transactions; only one of the snapshots has vectors of the right size."""
    sync(texts, index, words)
    report = sync(texts, index, encoder, rebuild=True)
    assert len(report.added) == 3
    with closing(LocalIndex(index)) as opened:
        assert opened.manifest["dim"] == encoder.dim
        assert opened.dense(encoder.encode(["filter"])[0], 3)
    check_equals_a_clean_build(texts, index, encoder)


def test_the_index_knows_the_folder_it_was_made_from_last(texts, index, words):
    sync(texts, index, words)
    moved = texts.rename(texts.with_name("elsewhere"))
    report = sync(moved, index, words)
    assert report.unchanged == 3
    with closing(Store(index)) as store:
        assert store.meta("folder") == str(moved)


# -- a dry run


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_dry_run_tells_what_a_run_would_do_and_changes_nothing(rebuild, texts, index, words):
    (texts / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    sync(texts, index, words)
    (texts / "notes.txt").write_text("Other notes.")
    (texts / "new.txt").write_text("New notes.")
    (texts / "warranty.md").unlink()
    before, counting = files_of(index), Words()
    with writing(index):  # not even a run in progress is in its way
        told = sync(texts, index, counting, dry_run=True, rebuild=rebuild)
    assert files_of(index) == before and counting.texts == 0
    done = sync(texts, index, words, rebuild=rebuild)
    if rebuild:
        assert told.added == ["broken.pdf", "new.txt", "notes.txt", "pump.md"] and told.why
    else:
        assert (told.added, told.changed, told.removed) == (["new.txt"], ["notes.txt"], ["warranty.md"])
        assert told.unchanged == done.unchanged == 1 and told.failed == done.failed
        assert (told.added, told.changed, told.removed) == (done.added, done.changed, done.removed)


def test_a_dry_run_before_the_first_makes_no_index(texts, index, words):
    report = sync(texts, index, words, dry_run=True)
    assert report.added == ["notes.txt", "pump.md", "warranty.md"] and "nothing has been ingested" in report.why
    assert not index.exists()


def test_a_dry_run_explains_a_full_run(texts, index, words):
    sync(texts, index, words)
    before = files_of(index)
    report = sync(texts, index, Words("other"), dry_run=True)
    assert len(report.changed) == 3 and "other" in report.why and files_of(index) == before


# -- what is removed is gone


SECRET = "Qzxgrambolt"


def traces(index: Path, needles: list[bytes]) -> list[str]:
    """Files that hold one of the needles; the older snapshot, kept for open readers, holds vectors only."""
    older = sorted(index.glob("gen-*"))[:-1]
    return [
        str(file)
        for file in index.rglob("*")
        if file.is_file() and file.parent not in older
        for data in [file.read_bytes()]
        if any(needle in data for needle in needles)
    ]


@pytest.fixture
def with_secret(folder, index, words, make_pdf):
    """The index of a folder in which one file is secret, and pieces of bytes that only that file brought in."""
    plain = files_of(folder)
    make_pdf(folder / f"{SECRET}.pdf", [[f"The {SECRET} is opened by {n} turns." for n in range(40)]] * 3, SECRET)
    (folder / "long.txt").write_text(prose(5, 200))
    sync(folder, index, words)
    with closing(sqlite3.connect(index / FILE)) as db:
        where = f"(SELECT id FROM documents WHERE path = '{SECRET}.pdf')"
        pages = db.execute(f"SELECT text, raw_index FROM pages WHERE doc_id = {where}").fetchall()
        chunks = f"SELECT id FROM chunks WHERE doc_id = {where}"
        made = db.execute(f"SELECT vector, content FROM vectors WHERE chunk_id IN ({chunks})").fetchall()
    needles = [SECRET.encode(), SECRET[4:].lower().encode(), *(text[10:26] for text, _ in pages)]
    needles += [vector[:32] for vector, _ in made] + [content.encode() for _, content in made]
    assert len(plain) == 3 and all(traces(index, [needle]) for needle in needles)
    return needles


@pytest.mark.parametrize("reader", ["no reader", "an open reader"])
@pytest.mark.parametrize("what", ["removed", "changed"])
def test_nothing_of_a_removed_file_is_left_in_any_file(what, reader, with_secret, folder, index, words, make_pdf):
    opened = LocalIndex(index) if reader == "an open reader" else None
    assert opened is None or opened.bm25(SECRET, 5)
    if what == "removed":
        (folder / f"{SECRET}.pdf").unlink()
    else:
        (folder / f"{SECRET}.pdf").rename(folder / "plain.pdf")
        sync(folder, index, words)
        make_pdf(folder / "plain.pdf", [["Nothing to see here."]], "Plain")
    sync(folder, index, words)
    assert traces(index, with_secret) == []
    if opened:
        assert opened.bm25(SECRET, 5) == [] and opened.bm25("depot", 5)
        opened.close()
    assert traces(index, with_secret) == []
    check_equals_a_clean_build(folder, index, words)


def test_nor_when_the_run_that_removed_it_was_killed_before_it_could_clean_up(with_secret, folder, index, words):
    (folder / f"{SECRET}.pdf").unlink()
    with closing(Store(index, create=True)) as store:
        store.remove([f"{SECRET}.pdf"])
    sync(folder, index, words)
    assert traces(index, with_secret) == []


# -- killed, and others at the same time


def start_slow(folder: Path, index: Path, documents: int, chunk_tokens: int = 160) -> subprocess.Popen[bytes]:
    """A run in a process of its own that is busy with the next document once `documents` are stored."""
    run = subprocess.Popen([sys.executable, __file__, str(folder), str(index), str(chunk_tokens)])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert run.poll() is None, "it ended too early"
        if (index / FILE).is_file() and len(fresh(index, chunk_tokens)) >= documents:
            return run
        time.sleep(0.02)
    raise AssertionError("it never stored a document")


def fresh(index: Path, chunk_tokens: int) -> list[str]:
    """The documents that are stored under these settings."""
    try:
        with closing(Store(index)) as store:
            if f"chunk={chunk_tokens} " not in store.meta("fingerprint"):
                return []
            return [document.path for document in store.documents() if document.sha256]
    except Exception:  # not made yet
        return []


@pytest.fixture
def six(texts):
    for n in range(6):
        (texts / f"long-{n}.txt").write_text(prose(n, 40))
    return texts


@pytest.fixture
def large(texts):
    """Each of them takes a while: small documents are embedded together, and such a group is lost as one would be."""
    for n in range(4):
        (texts / f"long-{n}.txt").write_text(prose(n, 2500))
    return texts


def test_a_killed_run_is_continued_and_loses_one_large_document_at_most(large, index, words):
    run = start_slow(large, index, documents=2)
    with pytest.raises(IndexBusy) as error:
        sync(large, index, words)
    assert "Wait" in error.value.hint
    kill(run)
    kept = fresh(index, 160)
    assert 2 <= len(kept) < 7
    report = sync(large, index, words)
    assert len(report.added) == 7 - len(kept) and report.unchanged == len(kept) and not report.changed
    with closing(Store(index)) as store:
        left = sum(document.n_chunks for document in store.documents() if document.path not in kept)
    assert words.texts == left
    check_equals_a_clean_build(large, index, words)


def test_so_is_a_killed_full_run_under_new_settings(large, index, words):
    sync(large, index, words)
    kill(start_slow(large, index, documents=2, chunk_tokens=40))
    kept, small = fresh(index, 40), IngestConfig(chunk_tokens=40)
    assert 2 <= len(kept) < 7
    report = sync(large, index, words, small)
    assert len(report.changed) == 7 - len(kept) and report.unchanged == len(kept)
    check_equals_a_clean_build(large, index, words, small)


def test_after_a_killed_first_run_another_encoder_still_means_a_full_run(large, index):
    kill(start_slow(large, index, documents=2))
    other = Words("other")
    report = sync(large, index, other)
    assert "other" in report.why and other.texts == report.chunks
    check_equals_a_clean_build(large, index, other)


def test_a_reader_goes_on_while_another_writes_and_sees_deletions_at_once(six, index, words):
    sync(six, index, words)
    errors: list[BaseException] = []
    seen: list[int] = []
    stop = threading.Event()

    def ask(reader: LocalIndex) -> None:
        while not stop.is_set():
            try:
                found = reader.bm25("machine depot", 50) + reader.dense(words.encode(["depot"])[0], 50)
                chunks = reader.chunks([scored.chunk_id for scored in found])
                documents = {document.id: document for document in reader.documents()}
                for chunk in chunks.values():
                    if chunk.doc_id in documents:
                        assert chunk.text and reader.text(chunk.doc_id, chunk.start, chunk.end) in (chunk.text, "")
                seen.append(len(chunks))
            except BaseException as error:
                errors.append(error)
                return

    with closing(LocalIndex(index)) as reader:
        assert reader.bm25("Marlow", 5)
        thread = threading.Thread(target=ask, args=(reader,))
        thread.start()
        for n in range(3):
            (six / f"long-{n}.txt").unlink()
            (six / f"new-{n}.txt").write_text(prose(90 + n))
            sync(six, index, words)
        (six / "notes.txt").unlink()
        sync(six, index, words)
        assert reader.bm25("Marlow", 5) == []
        query = words.encode(["depot in Marlow"])[0]
        stale = [scored.chunk_id for scored in reader.dense(query, 100)]
        assert all("Marlow" not in chunk.text for chunk in reader.chunks(stale).values())
        assert not reader.is_newest
        stop.set()
        thread.join()
    assert not errors and seen


# -- files that change under the reader's hands


def version(path: Path, make_pdf, hour: str) -> bytes:
    """Of the same size, whatever the hour."""
    return make_pdf(path, [[f"The depot opens at {hour} in summer."]]).read_bytes().ljust(5000)


@pytest.mark.parametrize("times", [1, 2, 99])
def test_a_file_that_changes_while_it_is_read_is_read_again(times, index, tmp_path, words, make_pdf):
    """At once if that helps, and by the next run if it goes on changing."""
    path = tmp_path / "docs/times.pdf"
    path.parent.mkdir()
    path.write_bytes(version(tmp_path / "made.pdf", make_pdf, "06:30"))
    changed: list[str] = []

    def meddle(progress: Progress) -> None:
        if progress.stage == "reading" and progress.pages_done and len(changed) < times:
            changed.append(f"{10 + len(changed)}:45")
            half = tmp_path / "half.pdf"  # put in place at once: half a file would be a damaged one
            half.write_bytes(version(tmp_path / "made.pdf", make_pdf, changed[-1]))
            half.replace(path)

    sync(path.parent, index, words, on_progress=meddle)
    with closing(Store(index)) as store:
        notes = [note for notes in store.notes().values() for note in notes if "while it was read" in note]
        assert bool(notes) == (times > 2) and (times > 2 or changed[-1] in store.text(store.documents()[0].id))
    report = sync(path.parent, index, words)
    assert report.changed == ["times.pdf"] * (times > 2)
    check_equals_a_clean_build(path.parent, index, words)


def test_content_of_the_same_size_is_a_change(texts, index, words):
    sync(texts, index, words)
    text = (texts / "notes.txt").read_text()
    (texts / "notes.txt").write_text(text.replace("06:30", "07:45"))
    assert sync(texts, index, words).changed == ["notes.txt"]
    check_equals_a_clean_build(texts, index, words)


# -- scanning


def test_which_files_are_taken(folder):
    for name in (".hidden.txt", "image.svg", "UPPER.PDF", ".git/config.txt", "sub/.x/a.txt", "sub/readme.markdown"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("words")
    (folder / "folder.pdf").mkdir()
    assert [found.path for found in scan(folder)] == [
        "UPPER.PDF", "notes.txt", "pump.pdf", "warranty.md", "sub/readme.markdown",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="folders are opened by descriptor")
def test_documents_of_a_folder_that_cannot_be_listed_are_not_taken_for_removed(texts, index, words):
    """Here its path is too long for the system; a lost network drive or missing permissions look the same."""
    sync(texts, index, words)
    before = files_of(index)
    here = os.open(texts, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=here)
        deeper = os.open("x" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    with pytest.raises(StorageError, match="cannot be listed") as error:
        sync(texts, index, words)
    assert error.value.hint and files_of(index) == before


# -- progress


def test_progress_counts_up_to_the_end(folder, index, words):
    told: list[Progress] = []
    sync(folder, index, words, on_progress=told.append)
    for before, after in pairwise(told):
        assert before.files_done <= after.files_done <= after.files_total == 3
        assert before.pages_done <= after.pages_done
    embedded = dict.fromkeys(p.file for p in told if p.stage == "embedding")
    assert list(embedded) == ["notes.txt", "warranty.md", "pump.pdf"]
    assert told[-1].stage == "publishing" and told[-1].files_done == 3 and told[-1].pages_done == 5
    assert all(p.eta_seconds is None or p.eta_seconds >= 0 for p in told)


if __name__ == "__main__":
    sync(Path(sys.argv[1]), Path(sys.argv[2]), Words(seconds=0.2), IngestConfig(chunk_tokens=int(sys.argv[3])))


def test_known_answers_are_no_document(folder, index_dir, encoder):
    """Found by the search, they would answer the questions that they are there to test."""
    (folder / "eval.jsonl").write_text('{"id": "1", "question": "Who holds the keys?", "answers": ["Vesna Orlik"]}\n')
    (folder / "domain.toml").write_text('name = "Pumps"\n')
    (folder / "older").mkdir()
    (folder / "older/eval.jsonl").write_text('{"part": "seal"}\n')  # a document like any other
    report = sync(folder, index_dir, encoder)
    assert report.added == ["older/eval.jsonl"] and not report.changed

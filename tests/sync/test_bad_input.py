"""Whatever people put into the folder: each file is either read or listed with its reason, and the rest goes on."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from app.ask.find.retrieve import retrieve
from ingest.config import IngestConfig
from ingest.errors import IndexDamaged, InvalidInput, ReadError, StorageError
from ingest.readers.read import read_file
from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.scan import scan
from ingest.sync.sync import Report, sync

NASTY = Path(__file__).parents[3] / "shared/evalsets/nasty_pdfs"


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


def search(index: Path, encoder, question: str) -> list[tuple[str, int]]:
    with closing(LocalIndex(index)) as opened:
        return [(hit.file, hit.chunk.page) for hit in retrieve(opened, encoder, question, 5)]


def check_all_accounted_for(folder: Path, index: Path, report: Report) -> None:
    """Each file has its pages or its reason, in the report and in the index, and what is good can be found."""
    with closing(Store(index)) as store:
        documents = {document.path: document for document in store.documents()}
        assert store.check() == []
    for file in folder.rglob("*.*"):
        if file.is_file() or file.is_symlink():
            document = documents.pop(str(file.relative_to(folder)).encode("utf-8", "backslashreplace").decode())
            assert bool(document.error) != bool(document.n_pages) and bool(document.error) == bool(document.hint)
    assert documents == {}
    for failure in report.failed:
        assert failure.error and failure.hint
        assert failure.file not in report.added + report.changed


def image_only(path: Path) -> None:
    canvas = Canvas(str(path), pagesize=(200, 100))
    for _ in range(3):
        canvas.rect(50, 20, 100, 60, fill=1)
        canvas.showPage()
    canvas.save()


BAD = {
    "secret.pdf": "protected by a password",
    "cut.pdf": "damaged",
    "empty.pdf": "empty (zero bytes)",
    "web.pdf": "not a PDF",
    "picture.pdf": "not a PDF",
    "head.pdf": "damaged",
    "nothing.txt": "empty (zero bytes)",
    "spaces.md": "holds no text",
    "program.txt": "not a text file",
    "circle.pdf": "Too many levels of symbolic links",
    "lost.md": "No such file",
}


@pytest.fixture
def bad_folder(folder, make_pdf):
    """The small domain with one file for each way of being bad."""
    image_only(folder / "scan.pdf")
    make_pdf(folder / "secret.pdf", [["The secret."]], password="swordfish")
    whole = make_pdf(folder / "cut.pdf", [[f"Line {n} of the page." for n in range(40)]] * 3).read_bytes()
    (folder / "cut.pdf").write_bytes(whole[:400])
    (folder / "empty.pdf").touch()
    (folder / "web.pdf").write_text("<html><body>404 Not Found</body></html>")
    (folder / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (folder / "head.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "nothing.txt").touch()
    (folder / "spaces.md").write_text(" \n\t\n \n")
    (folder / "program.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
    (folder / "circle.pdf").symlink_to("circle.pdf")
    (folder / "lost.md").symlink_to("/nowhere/at/all.md")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    return folder


@pytest.mark.slow
def test_each_bad_file_says_what_is_wrong_and_the_good_ones_are_read(bad_folder, index, encoder):
    report = sync(bad_folder, index, encoder)
    assert report.added == ["notes.txt", "pump.pdf", "scan.pdf", "warranty.md"]
    failed = {failure.file: failure for failure in report.failed}
    assert set(failed) == set(BAD)
    for name, words in BAD.items():
        assert words in failed[name].error
    assert "--ask-passwords" in failed["secret.pdf"].hint
    check_all_accounted_for(bad_folder, index, report)
    assert search(index, encoder, "When does the depot in Marlow open?")[0] == ("notes.txt", 1)
    again = sync(bad_folder, index, encoder)
    assert [f.file for f in again.failed] == [f.file for f in report.failed]
    assert again.unchanged == 4 and not again.added and not again.changed


@pytest.mark.slow
def test_a_bad_file_that_is_mended_is_read(bad_folder, index, encoder, make_pdf):
    sync(bad_folder, index, encoder)
    make_pdf(bad_folder / "scan.pdf", [["Now the gasket has a text layer."]])
    (bad_folder / "lost.md").unlink()
    (bad_folder / "lost.md").write_text("The gasket is found again.")
    report = sync(bad_folder, index, encoder)
    assert report.changed == ["lost.md", "scan.pdf"]
    assert {file for file, _ in search(index, encoder, "gasket")} >= {"scan.pdf", "lost.md"}


def test_a_good_file_that_turns_bad_keeps_no_old_words(folder, index, encoder):
    sync(folder, index, encoder)
    (folder / "pump.pdf").write_bytes(b"")
    report = sync(folder, index, encoder)
    assert [f.file for f in report.failed] == ["pump.pdf"]
    with closing(LocalIndex(index)) as opened:
        assert opened.bm25("Brusk", 5) == []


# -- folders


def test_an_empty_folder_gives_an_index_that_answers_nothing(tmp_path, index, encoder):
    (tmp_path / "docs").mkdir()
    report = sync(tmp_path / "docs", index, encoder)
    assert report.as_json() | {"seconds": 0} == Report().as_json()
    assert search(index, encoder, "anything") == []


@pytest.mark.slow
@pytest.mark.parametrize("what", ["missing", "a file"])
def test_a_folder_that_is_none_is_told_of_and_the_index_stays(what, folder, index, encoder):
    sync(folder, index, encoder)
    shutil.rmtree(folder)
    if what == "a file":
        folder.write_text("not a folder")
    with pytest.raises(InvalidInput, match="no folder") as error:
        sync(folder, index, encoder)
    assert str(folder) in str(error.value) and "docent ingest" in error.value.hint
    assert search(index, encoder, "depot")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_among_the_files_does_not_hang_the_run(folder, index, encoder):
    os.mkfifo(folder / "pipe.pdf")
    report = sync(folder, index, encoder, IngestConfig(page_timeout=5))
    assert report.added == ["notes.txt", "pump.pdf", "warranty.md"] and report.failed == []


@contextmanager
def others_rights() -> Iterator[None]:
    """Root may read anything; others may not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="other rights than POSIX's")
@pytest.mark.parametrize("mode", [0o444, 0o000])
def test_a_folder_closed_to_the_user_is_told_of(mode, folder):
    """Never taken for empty: that would remove its documents from the index."""
    with tempfile.TemporaryDirectory() as name:
        closed = Path(name, "closed")
        shutil.copytree(folder, closed)
        Path(name).chmod(0o755)
        closed.chmod(mode)
        try:
            with others_rights():
                if mode:  # its names can be seen, its files cannot
                    found = scan(Path(name))
                    assert [f.path for f in found] == ["closed/notes.txt", "closed/pump.pdf", "closed/warranty.md"]
                    with pytest.raises(ReadError, match="Permission denied") as error:
                        read_file(found[0].file)
                else:
                    with pytest.raises(StorageError, match=r"closed cannot be listed: Permission denied") as error:
                        scan(Path(name))
        finally:
            closed.chmod(0o755)
    assert "Check" in error.value.hint


# -- names


NAMES = [
    "with some spaces.txt", "🔥 pump 🧯.txt", "日本語のファイル.txt", "x" * 200 + ".txt", "q'u\"o%te;--.txt", "-rf.txt",
]  # fmt: skip


def test_odd_names_are_kept_as_they_are(tmp_path, index, encoder, make_pdf):
    folder = tmp_path / "my docs 📁"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_text(f"Sprocket number {number} is blue.")
    make_pdf(folder / "🔥 a b.pdf", [["The sprocket of the PDF is red."]])
    report = sync(folder, index, encoder)
    assert sorted(report.added) == sorted([*NAMES, "🔥 a b.pdf"])
    check_all_accounted_for(folder, index, report)
    assert search(index, encoder, "which sprocket is red?")[0] == ("🔥 a b.pdf", 1)
    assert sync(folder, index, encoder).unchanged == len(NAMES) + 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not take such names")
def test_names_that_are_not_utf_8(tmp_path, index, encoder, make_pdf):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xe9p\xf4t"))
    make_pdf(folder / "good.pdf", [["The sprocket of the PDF is red."]]).rename(
        folder / os.fsdecode(b"caf\xe9 manual.pdf")
    )
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("The sprocket of the text is green.")
    (folder / os.fsdecode(b"\xff.pdf")).write_bytes(b"broken")
    report = sync(folder, index, encoder)
    assert report.added == ["caf\\udce9 manual.pdf", "caf\\udce9.txt"]
    assert [failure.file for failure in report.failed] == ["\\udcff.pdf"]
    check_all_accounted_for(folder, index, report)
    json.dumps(report.as_json(), ensure_ascii=False).encode()
    assert {file for file, _ in search(index, encoder, "sprocket")} == set(report.added)
    assert sync(folder, index, encoder).unchanged == 2


def test_the_same_file_twice_is_recorded_twice_and_answers_once(folder, index, encoder):
    shutil.copy(folder / "pump.pdf", folder / "pump (1).pdf")
    report = sync(folder, index, encoder)
    assert {"pump (1).pdf", "pump.pdf"} <= set(report.added) and report.failed == []
    found = search(index, encoder, "What does fault code E-104 mean?")
    assert len([1 for file, page in found if file.startswith("pump") and page == 2]) == 1


# -- what happens while a run goes on


def test_a_file_deleted_while_others_are_read(folder, index, encoder):
    for name in ("a.txt", "b.txt", "z.txt"):
        (folder / name).write_text(f"Sprocket {name}.")

    def delete(progress) -> None:
        if progress.stage == "reading" and progress.file == "z.txt":
            (folder / "b.txt").unlink(missing_ok=True)  # it was just read
            (folder / "warranty.md").unlink(missing_ok=True)  # not yet begun

    report = sync(folder, index, encoder, on_progress=delete)
    assert report.added == ["a.txt", "notes.txt", "pump.pdf", "z.txt"] and report.failed == []
    assert report.removed == ["b.txt", "warranty.md"]
    check_all_accounted_for(folder, index, report)
    assert sync(folder, index, encoder).unchanged == 4


def test_a_file_too_large_to_read_is_passed_over_without_mixing_up_the_others(folder, index, encoder):
    (folder / "large.txt").write_text("Too large. " * 20_000)
    report = sync(folder, index, encoder, IngestConfig(max_file_bytes=100_000))
    assert [(f.file, f.error) for f in report.failed] == [("large.txt", "is larger than a reader may take")]
    assert report.added == ["notes.txt", "pump.pdf", "warranty.md"]
    with closing(Store(index)) as store:
        texts = {document.path: store.text(document.id) for document in store.documents()}
    assert "Marlow" in texts["notes.txt"] and "compressor" in texts["warranty.md"] and texts["large.txt"] == ""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that nobody can read, not even root")
def test_a_file_that_may_not_be_read_is_listed_and_tried_again(folder, index, encoder):
    (folder / "locked.txt").symlink_to("/proc/self/mem")
    report = sync(folder, index, encoder)
    assert [f.file for f in report.failed] == ["locked.txt"] and "cannot be opened" in report.failed[0].error
    assert "Check that the file" in report.failed[0].hint
    check_all_accounted_for(folder, index, report)
    assert [f.file for f in sync(folder, index, encoder).failed] == ["locked.txt"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from libraries import Words
from ingest.errors import StorageError
from ingest.sync.sync import sync
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    sync(Path(sys.argv[1]), Path(sys.argv[2]), Words())
except StorageError as error:
    print(error, error.hint, sep="|")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs limits on the size of files")
def test_a_full_disk_stops_the_run_and_keeps_what_was_stored(tmp_path, index):
    """Files that may not grow over 500 kB stand for the disk: SQLite is refused just so."""
    from libraries import Words, check_equals_a_clean_build, prose

    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(20):
        (folder / f"{n}.txt").write_text(prose(n, 150))
    arguments = [str(folder), str(index)]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *arguments], capture_output=True, text=True)
    assert "disk is full" in done.stdout and "docent ingest" in done.stdout, done.stderr
    assert index.exists() and list(index.glob("*.tmp")) == []
    with closing(Store(index)) as store:
        kept = [document.path for document in store.documents()]
    assert 0 < len(kept) < 20
    words = Words()
    report = sync(folder, index, words)
    assert len(report.added) == 20 - len(kept) and report.unchanged == len(kept)
    check_equals_a_clean_build(folder, index, words)


# -- the index itself


def test_a_store_of_garbage_offers_a_rebuild_and_the_documents_are_untouched(folder, index, encoder):
    sync(folder, index, encoder)
    documents = {file: file.read_bytes() for file in folder.iterdir()}
    (index / FILE).write_bytes(os.urandom(50_000))
    for attempt in (lambda: sync(folder, index, encoder), lambda: LocalIndex(index)):
        with pytest.raises(IndexDamaged) as error:
            attempt()
        assert "documents are untouched" in error.value.hint and "docent ingest --rebuild" in error.value.hint
    report = sync(folder, index, encoder, rebuild=True)
    assert len(report.added) == 3 and search(index, encoder, "depot")[0] == ("notes.txt", 1)
    assert {file: file.read_bytes() for file in folder.iterdir()} == documents


@pytest.mark.slow
def test_a_store_damaged_in_the_middle_is_not_a_traceback(folder, index, encoder):
    (folder / "long.txt").write_text("\n".join(f"The sprocket {n} is blue." for n in range(3000)))
    sync(folder, index, encoder)
    data = bytearray((index / FILE).read_bytes())
    data[4096:-4096] = os.urandom(len(data) - 8192)
    (index / FILE).write_bytes(data)
    with pytest.raises(IndexDamaged) as error:
        sync(folder, index, encoder)
    assert "--rebuild" in error.value.hint
    assert len(sync(folder, index, encoder, rebuild=True).added) == 4


def test_an_index_of_an_older_docent_is_brought_up_to_date(folder, index, encoder):
    index.mkdir()
    with closing(sqlite3.connect(index / FILE)) as db:
        db.execute("PRAGMA user_version = 0")
        db.execute("VACUUM")
    assert len(sync(folder, index, encoder).added) == 3
    assert search(index, encoder, "depot")[0] == ("notes.txt", 1)


@pytest.mark.slow
def test_an_index_of_a_newer_docent_is_left_alone_until_a_rebuild(folder, index, encoder):
    sync(folder, index, encoder)
    with closing(sqlite3.connect(index / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexDamaged, match="newer Docent") as error:
        sync(folder, index, encoder)
    assert "Update Docent" in error.value.hint and "--rebuild" in error.value.hint
    assert len(sync(folder, index, encoder, rebuild=True).added) == 3


@pytest.mark.parametrize("place", ["/sys/kernel/index", "/sys/kernel"])
@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that not even root can write to")
def test_an_index_folder_that_cannot_be_written(place, folder, encoder):
    with pytest.raises(StorageError) as error:
        sync(folder, Path(place), encoder)
    assert place in str(error.value) and error.value.hint


# -- size


@pytest.mark.slow
def test_two_thousand_pages(tmp_path, index, encoder, make_pdf):
    folder = tmp_path / "docs"
    make_pdf(folder / "long.pdf", [[f"Page with code Z{n}.", "The valve is closed by hand."] for n in range(1, 2001)])
    report = sync(folder, index, encoder)
    assert report.added == ["long.pdf"] and report.pages == 2000 and report.failed == []
    for number in (1, 777, 2000):
        assert search(index, encoder, f"Where is code Z{number}?")[0] == ("long.pdf", number)


@pytest.mark.model
@pytest.mark.skipif(not NASTY.is_dir(), reason=f"there is no {NASTY}")
def test_188_broken_encrypted_and_odd_pdfs(index, encoder):
    report = sync(NASTY / "docs", index, encoder, IngestConfig(recognise=False))
    expected = [json.loads(line) for line in (NASTY / "manifest.jsonl").read_text().splitlines()]
    check_all_accounted_for(NASTY / "docs", index, report)
    failed = {failure.file: failure.error for failure in report.failed}
    assert set(report.added) | set(failed) == {entry["file"] for entry in expected}

    def told(what: str) -> list[str]:
        return [failed.get(entry["file"], "") for entry in expected if what in entry["expect"]]

    assert all("password" in error for error in told("password"))
    ocr, text = told("OCR"), told("text is indexed")
    assert sum(not error or "no text" in error for error in ocr) >= 0.95 * len(ocr)
    assert sum(not error for error in text) >= 0.95 * len(text)

"""Folders that are kept up with: what changed is told once it stands still, and what is only away is not gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.models.store import add
from app.settings import load_settings
from app.ui.desk import Desk
from ingest.store.store import Store
from ingest.sync.folders import Folder, known_of
from ingest.sync.plan import Pending
from ingest.sync.status import status_of
from ingest.sync.sync import sync
from ingest.sync.watch import News, changes, on_network

from libraries import Words, check_equals_a_clean_build, index, texts, words

pytestmark = pytest.mark.slow

__all__ = ["index", "texts", "words"]  # fixtures
ROOT = Path(__file__).parents[2]


class Watching:
    """`changes` on a thread of its own."""

    def __init__(self, *folders: Folder, poll: bool = False, quiet_seconds: float = 0.6) -> None:
        self.news: list[News] = []
        self.stop = threading.Event()

        def follow() -> None:
            for news in changes(folders, self.stop, poll=poll, quiet_seconds=quiet_seconds, every=0.7):
                self.news.append(news)

        self.thread = threading.Thread(target=follow)
        self.thread.start()
        self.next(1)

    def next(self, number: int) -> News:
        end = time.monotonic() + 60
        while len(self.news) < number:
            assert time.monotonic() < end and self.thread.is_alive(), self.news
            time.sleep(0.02)
        return self.news[number - 1]

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


@pytest.mark.parametrize("poll", [False, True])
def test_what_comes_changes_moves_and_goes_is_told(poll, texts):
    with Watching(Folder("", texts), poll=poll) as watching:
        assert watching.news[0] == News(True), "the first look is always due"
        (texts / "sub").mkdir()
        (texts / "sub/new.txt").write_text("New words.")
        assert watching.next(2).run_due
        (texts / "notes.txt").write_text("Other words.")
        assert watching.next(3).run_due
        (texts / "sub/new.txt").rename(texts / "moved.txt")
        assert watching.next(4).run_due
        (texts / "moved.txt").unlink()
        assert watching.next(5).run_due
        assert not any(news.pending.files or news.away for news in watching.news)


def test_a_file_that_is_being_written_is_waited_for(texts):
    with Watching(Folder("Box", texts)) as watching:
        for n in range(20):
            with (texts / "large.txt").open("a") as out:
                out.write(f"Line {n}.\n")
            if n == 6:
                (texts / "done.txt").write_text("Written at once.")
            time.sleep(0.2)
        assert watching.next(2).pending.files == {"Box/large.txt"}, "the one beside it is told of"
        assert watching.next(3) == News(True)
        with (texts / "notes.txt").open("a") as out:
            out.write("One more line.")
        assert watching.next(4) == News(True)


def test_names_that_programs_give_to_half_a_file_are_passed_over(texts, index, words):
    for name in ("a.pdf.part", "b.txt.crdownload", "~$letter.txt", ".hidden.txt", "c.md.tmp"):
        (texts / name).write_text("Half of it.")
    assert sync(texts, index, words).added == ["notes.txt", "pump.md", "warranty.md"]


def test_what_is_pending_is_left_as_it_was(texts, index, words):
    sync(texts, index, words)
    (texts / "notes.txt").write_text("Half of the new wo")
    (texts / "pump.md").unlink()  # to be written anew under this name
    (texts / "new.txt").write_text("Half of a new fi")
    report = sync([], index, words, pending=Pending(frozenset({"notes.txt", "pump.md", "new.txt"})))
    assert (report.added, report.changed, report.removed, report.unchanged) == ([], [], [], 3)
    report = sync([], index, words)
    assert (report.added, report.changed, report.removed) == (["new.txt"], ["notes.txt"], ["pump.md"])


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_a_folder_that_vanishes_keeps_its_documents(left, texts, index, words):
    """As when a network drive is disconnected: where it was there is nothing, or the folder it was mounted on."""
    sync(texts, index, words)
    with Watching(Folder("", texts), poll=True) as watching:
        elsewhere = texts.rename(texts.with_name("elsewhere"))
        if left == "an empty folder":
            texts.mkdir()
        news = watching.next(2)
        assert not news.run_due and list(news.away) == [texts]
        report = sync([], index, words, pending=news.pending)
        assert report.unchanged == 3 and not report.removed and report.away == [str(texts)]
        if left == "an empty folder":
            texts.rmdir()
        elsewhere.rename(texts)
        assert watching.next(3) == News(False), "it is there again, as it was"
        for file in texts.iterdir():
            file.unlink()
        assert watching.next(4) == News(True), "the same folder, emptied by hand"
    assert sync([], index, words).removed == ["notes.txt", "pump.md", "warranty.md"]


def test_one_of_several_that_is_away_does_not_keep_the_other_from_being_read(texts, index, words, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    (share / "letter.txt").write_text("Dear customer.")
    sync([texts, share], index, words)
    share.rename(tmp_path / "gone")
    (texts / "notes.txt").write_text("Other words.")
    report = sync([], index, words)
    assert report.changed == ["notes.txt"] and report.away == [str(share)] and not report.removed
    with closing(Store(index)) as store:
        assert "share/letter.txt" in {document.path for document in store.documents()}


def test_local_folders_are_not_taken_for_network_drives(tmp_path):
    assert not on_network(tmp_path)


# -- from the pages and in the terminal


def test_the_pages_keep_up_with_the_folder(folder, index_dir, encoder, scripted):
    at = Desk(folder, index_dir, load_settings(), lambda settings: encoder, lambda settings: scripted())
    at.keep_up(True)
    try:
        wait_until(lambda: at.ingesting is not None and not at.ingesting.running)
        (folder / "new.txt").write_text("The spare key hangs in the boiler room.")
        wait_until(lambda: "new.txt" in {document.path for document in at.documents()})
        (folder / "new.txt").unlink()
        wait_until(lambda: "new.txt" not in {document.path for document in at.documents()})
    finally:
        at.keep_up(False)
    assert load_settings().keep_up is False


def test_the_pages_begin_nothing_of_themselves_before_the_first_run(folder, tmp_path, encoder, scripted):
    at = Desk(folder, tmp_path / "new", load_settings(), lambda settings: encoder, lambda settings: scripted())
    at.keep_up(True)
    time.sleep(1.2)
    at.keep_up(False)
    assert at.ingesting is None and not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child there")
def test_docent_watch_and_status(folder, tmp_path, tiny_folder, home):
    add("tiny", tiny_folder, home / "models")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DOCENT_ENCODER": "tiny", "DOCENT_HOME": str(home)}
    index, letters = tmp_path / "index", tmp_path / "letters"
    letters.mkdir()
    (letters / "letter.txt").write_text("Dear customer.")
    command = [sys.executable, "-m", "app.cli", "watch", str(folder), str(letters), "--index", str(index), "--json"]
    watching = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert watching.stdout and watching.stderr
    try:
        first = json.loads(watching.stdout.readline())
        assert sorted(first["added"]) == ["letters/letter.txt", "notes.txt", "pump.pdf", "warranty.md"]
        (letters / "letter.txt").unlink()
        report = json.loads(watching.stdout.readline())
        while not report["removed"]:
            report = json.loads(watching.stdout.readline())
        assert report["removed"] == ["letters/letter.txt"] and not report["away"]
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "status", "--index", str(index), "--json"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = json.loads(done.stdout)
        assert told["folders"] == [str(folder), str(letters)] == [str(one.place) for one in known_of(index)]
        assert (told["documents"], told["published"], told["writing"], told["run"]) == (3, True, False, None)
        watching.send_signal(signal.SIGINT)
        errors = watching.communicate(timeout=60)[1]
        assert watching.returncode == 130 and "Traceback" not in errors
    finally:
        watching.kill()
        watching.wait()


def test_another_process_can_tell_how_far_a_run_has_come(texts, index):
    seen = []

    def look(progress) -> None:
        if progress.stage == "reading" and progress.files_done == 0 and not seen:
            time.sleep(1.1)
        else:
            seen.append(status_of(index))

    for n in range(3):
        (texts / f"{n}.txt").write_text("Some words.")
    sync(texts, index, Words(), on_progress=look)
    running = [told.run for told in seen if told.run]
    assert running and all(run["files_total"] == 6 and run["pid"] == os.getpid() for run in running)
    assert all(told.writing for told in seen)
    told = status_of(index)
    assert not told.writing and told.run is None and told.published and not (index / "run.json").exists()
    check_equals_a_clean_build(texts, index, Words())


def wait_until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.05)

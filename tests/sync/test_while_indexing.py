"""What a run lets others do: search meanwhile, hold it, end it; and what is left of one that was killed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from ingest.config import IngestConfig
from ingest.errors import IndexMissing
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.control import Control
from ingest.sync.plan import Plan, reading_order
from ingest.sync.progress import Pace, Progress
from ingest.sync.scan import Found
from ingest.sync.sync import sync

from libraries import (
    Words,
    check_equals_a_clean_build,
    everything,
    files_of,
    index,
    kill,
    prose,
    texts,
    words,
)

pytestmark = pytest.mark.slow

__all__ = ["index", "texts", "words"]  # fixtures


def within(seconds: float, true) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


class Background:
    """A run on a thread of its own."""

    def __init__(self, folder: Path, index: Path, encoder: Words, config: IngestConfig | None = None) -> None:
        self.told: list[Progress] = []
        self.control = Control()
        self.report = self.error = None

        def run() -> None:
            try:
                self.report = sync(folder, index, encoder, config, self.told.append, control=self.control)
            except BaseException as error:
                self.error = error

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def end(self):
        self.thread.join(60)
        assert not self.thread.is_alive() and self.error is None, self.error
        return self.report


@pytest.fixture
def many(texts):
    """Enough for a run of some seconds with an encoder that takes a tenth of a second for each call."""
    for n in range(12):
        (texts / f"long-{n:02}.txt").write_text(prose(n, 300))
    return texts


# -- in which order


def found(path: str, size: int, days: float) -> Found:
    return Found(path, Path(path), size, 10**18 - int(days * 86_400e9))


def test_newest_and_smallest_come_first():
    files = [
        found("old-small", 1000, 400), found("new-large", 50_000_000, 0), found("new-small", 2000, 0.5),
        found("week-old-small", 1000, 6), found("new-smaller", 1000, 0.1), found("old-large", 50_000_000, 400),
    ]  # fmt: skip
    changed = found("changed", 30_000, 0.2)
    for _ in range(5):
        random.shuffle(files)
        turn = [one.path for one in reading_order(Plan(tuple(files), (changed,), (), ()))]
        assert turn == [
            "changed", "new-smaller", "new-small", "week-old-small", "old-small", "new-large", "old-large",
        ]  # fmt: skip


def test_the_index_is_the_same_in_whatever_order_the_files_came(many, index, words):
    generator = random.Random(7)
    for file in many.iterdir():
        os.utime(file, ns=(1, generator.randrange(10**17, 10**18)))
    sync(many, index, words)
    first = everything(index)
    for file in many.iterdir():
        os.utime(file, ns=(1, generator.randrange(10**17, 10**18)))
    sync(many, index.with_name("again"), words)
    second = everything(index.with_name("again"))
    for held in (first, second):  # but for the dates
        held["documents"] = [row[:5] + row[6:] for row in held["documents"]]
    assert first == second


# -- searched meanwhile


def test_what_is_read_can_be_searched_before_the_rest_is(many, index):
    """By its words and by its vectors, through a snapshot that was published meanwhile."""
    words = Words(seconds=0.5)
    run = Background(many, index, words)
    snapshots: set[str] = set()
    while run.thread.is_alive():
        try:
            with closing(LocalIndex(index)) as opened:
                n = len(opened)
                if not n or opened.snapshot in snapshots:
                    continue
                snapshots.add(opened.snapshot)
                best = opened.dense(words.encode(["When does the depot in Marlow open?"])[0], 3)
                chunks = opened.chunks([scored.chunk_id for scored in best])
                assert any("Marlow" in chunk.text for chunk in chunks.values()), "the smallest file comes first"
                assert opened.bm25("Marlow", 3)
        except IndexMissing:  # nothing is published yet
            pass
        time.sleep(0.02)
    run.end()
    with closing(LocalIndex(index)) as opened:
        assert len(snapshots - {opened.snapshot}) >= 1
    assert any(told.stage == "publishing" and told.files_done < told.files_total for told in run.told)
    check_equals_a_clean_build(many, index, Words())


def test_no_snapshot_mixes_the_vectors_of_two_encoders(many, index):
    """While all is read again for another one, the old snapshot stays; a cancelled run leaves it, too."""
    sync(many, index, Words())
    snapshot = (index / "CURRENT").read_text()
    other = Words("other", seconds=0.3)
    run = Background(many, index, other)
    within(30, lambda: any(3 < told.files_done < 15 for told in run.told))
    run.control.cancel()
    assert run.end().stopped and (index / "CURRENT").read_text() == snapshot
    sync(many, index, Words("other"))
    check_equals_a_clean_build(many, index, Words("other"))


# -- held and ended


def test_a_paused_run_stands_still_and_goes_on(many, index):
    words = Words(seconds=0.1)
    run = Background(many, index, words)
    within(30, lambda: words.calls > 3)
    run.control.pause()
    within(5, lambda: run.told[-1].stage == "paused")
    time.sleep(0.3)  # the part that was being embedded
    calls, files = words.calls, run.told[-1].files_done
    children = [child for child in psutil.Process().children() if "ingest.children.child" in child.cmdline()]
    assert children and all(child.status() == psutil.STATUS_STOPPED for child in children)
    time.sleep(0.5)
    assert (words.calls, run.told[-1].files_done) == (calls, files) and run.thread.is_alive()
    run.control.resume()
    report = run.end()
    assert not report.stopped and len(report.added) == 15 and run.control.paused_seconds > 0.5
    check_equals_a_clean_build(many, index, Words())


@pytest.mark.parametrize("when", ["at work", "paused", "at once"])
def test_a_cancelled_run_publishes_what_it_finished_and_the_next_goes_on(when, many, index):
    (many / "gone.txt").write_text("The Qzxgrambolt is here.")
    sync(many, index, Words())
    for n in range(12):
        (many / f"long-{n:02}.txt").write_text(prose(100 + n, 300))
    (many / "gone.txt").unlink()
    words = Words(seconds=0.1)
    run = Background(many, index, words)
    if when != "at once":
        within(30, lambda: words.calls > 3)
    if when == "paused":
        run.control.pause()
        within(5, lambda: run.told[-1].stage == "paused")
    run.control.cancel()
    report = run.end()
    assert report.stopped and len(report.changed) + report.left == 12 and report.removed == ["gone.txt"]
    assert report.left == 12 if when == "at once" else 0 < report.left < 12
    with closing(LocalIndex(index)) as opened:
        assert len(opened) == report.chunks and opened.store.check() == []
        assert opened.bm25("Qzxgrambolt", 5) == []
    next_report = sync(many, index, Words())
    assert len(next_report.changed) == report.left and not next_report.stopped and not next_report.left
    check_equals_a_clean_build(many, index, Words())


def test_a_long_file_being_read_does_not_keep_a_run_from_ending(texts, index, words):
    """Here reading it takes for ever: a pipe, which no run is given, put in the place of a file."""
    (texts / "pipe.txt").write_text("words")

    def swap(progress: Progress) -> None:
        if progress.stage == "reading" and not (texts / "pipe.txt").is_fifo():
            (texts / "pipe.txt").unlink()
            os.mkfifo(texts / "pipe.txt")

    control = Control()
    threading.Timer(1.5, control.cancel).start()
    began = time.monotonic()
    report = sync(texts, index, words, on_progress=swap, control=control)
    assert report.stopped and time.monotonic() - began < 30 < IngestConfig().page_timeout


# -- killed in the middle of a long file


def unfinished(index: Path) -> int:
    try:
        with closing(Store(index)) as store:
            return store.rows("SELECT count(*) FROM unfinished")[0][0]
    except Exception:  # not made yet
        return 0


@pytest.fixture(scope="module")
def once_killed(tmp_path_factory):
    """A folder with a long file, and the index of a run that was killed while embedding it."""
    place = tmp_path_factory.mktemp("killed")
    (place / "docs").mkdir()
    (place / "docs/book.txt").write_text(prose(1, 6000))
    run = subprocess.Popen([sys.executable, __file__, str(place / "docs"), str(place / "index")])
    within(60, lambda: unfinished(place / "index") > 0)
    kill(run)
    return place


@pytest.fixture
def killed(once_killed, tmp_path):
    shutil.copytree(once_killed, tmp_path / "killed")
    return tmp_path / "killed/docs", tmp_path / "killed/index"


def test_what_was_embedded_of_a_long_file_is_not_embedded_again(killed):
    folder, index = killed
    kept, words = unfinished(index), Words()
    report = sync(folder, index, words)
    assert kept > 0 and words.texts == report.chunks - kept
    assert unfinished(index) == 0
    check_equals_a_clean_build(folder, index, Words())


def test_so_it_is_when_the_run_was_cancelled(once_killed, index):
    slow = Words(seconds=0.4)
    run = Background(once_killed / "docs", index, slow)
    within(30, lambda: slow.calls > 1)
    run.control.cancel()
    assert run.end().left == 1 and unfinished(index) == slow.texts
    words = Words()
    report = sync(once_killed / "docs", index, words)
    assert words.texts == report.chunks - slow.texts and unfinished(index) == 0


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_nothing_of_it_is_left_when_the_file_is_gone_or_changed(what, killed, words):
    folder, index = killed
    with closing(Store(index)) as store:
        vectors = [row[0] for row in store.rows("SELECT vector FROM unfinished LIMIT 20")]
    (folder / "book.txt").unlink()
    (folder / "other.txt").write_text("Other words.")
    if what == "changed":
        (folder / "book.txt").write_text("It was cut down to these few words.")
    sync(folder, index, words)
    assert unfinished(index) == 0
    data = b"".join(files_of(index).values())
    assert vectors and not any(vector in data for vector in vectors)
    check_equals_a_clean_build(folder, index, words)


# -- how long it takes


def test_the_time_that_is_left_is_told_from_what_was_measured(many, index):
    words = Words(seconds=0.15)
    run = Background(many, index, words)
    report = run.end()
    began = next(told for told in run.told if told.eta_seconds is not None)
    assert began.files_done < began.files_total and 0 < began.pages_done <= began.pages_total
    last = run.told[-2]
    assert last.pages_total == report.pages == last.pages_done and last.share > 0.9


def test_the_time_left_moves_smoothly_and_ends_at_nothing():
    """Ten files of ten pages, a second each; then one page a second for the other ten."""
    now = [1000.0]
    pace = Pace([(f"{n}.txt", 100) for n in range(20)], lambda: now[0])
    now[0] += 30  # an encoder that takes its time to load
    pace.begin()
    told = []
    for n in range(20):
        pace.read(f"{n}.txt", 100, 10)
        pace.pages_read += 10
        for step in range(1 if n < 10 else 10):
            now[0] += 1
            pages = 10.0 if n < 10 else step + 1.0
            told.append(pace.measure(pages)[1])
        pace.kept(100, 10)
    assert pace.pages_total == 200 and told[0] == pytest.approx(19, abs=0.1)
    assert told[:10] == pytest.approx(range(19, 9, -1), abs=0.2), "at a steady pace it counts down"
    assert all(abs(after - before) < 5 for before, after in pairwise(told)), "it never jumps"
    assert told[60] == pytest.approx(49, abs=15), "and finds the new pace"
    assert told[-1] == 0


def test_pages_are_told_from_the_bytes_of_each_format():
    pace = Pace([("a.pdf", 1000), ("b.pdf", 3000), ("c.txt", 10), ("d.txt", 30), ("e.pdf", 500)], time.monotonic)
    pace.read("a.pdf", 1000, 2)
    pace.read("c.txt", 10, 5)
    assert pace.pages_total == 2 + 6 + 5 + 15 + 1
    pace.read("e.pdf", 500, 0)  # it could not be read
    assert pace.pages_total == 2 + 6 + 5 + 15


if __name__ == "__main__":
    sync(Path(sys.argv[1]), Path(sys.argv[2]), Words(seconds=1.7))

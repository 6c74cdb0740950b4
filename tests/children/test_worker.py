from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest

from ingest.children.worker import Reader
from ingest.errors import ReadError
from ingest.readers.read import read_file

from workers import children, only_child, plain


@pytest.fixture
def reader():
    with Reader(page_timeout=60) as opened:
        yield opened


@pytest.fixture
def pipe(tmp_path) -> Path:
    """A file whose opening never ends, as some hostile PDFs keep a reader busy for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe.pdf")
    return tmp_path / "pipe.pdf"


def test_it_reads_what_reading_here_gives(reader, folder):
    told: list[tuple[int, int]] = []
    for file in sorted(folder.iterdir()):
        reader.start(file)
        there = reader.finish(lambda done, total: told.append((done, total)))
        assert plain(there) == plain(read_file(file))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_one_child_reads_all_and_ends_with_the_run(folder):
    with Reader(page_timeout=60) as reader:
        pids = set()
        for file in sorted(folder.iterdir()):
            reader.start(file)
            reader.finish()
            pids |= {child.pid for child in children()}
        assert len(pids) == 1
    assert children() == []


def test_why_a_file_cannot_be_read_comes_with_a_hint_and_the_next_is_read(reader, folder, tmp_path):
    (tmp_path / "bad.pdf").write_bytes(b"no PDF at all")
    reader.start(tmp_path / "bad.pdf")
    with pytest.raises(ReadError, match="not a PDF") as error:
        reader.finish()
    assert error.value.hint
    reader.start(folder / "notes.txt")
    assert "Marlow" in reader.finish().text


@pytest.mark.slow
def test_a_file_that_never_ends_is_given_up_and_the_next_is_read(pipe, folder):
    with Reader(page_timeout=1) as reader:
        reader.start(pipe)
        with pytest.raises(ReadError, match="more than 1 s") as error:
            reader.finish()
        assert error.value.hint and children() == []
        reader.start(folder / "notes.txt")
        assert "Marlow" in reader.finish().text


def test_a_crash_is_the_file_s_fault_and_the_next_is_read(reader, pipe, folder):
    reader.start(pipe)
    os.kill(only_child().pid, signal.SIGSEGV)
    with pytest.raises(ReadError, match="crashed") as error:
        reader.finish()
    assert error.value.hint
    reader.start(folder / "notes.txt")
    assert "Marlow" in reader.finish().text


def test_a_child_that_died_between_two_files_is_replaced(reader, folder):
    reader.start(folder / "notes.txt")
    reader.finish()
    child = only_child()
    os.kill(child.pid, signal.SIGKILL)
    while child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    reader.start(folder / "warranty.md")
    assert "compressor" in reader.finish().text


def test_a_damaged_copy_is_read_or_says_why(folder, tmp_path):
    """Cut at any point, or with some bytes changed: no crash, no hang, and never the words of another file."""
    whole = (folder / "pump.pdf").read_bytes()
    words = set(read_file(folder / "pump.pdf").text.split())
    generator = random.Random(0)
    read = 0
    with Reader(page_timeout=20) as reader:
        for number in range(40):
            data = bytearray(whole[: len(whole) * number // 20] if number < 20 else whole)
            for _ in range(3 if number >= 20 else 0):
                data[generator.randrange(len(data))] = generator.randrange(256)
            (tmp_path / "copy.pdf").write_bytes(data)
            reader.start(tmp_path / "copy.pdf")
            try:
                found = set(reader.finish().text.split())
                assert found & words
                read += 1
            except ReadError as error:
                assert str(error) and error.hint
    assert 0 < read < 40


def test_a_folder_s_own_python_files_are_never_run(folder, tmp_path, monkeypatch):
    """The child starts where the user is, and that may be a folder of downloads."""
    for name in ("pypdf", "pypdfium2", "numpy", "pickle", "ingest"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nraise SystemExit(1)")
    monkeypatch.chdir(folder)
    with Reader(page_timeout=60) as reader:
        reader.start(Path("pump.pdf"))
        assert "Brusk" in reader.finish().title
    assert not (tmp_path / "run").exists()

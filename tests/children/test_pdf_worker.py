"""A page that hangs, crashes or eats memory costs that page, never the file and never Docent."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from ingest.children.confine import confinement
from ingest.children.wire import receive, send
from ingest.children.worker import Reader
from ingest.errors import ReadError
from ingest.readers.read import read_file

from crafted import document, endless, stream, text, write
from workers import children, only_child, plain


def read_apart(path: Path, page_timeout: float = 60, on_page=None):
    with Reader(page_timeout) as reader:
        reader.start(path)
        return reader.finish(on_page)


@pytest.mark.slow
def test_a_page_that_never_ends_costs_that_page(tmp_path):
    read = read_apart(endless(tmp_path / "a.pdf", 3, 5), page_timeout=1.5)
    assert [page.number for page in read.pages] == [1, 2, 3, 4, 5]
    assert [page.text[:14] for page in read.pages] == ["This is page 1", "This is page 2", "", "This is page 4",
                                                       "This is page 5"]  # fmt: skip
    assert read.notes == ("could not be read and were left out: page 3",)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [1, 4])
def test_a_page_that_crashes_the_reader_costs_that_page(tmp_path, bad):
    path = endless(tmp_path / "a.pdf", bad, 4)
    with Reader(60) as reader:
        reader.start(path)
        pid = only_child().pid
        read = reader.finish(check=lambda: crash_at_work(pid))
    assert [bool(page.text) for page in read.pages] == [number != bad for number in range(1, 5)]
    assert read.notes == (f"could not be read and were left out: page {bad}",)


def crash_at_work(pid: int) -> None:
    """Once the page has it fill its memory."""
    with suppress(psutil.NoSuchProcess):
        if psutil.Process(pid).memory_info().rss > 300 << 20:
            os.kill(pid, signal.SIGSEGV)


@pytest.mark.slow
def test_too_many_bad_pages_end_the_file_and_are_named(tmp_path):
    pages = [text(f"This is page {n} of the manual.") + (b"/X0 Do\n" if n > 1 else b"") for n in range(1, 13)]
    bomb = endless(tmp_path / "b.pdf", 2, 12, pages)
    read = read_apart(bomb, page_timeout=1.0)
    assert read.pages[0].text == "This is page 1 of the manual."
    assert len(read.pages) == 6
    assert read.notes == (
        "could not be read and were left out: pages 2, 3, 4, 5, 6",
        "left out from page 7 to the last, 12: too many before them hung or crashed",
    )


def test_what_is_read_apart_is_what_is_read_here(tmp_path, make_pdf):
    path = make_pdf(tmp_path / "a.pdf", [[f"Page {n} of it.", "The valve is closed by hand."] for n in range(30)])
    assert plain(read_apart(path)) == plain(read_file(path))


# -- bombs


@pytest.mark.slow
def test_a_stream_that_unpacks_to_gigabytes(tmp_path):
    bomb = stream(b"0 " * (60 << 20))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>",
               "<< /Type /Pages /Count 2 /Kids [3 0 R 4 0 R] /MediaBox [0 0 600 800] >>",
               "<< /Type /Page /Parent 2 0 R /Contents [6 0 R 6 0 R 6 0 R 6 0 R 6 0 R 6 0 R 6 0 R 6 0 R] >>",
               "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F1 7 0 R >> >> >>",
               stream(text("The page behind the bomb is read.")), bomb,
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]  # fmt: skip
    read = read_apart(write(tmp_path / "a.pdf", objects), page_timeout=3)
    assert read.pages[1].text == "The page behind the bomb is read."


def test_a_tree_of_objects_nested_deeply(tmp_path):
    deep = "[" * 20_000 + "]" * 20_000
    objects = ["<< /Type /Catalog /Pages 2 0 R /Names 5 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 6 0 R "
               ">> >> >>", stream(text("The page is read all the same.")), deep,
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]  # fmt: skip
    assert read_apart(write(tmp_path / "a.pdf", objects), 20).text == "The page is read all the same."


def test_a_tree_of_pages_nested_deeply_and_in_a_circle(tmp_path):
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [f"<< /Type /Pages /Count 1 /Kids [{n + 1} 0 R 2 0 R] >>" for n in range(2, 3000)]
    objects += ["<< /Type /Page /MediaBox [0 0 600 800] >>"]
    with pytest.raises(ReadError) as error:
        read_apart(write(tmp_path / "a.pdf", objects), 20)
    assert error.value.hint


def test_a_claim_of_a_billion_pages(tmp_path):
    path = document(tmp_path / "a.pdf", [text("There is one page only.")])
    path.write_bytes(path.read_bytes().replace(b"/Count 1 ", b"/Count 999999999 "))
    try:
        read = read_apart(path, 20)
        assert "There is one page only." in read.text and len(read.pages) < 1000
    except ReadError as error:
        assert error.hint


@pytest.mark.parametrize("claimed", [b"90000", b"2147483647"])
def test_pages_that_are_claimed_and_not_there_are_not_all_tried(tmp_path, claimed):
    """Also where pypdf cannot open it, which would try to for each of them."""
    path = document(tmp_path / "a.pdf", [text("There is one page only.")])
    broken = path.read_bytes().replace(b"/Count 1 ", b"/Count %s " % claimed).replace(b"startxref", b"startxxxx")
    path.write_bytes(broken.replace(b"/Type /Catalog", b"/Type /Catalog /Outlines 99 0 R"))
    try:
        assert len(read_apart(path, 20).pages) < 1000
    except ReadError as error:
        assert error.hint


# -- shut in


def test_a_reading_child_has_no_way_out():
    told = confinement()
    assert "no network, no writing and no other program" in told and "can be" not in told
    if sys.platform == "linux":
        assert "kernel" in told and "GiB" in told


OUT = """
import os, socket, sys
from ingest.children.confine import confine
confine()
def out(what, *arguments):
    try:
        what(*arguments)
        print("out", what.__name__)
    except PermissionError:
        pass
here = socket.create_connection
out(here, ("127.0.0.1", int(sys.argv[1])))
out(socket.socket, socket.AF_UNIX)
out(open, sys.argv[2], "w")
out(open, sys.argv[3], "a")
out(os.remove, sys.argv[3])
out(os.rename, sys.argv[3], sys.argv[2])
out(os.mkdir, sys.argv[2])
out(os.chmod, sys.argv[3], 0)
out(os.kill, os.getppid(), 0)
out(os.execv, sys.executable, [sys.executable, "-c", ""])
print(open(sys.argv[3]).read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python refuses, not the kernel")
def test_each_way_out_is_tried(tmp_path):
    (tmp_path / "there").write_text("It may read.")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        arguments = [str(server.getsockname()[1]), str(tmp_path / "new"), str(tmp_path / "there")]
        done = subprocess.run([sys.executable, "-c", OUT, *arguments], capture_output=True, text=True)
        assert done.stdout == "It may read.\n", done.stderr
        with pytest.raises(TimeoutError):
            server.accept()
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == ["there"]


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def test_the_parent_takes_no_code_from_a_child_that_was_taken_over():
    for evil in (Evil(), subprocess.Popen, print):
        pipe = BytesIO()
        send(pipe, ("done", evil))
        pipe.seek(0)
        with pytest.raises(ValueError, match="not taken"):
            receive(pipe)
    assert pickle.loads(pickle.dumps(print)) is print  # which a plain reader of it would take


KILLED = """
import sys
from pathlib import Path
from ingest.children.worker import Reader
reader = Reader(600)
reader.start(Path(sys.argv[1]))
print(reader._child.pid, flush=True)
reader.finish()
"""


@pytest.mark.slow
def test_a_killed_parent_leaves_no_child_behind(tmp_path):
    path = endless(tmp_path / "a.pdf", 1, 1)
    parent = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    child.wait(timeout=30)
    parent.stdout.close()
    assert not child.is_running() and children() == []

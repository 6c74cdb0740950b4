"""Two readers and one writer, each a process of its own: no wrong answers, no exceptions, nothing deleted answers."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import IndexBusy, IndexMissing
from ingest.store.index import LocalIndex
from ingest.sync.sync import sync

from libraries import Words, check_equals_a_clean_build, prose

SECRET = "Qzxgrambolt"


def read(index: Path, folder: Path) -> int:
    """Asks until the folder says to stop. What was deleted before a question must not answer it."""
    words, asked, deleted = Words(), 0, set()
    opened = LocalIndex(index)
    while not (folder.parent / "stop").exists():
        gone = {line for line in (folder.parent / "gone").read_text().split() if line}  # whole lines, each after a run
        if not opened.is_newest:
            try:
                newer = LocalIndex(index)
            except IndexMissing:  # it is being built again; the old one answers meanwhile
                continue
            opened.close()
            opened = newer
        deleted |= gone
        found = opened.bm25("machine depot Marlow", 50) + opened.bm25(" ".join(deleted), 50)
        found += opened.dense(words.encode(["The depot in Marlow"])[0], 50)
        chunks = opened.chunks([scored.chunk_id for scored in found]).values()
        assert any("Marlow" in chunk.text for chunk in chunks), "what stays answers throughout"
        for chunk in chunks:
            assert not any(word in chunk.text for word in gone), f"deleted, and it answers: {chunk.text}"
            text = opened.text(chunk.doc_id, chunk.start, chunk.end)
            assert text in (chunk.text, "") or chunk.id not in opened.chunks([chunk.id]), "a page of another version"
        asked += 1
    opened.close()
    print(asked)
    return 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="an open store cannot be replaced there")
def test_two_readers_and_one_writer(tmp_path):
    folder, index, generator = tmp_path / "docs", tmp_path / "index", random.Random(3)
    folder.mkdir()
    (folder / "depot.txt").write_text("The depot in Marlow opens at 06:30.")
    for n in range(6):
        (folder / f"{n}.txt").write_text(prose(n, 60))
    gone = tmp_path / "gone"
    gone.touch()
    sync(folder, index, Words())
    command = [sys.executable, __file__, str(index), str(folder)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        time.sleep(1.5)  # until they ask
        for step in range(8):
            secret = folder / f"secret-{step}.txt"
            secret.write_text(f"The machine {SECRET}{step} stands in the depot. {prose(90 + step, 20)}")
            (folder / f"{generator.randrange(6)}.txt").write_text(prose(generator.randrange(99), 60))
            sync(folder, index, Words(seconds=0.05), rebuild=step == 5)
            secret.unlink()
            sync(folder, index, Words(), rebuild=step == 6)
            with gone.open("a") as out:
                out.write(f"{SECRET}{step}\n")
            assert all(reader.poll() is None for reader in readers), readers[0].stderr.read()
    finally:
        (tmp_path / "stop").touch()
        told = [reader.communicate(timeout=60) for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0], told
    assert all(int(out) > 3 for out, _ in told)
    check_equals_a_clean_build(folder, index, Words())


def test_a_second_writer_is_refused_whatever_it_wants(tmp_path):
    folder, index = tmp_path / "docs", tmp_path / "index"
    folder.mkdir()
    (folder / "a.txt").write_text("Some words.")
    refused = []

    def meddle(progress) -> None:
        if progress.stage == "embedding":
            for rebuild in (False, True):
                with pytest.raises(IndexBusy) as error:
                    sync(folder, index, Words("other"), rebuild=rebuild)
                refused.append(error.value.hint)

    sync(folder, index, Words(), on_progress=meddle)
    assert refused and all("Wait" in hint for hint in refused)
    with closing(LocalIndex(index)) as opened:
        assert opened.store.check() == [] and len(opened) == 1


if __name__ == "__main__":
    sys.exit(read(Path(sys.argv[1]), Path(sys.argv[2])))

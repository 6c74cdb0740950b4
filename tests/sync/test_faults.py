"""A run that ends at any write, fsync or rename, or meets a full disk at any write, loses nothing and is gone on with.

A small library is loaded before libc (tools/faults.c), so that SQLite, FAISS and NumPy meet the fault where they would
meet it on a real machine. A few of the steps are tried here; DOCENT_ALL_FAULTS=1 tries each of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import StorageError
from ingest.store.file import FILE
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.sync import sync

from libraries import Words, everything, prose

pytestmark = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="needs Linux and gcc")
ALL = os.environ.get("DOCENT_ALL_FAULTS") == "1"
KILLED, NO_SPACE, WRONG = 137, 3, 4


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("shim") / "faults.so"
    source = Path(__file__).parents[1] / "tools/faults.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", file, source, "-ldl"], check=True)
    return file


@pytest.fixture
def outcomes(library, tmp_path) -> Callable[..., dict[int, int]]:
    """outcomes(scenario, fault, how many steps): how the run ended at each step that was tried, each then gone on
    with and compared with a clean build. One process does it all, and forks for each run."""

    def run(scenario: str, fault: str, steps: int) -> dict[int, int]:
        command = [sys.executable, __file__, str(library), str(tmp_path.resolve()), scenario, fault, str(steps)]
        environment = {**os.environ, "LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        return {int(n): outcome for n, outcome in json.loads(done.stdout).items()}

    return run


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "steps"), [("first", 3), ("changes", 4), ("rebuild", 2)])
def test_killed_at_any_step_it_is_gone_on_with(scenario, steps, outcomes):
    found = outcomes(scenario, "kill", steps)
    assert len(found) >= steps and set(found.values()) == {KILLED}


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "steps"), [("first", 2), ("changes", 3)])
def test_a_disk_that_is_full_from_any_write_on_loses_nothing(scenario, steps, outcomes):
    found = outcomes(scenario, "full", steps)
    assert len(found) >= steps and set(found.values()) <= {NO_SPACE, 0} and NO_SPACE in found.values()


# -- in a process of its own, with the library loaded


def before(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    for n in range(3):
        (folder / f"{n}.txt").write_text(prose(n, 40))
    (folder / "sub/kept.txt").write_text("The depot in Marlow opens at 06:30.")


def change(folder: Path) -> None:
    (folder / "0.txt").write_text(prose(50, 60))
    (folder / "1.txt").unlink()
    (folder / "2.txt").rename(folder / "sub/moved.txt")
    (folder / "new.md").write_text("# New\n\n" + prose(60, 30))


def forked(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        code = work()
    except BaseException:
        traceback.print_exc()
        code = WRONG
    sys.stderr.flush()
    os._exit(code)


class Trial:
    def __init__(self, library: Path, place: Path, scenario: str, fault: str) -> None:
        self.shim = ctypes.CDLL(str(library))
        self.folder, self.index, self.base, self.clean = (place / name for name in ("docs", "index", "base", "clean"))
        self.scenario, self.full = scenario, fault == "full"
        before(self.folder)
        if scenario != "first":
            assert forked(lambda: self.build(self.base)) == 0
            change(self.folder)
        assert forked(lambda: self.build(self.clean)) == 0

    def build(self, index: Path) -> int:
        sync(self.folder, index, Words(), rebuild=self.scenario == "rebuild" and index == self.index)
        return 0

    def broken(self, at: int) -> int:
        """The run that meets the fault. With `at` 0 it meets none, and the number of steps is left in a file."""
        self.shim.arm(f"{self.index}/".encode(), ctypes.c_long(at), ctypes.c_int(self.full))
        try:
            code = self.build(self.index)
        except StorageError as error:
            assert error.hint
            code = NO_SPACE
        steps = self.shim.counted()
        self.shim.arm(b"", ctypes.c_long(0), ctypes.c_int(0))
        if not at:
            self.index.with_name("steps").write_text(str(steps))
        return code

    def whole(self) -> int:
        """What was there answers, if there is a store; and the next run ends where a clean one does."""
        if self.scenario == "changes":
            with closing(LocalIndex(self.index)) as opened:
                assert opened.bm25("Marlow", 5) and opened.dense(Words().encode(["Marlow"])[0], 5)
        if (self.index / FILE).is_file() and self.scenario != "rebuild" and (self.index / "CURRENT").is_file():
            with closing(Store(self.index)) as store:
                assert store.check() == []
        sync(self.folder, self.index, Words())
        assert everything(self.index) == everything(self.clean)
        assert not list(self.index.glob("*.tmp"))
        return 0

    def at(self, step: int) -> int:
        shutil.rmtree(self.index, ignore_errors=True)
        if self.base.exists():
            shutil.copytree(self.base, self.index)
        outcome = forked(lambda: self.broken(step))
        if outcome == WRONG or forked(self.whole):
            raise SystemExit(f"wrong after step {step} of {self.scenario} ({outcome})")
        return outcome


def main(library: str, place: str, scenario: str, fault: str, wanted: str) -> None:
    os.environ.pop("LD_PRELOAD")  # the reading children write nothing
    trial = Trial(Path(library), Path(place), scenario, fault)
    trial.at(0)
    total = int(Path(place, "steps").read_text())
    last = max(1, total - 3)  # the number varies a little from run to run
    n = last if ALL else int(wanted)
    steps = sorted({1 + round(i * (last - 1) / max(1, n - 1)) for i in range(n)})
    print(json.dumps({step: trial.at(step) for step in steps}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Tells whether the pages that SQLite has freed are empty, by reading the bytes of its file. It runs as its own
process, because opening and closing a database's file would release the locks that this process holds on it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

from ingest.errors import IndexDamaged


def freed_pages(file: Path) -> tuple[int, int]:
    """Returns how many pages of a database are free, and how many of those still hold data. Raises IndexDamaged."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ingest.upkeep.freed", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise IndexDamaged(f"The free pages of {file} cannot be followed.", "Run: docent ingest --rebuild")
    free, dirty = map(int, done.stdout.split())
    return free, dirty


def _counted(file: Path) -> tuple[int, int]:
    """Follows the list of free pages (SQLite's file format, section 1.5): trunks, each with the numbers of its leaves.

    A leaf must be all zeros. A trunk may keep old page numbers behind its list, but no larger numbers.
    """
    free = dirty = 0
    with file.open("rb") as data:
        head = data.read(100)
        size = int.from_bytes(head[16:18], "big")
        size = 65536 if size == 1 else size
        (trunk,) = struct.unpack(">I", head[32:36])
        pages, zeros, seen = file.stat().st_size // size, bytes(size), set[int]()

        def page(number: int) -> bytes:
            if not 0 < number <= pages or number in seen:
                raise ValueError(f"page {number} is free twice, or is none")
            seen.add(number)
            data.seek((number - 1) * size)
            return data.read(size)

        while trunk:
            words = struct.unpack(f">{size // 4}I", page(trunk))
            trunk, count, leaves = words[0], words[1], words[2 : 2 + words[1]]
            free += 1 + count
            dirty += any(word > pages for word in words[2:]) + sum(page(leaf) != zeros for leaf in leaves)
    return free, dirty


if __name__ == "__main__":
    print(*_counted(Path(sys.argv[1])))  # noqa: T201

"""What very many files cost, and one very long one, measured with the product's own code and a cheap encoder.

    python docs/measure/many_files.py files FOLDER 100000   small text files in FOLDER/docs: new, unchanged, 1 % changed
    python docs/measure/many_files.py pages FOLDER 5000     one PDF of so many pages

Each prints JSON; a step runs in a process of its own, so that its memory is what it needs. The encoder hashes words,
which takes next to nothing: what is measured is everything else. `children_mb` is of the largest reading child.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from ingest.datatypes import Vectors
from ingest.store.index import LocalIndex
from ingest.store.store import Store
from ingest.sync.sync import Report, sync

PARTS = "pump valve filter gauge seal heater fan pipe tank sensor bearing rotor".split()


class HashedWords:
    """Unit vectors of 64 dimensions, from the words' hashes."""

    name, dim, max_tokens = "hashed words", 64, 254

    def encode(self, texts: Sequence[str]) -> Vectors:
        out = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(out, texts, strict=True):
            row[[hash(word) % self.dim for word in text.split()]] += 1
        return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12), np.float32)

    encode_queries = encode

    def tune(self) -> None: ...

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        return [[i for i in range(1, len(t) + 1) if t[i - 1] != " " and (i == len(t) or t[i] == " ")] for t in texts]


def prose(generator: random.Random, sentences: int) -> list[str]:
    return [
        f"The {generator.choice(PARTS)} of machine {generator.randrange(10**6)} is checked every "
        f"{generator.randrange(2, 99)} weeks by a person who knows the {generator.choice(PARTS)}."
        for _ in range(sentences)
    ]


def write(docs: Path, n: int, generator: random.Random) -> None:
    """File n, one of a thousand in its folder."""
    folder = docs / f"{n // 1000:03}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"note-{n:06}.txt").write_text("\n".join(prose(generator, 4)), encoding="utf-8")


def measured(work: Callable[[], Report | None]) -> dict[str, Any]:
    began, spent = time.perf_counter(), time.process_time()
    report = work()
    figures: dict[str, Any] = {
        "s": round(time.perf_counter() - began, 1),
        "cpu_s": round(time.process_time() - spent, 1),
    }
    figures["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures["children_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    if report:
        counts = {name: len(getattr(report, name)) for name in ("added", "changed", "removed", "failed")}
        figures |= {name: n for name, n in counts.items() if n} | {"pages": report.pages, "chunks": report.chunks}
    return figures


def step(name: str, folder: Path) -> dict[str, Any]:
    docs, index = folder / "docs", folder / "index"
    if name == "looking":
        return measured(lambda: _look(index))
    return measured(lambda: sync(docs, index, HashedWords()))


def _look(index: Path) -> None:
    """What a page and a question do: list the documents, open the index, ask."""
    with closing(Store(index)) as store:
        store.documents()
    with closing(LocalIndex(index)) as opened:
        opened.documents()
        opened.bm25("which pump is checked every 7 weeks", 50)
        opened.dense(HashedWords().encode(["which pump is checked"])[0], 50)


def apart(name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "step", str(folder), name]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the encoder hashes
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: dict[str, Any] = json.loads(done.stdout)
    sys.stderr.write(f"{name}: {figures}\n")
    return figures


def files(folder: Path, n: int) -> dict[str, Any]:
    docs, generator = folder / "docs", random.Random(0)
    for i in range(n):
        write(docs, i, generator)
    figures = {"first run": apart("first", folder), "nothing new": apart("again", folder)}
    few = range(0, n, 100)
    for i in few:
        write(docs, i, generator)
    figures["1 % changed"] = apart("changed", folder)
    for i in few:
        (docs / f"{i // 1000:03}" / f"note-{i:06}.txt").unlink()
    figures["1 % removed"] = apart("removed", folder)
    shutil.rmtree(docs / "000")
    figures["looking"] = apart("looking", folder)
    return figures


def pages(folder: Path, n: int) -> dict[str, Any]:
    from reportlab.pdfgen.canvas import Canvas

    generator = random.Random(0)
    (folder / "docs").mkdir(parents=True)
    canvas = Canvas(str(folder / "docs/long.pdf"))
    for _ in range(n):
        for line, text in enumerate(prose(generator, 40)):
            canvas.drawString(40, 800 - 18 * line, text)
        canvas.showPage()
    canvas.save()
    size = (folder / "docs/long.pdf").stat().st_size
    return {"mb_of_pdf": size >> 20, "first run": apart("first", folder), "looking": apart("looking", folder)}


def main(verb: str, folder: Path, what: str) -> None:
    if verb == "step":
        sys.stdout.write(json.dumps(step(what, folder)))
    else:
        work = {"files": files, "pages": pages}[verb]
        sys.stdout.write(json.dumps({verb: int(what), **work(folder, int(what))}, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

"""How well text in pictures is read: pages of a folder's PDFs are drawn as a scanner would see them, recognised, and
compared with their text, letter by letter.

    .venv/bin/python docs/measure/ocr_errors.py sample_docs [--pages N] [--dpi 150 300]

The character error rate is the number of letters to change, put in or take out, by the number of letters. White space
and the order of lines do not count; pages with rows of dots are left out. `clean` is the page as it is drawn, `worn`
is aslant by 0.7°, grey and grainy.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from ingest.children.worker import Recogniser
from ingest.pdf.pdf import read_pdf
from ingest.readers.ocr import why_unavailable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=8, help="drawn by lot from all with at least 400 letters")
    parser.add_argument("--dpi", type=int, nargs="+", default=[150, 300])
    options = parser.parse_args()
    if why_unavailable():
        raise SystemExit(why_unavailable())
    pages = chosen(options.folder, options.pages)
    results = []
    with tempfile.TemporaryDirectory() as folder, Recogniser(300) as recogniser:
        for dpi in options.dpi:
            for state in ("clean", "worn"):
                results.append(measured(pages, dpi, state, Path(folder, "page.png"), recogniser))
                click.echo(json.dumps(results[-1]))


def chosen(folder: Path, wanted: int) -> list[tuple[Path, int, str]]:
    found = []
    for file in sorted(folder.rglob("*.pdf")):
        document = pdfium.PdfDocument(file)
        for number in range(len(read_pdf(file).pages)):
            text = document[number].get_textpage().get_text_range()
            if sum(c.isalnum() for c in text) >= 400 and "....." not in "".join(text.split()):
                found.append((file, number + 1, text))
    return random.Random(0).sample(found, min(wanted, len(found)))


def measured(
    pages: Sequence[tuple[Path, int, str]], dpi: int, state: str, file: Path, recogniser: Recogniser
) -> dict[str, Any]:
    wrong = letters = 0
    sure, began = [], time.monotonic()
    for path, number, text in pages:
        picture = pdfium.PdfDocument(path)[number - 1].render(scale=dpi / 72).to_pil().convert("L")
        (worn(picture) if state == "worn" else picture).save(file)
        page = recogniser.page(file, 1)
        wrong += mistakes(page.text, text)
        letters += sum(not c.isspace() for c in text)
        sure.append(page.confidence)
    return {
        "dpi": dpi, "state": state, "pages": len(pages), "letters": letters,
        "character error rate": round(wrong / letters, 4), "confidence": round(float(np.mean(sure)), 4),
        "seconds a page": round((time.monotonic() - began) / len(pages), 1),
    }  # fmt: skip


def worn(picture: Image.Image) -> Image.Image:
    turned = picture.rotate(0.7, fillcolor=255, resample=Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 14, (turned.height, turned.width))
    return Image.fromarray(np.clip(235 - 0.8 * (255 - np.asarray(turned)) + grain, 0, 255).astype(np.uint8))


def mistakes(read: str, written: str) -> int:
    """Line by line: each line that was written is sought where it differs least among what was read."""
    left = "".join(read.split())
    total = 0
    for line in sorted(("".join(line.split()) for line in written.splitlines()), key=len, reverse=True):
        if line:
            changes, start, end = nearest(line, left)
            total += changes
            left = left[:start] + "\n" + left[end:]  # nothing is found across it
    return total + sum(c != "\n" for c in left)


def nearest(line: str, text: str) -> tuple[int, int, int]:
    """Changes, start and end of the part of `text` that differs least from `line` (Sellers' algorithm)."""
    costs = np.zeros(len(text) + 1, dtype=np.int64)
    starts = np.arange(len(text) + 1)
    letters = np.array(list(text)) if text else np.zeros(0, dtype="<U1")
    for i, c in enumerate(line, 1):
        fresh = np.empty_like(costs)
        begun = np.empty_like(starts)
        fresh[0], begun[0] = i, 0
        across = costs[:-1] + (letters != c)
        down = costs[1:] + 1
        fresh[1:] = np.minimum(across, down)
        begun[1:] = np.where(across <= down, starts[:-1], starts[1:])
        # From left to right: a letter of the text left out costs one, so the cheapest is a running minimum.
        steps = np.arange(len(fresh))
        slack = fresh - steps
        best = np.minimum.accumulate(slack)
        source = np.maximum.accumulate(np.where(slack == best, steps, 0))
        costs, starts = best + steps, begun[source]
    end = int(np.argmin(costs))
    return int(costs[end]), int(starts[end]), end


if __name__ == "__main__":
    main()

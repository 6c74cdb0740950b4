"""Reads a folder of broken, encrypted and odd PDFs and says how that agrees with its manifest, by category.

    .venv/bin/python docs/measure/nasty.py FOLDER [--timeout SECONDS]

FOLDER holds manifest.jsonl and docs/. Each line of the manifest names a file, what is expected of it ("text is
indexed", "report as damaged", "no text layer", "password-protected") and, where it is known, its password.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path

import click

from ingest.children.worker import Reader
from ingest.datatypes import ReadResult
from ingest.errors import ReadError

Outcome = ReadResult | ReadError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one page")
    options = parser.parse_args()
    entries = [json.loads(line) for line in (options.folder / "manifest.jsonl").read_text().splitlines()]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    odd, seconds = [], []
    with Reader(options.timeout) as reader:
        for entry in entries:
            started = time.monotonic()
            agreed, told = judge(entry, options.folder / "docs" / entry["file"], reader)
            seconds.append((time.monotonic() - started, entry["file"]))
            counts[entry["category"]][agreed] += 1
            if agreed != "agrees":
                odd.append(f"{agreed:8} {entry['file']}: expected “{entry['expect']}”; {told}")
    for category, found in sorted(counts.items()):
        click.echo(
            f"{sum(found.values()):4} {category:40} {', '.join(f'{n} {what}' for what, n in found.most_common())}"
        )
    total = sum((found for found in counts.values()), Counter())
    click.echo(f"{len(entries):4} in all: {', '.join(f'{n} {what}' for what, n in total.most_common())}")
    click.echo("\n".join(odd))
    slowest = ", ".join(f"{file} {took:.1f} s" for took, file in sorted(seconds, reverse=True)[:3])
    click.echo(f"slowest: {slowest}")


def judge(entry: dict[str, str], file: Path, reader: Reader) -> tuple[str, str]:
    """'agrees', 'better' (text where none was expected, of a file others cannot read), 'differs'; and what it said."""
    outcome = read(file, "", reader)
    told = describe(outcome)
    expected = entry["expect"]
    if "password" in expected:
        if not (isinstance(outcome, ReadError) and "password" in str(outcome)):
            return "differs", told
        if entry["password"]:
            opened = read(file, entry["password"], reader)
            return ("agrees" if isinstance(opened, ReadResult) else "differs"), f"with the password: {describe(opened)}"
        return "agrees", told
    if "text is indexed" in expected:
        return ("agrees" if has_text(outcome) else "differs"), told
    if "OCR" in expected:  # read in pictures, or blank
        if isinstance(outcome, ReadError):
            return ("agrees" if "no text" in str(outcome) else "differs"), told
        return ("agrees" if any(page.unread for page in outcome.pages) else "better"), told
    if isinstance(outcome, ReadError):
        return ("agrees" if outcome.hint else "differs"), told
    return "better", told


def has_text(outcome: Outcome) -> bool:
    return isinstance(outcome, ReadResult) and bool(outcome.text.strip())


def read(file: Path, password: str, reader: Reader) -> Outcome:
    reader.start(file, password)
    try:
        return reader.finish()
    except ReadError as error:
        return error


def describe(outcome: Outcome) -> str:
    if isinstance(outcome, ReadError):
        return f"it {outcome}"
    unread = sum(page.unread for page in outcome.pages)
    return f"{len(outcome.pages)} pages, {len(outcome.text)} characters, {unread} to be recognised, {outcome.notes}"


if __name__ == "__main__":
    main()

"""How often a true number of the wrong thing is shown as answered. Writes docs/results/near-misses.json.

    python docs/measure/near_misses.py INDEX [NUMBER]

Questions and replies are made by code from what the index holds: a cell of another row or another column of the same
table, and a number with the same unit from another sentence of the same passage. The reply is forced on the answer
model; verification, its second thoughts and the gate are Docent's own. Beside them, as a check on the check, the same
questions with the right reply. NUMBER of each kind (default 30).
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.ask.assistant import Assistant
from app.ask.language.quantities import Quantity, quantities
from app.ask.opening import open_encoder, open_llm
from app.llm.protocol import Kept, Llm, Stats
from app.settings import load_settings
from ingest.store.index import LocalIndex
from ingest.text.sentences import sentence_spans
from ingest.text.tables import aligned, cells, runs

OUT = Path(__file__).parents[1] / "results" / "near-misses.json"


@dataclass(frozen=True, slots=True)
class Miss:
    kind: str
    question: str
    wrong: str
    right: str


class Forced:
    """The answer model with its words put into its mouth: what it thinks of them stays its own."""

    def __init__(self, llm: Llm) -> None:
        self._llm, self.reply = llm, ""
        self.last_stats, self.last_logprobs = Stats(), [-0.1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._llm, name)

    def stream(self, tokens: Sequence[int], max_tokens: int, kept: Sequence[Kept] = ()) -> Iterator[str]:
        yield self.reply

    def pin(self, rules: Sequence[int]) -> None: ...

    def opened_with(self, option: str) -> float:
        return -8.0


def of_tables(index: LocalIndex) -> Iterator[Miss]:
    for document in index.documents():
        for number in range(1, document.n_pages + 1):
            page = index.page(document.id, number)
            for _, rows in runs(page.text) if page else ():
                named = [aligned(cells(rows[0][1]), cells(line)) for _, line in rows[1:]]
                yield from _of_rows([(h, r) for h, r in named if len(h) == len(r) > 1 and r[0]])


def _of_rows(rows: Sequence[tuple[list[str], list[str]]]) -> Iterator[Miss]:
    for header, row in rows:
        for column in range(1, len(row)):
            cell = row[column]
            if not (header[column] and any(c.isdigit() for c in cell) and len(cell) < 25):
                continue
            question = f"What is the {header[column]} of {row[0]}?"
            said = f"The {header[column]} of {row[0]} is"
            for _, other in rows:
                swapped = other[column] if len(other) == len(row) else ""
                if swapped not in ("", cell) and any(c.isdigit() for c in swapped):
                    yield Miss("another row", question, f"{said} {swapped}.", f"{said} {cell}.")
            for beside in range(1, len(row)):
                if row[beside] != cell and any(c.isdigit() for c in row[beside]) and len(row[beside]) < 25:
                    yield Miss("another column", question, f"{said} {row[beside]}.", f"{said} {cell}.")


def of_sentences(index: LocalIndex) -> Iterator[Miss]:
    """'The compressor is covered for how many years?', answered with the years of the pump."""
    for (text,) in index.store.rows("SELECT text FROM chunks ORDER BY id", ()):
        told = []
        for start, end in sentence_spans(text):
            sentence = " ".join(text[start:end].split())
            found = [one for one in quantities(sentence) if one.units and not one.spelled]
            if len(found) == 1 and "\t" not in text[start:end] and 5 < len(sentence.split()) < 30:
                told.append((sentence, found[0]))
        for sentence, quantity in told:
            for _, other in told:
                if other.units & quantity.units and other.value != quantity.value:
                    yield from _of_pair(sentence, quantity, other)


def _of_pair(sentence: str, quantity: Quantity, other: Quantity) -> Iterator[Miss]:
    place = sentence.find(quantity.text)
    unit = next((sentence[place + len(quantity.text) :].split() or [""])[0].strip(".,;)") for _ in "x")
    if unit.isalpha():
        blank = f"{sentence[:place]}how many{sentence[place + len(quantity.text) :]}".rstrip(". ") + "?"
        yield Miss("another sentence", blank, f"{other.text} {unit}", f"{quantity.text} {unit}")


def main(folder: Path, number: int) -> None:
    settings = load_settings()
    forced = Forced(open_llm(settings))
    assistant = Assistant(folder, open_encoder(settings), lambda: forced, settings)
    misses = [*of_tables(assistant.index), *of_sentences(assistant.index)]
    random.Random(1).shuffle(misses)
    rows = []
    for kind in ("another row", "another column", "another sentence"):
        for miss in [one for one in misses if one.kind == kind][:number]:
            row: dict[str, Any] = {"kind": kind, "question": miss.question, "wrong": miss.wrong, "right": miss.right}
            for which, reply in (("wrong", miss.wrong), ("right", miss.right)):
                forced.reply = reply
                answer = assistant.ask(miss.question, kind="fact").answer
                row[f"{which} is"] = answer.status
                row[f"{which} sure"] = answer.confidence
            rows.append(row)
    shares = {
        kind: {
            "n": len(these),
            **{
                which: {status: sum(row[f"{which} is"] == status for row in these) for status in
                        ("answered", "unsure", "abstained")}
                for which in ("wrong", "right")
            },
        }
        for kind in (*dict.fromkeys(row["kind"] for row in rows), "all")
        if (these := [row for row in rows if kind in (row["kind"], "all")])
    }  # fmt: skip
    OUT.write_text(json.dumps({"shares": shares, "rows": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(shares, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 30)

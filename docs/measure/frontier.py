#!/usr/bin/env python3
"""What it costs not to read a question's passages anew, and what wins it back: right answers against the wait.

    python docs/measure/frontier.py QUESTIONS.jsonl --index INDEX [--limit N] [--rows FILE]
    python docs/measure/frontier.py QUESTIONS.jsonl --index INDEX --report       asks nothing, tells what there is

Writes docs/results/frontier.json and draws docs/frontier.svg. All ways are asked the same questions in turn, over the
same passages and the same states, made once a question and not timed. Timed is what comes after the search: getting
the states from disk, placing them, and reading what is left, up to the first token.

Each answer is a line in FILE (frontier.jsonl in the home folder): what a kill interrupts, the same command continues.
Delete FILE to measure anew.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from frontier_picture import picture

from app.ask.check.verify import refuses
from app.ask.find.evidence import best_sentences, sentences_of
from app.ask.find.retrieve import AS_FOUND, join_neighbours, retrieve
from app.ask.opening import open_encoder, open_llm
from app.ask.understand.rewrite import with_figures
from app.ask.write.compose import Composer, States, composed
from app.ask.write.prompt import build_prompt, label_of, passages_of, rules_of
from app.datatypes import Hit, Prompt, Segment, Sentence
from app.evaluation import grade
from app.evaluation.cases import Case, load_cases
from app.evaluation.figures import compare, summarise
from app.evaluation.runs import Row, row_of
from app.llm.llama import KvType
from app.llm.protocol import Kept, Llm
from app.llm.states import StateStore
from app.settings import Settings, load_settings
from ingest.datatypes import Encoder
from ingest.errors import DocentError, InvalidInput, ModelError
from ingest.files import write_whole
from ingest.store.index import LocalIndex

HERE = Path(__file__).parents[1]
PASSAGES, SENTENCES, REPLY = 4, 6, 80  # searched for, looked out at most; tokens of a reply at most
SEED = 11
ON_DISK = 10**9  # bytes of states while measuring
KEYS = (
    "accuracy", "f1", "refusal_unanswerable", "refusal_answerable", "seconds_to_first_token_p50",
    "seconds_to_first_token_p95", "prompt_tokens", "output_tokens",
)  # fmt: skip
COMPARED = ("accuracy", "f1", "seconds_to_first_token_p50")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to put a prompt together, and what of it is taken from states. Docent's own is the one of the defaults."""

    about: str
    passages: int = PASSAGES
    sentences: int = 3  # said again at the end
    kept: Literal["nothing", "passages", "sentences too"] = "sentences too"
    head: int = 0  # tokens at the beginning of a later passage that are read where they stand
    best_first: bool = False
    kv_type: KvType = "f16"


FULL, DOCENT = "all read", "Docent"
WAYS = {
    FULL: Way("everything read anew", kept="nothing"),
    "composed": Way("passages composed, nothing said again", sentences=0, kept="passages"),
    DOCENT: Way("passages composed, 3 key sentences placed once more from their states"),
    "1 sentence read": Way("passages composed, 1 key sentence read anew", sentences=1, kept="passages"),
    "3 sentences read": Way("passages composed, 3 key sentences read anew", kept="passages"),
    "first tokens read": Way(
        "passages composed, the first 12 tokens of each later one read anew (EPIC)",
        sentences=0, kept="passages", head=12,
    ),
    "no passages": Way("6 key sentences read, no passages", passages=0, sentences=6, kept="nothing"),
    "2 passages": Way("as Docent, with the best 2 passages of 4", passages=2),
    "best first": Way("as Docent, with the best passage first, not last", best_first=True),
    "8 bits": Way("as Docent, with keys and values of 8 bits (kv_type q8_0), asked last", kv_type="q8_0"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """With what was found for it. `best` are the key sentences by the number of passages that they are taken from."""

    case: Case
    hits: tuple[Hit, ...]
    best: Mapping[int, Sequence[Sentence]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One question asked in one way. `state_bytes`: of a token's state, 0 where none was used."""

    way: str
    row: Row
    state_bytes: float


def drawn(cases: Iterable[Case], limit: int) -> list[Case]:
    """A seeded shuffle, two with an answer before each without; fewer are the beginning of more.

    Raises InvalidInput when there are too few of one kind.
    """
    cases = sorted(cases, key=lambda case: case.id)
    random.Random(SEED).shuffle(cases)
    yes, no = [c for c in cases if c.answerable and c.answers], [c for c in cases if not c.answerable]
    if len(yes) < 2 or not no:
        raise InvalidInput("Two questions with an answer are needed, and one without.", "Choose another file.")
    return list(islice(chain.from_iterable(zip(yes[::2], yes[1::2], no, strict=False)), limit))


def found(case: Case, index: LocalIndex, encoder: Encoder) -> Question:
    query = with_figures(case.question)
    hits = retrieve(index, encoder, query, PASSAGES, None, AS_FOUND)
    best = {}
    for n in {way.passages or PASSAGES for way in WAYS.values()}:
        joined = join_neighbours(index, hits[:n])
        best[n] = best_sentences(query, sentences_of(index, joined), joined, encoder, SENTENCES)
    return Question(case, tuple(hits), best)


def prompt_of(llm: Llm, question: Question, way: Way) -> Prompt:
    best = question.best[way.passages or PASSAGES][: way.sentences]
    prompt = build_prompt(llm, question.case.question, question.hits[: way.passages], best, (), REPLY)
    if not way.best_first:
        return prompt
    end = 1 + len(prompt.hits)  # of the passages, which stand behind the rules
    rules, passages, rest = prompt.segments[:1], prompt.segments[1:end], prompt.segments[end:]
    return replace(prompt, segments=(*rules, *reversed(passages), *rest))


def kept_of(prompt: Prompt, states: States, way: Way) -> list[Kept]:
    """What of the prompt is placed, not read."""
    if way.kept == "nothing":
        return []
    if way.kept == "sentences too":
        return composed(prompt, states)
    alone = replace(prompt, segments=tuple(replace(segment, repeats=None) for segment in prompt.segments))
    passages = composed(alone, {segment: state for segment, state in states.items() if segment.doc_id})
    m = way.head
    return passages[:1] + [Kept(p.start + m, p.n - m, p.state, p.first + m) for p in passages[1:] if p.n > m]


def asked(llm: Llm, composer: Composer, question: Question, way: Way) -> tuple[Row, float]:
    """The row, and the bytes of a token's state."""
    forget(llm, rules_of(llm))
    prompt = prompt_of(llm, question, way)
    wanted = [segment for segment in prompt.segments[1:] if segment.stable]
    began = time.perf_counter()
    states = composer.states(wanted, lambda: False) if way.kept != "nothing" else {}
    kept = kept_of(prompt, states, way)
    got = time.perf_counter() - began
    text = "".join(llm.stream(prompt.tokens, REPLY, kept))
    stats = llm.last_stats
    stats = replace(stats, seconds_to_first_token=round(got + stats.seconds_to_first_token, 4))
    row = Row(question.case, reply=text, model=llm.name, scores=scores_of(question.case, text), stats=stats)
    used = {id(one.state): one.state for one in kept}.values()
    n_tokens = sum(state.n_tokens for state in used)
    return row, sum(len(state.data) for state in used) / n_tokens if n_tokens else 0.0


def forget(llm: Llm, rules: Segment) -> None:
    """Leaves nothing but the rules in what streams have read, so that no way profits from the one before it."""
    for _ in llm.stream([*rules.tokens, *llm.tokenize("\n")], 1):
        pass


def scores_of(case: Case, text: str) -> dict[str, float]:
    """The model's own words, as no gate has judged them. A refusal of what has an answer is a wrong answer."""
    refused = refuses(text)
    if not case.answerable:
        return {"refusal_unanswerable": float(refused)}
    return {
        "accuracy": float(not refused and grade.is_right(text, case.answers)),
        "f1": 0.0 if refused else grade.f1(text, case.answers),
        "refusal_answerable": float(refused),
    }


def measure(
    llm: Llm, composer: Composer, ways: Sequence[str], questions: Iterable[Question], file: Path
) -> Iterator[list[Measured]]:
    """Asks in each of the ways what `file` does not hold yet. Gives what was asked of each question.

    Raises ModelError for a model whose states cannot be kept.
    """
    if llm.no_states:
        hint = "Set DOCENT_GPU_LAYERS=0, or DOCENT_MODEL to another one: docent models list."
        raise ModelError(f"What {llm.name} has read cannot be kept: {llm.no_states}.", hint)
    done = {(one.way, one.row.case.id) for one in load(file, llm.name)}
    for question in questions:
        todo = [name for name in ways if (name, question.case.id) not in done]
        random.Random(question.case.id).shuffle(todo)  # no way comes always first, or always after the same one
        new = []
        for segment in [*passages_of(llm, question.hits), label_of(llm)] if todo else []:
            if not composer.holds(segment):
                composer.make(segment, lambda: False)
        for name in todo:
            new.append(Measured(name, *asked(llm, composer, question, WAYS[name])))
            append(file, new[-1])
        yield new


def append(file: Path, one: Measured) -> None:
    line = {"way": one.way, "state_bytes": one.state_bytes, **one.row.as_json()}
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


def load(file: Path, model: str) -> list[Measured]:
    """What was asked of this model, in the ways there are. Takes away a last line that a kill has torn."""
    data = file.read_bytes() if file.exists() else b""
    if not data.endswith(b"\n") and data:
        data = data[: data.rfind(b"\n") + 1]
        write_whole(file, data)
    lines = [json.loads(line) for line in data.splitlines()]
    return [
        Measured(line["way"], row_of(line), line["state_bytes"])
        for line in lines
        if line["model"] == model and line["way"] in WAYS
    ]


def figures(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """A row for each way; differences are to reading everything, over the questions asked in both ways."""
    rows: dict[str, list[Row]] = {name: [] for name in WAYS}
    for one in measured:
        rows[one.way].append(one.row)
    told = []
    for name, mine in rows.items():
        if not mine:
            continue
        summary = summarise(mine)
        read = [row.stats.prompt_tokens - row.stats.cached_tokens - row.stats.composed_tokens for row in mine]
        sizes = [one.state_bytes for one in measured if one.way == name and one.state_bytes]
        against = compare(rows[FULL], mine)["metrics"]
        told.append(
            {
                "way": name,
                "about": WAYS[name].about,
                "n": len(mine),
                **{key: summary[key] for key in KEYS},
                "tokens_read": round(float(np.mean(read)), 1),
                "state_bytes": round(float(np.mean(sizes))) if sizes else None,
                "intervals": {key: summary["intervals"].get(key) for key in KEYS},
                "difference": {
                    key: {part: against[key][part] for part in ("difference", "interval", "real", "n")}
                    for key in COMPARED
                    if key in against and name != FULL
                },
            }
        )
    return told


def tell(measured: Sequence[Measured], about: Mapping[str, Any], folder: Path) -> None:
    """Writes results/frontier.json and frontier.svg into the folder."""
    told = figures(measured)
    if not told:
        raise InvalidInput("Nothing was measured yet.", "Run it without --report.")
    text = json.dumps({**about, "ways": told}, ensure_ascii=False, indent=1)
    write_whole(folder / "results" / "frontier.json", f"{text}\n".encode())
    write_whole(folder / "frontier.svg", picture(told, DOCENT).encode())
    for row in told:
        say(f"{row['way']:18} n={row['n']} right={row['accuracy']} p50={row['seconds_to_first_token_p50']} s")


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def ask_all(cases: Sequence[Case], index: LocalIndex, settings: Settings, file: Path) -> None:
    """One model after the other in memory: all ways with keys and values of one kind, then those with the other."""
    encoder = open_encoder(settings)
    for kv_type in dict.fromkeys(way.kv_type for way in WAYS.values()):
        ways = [name for name, way in WAYS.items() if way.kv_type == kv_type]
        llm = open_llm(settings.model_copy(update={"kv_type": kv_type}))
        with TemporaryDirectory() as folder:
            composer = Composer(llm, rules_of(llm), StateStore(Path(folder), ON_DISK))
            questions = (found(case, index, encoder) for case in cases)
            for n, new in enumerate(measure(llm, composer, ways, questions, file), 1):
                times = ", ".join(f"{one.way} {one.row.stats.seconds_to_first_token:.2f} s" for one in new)
                say(f"{kv_type}, question {n} of {len(cases)}: {times or 'asked before'}")
        llm.close()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args(arguments)
    settings = load_settings()
    file = given.rows or settings.home / "frontier.jsonl"
    try:
        cases = drawn(load_cases(given.questions), given.limit)
        if not given.report:
            ask_all(cases, LocalIndex(given.index), settings, file)
        ids = {case.id for case in cases}
        measured = [one for one in load(file, settings.model) if one.row.case.id in ids]
        n = len({one.row.case.id for one in measured})
        about = {"set": given.questions.absolute().parent.name, "model": settings.model, "questions": n}
        tell(measured, about, HERE)
    except DocentError as error:
        say(f"{error} {error.hint}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

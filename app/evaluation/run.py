"""Cases with known answers, asked one by one and scored by code: found, answered, refused, cited."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from app.ask.assistant import checked
from app.ask.find.titles import named_documents
from app.datatypes import Answer, Hit, Prompt, Turn
from app.evaluation.cases import Case
from app.evaluation.figures import readable, summarise
from app.evaluation.runs import Row, save_summary, unfinished, writing
from app.evaluation.scores import DEPTH, passages_of, score_answer, score_search
from app.llm.protocol import Llm
from app.settings import Settings
from ingest.errors import InvalidInput
from ingest.store.index import LocalIndex

OnCase = Callable[[int, int, float], None]  # done, total, seconds to go
# The rooms that shape an answer: with another state of any other, the same question has the same answer.
_SHAPING = """
    app/ask app/llm ingest/children ingest/encoder ingest/pdf ingest/readers ingest/store ingest/sync ingest/text
""".split()


class Stream(Protocol):
    """What evaluation reads of one question; taking `answer` does the work."""

    @property
    def answer(self) -> Answer: ...
    @property
    def query(self) -> str: ...
    @property
    def prompt(self) -> Prompt | None: ...
    @property
    def reply(self) -> str: ...


class Asked(Protocol):
    """What can be evaluated: Docent's assistant, and the usual pipeline it is compared with."""

    @property
    def settings(self) -> Settings: ...
    @property
    def index_dir(self) -> Path: ...
    @property
    def index(self) -> LocalIndex: ...
    @property
    def load_llm(self) -> Callable[[], Llm]: ...
    def search(self, question: str, k: int = 10, file: str | None = None) -> list[Hit]: ...
    def ask(self, question: str, history: Sequence[Turn] = (), file: str | None = None) -> Stream: ...


Ask = Callable[[Asked, Case], Row]


def evaluate(
    assistant: Asked,
    cases: Sequence[Case],
    out: Path | None = None,
    *,
    retrieval_only: bool = False,
    within_doc: bool = False,
    limit: int | None = None,
    on_case: OnCase | None = None,
    should_stop: Callable[[], bool] | None = None,
    ask: Ask | None = None,
    corpora: Mapping[str, Asked] | None = None,
) -> list[Row]:
    """Asks each case, in order, and gives a row for each; fewer when `should_stop` said so between two of them.

    With `out`, each row is on disk before the next question is asked, and those that are there already are not asked
    again. When all are there, the summary is written beside it. `ask` makes the rows some other way (see beir.py).
    Cases that name one of `corpora` are asked of that one.
    Raises InvalidInput for a case that cannot be asked, and for an `out` that holds a run of something else.
    """
    cases = cases[:limit]
    _check(assistant, cases, within_doc)
    with ExitStack() as stack:
        done, writer = {}, None
        header = header_of(assistant, cases, corpora, retrieval_only=retrieval_only, within_doc=within_doc)
        if out:
            kept, writer = stack.enter_context(writing(out, header))
            done = {row.case.id: row for row in kept}
        began, first = time.monotonic(), len(done)
        for case in cases:
            if case.id in done:
                continue
            if should_stop and should_stop():
                break
            whom = (corpora or {}).get(case.corpus, assistant)
            row = done[case.id] = ask(whom, case) if ask else _ask(whom, case, retrieval_only, within_doc)
            if writer:
                writer.add(row)
            if on_case:
                pace = (time.monotonic() - began) / (len(done) - first)
                on_case(len(done), len(cases), pace * (len(cases) - len(done)))
        rows = [done[case.id] for case in cases if case.id in done]
        if out and len(rows) == len(cases):
            summary = summarise(rows) | {"run": header}
            save_summary(out, summary, readable(summary))
    return rows


def header_of(
    assistant: Asked,
    cases: Sequence[Case],
    corpora: Mapping[str, Asked] | None = None,
    *,
    retrieval_only: bool,
    within_doc: bool,
) -> dict[str, Any]:
    """What a run asks of what. Two runs with the same header are one run, interrupted."""
    asked = json.dumps([case.model_dump(mode="json") for case in cases], sort_keys=True)
    return {
        "docent": docent_version(),
        "pipeline": getattr(assistant, "pipeline", "docent"),
        "questions": _digest(asked),
        "n": len(cases),
        "index": _state_of(assistant),
        "corpora": {name: _state_of(one) for name, one in (corpora or {}).items()},
        "ingest": assistant.index.store.meta("fingerprint"),
        "settings": assistant.settings.model_dump(mode="json", exclude={"home"}),
        "calibration": _digest(repr(getattr(assistant, "calibration", ""))),  # an index may have its own
        "retrieval_only": retrieval_only,
        "within_doc": within_doc,
    }


def _state_of(assistant: Asked) -> str:
    index = assistant.index
    return f"{assistant.index_dir.resolve().name} {index.snapshot} {index.manifest['changes']}"


def place_for(
    assistant: Asked,
    cases: Sequence[Case],
    corpora: Mapping[str, Asked] | None = None,
    *,
    retrieval_only: bool = False,
    within_doc: bool = False,
    usual: bool = False,
) -> Path:
    """Where a run goes that was given no place: on with the newest unfinished one of the same header, or a new file."""
    folder = assistant.settings.home / "runs" / assistant.index_dir.resolve().name
    header = header_of(assistant, cases, corpora, retrieval_only=retrieval_only, within_doc=within_doc)
    if started := unfinished(folder, header, usual=usual):
        return started
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = [stamp, *(f"{stamp}-{number:02d}" for number in range(1, 100))]
    return next(file for name in names if not (file := folder / f"{name}.jsonl").exists())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


@cache
def docent_version() -> str:
    """The released version, and a hash of what shapes an answer: rows of two states of the code are not mixed."""
    try:
        release = version("docent")
    except PackageNotFoundError:
        release = "0"
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for source in sorted(file for room in _SHAPING for file in (root / room).rglob("*")):
        if source.suffix in (".py", ".md", ".json"):
            digest.update(source.relative_to(root).as_posix().encode() + source.read_bytes())
    return f"{release}+{digest.hexdigest()[:8]}"


def _check(assistant: Asked, cases: Sequence[Case], within_doc: bool) -> None:
    """Before hours are spent: that each case can be asked."""
    documents = assistant.index.documents()
    for case in cases:
        try:
            checked(case.question)
            if within_doc and case.about_doc:
                named_documents(documents, case.about_doc)
        except InvalidInput as error:
            raise InvalidInput(f"Question {case.id}: {error}", error.hint) from error


def _ask(assistant: Asked, case: Case, retrieval_only: bool, within_doc: bool) -> Row:
    file = case.about_doc if within_doc and case.about_doc else None
    began = time.perf_counter()
    hits = assistant.search(case.question, DEPTH, file)
    seconds = time.perf_counter() - began
    scores = score_search(hits, case) | {"seconds_search": round(seconds, 4)}
    row = Row(
        case,
        retrieved=tuple(dict.fromkeys((hit.file, hit.page) for hit in hits)),
        passages=passages_of(hits),
        query=case.question,
        scores=scores,
    )
    if retrieval_only:
        return row
    assistant.load_llm()  # before the clock starts: loading is no part of the first question
    stream = _asked(assistant, case, file)
    answer = stream.answer
    return replace(
        row,
        query=stream.query,
        prompt=stream.prompt.text if stream.prompt else "",
        reply=stream.reply,
        status=answer.status,
        answer=answer.text,
        reason=answer.reason,
        citations=answer.citations,
        confidence=round(answer.confidence, 4),
        signals=dict(answer.signals),
        model=answer.model,
        scores=scores | score_answer(assistant.index, answer, case),
        stats=answer.stats,
    )


def _asked(assistant: Asked, case: Case, file: str | None) -> Stream:
    """The question, behind the earlier ones of its conversation."""
    history: list[Turn] = []
    for number, question in enumerate(case.history):
        history.append(Turn(number, question, assistant.ask(question, history, file=file).answer))
    return assistant.ask(case.question, history, file=file) if history else assistant.ask(case.question, file=file)

"""docent eval: asks questions with known answers, and measures how good the answers are."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.terminal import clear_line, handle_errors, index_option, json_option, line, print_json, say
from ingest.sync.progress import duration

if TYPE_CHECKING:
    from app.ask.assistant import Assistant
    from app.evaluation.cases import Case
    from app.evaluation.run import Ask, Asked
    from app.evaluation.runs import Row

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("eval")
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@index_option("that of the folder the questions lie in, else of sample_docs")
@click.option("--retrieval-only", is_flag=True, help="Score the search alone; no answer model is needed.")
@click.option("--within-doc", is_flag=True, help="Search only in the document a question names in about_doc.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N questions.")
@click.option("--baseline", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with this run.")
@click.option("--usual", is_flag=True, help="Ask today's usual pipeline the same, and compare with it.")
@click.option(
    "--corpus", "corpora", multiple=True, metavar="NAME=INDEX",
    help="Ask the questions of this corpus of that index; may be given several times.",
)  # fmt: skip
@click.option("--predictions", type=_FILE, help="Write one line a question: id, status, text and citations.")
@click.option("--out", type=_FILE, help="Where the rows go. [default: a new file among Docent's own]")
@click.option("--html", type=_FILE, help="Write a page that shows every question and why it went as it did.")
@json_option
@handle_errors
def evaluate(
    questions: Path, index_dir: Path | None, corpora: tuple[str, ...], as_json: bool, **options: Any
) -> None:  # fmt: skip
    """Measure answers, refusals and citations on questions with known answers, with 95 % intervals.

    QUESTIONS is a file with one JSON object in each line (see sample_docs/eval.jsonl), or the folder of a search
    benchmark in BEIR's format. An interrupted run goes on where it was when the same command is given again.

    \b
    Examples:
      docent eval sample_docs/eval.jsonl
      docent eval sample_docs/eval.jsonl --retrieval-only --json
      docent eval sample_docs/eval.jsonl --baseline before.jsonl
      docent eval sample_docs/eval.jsonl --usual --html report.html
      docent eval asked.jsonl --corpus manuals=indexes/manuals --corpus office=indexes/office
    """
    from app.evaluation.figures import readable

    limit = options.pop("limit")
    if questions.is_dir():
        assistant, cases, ask = _benchmark(questions, index_dir)
        summary, out = _measured(assistant, cases[:limit], ask, **options | {"retrieval_only": True})
    else:
        from app.evaluation.cases import check_apart, load_cases
        from app.privacy.unlock import open_unlocked
        from app.settings import load_settings
        from ingest.sync.folders import places

        cases, settings = load_cases(questions), load_settings()
        opened = {name: open_unlocked(settings, place) for name, place in _named(corpora).items()}
        whole = index_dir or (None if opened else index_of(questions))
        assistant = open_unlocked(settings, whole) if whole else next(iter(opened.values()))
        for one in (assistant, *opened.values()):
            check_apart(questions, places(one.index.store))
        summary, out = _measured(assistant, cases[:limit], None, corpora=opened, **options)
    if as_json:
        print_json(summary)
    else:
        say(readable(summary))
        say(f"Each question and what became of it: {out}")


def _measured(
    assistant: Assistant,
    cases: Sequence[Case],
    ask: Ask | None,
    *,
    retrieval_only: bool,
    within_doc: bool,
    baseline: Path | None,
    usual: bool,
    out: Path | None,
    html: Path | None,
    predictions: Path | None,
    corpora: Mapping[str, Asked] | None = None,
) -> tuple[dict[str, Any], Path]:
    """Runs what the options ask for, and saves the summary beside the rows."""
    from app.evaluation.baseline import Usual
    from app.evaluation.figures import compare, readable
    from app.evaluation.page import page
    from app.evaluation.run import evaluate, place_for
    from app.evaluation.runs import load_rows, load_summary, save_summary, usual_of

    before = load_rows(baseline)[1] if baseline else []  # first, so that a wrong name shows at once
    out = out or place_for(assistant, cases, corpora, retrieval_only=retrieval_only, within_doc=within_doc, usual=usual)

    def asked(whom: Asked, file: Path, label: str = "", *, begin: bool = False) -> list[Row]:
        return evaluate(
            whom,
            cases,
            file,
            retrieval_only=retrieval_only,
            within_doc=within_doc,
            on_case=progress(label),
            should_stop=(lambda: True) if begin else None,
            ask=ask,
            corpora=None if isinstance(whom, Usual) else corpora,
        )

    try:
        if usual:
            asked(Usual(assistant), usual_of(out), begin=True)  # so that an interrupted run is known to want it
        rows = asked(assistant, out)
        others = asked(Usual(assistant), usual_of(out), "usual pipeline: ") if usual else []
    except KeyboardInterrupt:
        clear_line()
        say("\nStopped. What was asked is kept; to go on from there:", err=True)
        say(f"  {shlex.join(['docent', *sys.argv[1:]])}", err=True)
        sys.exit(130)
    clear_line()
    summary = load_summary(out) or {}
    if before:
        summary["comparison"] = compare(before, rows)
    if others:
        summary["usual"] = (load_summary(usual_of(out)) or {}) | {"comparison": compare(others, rows)}
    save_summary(out, summary, readable(summary))
    if html:
        _write(html, page(summary, rows, others or before), "--html")
    if predictions:
        _write(
            predictions,
            "".join(f"{json.dumps(prediction(row), ensure_ascii=False)}\n" for row in rows),
            "--predictions",
        )
    return summary, out


def _named(corpora: Sequence[str]) -> dict[str, Path]:
    """Parses NAME=INDEX options. Raises click.UsageError for any other form."""
    named = {name: Path(place) for name, _, place in (one.partition("=") for one in corpora)}
    if any(not name or place == Path() for name, place in named.items()):
        raise click.UsageError("--corpus takes NAME=INDEX, e.g. --corpus office=indexes/office")
    return named


def prediction(row: Row) -> dict[str, Any]:
    """Returns a row in the form in which others can score it."""
    cited = [{"file": one.file, "page": one.page, "quote": one.quote} for one in row.citations]
    return {"id": row.case.id, "status": row.status or "abstained", "text": row.answer, "citations": cited}


def _write(file: Path, text: str, option: str) -> None:
    from ingest.errors import StorageError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.", f"Choose another {option}.") from error


def _benchmark(folder: Path, index_dir: Path | None) -> tuple[Assistant, Sequence[Case], Ask]:
    """Builds the benchmark's own index, which is kept, and returns what is needed to ask."""
    from app.ask.assistant import Assistant
    from app.ask.opening import open_encoder, open_llm
    from app.evaluation.beir import asking, build_index, index_for, load_benchmark
    from app.settings import load_settings

    settings = load_settings()
    benchmark = load_benchmark(folder)
    place = index_dir or index_for(folder, settings)
    encoder = open_encoder(settings)
    build_index(folder, place, encoder, lambda done, total: line(f"{done}/{total} entries indexed"))
    assistant = Assistant(place, encoder, lambda: open_llm(settings), settings)
    return assistant, benchmark.cases, asking(benchmark)


def progress(label: str) -> Callable[[int, int, float], None]:
    """Returns a function that shows progress: on a terminal as one line that overwrites itself, in a log as a line at
    each tenth."""

    def told(done: int, total: int, eta: float) -> None:
        text = f"{label}{done}/{total} questions, {duration(eta)} to go"
        if sys.stderr.isatty():
            line(text)
        elif done * 10 // total > (done - 1) * 10 // total:
            say(text, err=True)

    return told


def index_of(questions: Path) -> Path:
    """Returns the index of the folder that the questions are in, where there is one."""
    from app.ask.domains import DEFAULT_FOLDER, index_for

    beside = index_for(questions.resolve().parent)
    return beside if beside.is_dir() else index_for(DEFAULT_FOLDER)

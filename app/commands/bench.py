"""docent bench: measures how fast this machine answers, and how much faster than usual pipelines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from app.commands.terminal import clear_line, handle_errors, json_option, line, print_json, say
from ingest.sync.progress import duration


@click.command("bench")
@click.argument(
    "questions", type=click.Path(exists=True, dir_okay=False, path_type=Path), default="sample_docs/eval.jsonl"
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The documents. [default: the folder that the questions lie in]",
)
@click.option("--limit", default=12, show_default=True, type=click.IntRange(1), help="How many questions.")
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1), help="How often everything is done.")
@json_option
@handle_errors
def bench(questions: Path, folder: Path | None, limit: int, runs: int, as_json: bool) -> None:
    """Measure how fast Docent is on this machine, beside its ceilings and the usual ways of answering.

    QUESTIONS is a file as for `docent eval`; those with an answer are asked, from all over the file: as if nothing
    had ever been read, with all read ahead, as a follow-up, with all passages read anew, and by today's usual
    pipeline; where the `bench` extra is installed by LlamaIndex too. The documents are read anew into a temporary
    index; yours is left alone. Takes about a minute for each question and run on two cores.

    \b
    Examples:
      docent bench
      docent bench --limit 3 --runs 1
      docent bench contracts/eval.jsonl --json
    """
    from app.bench.measure import choose_cases, measure
    from app.bench.report import readable, summary
    from app.evaluation.cases import check_apart, load_cases
    from app.settings import load_settings

    cases, folder = choose_cases(load_cases(questions), limit), folder or questions.parent
    check_apart(questions, [folder])
    found = summary(measure(load_settings(), folder, cases, runs, _progress()))
    clear_line()
    if as_json:
        print_json(found)
    else:
        say(readable(found), nl=False)


def _progress() -> Callable[[str, int, int], None]:
    """Returns a function that shows progress: on a terminal as one line that overwrites itself, in a log as a line for
    each step."""
    began: dict[str, float] = {}

    def told(what: str, done: int, total: int) -> None:
        spent = time.monotonic() - began.setdefault(what, time.monotonic())
        text = f"{what} {done}/{total}" if total > 1 else what
        if done:
            text += f", {duration(spent / done * (total - done))} to go"
        if sys.stderr.isatty():
            line(text)
        else:
            say(text, err=True)

    return told

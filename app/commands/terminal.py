"""Prints to the terminal. Progress goes to stderr, and only to a terminal, so that output can be piped.

Everything is printed by `say`, because file names, titles, quotes and answers may hold sequences that control a
terminal.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.errors import DocentError
from ingest.sync.progress import duration
from ingest.text.oneline import short

if TYPE_CHECKING:
    from app.datatypes import Answer, Hit
    from app.doctor import Check
    from app.models.store import Progress as Download
    from ingest.sync.progress import Progress
    from ingest.sync.sync import Report


# Control sequences of terminals: colours and cursor; titles, links and the clipboard; the rest.
_COMMANDS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -~]?"
)
# What hides or reorders the text around it.
_UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def index_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --index, and which index is meant without it."""
    words = f"The index's folder. [default: {default}]"
    return click.option("--index", "index_dir", type=click.Path(path_type=Path), help=words)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def printable(text: str) -> str:
    """Returns the text without anything that controls the terminal, hides text or reorders it. What cannot be shown
    becomes a replacement character."""
    if text.isprintable():
        return text
    return _CONTROL.sub("\ufffd", _UNSEEN.sub("", _COMMANDS.sub("", text.replace("\r\n", "\n"))))


def say(text: object = "", *, nl: bool = True, err: bool = False, **style: Any) -> None:
    """Prints the text as `printable` returns it, styled as click does."""
    click.secho(printable(str(text)), nl=nl, err=err, **style)


def handle_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a command: turns errors into a message of what happened and what helps, and into the exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DocentError as error:
            if kwargs.get("as_json"):
                print_json({"error": str(error), "hint": error.hint})
            else:
                say(f"Error: {error}", fg="red", err=True)
                if error.hint:
                    say(f"  {error.hint}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            say("\nStopped. What was finished is kept.", err=True)
            sys.exit(130)

    return run


@contextmanager
def on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Within the `with` block, Ctrl-C calls `stop` for an orderly end; a second Ctrl-C ends at once."""

    def pressed(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo("\nStopping. What was finished is kept…", err=True)
        stop()

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def print_json(value: object, indent: int | None = 2) -> None:
    """Prints a value as JSON; on one line if `indent` is None."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    for unsafe in (_CONTROL, _UNSEEN):
        text = unsafe.sub(lambda found: json.dumps(found.group())[1:-1], text)  # the same value, written in ASCII
    click.echo(text)


def print_progress(progress: Progress) -> None:
    eta = "" if progress.eta_seconds is None else f", {duration(progress.eta_seconds)} to go"
    line(
        f"{progress.files_done}/{progress.files_total} files, {progress.pages_done}/{progress.pages_total} pages, "
        f"{progress.pages_per_second:.0f} pages/s{eta}  {progress.stage} {progress.file}"
    )


def print_report(report: Report, dry_run: bool) -> None:
    """Prints what a run of ingest did."""
    clear_line()
    if report.why:
        say(f"Everything is read again: {report.why}." if report.changed else f"({report.why})")
    for verb in ("added", "changed", "removed"):
        names = getattr(report, verb)
        if names:
            say(f"{'would be ' * dry_run}{verb} {len(names)}: {', '.join(names[:5])}{', …' * (len(names) > 5)}")
    for failure in report.failed:
        say(f"not read  {failure.file}: {failure.error}", fg="yellow")
        say(f"          {failure.hint}")
    say(
        f"{report.pages} pages in {report.chunks} passages; {report.unchanged} files unchanged; "
        f"{report.seconds:.1f} s ({report.pages_per_second:.0f} pages/s)"
    )
    for place in report.away:
        say(f"The folder {place} is not there. Its documents stay in the index.")
    if report.stopped:
        say(f"Stopped with {report.left} files left. The same command goes on from here.")
    elif not (report.pages or report.failed or dry_run):
        from ingest.readers.read import KINDS

        say(f"There is nothing to answer from yet: put documents into the folder ({KINDS}) and run this again.")


def print_hit(rank: int, hit: Hit) -> None:
    """Prints a passage that a search found."""
    ranks = ", ".join(f"{name} {place}" for name, place in sorted(hit.ranks.items()))
    say(f"{rank}. {hit.file}, {hit.named}", bold=True, nl=False)
    say(f"  {hit.score:.4f} ({ranks})  {hit.chunk.heading}", dim=True)
    say(f"   {short(hit.chunk.text, 300)}\n")


def print_answer(answer: Answer) -> None:
    """Prints an answer with its citations."""
    if answer.status == "abstained":
        say("Not in your documents. ", fg="yellow", bold=True, nl=False)
        say(answer.reason)
        for hit in answer.hits[:3]:
            say(f"  nearest: {hit.file}, {hit.named}: {short(hit.chunk.text, 120)}")
    else:
        if answer.plan.shown:
            say(f"  {answer.plan.shown}", dim=True)
        if answer.status == "unsure":
            say("Not certain. ", fg="yellow", bold=True, nl=False)
        say(answer.text.replace("**", ""), bold=True)
        for number, citation in enumerate(answer.citations, 1):
            say(f"  [{number}] {citation.source}: “{citation.quote}”")
            if citation.also:
                say(f"      also in {'; '.join(place.source for place in citation.also)}", dim=True)
        if answer.reason:
            say(f"  {answer.reason}", fg="yellow")
    for warning in answer.warnings:
        say(f"  {warning}", fg="yellow")
    stats = answer.stats
    say(
        f"  {answer.model}  evidence {stats.seconds_retrieve:.2f} s, first word {stats.seconds_to_first_token:.2f} s, "
        f"in all {stats.seconds_total:.1f} s, {stats.output_tokens} tokens",
        dim=True,
    )


def print_download(progress: Download) -> None:
    share = progress.done_bytes / max(1, progress.total_bytes)
    eta = "" if progress.eta_seconds is None else f", {duration(progress.eta_seconds)} to go"
    pace = f"{progress.total_bytes / 1e9:.2f} GB, {progress.bytes_per_second / 1e6:.1f} MB/s"
    line(f"{share:4.0%} of {pace}{eta}  from {progress.source}")


def line(text: str) -> None:
    """Prints a progress line that overwrites itself on a terminal and is left out of files and pipes."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{printable(text)[:118]}", nl=False, err=True)


def clear_line() -> None:
    """Removes the progress line."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def print_checks(checks: list[Check]) -> None:
    colours = {"ok": "green", "warning": "yellow", "error": "red"}
    for check in checks:
        say(f"{check.severity:8s}", fg=colours[check.severity], nl=False)
        say(f"{check.name}: {check.message}")
        if check.remedy and check.severity != "ok":
            say(f"        {check.remedy}")

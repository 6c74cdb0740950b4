"""docent: parses, calls, prints. Heavy imports wait inside the commands, so that --help answers at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ingest.errors import DocentError

if TYPE_CHECKING:
    from app.datatypes import Answer, Hit
    from app.settings import Settings
    from ingest.sync import Progress, Report

ABSTAINED = 3  # exit codes: 0 answered, 1 error, 2 usage, 3 abstained
_FOLDER = click.Path(path_type=Path)
_index = click.option("--index", "index_dir", type=_FOLDER, help="The index's folder. [default: indexes/<folder name>]")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_file = click.option("--file", "file", metavar="NAME", help="Search in one document only.")


def _explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """The one place where the command line meets errors: what happened, and what helps."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DocentError as error:
            if kwargs.get("as_json"):
                _print_json({"error": str(error), "hint": error.hint})
            else:
                click.secho(f"Error: {error}", fg="red", err=True)
                if error.hint:
                    click.echo(f"  {error.hint}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("\nStopped. What was finished is kept.", err=True)
            sys.exit(130)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="docent")
def main() -> None:
    """Questions answered from your own documents, offline, each answer with its file, page and exact quote.

    \b
    Start:
      docent ingest sample_docs
      docent ask "What does fault code E-104 mean?"
      docent ui
    """


@main.command()
@click.argument("folder", type=_FOLDER, default="sample_docs")
@_index
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--rebuild", is_flag=True, help="Throw the index away and build it again. Documents are not touched.")
@_json
@_explained
def ingest(folder: Path, index_dir: Path | None, dry_run: bool, rebuild: bool, as_json: bool) -> None:
    """Bring the index in step with FOLDER: new, changed and removed files. Unchanged ones cost nothing.

    \b
    Examples:
      docent ingest                        the sample documents
      docent ingest ~/contracts            your own; the index goes to indexes/contracts
      docent ingest ~/contracts --dry-run  only say what would be done
    """
    from app.assistant import open_encoder
    from app.domains import index_for
    from app.settings import load_settings
    from ingest.sync import sync

    encoder = open_encoder(load_settings())
    report = sync(
        folder,
        index_dir or index_for(folder),
        encoder,
        on_progress=None if as_json else _print_progress,
        dry_run=dry_run,
        rebuild=rebuild,
    )
    if as_json:
        _print_json(report.as_json())
    else:
        _print_report(report, dry_run)


@main.command()
@click.argument("question")
@_index
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 100), help="How many passages.")
@_file
@_json
@_explained
def search(question: str, index_dir: Path | None, k: int, file: str | None, as_json: bool) -> None:
    """Show the passages that come nearest to QUESTION, best first. Needs no answer model.

    \b
    Examples:
      docent search "filter cleaning interval"
      docent search "E-104" --file fault-codes.pdf -k 3
    """
    from app.assistant import open_assistant
    from app.datatypes import hit_json

    hits = open_assistant(_settings(), index_dir or _default_index()).search(question, k, file)
    if as_json:
        _print_json([hit_json(rank, hit) for rank, hit in enumerate(hits, 1)])
        return
    for rank, hit in enumerate(hits, 1):
        _print_hit(rank, hit)
    if not hits:
        click.echo("No passage holds any of these words.")


@main.command()
@click.argument("question")
@_index
@click.option("--model", metavar="NAME", help="An answer model of `docent models list`.")
@_file
@_json
@_explained
def ask(question: str, index_dir: Path | None, model: str | None, file: str | None, as_json: bool) -> None:
    """Answer QUESTION from the documents, with the file, page and quote of each claim.

    \b
    Exit codes: 0 answered, 1 error, 2 usage, 3 not in your documents.
    Examples:
      docent ask "How long is the compressor under warranty?"
      docent ask "Which fuse does it need?" --file installation-manual.pdf --json
    """
    from app.assistant import open_assistant

    stream = open_assistant(_settings(model=model), index_dir or _default_index()).ask(question, file=file)
    if as_json:
        _print_json(stream.answer.as_json())
    else:
        for sentence in stream.evidence:
            click.secho(f"  {sentence.file}, page {sentence.page}: “{_short(sentence.text)}”", dim=True)
        click.echo()
        for piece in stream:
            click.echo(piece, nl=False)
        click.echo("\n")
        _print_answer(stream.answer)
    sys.exit(0 if stream.answer.status == "answered" else ABSTAINED)


@main.command("eval")
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_index
@click.option("--retrieval-only", is_flag=True, help="Score the search alone; no answer model is needed.")
@click.option("--within-doc", is_flag=True, help="Search only in the document a question names in about_doc.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N questions.")
@_json
@_explained
def evaluate(
    questions: Path,
    index_dir: Path | None,
    retrieval_only: bool,
    within_doc: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Measure answers, refusals and page hits on a file of questions with known answers.

    \b
    Examples:
      docent eval sample_docs/eval.jsonl
      docent eval sample_docs/eval.jsonl --retrieval-only --json
    """
    from app.assistant import open_assistant
    from app.evaluate import evaluate, load_cases

    cases = load_cases(questions)[:limit]
    assistant = open_assistant(_settings(), index_dir or _default_index())
    report = evaluate(assistant, cases, retrieval_only, within_doc, on_case=None if as_json else _print_case)
    if as_json:
        _print_json(report)
    else:
        click.echo()
        for key, value in report.items():
            click.echo(f"{key:32s} {value}")


@main.command()
@click.option("--folder", type=_FOLDER, default="sample_docs", show_default=True, help="The documents to talk to.")
@_index
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Anything wider than localhost is open to your network.",
)
@_explained
def ui(folder: Path, index_dir: Path | None, port: int, address: str) -> NoReturn:
    """Serve the chat in the browser, on this machine only.

    \b
    Examples:
      docent ui
      docent ui --folder ~/contracts --port 8600
    """
    import subprocess

    from app.domains import index_for

    page = Path(__file__).parent / "ui" / "main.py"
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": "true",  # without it, Streamlit asks for an e-mail address and opens a browser
        "server.maxUploadSize": 2048,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(page)]
    command += [f"--{key}={value}" for key, value in options.items()]
    command += ["--", "--folder", str(folder), "--index", str(index_dir or index_for(folder))]
    click.echo(f"Docent is at http://{address}:{port}  (Ctrl-C ends it)")
    try:
        sys.exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        sys.exit(0)


@main.command()
@_index
@_json
@_explained
def doctor(index_dir: Path | None, as_json: bool) -> None:
    """Check this machine and this set-up: back end, threads, instruction sets, models, index.

    \b
    Example:
      docent doctor --json
    """
    from dataclasses import asdict

    from app.doctor import run

    checks = run(_settings(), index_dir or _default_index())
    if as_json:
        _print_json([asdict(check) for check in checks])
    else:
        colours = {"ok": "green", "warning": "yellow", "error": "red"}
        for check in checks:
            click.echo(
                click.style(f"{check.severity:8s}", fg=colours[check.severity]) + f"{check.name}: {check.message}"
            )
            if check.remedy and check.severity != "ok":
                click.echo(f"        {check.remedy}")
    sys.exit(any(check.severity == "error" for check in checks))


@main.group()
def models() -> None:
    """List, fetch, check and add models. A file's SHA-256 decides, not where it came from."""


@models.command("list")
@_json
@_explained
def models_list(as_json: bool) -> None:
    """Show every model that is known, and which are on this machine."""
    from app.models import catalogue, installed

    folder = _settings().models_dir
    rows = [
        {
            "id": s.id,
            "title": s.title,
            "role": s.role,
            "bytes": s.bytes,
            "licence": s.licence,
            "installed": installed(s, folder),
        }
        for s in catalogue(folder)
    ]
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        mark = "●" if row["installed"] else "○"
        click.echo(
            f"{mark} {row['id']:24s} {row['role']:8s} {row['bytes'] / 1e9:6.2f} GB  {row['licence']:12s} {row['title']}"
        )


@models.command("pull")
@click.argument("names", nargs=-1)
@_explained
def models_pull(names: tuple[str, ...]) -> None:
    """Fetch NAMES, or without names the default answer model and encoder. A broken download goes on where it stopped.

    \b
    Examples:
      docent models pull
      docent models pull qwen2.5-coder-0.5b
    """
    from app.models import find, pull

    settings = _settings()
    for name in names or (settings.encoder, settings.model):
        spec = find(name, settings.models_dir)
        place = pull(spec, settings.models_dir, _print_download)
        _clear_line()
        click.echo(f"{spec.id}: {place}")


@models.command("verify")
@click.argument("names", nargs=-1)
@_explained
def models_verify(names: tuple[str, ...]) -> None:
    """Hash NAMES, or every installed model, from the first byte to the last."""
    from app.models import catalogue, find, installed, verify

    folder = _settings().models_dir
    specs = [find(name, folder) for name in names] or [s for s in catalogue(folder) if installed(s, folder)]
    problems = {spec.id: verify(spec, folder) for spec in specs}
    for name, found in problems.items():
        click.echo(f"{name}: {'; '.join(found) or 'as published'}")
    sys.exit(any(problems.values()))


@models.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@_explained
def models_add(name: str, file: Path) -> None:
    """Make a GGUF file (or an encoder's folder) of your own known as NAME. It is used where it lies.

    \b
    Example:
      docent models add my-model ~/models/my-model.Q4_K_M.gguf
      docent ask "…" --model my-model
    """
    from app.models import add

    spec = add(name, file, _settings().models_dir)
    click.echo(f"{spec.id} ({spec.role}) can now be used: docent ask QUESTION --model {spec.id}")


@models.command("path")
@click.argument("name")
@_explained
def models_path(name: str) -> None:
    """Print where a model lies on this machine."""
    from app.models import find, path

    folder = _settings().models_dir
    click.echo(path(find(name, folder), folder))


def _settings(**overrides: Any) -> Settings:
    from app.settings import load_settings

    return load_settings(**overrides)


def _default_index() -> Path:
    from app.domains import DEFAULT_FOLDER, index_for

    return index_for(DEFAULT_FOLDER)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _print_progress(progress: Progress) -> None:
    eta = "" if progress.eta_seconds is None else f", {_duration(progress.eta_seconds)} to go"
    _line(
        f"{progress.files_done}/{progress.files_total} files, {progress.pages_done} pages, "
        f"{progress.pages_per_second:.0f} pages/s{eta}  {progress.stage} {progress.file}"
    )


def _print_report(report: Report, dry_run: bool) -> None:
    _clear_line()
    if report.why:
        click.echo(f"Everything is read again: {report.why}." if report.changed else f"({report.why})")
    for verb in ("added", "changed", "removed"):
        names = getattr(report, verb)
        if names:
            click.echo(f"{'would be ' * dry_run}{verb} {len(names)}: {', '.join(names[:5])}{', …' * (len(names) > 5)}")
    for failure in report.failed:
        click.secho(f"not read  {failure.file}: {failure.error}", fg="yellow")
        click.echo(f"          {failure.hint}")
    click.echo(
        f"{report.pages} pages in {report.chunks} passages; {report.unchanged} files unchanged; "
        f"{report.seconds:.1f} s ({report.pages_per_second:.0f} pages/s)"
    )
    if not (report.pages or report.failed or dry_run):
        click.echo(
            "There is nothing to answer from yet: put PDF, text or Markdown files into the folder and run this again."
        )


def _print_hit(rank: int, hit: Hit) -> None:
    ranks = ", ".join(f"{name} {place}" for name, place in sorted(hit.ranks.items()))
    click.secho(f"{rank}. {hit.file}, page {hit.page}", bold=True, nl=False)
    click.secho(f"  {hit.score:.4f} ({ranks})  {hit.chunk.heading}", dim=True)
    click.echo(f"   {_short(hit.chunk.text, 300)}\n")


def _print_answer(answer: Answer) -> None:
    if answer.status == "abstained":
        click.secho("Not in your documents. ", fg="yellow", bold=True, nl=False)
        click.echo(answer.reason)
        for hit in answer.hits[:3]:
            click.echo(f"  nearest: {hit.file}, page {hit.page}: {_short(hit.chunk.text, 120)}")
    else:
        click.secho(answer.text, bold=True)
        for number, citation in enumerate(answer.citations, 1):
            click.echo(f"  [{number}] {citation.file}, page {citation.page}: “{citation.quote}”")
        if answer.reason:
            click.secho(f"  {answer.reason}", fg="yellow")
    stats = answer.stats
    click.secho(
        f"  {answer.model}  evidence {stats.seconds_retrieve:.2f} s, first word {stats.seconds_to_first_token:.2f} s, "
        f"in all {stats.seconds_total:.1f} s, {stats.output_tokens} tokens",
        dim=True,
    )


def _print_case(done: int, total: int, eta: float) -> None:
    _line(f"{done}/{total} questions, {_duration(eta)} to go")


def _print_download(progress: Any) -> None:
    share = progress.done_bytes / max(1, progress.total_bytes)
    eta = "" if progress.eta_seconds is None else f", {_duration(progress.eta_seconds)} to go"
    _line(
        f"{share:4.0%} of {progress.total_bytes / 1e9:.2f} GB, {progress.bytes_per_second / 1e6:.1f} MB/s{eta}  from {progress.source}"
    )


def _line(text: str) -> None:
    """A progress line that overwrites itself on a terminal and is left out of files and pipes."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text[:118]}", nl=False, err=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _short(text: str, length: int = 200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


if __name__ == "__main__":
    main()

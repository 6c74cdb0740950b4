"""The entry of the command line: parses, calls, prints. Heavy imports wait inside the commands, so that --help is
fast."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from app.commands.archive import export_command, import_command
from app.commands.bench import bench
from app.commands.calibrate import command as calibrate
from app.commands.eval import evaluate
from app.commands.ingest import ingest, status, watch
from app.commands.models import models
from app.commands.report import report
from app.commands.terminal import handle_errors, json_option, print_answer, print_checks, print_hit, print_json, say
from app.commands.vault import decrypt_command, encrypt_command, passphrase_command
from app.commands.verify import verify
from app.commands.warm import warm
from ingest.text.oneline import short

if TYPE_CHECKING:
    from app.settings import Settings

ABSTAINED = 3  # exit codes: 0 answered or unsure, 1 error, 2 usage, 3 abstained
_FOLDER = click.Path(path_type=Path)
_index = click.option("--index", "index_dir", type=_FOLDER, help="The index's folder. [default: indexes/<folder name>]")
_file = click.option("--file", "file", metavar="NAME", help="Search in one document only.")


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
@click.argument("question")
@_index
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 100), help="How many passages.")
@_file
@json_option
@handle_errors
def search(question: str, index_dir: Path | None, k: int, file: str | None, as_json: bool) -> None:
    """Show the passages that come nearest to QUESTION, best first. Needs no answer model.

    \b
    Examples:
      docent search "filter cleaning interval"
      docent search "E-104" --file fault-codes.pdf -k 3
    """
    from app.datatypes import hit_json
    from app.library.asked import Questions
    from app.privacy.unlock import open_unlocked

    settings, index_dir = _settings(), index_dir or _default_index()
    assistant = open_unlocked(settings, index_dir)
    hits = assistant.search(question, k, file)
    if settings.keep_questions:
        Questions(index_dir, assistant.key).keep_search(question, hits)
    if as_json:
        print_json([hit_json(rank, hit) for rank, hit in enumerate(hits, 1)])
        return
    for rank, hit in enumerate(hits, 1):
        print_hit(rank, hit)
    if not hits:
        say("No passage holds any of these words.")


@main.command()
@click.argument("question")
@_index
@click.option("--model", metavar="NAME", help="An answer model of `docent models list`.")
@_file
@json_option
@handle_errors
def ask(question: str, index_dir: Path | None, model: str | None, file: str | None, as_json: bool) -> None:
    """Answer QUESTION from the documents, with the file, page and quote of each claim.

    \b
    Exit codes: 0 answered or unsure, 1 error, 2 usage, 3 not in your documents.
    Examples:
      docent ask "How long is the compressor under warranty?"
      docent ask "Which fuse does it need?" --file installation-manual.pdf --json
    """
    from app.library.asked import Questions
    from app.privacy.unlock import open_unlocked

    settings, index_dir = _settings(model=model), index_dir or _default_index()
    assistant = open_unlocked(settings, index_dir)
    stream = assistant.ask(question, file=file)
    if as_json:
        print_json(stream.answer.as_json())
    else:
        for sentence in stream.evidence:
            say(f"  {sentence.file}, {sentence.named}: “{short(sentence.text)}”", dim=True)
        say()
        for piece in stream:
            say(piece, nl=False)
        say("\n")
        print_answer(stream.answer)
    if settings.keep_questions:
        Questions(index_dir, assistant.key).keep_answer(question, stream.answer, stream.found)
    sys.exit(ABSTAINED if stream.answer.status == "abstained" else 0)


@main.command()
@click.option("--folder", type=_FOLDER, default="sample_docs", show_default=True, help="The documents to talk to.")
@_index
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--address", default="localhost", show_default=True, help="Wider than localhost, it needs a password.")
@click.option("--password", is_flag=True, help="Ask for a password, and of everyone who opens the pages.")
@click.option("--name", multiple=True, metavar="HOST", help="Another name by which browsers reach this machine.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False), help="For https, as PEM; with --key.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="The certificate's private key, as PEM.")
@handle_errors
def ui(
    folder: Path, index_dir: Path | None, port: int, address: str, password: bool, name: tuple[str, ...],
    certificate: str | None, key: str | None,
) -> NoReturn:  # fmt: skip
    """Serve the chat in the browser, on this machine only.

    For others on your network there is a password: asked for here, or taken from DOCENT_PASSWORD.

    \b
    Examples:
      docent ui
      docent ui --folder ~/contracts --port 8600
      docent ui --address 0.0.0.0 --certificate cert.pem --key key.pem
    """
    import subprocess

    from app.ask.domains import index_for

    if bool(certificate) != bool(key):
        raise click.UsageError("--certificate and --key go together.")
    given = {"port": port, "address": address, "folder": folder, "index": index_dir or index_for(folder)}
    given |= {"certificate": certificate, "key": key} if certificate else {}
    command = [sys.executable, "-m", "app.ui.serve", *(f"--{option}={value}" for option, value in given.items())]
    command += [*(f"--name={one}" for one in name), *["--password"] * password]
    if os.name != "nt":
        os.execv(sys.executable, command)  # becomes the server, so that whoever ends this process ends it
    sys.exit(subprocess.run(command, check=False).returncode)


@main.command()
@_index
@click.option("--offline", is_flag=True, help="Show instead that nothing leaves this machine: a walk with no way out.")
@json_option
@handle_errors
def doctor(index_dir: Path | None, offline: bool, as_json: bool) -> None:
    """Check this machine and this set-up: back end, threads, instruction sets, models, index.

    \b
    Examples:
      docent doctor --json
      docent doctor --offline
    """
    from dataclasses import asdict

    from app import doctor as machine
    from app.privacy import offline as network

    checks = network.run() if offline else machine.run(_settings(), index_dir or _default_index())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        print_checks(checks)
    sys.exit(any(check.severity == "error" for check in checks))


main.add_command(ingest)
main.add_command(watch)
main.add_command(status)
main.add_command(models)
main.add_command(evaluate)
main.add_command(calibrate)
main.add_command(warm)
main.add_command(bench)
main.add_command(report)
main.add_command(verify)
main.add_command(export_command)
main.add_command(import_command)
for command in (encrypt_command, decrypt_command, passphrase_command):
    main.add_command(command)


def _settings(**overrides: Any) -> Settings:
    from app.settings import load_settings

    return load_settings(**overrides)


def _default_index() -> Path:
    from app.ask.domains import DEFAULT_FOLDER, index_for

    return index_for(DEFAULT_FOLDER)


if __name__ == "__main__":
    main()

"""docent report: lists every file, page and table as searchable or with the reason why not, and what was never
found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.terminal import handle_errors, json_option, print_json, say
from ingest.text.oneline import short

if TYPE_CHECKING:
    from app.library.report import FileReport, Library

_COLOURS = {"not read": "red", "partly read": "yellow", "waiting": "yellow", "changed": "yellow", "gone": "yellow"}
_SHOWN = 200  # files, and questions, in the terminal; JSON and HTML have them all


@click.command()
@click.option("--index", "index_dir", type=click.Path(path_type=Path), help="The index's folder, as for `docent ask`.")
@click.option(
    "--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as a page that stands alone."
)
@click.option("--forget-questions", is_flag=True, help="Forget what was asked and what that found, first.")
@json_option
@handle_errors
def report(index_dir: Path | None, html_file: Path | None, forget_questions: bool, as_json: bool) -> None:
    """What became of each file of the folder, and what to do about it.

    Every file, page and table is searchable or named here with the reason. So are passages that no question ever
    led to, and questions that found nothing.

    \b
    Examples:
      docent report
      docent report --index indexes/contracts --json
      docent report --html report.html
    """
    from app.ask.domains import DEFAULT_FOLDER, index_for
    from app.library.asked import Questions
    from app.library.survey import survey
    from app.privacy.unlock import key_for

    index_dir = index_dir or index_for(DEFAULT_FOLDER)
    if forget_questions:
        Questions(index_dir).forget()
    library = survey(index_dir, key=key_for(index_dir))
    if html_file:
        from app.library.page import page
        from ingest.files import write_whole

        write_whole(html_file, page(library).encode("utf-8", "replace"))
    if as_json:
        print_json(library.as_json())
    else:
        print_library(library)
        if html_file:
            say(f"\nWritten to {html_file}")


def print_library(library: Library) -> None:
    """Prints the report on a library."""
    states = ", ".join(f"{count} {state}" for state, count in library.states.items())
    say(f"{len(library.files):,} files in {library.folder}: {states}", bold=True)
    if library.missing_folder:
        say(f"{library.missing_folder} What the index holds is shown all the same.", fg="yellow")
    readers = ", ".join(f"{count:,} by {reader}" for reader, count in library.read_by.items())
    say(f"{library.count('searchable_pages'):,} of {library.count('pages'):,} pages searchable ({readers or 'none'})")
    if library.count("tables"):
        say(f"{library.count('searchable_tables'):,} of {library.count('tables'):,} tables searchable")
    say()
    for file in library.files[:_SHOWN]:
        _print_file(file)
    if len(library.files) > _SHOWN:
        say(f"… and {len(library.files) - _SHOWN:,} more: docent report --json")
    _print_questions(library)


def _print_file(file: FileReport) -> None:
    how = ", ".join(f"{n} by {reader}" if len(file.read_by) > 1 else reader for reader, n in file.read_by.items())
    if file.recognised:
        how += f"; {file.recognised} recognised, {file.confidence:.0%} sure"
    facts = f"{file.searchable_pages} of {file.pages} pages" if file.pages else ""
    say(f"{file.state:15s}", fg=_COLOURS.get(file.state), nl=False)
    say("  ".join(part for part in (file.path, facts, f"({how})" if how else "") if part))
    for line in (file.why, *file.notes):
        if line:
            say(f"               {line}")
    for flag in file.flags[:5]:
        place = f"page {flag.page}: " if flag.page else ""
        say(f"               {flag.kind}: {place}{short(flag.text, 90)}", fg="yellow")
    if file.to_do:
        say(f"               → {file.to_do}", dim=True)


def _print_questions(library: Library) -> None:
    if not library.questions:
        return
    found, passages = library.count("found"), library.count("passages")
    say(f"\n{library.questions:,} questions asked; they led to {found:,} of {passages:,} passages.")
    for one in library.empty[:20]:
        what = "refused" if one.n_found else "found nothing"
        say(f"  {what}: {short(one.question, 100)}")
    if library.empty:
        say("  → Add a document that answers them, or ask again in the documents' own words.", dim=True)

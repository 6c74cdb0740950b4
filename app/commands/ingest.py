"""docent ingest, watch and status: bring an index in step with its folders, keep it so, and tell what is being done."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.terminal import (
    clear_line,
    handle_errors,
    index_option,
    json_option,
    on_interrupt,
    print_json,
    print_progress,
    print_report,
    printable,
    say,
)
from ingest.errors import NEEDS_PASSWORD
from ingest.sync.progress import duration

if TYPE_CHECKING:
    from ingest.encryption.vault import Key
    from ingest.sync.plan import Pending
    from ingest.sync.sync import Report
    from ingest.sync.watch import News

_FOLDER = click.Path(path_type=Path)
_index = index_option("indexes/<folder name>")
_folders = click.argument("folders", metavar="[FOLDER]...", type=_FOLDER, nargs=-1)
_BUSY = 3.0  # seconds until a watcher tries again, while another process writes the index


@click.command()
@_folders
@_index
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--rebuild", is_flag=True, help="Throw the index away and build it again. Documents are not touched.")
@click.option(
    "--without", type=_FOLDER, multiple=True, help="Leave a folder out from now on. Its files are not touched."
)
@click.option("--ask-passwords", is_flag=True, help="Ask for the passwords of files that need one. None is stored.")
@json_option
@handle_errors
def ingest(
    folders: tuple[Path, ...],
    index_dir: Path | None,
    dry_run: bool,
    rebuild: bool,
    without: tuple[Path, ...],
    ask_passwords: bool,
    as_json: bool,
) -> None:
    """Bring an index in step with its folders: new, changed and removed files. Unchanged ones cost nothing.

    Newest and smallest files come first, and can be asked about while the rest is read. Ctrl-C stops after some
    seconds' work at most; what was finished is kept, and the same command goes on from there. Several folders make
    one index, which remembers them.

    \b
    Examples:
      docent ingest                        the sample documents
      docent ingest ~/contracts            your own; the index goes to indexes/contracts
      docent ingest ~/contracts ~/letters  both in one index, from now on
      docent ingest ~/contracts --dry-run  only say what would be done
      docent ingest --ask-passwords        also those that a password protects
    """
    from app.ask.opening import open_encoder
    from app.settings import load_settings
    from ingest.sync.control import Control
    from ingest.sync.sync import sync

    given, index_dir, key = _places(folders, index_dir, without)
    encoder, control = open_encoder(load_settings()), Control()

    def run(rebuild: bool, passwords: Mapping[str, str]) -> Report:
        with on_interrupt(control.cancel):
            return sync(
                given,
                index_dir,
                encoder,
                on_progress=None if as_json else print_progress,
                dry_run=dry_run,
                rebuild=rebuild,
                control=control,
                without=[] if passwords else without,
                passwords=passwords,
                key=key,
            )

    done = run(rebuild, {})
    while ask_passwords and not (dry_run or done.stopped) and (passwords := _asked(done)):
        again = run(False, passwords)
        opened = [path for path in again.changed if path not in done.added]
        done = replace(again, added=[*done.added, *again.added], changed=sorted({*done.changed, *opened}))
    if as_json:
        print_json(done.as_json())
    else:
        print_report(done, dry_run)
    sys.exit(130 if done.stopped else 0)


def _asked(done: Report) -> dict[str, str]:
    """Asks for the passwords of files that need one, and returns those given, by file."""
    closed = [failure.file for failure in done.failed if failure.error == NEEDS_PASSWORD]
    given = {}
    for file in closed:
        asked = f"Password of {printable(file)} (Enter to leave it out)"
        given[file] = click.prompt(asked, "", hide_input=True, show_default=False, err=True)
    return {file: password for file, password in given.items() if password}


@click.command()
@_folders
@_index
@click.option("--poll", is_flag=True, help="Look every few seconds. Network drives are looked at so without it.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each run, for programs.")
@handle_errors
def watch(folders: tuple[Path, ...], index_dir: Path | None, poll: bool, as_json: bool) -> None:
    """Keep an index in step with its folders, until Ctrl-C.

    Changes are picked up within seconds. Files that are still being written are waited for. A folder that is not
    there, such as a network drive that was disconnected, keeps its documents in the index.

    \b
    Examples:
      docent watch ~/contracts
      docent watch ~/contracts ~/letters --index indexes/office
      docent watch /mnt/share/manuals --poll
    """
    from app.ask.opening import open_encoder
    from app.settings import load_settings
    from ingest.sync.control import Control
    from ingest.sync.folders import known_of, merge_folders, with_documents
    from ingest.sync.sync import sync
    from ingest.sync.watch import changes

    given, index_dir, key = _places(folders, index_dir)
    encoder, control, stop = open_encoder(load_settings()), Control(), threading.Event()

    def run(pending: Pending, places: list[Path]) -> Report | None:
        told = None if as_json else print_progress
        return _unless_busy(
            lambda: sync(places, index_dir, encoder, on_progress=told, control=control, pending=pending, key=key),
            stop,
            as_json,
        )

    def end() -> None:
        stop.set()
        control.cancel()

    with on_interrupt(end):
        everywhere = merge_folders(known_of(index_dir, key), given)
        places = given  # of the first run; later ones go to all that the index remembers
        for news in changes(everywhere, stop, poll=poll, full=with_documents(index_dir, everywhere, key)):
            _tell_away(news, as_json)
            if news.run_due or places:
                _tell(run(news.pending, places), as_json)
                places = []
    sys.exit(130)


def _unless_busy(run: Callable[[], Report], stop: threading.Event, as_json: bool) -> Report | None:
    """Runs, after waiting for another process that writes the index. Returns None when stopped meanwhile."""
    from ingest.errors import IndexBusy

    while not stop.is_set():
        try:
            return run()
        except IndexBusy as busy:
            if not as_json:
                clear_line()
                say(f"{busy} Waiting for it…")
            stop.wait(_BUSY)
    return None


def _tell(report: Report | None, as_json: bool) -> None:
    if report is None:
        return
    clear_line()
    if as_json:
        print_json(report.as_json(), None)
    elif report.added or report.changed or report.removed or report.stopped or report.why:
        print_report(report, dry_run=False)


def _tell_away(news: News, as_json: bool) -> None:
    if as_json and news.away:
        print_json({"away": {str(place): why for place, why in news.away.items()}}, None)
    for place, why in () if as_json else news.away.items():
        say(f"{place}: {why}. Its documents stay in the index.")


@click.command()
@_folders
@_index
@json_option
@handle_errors
def status(folders: tuple[Path, ...], index_dir: Path | None, as_json: bool) -> None:
    """Say what an index holds, of which folders, and how far a run has come that another Docent makes just now.

    \b
    Examples:
      docent status
      docent status ~/contracts --json
    """
    from ingest.sync.status import status_of

    told = status_of(*_places(folders, index_dir)[1:])
    if as_json:
        print_json(told.as_json())
        return
    say(f"{told.documents} documents, {told.pages} pages, {told.passages} passages; {told.failed} not read")
    for place in told.folders:
        say(f"  {place}")
    if told.run:
        eta = told.run.get("eta_seconds")
        left = "" if eta is None else f", about {duration(eta)} to go"
        say(f"{told.run['stage']} now: {told.run['files_done']} of {told.run['files_total']} files{left}")
    elif told.writing:
        say("Another Docent is writing it now.")
    elif not told.published:
        say("Its newest documents are not published yet. Run: docent ingest")


def _places(
    folders: tuple[Path, ...], index_dir: Path | None, without: tuple[Path, ...] = ()
) -> tuple[list[Path], Path, Key | None]:
    """Returns the folders (those named, or those of the index, or the sample documents), the index, and its key."""
    from app.ask.domains import DEFAULT_FOLDER, index_for
    from app.privacy.unlock import key_for
    from ingest.sync.folders import known_of

    index_dir = index_dir or index_for(folders[0] if folders else DEFAULT_FOLDER)
    key = key_for(index_dir)
    leaving = {place.resolve() for place in without}
    known = [one.place for one in known_of(index_dir, key) if one.place.resolve() not in leaving]
    return list(folders) or known or [DEFAULT_FOLDER], index_dir, key

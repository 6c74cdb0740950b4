"""docent ingest: brings an index in step with its folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.terminal import explained, json_option, on_interrupt, print_json, print_progress, print_report, shown
from ingest.errors import NEEDS_PASSWORD

if TYPE_CHECKING:
    from ingest.sync import Report

_FOLDER = click.Path(path_type=Path)
_index = click.option("--index", "index_dir", type=_FOLDER, help="The index's folder. [default: indexes/<folder name>]")


@click.command()
@click.argument("folder", type=_FOLDER, default="sample_docs")
@_index
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--rebuild", is_flag=True, help="Throw the index away and build it again. Documents are not touched.")
@click.option("--ask-passwords", is_flag=True, help="Ask for the passwords of files that need one. None is stored.")
@json_option
@explained
def ingest(
    folder: Path, index_dir: Path | None, dry_run: bool, rebuild: bool, ask_passwords: bool, as_json: bool
) -> None:
    """Bring the index in step with FOLDER: new, changed and removed files. Unchanged ones cost nothing.

    Newest and smallest files come first, and can be asked about while the rest is read. Ctrl-C stops after some
    seconds' work at most; what was finished is kept, and the same command goes on from there.

    \b
    Examples:
      docent ingest                        the sample documents
      docent ingest ~/contracts            your own; the index goes to indexes/contracts
      docent ingest ~/contracts --dry-run  only say what would be done
      docent ingest --ask-passwords        also those that a password protects
    """
    from app.assistant import open_encoder
    from app.domains import index_for
    from app.settings import load_settings
    from app.unlock import key_for
    from ingest.control import Control
    from ingest.sync import sync

    place = index_dir or index_for(folder)
    encoder, control, key = open_encoder(load_settings()), Control(), key_for(place)

    def run(rebuild: bool, passwords: Mapping[str, str]) -> Report:
        with on_interrupt(control.cancel):
            return sync(
                folder,
                place,
                encoder,
                on_progress=None if as_json else print_progress,
                dry_run=dry_run,
                rebuild=rebuild,
                control=control,
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
    """By file, of those that are still closed; nothing once none is given."""
    closed = [failure.file for failure in done.failed if failure.error == NEEDS_PASSWORD]
    given = {}
    for file in closed:
        asked = f"Password of {shown(file)} (Enter to leave it out)"
        given[file] = click.prompt(asked, "", hide_input=True, show_default=False, err=True)
    return {file: password for file, password in given.items() if password}

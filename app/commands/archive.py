"""docent export, docent import: write a whole library to one file, and read it on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.terminal import handle_errors, index_option, json_option, print_json, say

if TYPE_CHECKING:
    from app.settings import Settings

_PATH = click.Path(path_type=Path)
_CALIBRATION = "calibration.json"


@click.command("export")
@click.argument("file", type=_PATH)
@index_option("that of sample_docs")
@click.option("--with-documents", is_flag=True, help="Put the documents themselves in, too.")
@json_option
@handle_errors
def export_command(file: Path, index_dir: Path | None, with_documents: bool, as_json: bool) -> None:
    """Write the whole library to FILE, to be read by docent import, here or on another machine.

    In it are what was read of the documents, their passages and vectors, the folder's domain.toml and eval.jsonl, and
    the calibration. Left out: conversations, and what the answer model has read, which depends on the machine. An
    encrypted library stays encrypted, under the same passphrase.

    \b
    Examples:
      docent export library.zip
      docent export contracts.zip --index indexes/contracts --with-documents
    """
    from importlib.metadata import version

    from app.ask.domains import DEFAULT_FOLDER, index_for
    from app.privacy.unlock import key_for
    from app.settings import load_settings
    from ingest.upkeep.archive import export

    place = index_dir or index_for(DEFAULT_FOLDER)
    settings = {name: at for name, at in _settings_of(load_settings(), place).items() if at.is_file()}
    done = export(place, file, version("docent"), settings, documents=with_documents, key=key_for(place))
    if as_json:
        print_json(done.as_json())
        return
    files = f", {done.files} of them as files" if with_documents else ""
    say(f"{done.documents} documents{files}, {done.passages} passages: {done.file} ({done.bytes / 1e6:.1f} MB).")
    for reason in done.left_out:
        say(f"left out  {reason}", fg="yellow")


@click.command("import")
@click.argument("file", type=_PATH)
@click.option("--index", "index_dir", type=_PATH, help="Where the index goes. [default: indexes/<its name>]")
@click.option("--folder", type=_PATH, help="Where its documents go or, when they are not in it, lie.")
@click.option("--replace", is_flag=True, help="Take the place of an index that is there.")
@json_option
@handle_errors
def import_command(file: Path, index_dir: Path | None, folder: Path | None, replace: bool, as_json: bool) -> None:
    """Make the library in FILE, written by docent export, an index of this machine.

    All of it is checked before anything becomes visible: a file that is cut short, foreign or tampered with is refused
    and changes nothing.

    \b
    Examples:
      docent import library.zip
      docent import contracts.zip --folder ~/contracts
      docent import contracts.zip --index indexes/contracts --replace
    """
    from app.ask.domains import INDEXES
    from app.ask.opening import open_encoder
    from app.privacy.unlock import key_for
    from app.settings import load_settings
    from ingest.upkeep.unpack import import_library, name_in

    name, settings = name_in(file), load_settings()
    place = index_dir or INDEXES / name
    encoder = open_encoder(settings).name
    done = import_library(file, place, folder, encoder, _settings_of(settings, place), replace=replace, unlock=key_for)
    if as_json:
        print_json(done.as_json())
        return
    say(f"{done.documents} documents, {done.passages} passages: {done.index}.")
    if done.files:
        say(f"The documents are in {done.folder}.")
    for note in done.notes:
        say(note, fg="yellow")


def _settings_of(settings: Settings, index_dir: Path) -> dict[str, Path]:
    """Returns the files that belong to an index but are stored elsewhere, by their names in the archive."""
    from app.ask.check.gate import calibration_file

    return {_CALIBRATION: calibration_file(settings.home, index_dir)}

"""Gets the key of an encrypted library from its passphrase, which is asked for once and never kept.

On a terminal the passphrase is typed unseen. A program gives it in DOCENT_PASSPHRASE, or as the first line of the file
descriptor that DOCENT_PASSPHRASE_FD names; both are removed from the environment, so that no child process has them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.encryption.vault import Key, is_encrypted, locked_error, unlock
from ingest.errors import InvalidInput
from ingest.store.conversion import is_conversion_pending
from ingest.store.lock import writing

if TYPE_CHECKING:
    from app.ask.assistant import Assistant
    from app.settings import Settings

VARIABLE, NEW = "DOCENT_PASSPHRASE", "DOCENT_NEW_PASSPHRASE"


def key_for(index_dir: Path) -> Key | None:
    """Returns the key; None for a library that is plain or missing. Raises IndexLocked for a missing or wrong
    passphrase, IndexDamaged, IndexBusy while it is being encrypted or decrypted."""
    if is_conversion_pending(index_dir):
        with writing(index_dir):  # finishes it
            pass
    if not is_encrypted(index_dir):
        return None
    passphrase = passphrase_from_environment(VARIABLE) or prompt_hidden(f"Passphrase of the library in {index_dir}")
    if not passphrase:
        raise locked_error(index_dir)
    return unlock(index_dir, passphrase)


def open_unlocked(settings: Settings, index_dir: Path) -> Assistant:
    """Opens an assistant, with the key where one is needed."""
    from app.ask.opening import open_assistant

    return open_assistant(settings, index_dir, key_for(index_dir))


def passphrase_from_environment(variable: str) -> str:
    """Returns the passphrase that the environment holds, and removes it from there; '' for none. Raises
    InvalidInput."""
    passphrase, descriptor = os.environ.pop(variable, ""), os.environ.pop(f"{variable}_FD", "")
    if passphrase or not descriptor:
        return passphrase
    try:
        with os.fdopen(int(descriptor), encoding="utf-8") as stream:
            return stream.readline().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{variable}_FD names no file descriptor that can be read.", f"E.g. {variable}_FD=3 docent ask … 3<file"
        ) from error


def prompt_hidden(text: str, twice: bool = False) -> str:
    """Asks for a passphrase, typed unseen; returns '' where there is no terminal. `twice` asks to repeat it."""
    import click

    if not sys.stdin.isatty():
        return ""
    return str(click.prompt(text, hide_input=True, confirmation_prompt=twice, err=True))

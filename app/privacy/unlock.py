"""Where the key of an encrypted library comes from: its passphrase is asked for once, at the edge, and never kept.

On a terminal it is asked for unseen. A program gives it in DOCENT_PASSPHRASE, or as the first line of the file
descriptor that DOCENT_PASSPHRASE_FD names; both leave the environment at once, so that no child process has them.
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
    """None for a library that is plain, or not there. Raises IndexLocked for a passphrase that is missing or wrong,
    IndexDamaged, IndexBusy while its form is being changed."""
    if is_conversion_pending(index_dir):
        with writing(index_dir):  # finishes it
            pass
    if not is_encrypted(index_dir):
        return None
    passphrase = given(VARIABLE) or asked(f"Passphrase of the library in {index_dir}")
    if not passphrase:
        raise locked_error(index_dir)
    return unlock(index_dir, passphrase)


def open_unlocked(settings: Settings, index_dir: Path) -> Assistant:
    """`open_assistant`, with the key where one is needed."""
    from app.ask.opening import open_assistant

    return open_assistant(settings, index_dir, key_for(index_dir))


def given(variable: str) -> str:
    """What the environment gives, which then is gone from there; '' where it gives nothing. Raises InvalidInput."""
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


def asked(text: str, twice: bool = False) -> str:
    """Typed unseen; '' where nobody is at a terminal."""
    import click

    if not sys.stdin.isatty():
        return ""
    return str(click.prompt(text, hide_input=True, confirmation_prompt=twice, err=True))

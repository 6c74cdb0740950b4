"""docent encrypt, decrypt, passphrase: make a library unreadable on disk without its passphrase, or readable again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.terminal import handle_errors, index_option, json_option, print_json, say

if TYPE_CHECKING:
    from ingest.encryption.vault import Key

_index = index_option("that of sample_docs")
_LEFT = (
    "Not encrypted: your documents, which are your own files; runs of docent eval, {runs}; the settings.",
    "The plain files were deleted. On an SSD, or in a backup, their bytes may outlast that: only a disk that was "
    "encrypted as a whole from the start rules it out.",
    "Nobody can open the library without the passphrase: keep it where you will find it.",
)


@click.command("encrypt")
@_index
@json_option
@handle_errors
def encrypt_command(index_dir: Path | None, as_json: bool) -> None:
    """Encrypt the whole library on disk: what was read of the documents, vectors, conversations, states of the model.

    The passphrase is asked for, or taken from DOCENT_PASSPHRASE. Killed at any point, the library is whole, in one form
    or the other. End docent ui before. Needs: pip install 'docent[encryption]'

    \b
    Examples:
      docent encrypt
      docent encrypt --index indexes/contracts
    """
    from app.memory import memory_of
    from app.settings import load_settings
    from ingest.store.store import Store
    from ingest.upkeep.convert import encrypt

    place, settings = _place(index_dir), load_settings()
    key = encrypt(place, _new_passphrase("DOCENT_PASSPHRASE"))
    with closing(Store(place, key=key)) as store:
        domain = store.meta("folder")
    with closing(memory_of(settings.threads_db, place, key, domain)) as memory:
        threads = len(memory.threads(domain))
    if as_json:
        print_json({"index": str(place), "encrypted": True, "conversations": threads})
        return
    say(f"{place} is encrypted, with {threads} conversations about it.")
    for line in _LEFT:
        say(f"  {line.format(runs=settings.home / 'runs' / place.resolve().name)}")


@click.command("decrypt")
@_index
@json_option
@handle_errors
def decrypt_command(index_dir: Path | None, as_json: bool) -> None:
    """Make an encrypted library plain again, its conversations included. End docent ui before.

    \b
    Examples:
      docent decrypt
      docent decrypt --index indexes/contracts
    """
    from app.memory import Memory, memory_of
    from app.settings import load_settings
    from ingest.store.store import Store
    from ingest.upkeep.convert import decrypt

    place, settings = _place(index_dir), load_settings()
    key = _key(place)
    with closing(Store(place, key=key)) as store:
        domain = store.meta("folder")
    inside, outside = memory_of(settings.threads_db, place, key, domain), Memory(settings.threads_db)
    with closing(inside), closing(outside):
        threads = sum(inside.move_to(outside, domain) for domain in inside.domains())
    decrypt(place, key)
    if as_json:
        print_json({"index": str(place), "encrypted": False, "conversations": threads})
    else:
        say(f"{place} is plain again, with {threads} conversations about it.")


@click.command("passphrase")
@_index
@json_option
@handle_errors
def passphrase_command(index_dir: Path | None, as_json: bool) -> None:
    """Give an encrypted library another passphrase, at once: only the wrapping of its key is written anew.

    Programs give the old one in DOCENT_PASSPHRASE, the new one in DOCENT_NEW_PASSPHRASE. Who kept a copy of the old
    vault.json can still open that copy's library with the old passphrase.

    \b
    Examples:
      docent passphrase
      docent passphrase --index indexes/contracts
    """
    from ingest.encryption.vault import change_passphrase
    from ingest.store.lock import writing

    place = _place(index_dir)
    key = _key(place)
    new = _new_passphrase("DOCENT_NEW_PASSPHRASE")
    with writing(place):
        change_passphrase(place, key, new)
    if as_json:
        print_json({"index": str(place), "changed": True})
    else:
        say("The new passphrase holds from now on.")


def _place(index_dir: Path | None) -> Path:
    from app.ask.domains import DEFAULT_FOLDER, index_for

    return index_dir or index_for(DEFAULT_FOLDER)


def _key(place: Path) -> Key:
    from app.privacy.unlock import key_for
    from ingest.errors import InvalidInput

    key = key_for(place)
    if key is None:
        raise InvalidInput(f"The library in {place} is not encrypted.", "Run: docent encrypt")
    return key


def _new_passphrase(variable: str) -> str:
    from app.privacy.unlock import passphrase_from_environment, prompt_hidden
    from ingest.encryption.vault import check_passphrase
    from ingest.errors import InvalidInput

    passphrase = passphrase_from_environment(variable) or prompt_hidden("New passphrase", twice=True)
    if not passphrase:
        raise InvalidInput("No passphrase was given.", f"Run it in a terminal, or give it in {variable}.")
    return check_passphrase(passphrase)

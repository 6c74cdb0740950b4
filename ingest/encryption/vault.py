"""The key of an encrypted library. It is random, and stored in vault.json, encrypted with a key made from the
passphrase; so the passphrase can be changed without writing the library anew.

Argon2id (RFC 9106) derives the wrapping key, AES-256-GCM wraps. The key itself encrypts nothing: HKDF derives from it
one key for the databases, one for the other files and one for their names.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import IndexDamaged, IndexLocked, InvalidInput
from ingest.files import write_whole

FILE = "vault.json"
LEAST = 8  # characters of a passphrase
_KIND = "docent vault"
_SEALED_FOR = b"docent vault 1"


@dataclass(frozen=True, slots=True)
class Key:
    """Opens an encrypted library. It is passed to whatever opens a file of the library, and never written or shown."""

    secret: bytes = field(repr=False)

    def of(self, purpose: str) -> bytes:
        """Derives a key of 32 bytes for one purpose; keys of different purposes reveal nothing of each other."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, None, f"docent {purpose}".encode()).derive(self.secret)


@dataclass(frozen=True, slots=True)
class Cost:
    """The Argon2id parameters, which set what a guess at the passphrase costs: some tenths of a second and 128 MiB."""

    memory_kib: int = 131_072
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if not (8 * self.lanes <= self.memory_kib <= 4 << 20 and 1 <= self.iterations <= 100 and 1 <= self.lanes <= 64):
            raise ValueError("no cost that Docent uses")


def is_encrypted(folder: Path) -> bool:
    """Whether the library in this folder is encrypted."""
    return (folder / FILE).is_file()


def locked_error(folder: Path) -> IndexLocked:
    """Returns the error to raise where the key is missing."""
    return IndexLocked(
        f"The library in {folder} is encrypted.",
        "Its passphrase is asked for in a terminal; a program gives it in DOCENT_PASSPHRASE or through "
        "DOCENT_PASSPHRASE_FD.",
    )


def new_vault(folder: Path, passphrase: str, cost: Cost | None = None) -> Key:
    """Makes a new key and writes it, wrapped, into vault.json. Raises InvalidInput for a short passphrase,
    StorageError."""
    key = Key(secrets.token_bytes(32))
    _write(folder, key, check_passphrase(passphrase), cost or Cost())
    return key


def unlock(folder: Path, passphrase: str) -> Key:
    """Returns the key. Raises IndexLocked for a wrong passphrase, IndexDamaged when vault.json cannot be used."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        header: Mapping[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if header["kind"] != _KIND or header["version"] != 1:
            raise ValueError("of another version")
        cost, salt, nonce, wrapped = Cost(**header["argon2id"]), *(_bytes(header[n]) for n in ("salt", "nonce", "key"))
        wrapping = _wrapping(passphrase, salt, cost)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(
            f"{folder / FILE} cannot be used ({error}).",
            "Without it the library cannot be opened: put a copy of it back, or build the library anew.",
        ) from error
    try:
        return Key(AESGCM(wrapping).decrypt(nonce, wrapped, _SEALED_FOR))
    except (InvalidTag, ValueError) as error:
        raise IndexLocked("That is not the passphrase of this library.", "Nothing was changed. Try again.") from error


def change_passphrase(folder: Path, key: Key, passphrase: str, cost: Cost | None = None) -> None:
    """Wraps the key with a new passphrase. Until that is written completely, the old one holds. Raises InvalidInput for
    a short passphrase, StorageError."""
    _write(folder, key, check_passphrase(passphrase), cost or Cost())


def check_passphrase(passphrase: str) -> str:
    """Returns the passphrase. Raises InvalidInput when it has fewer than LEAST characters."""
    if len(passphrase) < LEAST:
        raise InvalidInput(
            f"The passphrase has {len(passphrase)} characters; {LEAST} are the least.",
            "Four or five words that belong to nothing are easy to keep in mind and hard to guess.",
        )
    return passphrase


def _write(folder: Path, key: Key, passphrase: str, cost: Cost) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(16), os.urandom(12)
    wrapped = AESGCM(_wrapping(passphrase, salt, cost)).encrypt(nonce, key.secret, _SEALED_FOR)
    header = {
        "kind": _KIND, "version": 1, "argon2id": asdict(cost),
        "salt": _text(salt), "nonce": _text(nonce), "key": _text(wrapped),
    }  # fmt: skip
    write_whole(folder / FILE, f"{json.dumps(header, indent=1)}\n".encode())


def _wrapping(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    kdf = Argon2id(salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass"))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

r"""Encrypts files of a library with AES-256-GCM in blocks, under a key of the file's own, so that no nonce is used
twice.

A sealed file is `docent sealed 1\n`, 16 random bytes, then blocks of up to 1 MiB, each with a tag of 16 bytes. A
block's nonce is its number and whether it is the last, and the file's name is authenticated too: so blocks that were
removed, moved or cut off are noticed, and so is a renamed file.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ingest.encryption.vault import Key

_MAGIC = b"docent sealed 1\n"
_BLOCK = 1 << 20
_TAG = 16


def sealed(key: Key, name: str, data: bytes) -> bytes:
    """Encrypts `data` for a file of that name."""
    out = io.BytesIO()
    with _Sealing(key, name, out) as sealing:
        sealing.write(data)
    return out.getvalue()


def unsealed(key: Key, name: str, data: bytes) -> bytes:
    """Decrypts what `sealed` returned. Raises ValueError for data that is not whole, or sealed under another key or
    name."""
    return b"".join(_blocks(key, name, io.BytesIO(data)))


def seal_named(key: Key, name: str, data: bytes) -> tuple[str, bytes]:
    """Returns a hashed name and the encrypted content, for a file whose name itself would reveal its content."""
    hashed = hash_name(key, name)
    return hashed, sealed(key, hashed, name.encode() + b"\n" + data)


def unseal_named(key: Key, hashed: str, data: bytes) -> tuple[str, bytes]:
    """Returns the name and content that `seal_named` was given. Raises ValueError as `unsealed` does."""
    name, _, content = unsealed(key, hashed, data).partition(b"\n")
    return name.decode(), content


def hash_name(key: Key, name: str) -> str:
    """Returns the keyed hash under which `seal_named` stores a file of that name."""
    return hashlib.blake2b(name.encode(), key=key.of("names"), digest_size=16).hexdigest()


@contextmanager
def writing_to(file: Path, key: Key | None) -> Iterator[Any]:
    """Opens the file for writing; with a key, what is written is encrypted."""
    with file.open("wb") as out:
        if key is None:
            yield out
        else:
            with _Sealing(key, file.name, out) as sealing:
                yield sealing


def read_from(file: Path, key: Key | None) -> IO[bytes]:
    """Returns the file's content in memory, decrypted where there is a key. Raises OSError, ValueError."""
    if key is None:
        return io.BytesIO(file.read_bytes())
    with file.open("rb") as data:
        return io.BytesIO(b"".join(_blocks(key, file.name, data)))


class _Sealing(io.RawIOBase):
    """A stream that encrypts what is written to it, block by block. Without a proper close the last block is
    missing."""

    def __init__(self, key: Key, name: str, out: IO[bytes]) -> None:
        salt = os.urandom(16)
        self._cipher, self._name, self._out, self._number = _cipher(key, salt), name.encode(), out, 0
        self._waiting = bytearray()
        out.write(_MAGIC + salt)

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > _BLOCK:
            self._put(bytes(self._waiting[:_BLOCK]), last=False)
            del self._waiting[:_BLOCK]
        return len(data)

    def writable(self) -> bool:
        return True

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._put(bytes(self._waiting), last=True)
        super().close()

    def _put(self, block: bytes, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last), block, self._name))
        self._number += 1


def _blocks(key: Key, name: str, data: IO[bytes]) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag

    head = data.read(len(_MAGIC) + 16)
    if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + 16:
        raise ValueError(f"{name} is no sealed file")
    cipher, number = _cipher(key, head[len(_MAGIC) :]), 0
    block = data.read(_BLOCK + _TAG)
    while True:
        following = data.read(_BLOCK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), block, name.encode())
        except InvalidTag as error:
            raise ValueError(f"{name} is damaged, or of another library") from error
        if not following:
            return
        block, number = following, number + 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(key: Key, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, salt, b"docent file").derive(key.of("files")))

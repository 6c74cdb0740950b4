"""Decrypts Office files that a password protects (ECMA-376 encryption), in memory."""

from __future__ import annotations

import io
from pathlib import PurePath

from ingest.errors import NEEDS_PASSWORD, ReadError
from ingest.files import Attached, Source

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HINT = "Give the password on the Documents page, or with: docent ingest --ask-passwords. It is not stored."


def decrypted(path: Source, password: str) -> Source:
    """Returns the decrypted file, or `path` itself where it is not encrypted. Raises ReadError when the password is
    missing or wrong."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) != _OLE:
            return path
        file.seek(0)
        import msoffcrypto
        from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

        try:
            office = msoffcrypto.OfficeFile(file)
            if not office.is_encrypted():
                return path  # an old Office file: its reader says so
        except (FileFormatError, ParseError, OSError, ValueError):
            return path
        if not password:
            raise ReadError(NEEDS_PASSWORD, _HINT)
        plain = io.BytesIO()
        try:
            office.load_key(password=password, verify_password=True)
            office.decrypt(plain)
        except (InvalidKeyError, DecryptionError) as error:
            raise ReadError(NEEDS_PASSWORD, _HINT) from error
    return Attached(PurePath(path.name).name, plain.getvalue())

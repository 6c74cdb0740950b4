"""Decodes bytes to text, by the encoding that they declare or else by a guess."""

from __future__ import annotations

from ingest.errors import ReadError
from ingest.files import Source

MOST_BYTES = 64 << 20  # of a text file; a book has one or two millions
_LEAST_CUT = 16 << 20  # bytes from which data may have been cut
_TELLING = 64  # bytes outside ASCII from which a guess at the encoding is better than the usual one
_SAMPLE = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(path: Source, most: int = MOST_BYTES) -> tuple[bytes, list[str]]:
    """Returns the file's first `most` bytes, and a note where it has more. Raises ReadError for binary data."""
    with path.open("rb") as file:
        data = file.read(most)
        rest = bool(file.read(1))
    if b"\0" in data[:4096] and not data.startswith(_UTF16):
        raise ReadError("is not a text file", "Give it the ending of its real format, or take it out of the folder.")
    if not rest:
        return data, []
    return data, [f"only its first {most >> 20} MB were read: split it into smaller files"]


def read_whole(path: Source) -> tuple[str, list[str]]:
    """Returns the file's text and notes about it. Raises ReadError for binary data and for a file without text."""
    data, notes = read_bytes(path)
    text, guessed = decoded(data)
    if not text.strip():
        raise ReadError("holds no text", "There is nothing in it to answer from.")
    return text, notes + guessed


def decoded(data: bytes, declared: str = "") -> tuple[str, list[str]]:
    """Returns the text, and a note where its encoding was guessed. `declared` is the encoding that the file names
    itself."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", errors="replace"), []
    for encoding in filter(None, (declared, "utf-8-sig")):
        try:
            return data.decode(encoding), []
        except LookupError:  # no such encoding
            continue
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(data) >= _LEAST_CUT:  # cut off within a character
                return data[: error.start].decode(encoding), []
    encoding = _guessed(data)
    name = {"cp1252": "Windows-1252"}.get(encoding, encoding)
    return data.decode(encoding, errors="replace"), [f"not UTF-8; read as {name}"]


def _guessed(data: bytes) -> str:
    """Returns the most likely encoding of data that is not UTF-8: Windows-1252, unless there is enough data to detect
    another."""
    sample = data[:_SAMPLE]
    if sum(byte > 127 for byte in sample) < _TELLING:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"

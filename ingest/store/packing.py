"""Encodes texts, raw indexes and vectors as bytes for the store's rows, and decodes them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Vectors

_MOST = 1 << 30  # bytes of one page, or of its raw index


def arrays(rows: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], Vectors]:
    """Returns chunk ids, shape (n,), and their vectors, (n, dim), as arrays; the shape is (0, 1) where there are
    none."""
    ids = np.array([chunk_id for chunk_id, _ in rows], dtype=np.int64)
    joined = np.frombuffer(b"".join(vector for _, vector in rows), dtype=np.float32)
    return ids, joined.reshape(len(rows), -1) if rows else np.zeros((0, 1), dtype=np.float32)


def zipped(text: str) -> bytes:
    """Compresses a text."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def unzipped(data: bytes) -> str:
    """Decompresses a text. Raises zlib.error for damaged data, and for data that would fill the memory: a library may
    come from anywhere."""
    return _inflated(data).decode("utf-8", "surrogatepass")


def packed(index: NDArray[np.int32] | None) -> bytes | None:
    """Compresses a raw index, shape (n,). It mostly counts up by one, so its differences compress to next to
    nothing."""
    return None if index is None else zlib.compress(np.diff(index, prepend=0).astype("<i4").tobytes(), 1)


def unpacked(data: bytes | None) -> NDArray[np.int32] | None:
    """Decompresses a raw index. Raises zlib.error for damaged data."""
    return None if data is None else np.cumsum(np.frombuffer(_inflated(data), "<i4"), dtype=np.int32)


def _inflated(data: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(data, _MOST)
    if not unpacking.eof:
        raise zlib.error("cut short, or too large")
    return found

"""How texts, raw indexes and vectors are written into the store's rows, and read from them. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.datatypes import Vectors

_MOST = 1 << 30  # bytes of one page, or of its raw index


def arrays(rows: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], Vectors]:
    """Chunk ids, shape (n,), and their vectors, (n, dim); (0, 1) where there are none."""
    ids = np.array([chunk_id for chunk_id, _ in rows], dtype=np.int64)
    joined = np.frombuffer(b"".join(vector for _, vector in rows), dtype=np.float32)
    return ids, joined.reshape(len(rows), -1) if rows else np.zeros((0, 1), dtype=np.float32)


def zipped(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def unzipped(data: bytes) -> str:
    """Raises zlib.error for what was not packed so, or would fill the memory: a library may come from anywhere."""
    return _inflated(data).decode("utf-8", "surrogatepass")


def packed(index: NDArray[np.int32] | None) -> bytes | None:
    """Raw indexes mostly count up by one, so their differences compress to next to nothing."""
    return None if index is None else zlib.compress(np.diff(index, prepend=0).astype("<i4").tobytes(), 1)


def unpacked(data: bytes | None) -> NDArray[np.int32] | None:
    return None if data is None else np.cumsum(np.frombuffer(_inflated(data), "<i4"), dtype=np.int32)


def _inflated(data: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(data, _MOST)
    if not unpacking.eof:
        raise zlib.error("cut short, or too large")
    return found

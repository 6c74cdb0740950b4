"""Drafts tokens by prompt lookup (Saxena, 2023): an answer that quotes a passage goes on as the passage does."""

from __future__ import annotations

from collections.abc import Sequence

N_DRAFT = 4  # read with the token before them in one go; more cost more than they save on a CPU
_LONGEST, _SHORTEST = 4, 2  # tokens that must agree


def looked_up(tokens: Sequence[int], n_draft: int = N_DRAFT) -> list[int]:
    """Returns up to `n_draft` tokens that followed the last few tokens when those occurred before; longer matches
    first."""
    n = len(tokens)
    for size in range(_LONGEST, _SHORTEST - 1, -1):
        if n <= size:
            continue
        tail = list(tokens[-size:])
        for at in range(n - size - 1, -1, -1):
            if tokens[at] == tail[0] and list(tokens[at : at + size]) == tail:
                return list(tokens[at + size : at + size + n_draft])
    return []

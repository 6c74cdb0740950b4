"""Measures how much memory this process has needed."""

from __future__ import annotations

import sys


def peak_mb() -> float:
    """Returns the process's largest resident size so far, in MiB."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return float(round(psutil.Process().memory_info().peak_wset / 2**20, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)

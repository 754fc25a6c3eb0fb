"""Memory that the C library keeps though nothing uses it, given back to the system.

glibc keeps freed blocks of up to 32 MiB each for itself. Passes over batches of changing lengths leave holes that the next one
does not fit into: a supervised run of a 135 M policy held 8.0 GiB, of which it used 2.6.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

GROWTH = 512 * 2**20
"""Bytes a process may grow before it gives back: what a small policy's step takes and frees again stays where it is, since
touching it anew would cost a twentieth of the step."""
SIZES = Path("/proc/self/statm")
_grown_from = [0]


def give_back() -> bool:
    """Give back what is free if the process has grown by `GROWTH` since the last time; returns whether it did.

    Where the C library cannot, or the system does not tell sizes, nothing happens.
    """
    trim = _trim()
    if trim is None or _resident() < _grown_from[0] + GROWTH:
        return False
    trim(0)
    _grown_from[0] = _resident()
    return True


def _resident() -> int:
    return int(SIZES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found if SIZES.exists() else None

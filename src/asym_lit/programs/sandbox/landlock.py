"""Landlock: a process gives up all files but those of some folders, and with the filter of calls the rest. It needs no root.

The kernel's documentation: https://docs.kernel.org/userspace-api/landlock.html; from Linux 5.13 on, where it is switched on.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
RIGHTS = (0, 13, 14, 15, 15, 16, 16, 16)
"""How many rights to files each version of Landlock knows."""
EXECUTE, WRITE, READ_FILE, READ_DIR = 1, 2, 4, 8
SCOPES = 3
"""No signal and no abstract socket out of the sandbox, from version 6 on."""
NO_NEW_PRIVILEGES, FILTER_CALLS, END_WITH_PARENT, SUBREAPER = 38, 22, 1, 36


@cache
def c_library() -> ctypes.CDLL:
    """The C library; asked for before a fork, for after one nothing should be loaded."""
    return ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Of the kernel's Landlock; 0 if it has none, or it is switched off."""
    found: int = c_library().syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(found, 0)


def confine(readable: Sequence[str], calls: bytes) -> None:
    """Give up all files but those below some folders, which may be read and executed, and the calls of a filter. For good.

    Args:
        readable: Folders and files; what is missing is left out.
        calls: The filter.

    Raises:
        OSError: If the kernel refuses.
    """
    known = version()
    handled = (1 << RIGHTS[min(known, len(RIGHTS) - 1)]) - 1
    # Files, TCP ports (from 4 on), scopes (from 6 on); older kernels know a shorter record, and refuse bits that they do not
    # know.
    record = struct.pack("QQQ", handled, 3 if known >= 4 else 0, SCOPES if known >= 6 else 0)
    record = record[: 24 if known >= 6 else 16 if known >= 4 else 8]
    rules = _asked(CREATE, record, ctypes.c_size_t(len(record)), ctypes.c_uint32(0))
    for path in readable:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rights = (EXECUTE | READ_FILE | READ_DIR) if os.path.isdir(path) else (EXECUTE | READ_FILE)
        rule = struct.pack("=Qi", rights & handled, place)
        _asked(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        os.close(place)
    _asked(None, NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _asked(RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)
    program = ctypes.create_string_buffer(calls)
    pointer = ctypes.create_string_buffer(struct.pack("H6xP", len(calls) // 8, ctypes.addressof(program)))
    _asked(None, FILTER_CALLS, 2, ctypes.addressof(pointer), 0, 0)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that made it ends."""
    _asked(None, END_WITH_PARENT, 9, 0, 0, 0)


def be_subreaper() -> None:
    """Have processes whose parents end become children of this one, which then reaps them."""
    _asked(None, SUBREAPER, 1, 0, 0, 0)


def _asked(call: int | None, *arguments: Any) -> int:
    """A system call by number, or `prctl`."""
    library = c_library()
    made: int = library.syscall(call, *arguments) if call is not None else library.prctl(*map(ctypes.c_ulong, arguments))
    if made < 0:
        fault = ctypes.get_errno()
        raise OSError(fault, os.strerror(fault))
    return made

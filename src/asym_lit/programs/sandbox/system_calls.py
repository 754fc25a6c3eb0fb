"""A filter of system calls for what runs in a sandbox: no other process, no signal to one, no network. As the kernel has it.

Refused calls fail with "not permitted", as they would without rights, and the program goes on. Threads are allowed.
"""

from __future__ import annotations

import platform
import struct
from functools import cache

REFUSED = {
    "x86_64": {
        "fork": 57,
        "vfork": 58,
        "ptrace": 101,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "socket": 41,
        "kill": 62,
        "tkill": 200,
        "tgkill": 234,
        "rt_sigqueueinfo": 129,
        "rt_tgsigqueueinfo": 297,
        "pidfd_send_signal": 424,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "io_uring_setup": 425,
        "memfd_create": 319,
        "unshare": 272,
        "setns": 308,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "chroot": 161,
        "bpf": 321,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "keyctl": 250,
        "add_key": 248,
        "request_key": 249,
        "shmget": 29,
        "semget": 64,
        "msgget": 68,
        "mq_open": 240,
        "open_by_handle_at": 304,
        "fanotify_init": 300,
        "init_module": 175,
        "finit_module": 313,
        "delete_module": 176,
        "kexec_load": 246,
        "reboot": 169,
    },
    "aarch64": {
        "ptrace": 117,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "socket": 198,
        "kill": 129,
        "tkill": 130,
        "tgkill": 131,
        "rt_sigqueueinfo": 138,
        "rt_tgsigqueueinfo": 240,
        "pidfd_send_signal": 424,
        "pidfd_open": 434,
        "pidfd_getfd": 438,
        "io_uring_setup": 425,
        "memfd_create": 279,
        "unshare": 97,
        "setns": 268,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "chroot": 51,
        "bpf": 280,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "keyctl": 219,
        "add_key": 217,
        "request_key": 218,
        "shmget": 194,
        "semget": 190,
        "msgget": 186,
        "mq_open": 180,
        "open_by_handle_at": 265,
        "fanotify_init": 262,
        "init_module": 105,
        "finit_module": 273,
        "delete_module": 106,
        "kexec_load": 104,
        "reboot": 142,
    },
}
"""Numbers of calls by machine."""
MACHINES = {"x86_64": (0xC000003E, 56, 302), "aarch64": (0xC00000B7, 220, 261)}
"""How the kernel calls a machine; the numbers of `clone` and `prlimit64` there."""
CLONE3 = 435
NOT_PERMITTED, NOT_THERE = 0x00050001, 0x00050026
ALLOWED, KILLED = 0x7FFF0000, 0x80000000
_LOAD, _EQUAL, _LEAST, _ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, MACHINE_AT, ARGUMENT_AT = 0, 4, 16
THREAD = 0x00010000
FOREIGN = 0x40000000
"""Calls of another convention on the same machine."""


@cache
def call_filter() -> bytes | None:
    """The filter as a program of the kernel's; None for a machine whose numbers are not known here."""
    machine = platform.machine()
    if machine not in MACHINES:
        return None
    called, clone, prlimit = MACHINES[machine]
    steps = [(_LOAD, 0, 0, MACHINE_AT), (_EQUAL, 1, 0, called), (_RETURN, 0, 0, KILLED), (_LOAD, 0, 0, NUMBER_AT)]
    steps += [(_LEAST, 0, 1, FOREIGN), (_RETURN, 0, 0, NOT_PERMITTED)]
    for number in REFUSED[machine].values():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, NOT_PERMITTED)]
    # The C library asks by the newer call first, whose flags a filter cannot see, and takes the older one if there is none.
    steps += [(_EQUAL, 0, 1, CLONE3), (_RETURN, 0, 0, NOT_THERE)]
    steps += [(_EQUAL, 0, 4, clone), (_LOAD, 0, 0, ARGUMENT_AT), (_ANY, 0, 1, THREAD), (_RETURN, 0, 0, ALLOWED)]
    steps += [(_RETURN, 0, 0, NOT_PERMITTED)]
    steps += [(_EQUAL, 0, 4, prlimit), (_LOAD, 0, 0, ARGUMENT_AT), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, ALLOWED)]
    steps += [(_RETURN, 0, 0, NOT_PERMITTED), (_RETURN, 0, 0, ALLOWED)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)

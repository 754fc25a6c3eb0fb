"""bubblewrap (Debian's package of that name): namespaces in which a process sees nothing but what it is given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")


def bwrap_words(interpreter: Sequence[str], scratch: int, filter_at: int) -> list[str]:
    """Words before the command.

    Root keeps the rights to become another user, which the driver does first of all and thereby loses all rights: bubblewrap's
    own way, `--uid`, would leave the files of root readable. Others get a namespace of users in which no further one can be
    made.

    Args:
        interpreter: Folders that it needs.
        scratch: Bytes of `/tmp` inside, where the program starts.
        filter_at: Descriptor of the filter of calls.
    """
    words = [shutil.which("bwrap") or "bwrap", "--new-session", "--die-with-parent", "--cap-drop", "ALL"]
    words += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user", "--disable-userns"]
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    for path in interpreter:
        if not path.startswith("/usr/"):
            for parent in list(Path(path).parents)[-2::-1]:  # else they are as closed as outside: nobody may enter /root
                words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--ro-bind-try", path, path]
    for device in ("/dev/null", "/dev/urandom"):
        words += ["--dev-bind", device, device]
    words += ["--perms", "1777", "--size", str(scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108 - inside
    return [*words, "--remount-ro", "/", "--seccomp", str(filter_at), "--"]

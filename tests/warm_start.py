"""Starts train.py again and again from one process that has made the imports: four seconds of a processor each time.

A JSON line on standard input says what to start: words, environment, folder, and files for what it writes. Each start is a
fork, which leaves this loop and ends as `python train.py` does: by its own exit code, or by the signal that kills it. Its
process id and then that code go to standard output. What is about a start itself is tested on `run_cold` of `runs`.

Of a run of two processes Lightning starts the second one by the words of the first. It is a fork as well, made while the first
has done nothing yet: it waits for those words.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from types import SimpleNamespace
from typing import Any

from lightning.pytorch.strategies.launchers import subprocess_script


def become(order: dict[str, Any]) -> None:
    """Be what `python train.py` would be, in a process just forked."""
    for descriptor, file in enumerate((os.devnull, order["out"], order["err"])):
        opened = os.open(file, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(order["folder"])
    if order["processes"] == 2:
        order = with_second(order)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["words"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")


class Second:
    """What Lightning asks of a process that it has started."""

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def with_second(order: dict[str, Any]) -> dict[str, Any]:
    """The order of the first process, which has a second one wait; in that one, the order that Lightning gives it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        with os.fdopen(reading) as orders:
            line = orders.readline()
        if not line:  # the first one has ended
            os._exit(0)
        return json.loads(line)
    os.close(reading)

    def start(command: list[str], env: dict[str, str], cwd: str | None) -> Second:
        with os.fdopen(writing, "w") as orders:
            orders.write(json.dumps({"words": command[1:], "environment": env}) + "\n")
        return Second(child)

    subprocess_script.subprocess = SimpleNamespace(Popen=start)
    return order


def main() -> None:
    import transformers.models.qwen2.modeling_qwen2  # noqa: F401 - the bundled policy's

    import asym_lit.cli  # noqa: F401

    for line in sys.stdin:
        child = os.fork()
        if not child:
            become(json.loads(line))
            return
        print(child, flush=True)  # noqa: T201
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

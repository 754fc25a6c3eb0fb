"""Starts train.py again and again from one process that has made the imports: four seconds of a processor each time.

A JSON line on standard input says what to start: words, environment, folder, and files for what it writes. Each start is a
fork, which leaves this loop and ends as `python train.py` does: by its own exit code, or by the signal that kills it. Its
process id and then that code go to standard output. What is about a start itself is tested on `run_cold` of `runs`.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from typing import Any


def become(order: dict[str, Any]) -> None:
    """Be what `python train.py` would be, in a process just forked."""
    for descriptor, file in enumerate((os.devnull, order["out"], order["err"])):
        opened = os.open(file, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = order["words"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    runpy.run_path(sys.argv[0], run_name="__main__")


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

"""A process that scores answers by reasoning-gym; it is run as a script of its own and imports nothing of this package.

It reads JSON lines `{"dataset": ..., "settings": ..., "entry": ..., "answer": ...}` and writes JSON lines
`{"outcome": ..., "reason": ...}`. It ends when its input does. Some of reasoning-gym's scorers parse answers with sympy, which
evaluates them: hence a process with limits, whose end is no harm. It is no sandbox against a policy that attacks on purpose.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from fractions import Fraction
from functools import lru_cache
from time import process_time
from typing import Any


@lru_cache(maxsize=32)
def scorer(dataset: str, settings: str) -> Any:
    """The generator whose scoring is asked for."""
    from reasoning_gym.factory import create_dataset

    return create_dataset(dataset, seed=0, size=1, **json.loads(settings))


def score(job: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one answer."""
    made = scorer(job["dataset"], json.dumps(job["settings"]))
    try:
        found = float(made.score_answer(job["answer"], unpacked(job["entry"])))
    except MemoryError:
        return {"outcome": "undecided", "reason": "memory"}
    except Exception:  # the task has tried its solutions, so it is this answer
        return {"outcome": "incorrect", "reason": "its scoring cannot read the answer"}
    return {"outcome": "correct" if found >= job["least"] else "incorrect", "reason": f"scored {found:g}"}


def unpacked(value: Any) -> Any:
    """A value with the types that JSON has none of, as the task has packed it."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {"<tuple>": tuple, "<set>": set, "<dict>": dict, "<fraction>": Fraction}
    for name, kind in made.items():
        if list(value) == [name]:
            return kind(unpacked(value[name]))
    return {key: unpacked(item) for key, item in value.items()}


def main(seconds: float, memory_mb: int) -> None:
    """Serve until the input ends.

    Args:
        seconds: Processor time of one job, after which the process ends itself.
        memory_mb: Most virtual memory, in MiB.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which closes the pipe
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no reply
    try:
        import reasoning_gym  # noqa: F401 - so that the first job is as fast as the others

        started = {"outcome": "correct", "reason": "ready"}
    except BaseException as fault:
        started = {"outcome": "undecided", "reason": f"{type(fault).__name__}: {fault}"}
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing that is evaluated here can write a file
    print(json.dumps(started), file=replies, flush=True)
    for line in sys.stdin:
        end = int(process_time() + seconds) + 1  # whole seconds of all that the process ever did
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))
        print(json.dumps(score(json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))

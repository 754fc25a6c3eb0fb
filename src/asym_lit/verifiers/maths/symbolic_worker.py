"""A process that compares answers by Math-Verify; it is run as a script of its own and imports nothing of this package.

It reads JSON lines `{"gold": ..., "answer": ..., settings}`, writes `{"outcome": ..., "reason": ..., "extracted": ...}`, and
ends when its input does. Sympy objects never leave it and are never written out: their `str` may not return.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
from functools import lru_cache
from time import monotonic
from typing import Any

WARM_UP = (("x^2+2x+1", "(x+1)^2"), ("\\{1,\\sqrt{8}\\}", "\\{2\\sqrt{2},1\\}"), ("[1,2)", "[1,3)"), ("\\frac{1}{2}", "0.5"))
MATH: Any = None
"""What is imported of Math-Verify and sympy, once the memory limit stands."""


class _Math:
    def __init__(self) -> None:
        from math_verify import LatexExtractionConfig, parse, verify
        from math_verify.errors import TimeoutException
        from sympy.core.random import seed

        self.parse, self.verify, self.seed, self.timeout = parse, verify, seed, TimeoutException
        self.boxed = (LatexExtractionConfig(boxed_match_priority=0),)


@lru_cache(maxsize=4096)
def parsed_gold(gold: str, whole: bool, seconds: int) -> tuple[Any, ...]:
    """The gold answer as Math-Verify reads it; a whole group of responses shares it."""
    return parsed(gold, whole, seconds) or parsed(gold, False, seconds)


def parsed(answer: str, whole: bool, seconds: int) -> tuple[Any, ...]:
    """What Math-Verify reads: a sympy object and its string, the string alone, or nothing.

    Args:
        answer: A bare answer; or a whole text, in which Math-Verify looks for one.
        whole: Which of them it is.
        seconds: Longest time.
    """
    begun = monotonic()
    settings = {} if whole else {"extraction_config": MATH.boxed}
    text = answer if whole else "\\boxed{" + answer + "}"
    found = tuple(MATH.parse(text, parsing_timeout=seconds, raise_on_error=True, **settings))
    if monotonic() - begun >= seconds:
        raise MATH.timeout  # it was interrupted, and something below swallowed that
    return found


def compare(job: dict[str, Any], seconds: int) -> dict[str, Any]:
    """The verdict on one answer, as plain strings."""
    random.seed(0)  # sympy tests equality at random points: the same ones for every pair, whatever came before
    MATH.seed(0)
    whole = bool(job.get("whole"))
    try:
        golds = parsed_gold(job["gold"], whole, seconds)
        if not golds:
            return _reply("undecided", "the gold answer cannot be parsed")
        answers = parsed(job["answer"], whole, seconds)
        if not answers:
            return _reply("incorrect", "no mathematics in the answer")
        raw = answers[-1] if isinstance(answers[-1], str) else None
        same = MATH.verify(
            list(golds),
            list(answers),
            strict=job.get("strict", True),
            allow_set_relation_comp=job.get("set_relations", False),
            float_rounding=job.get("float_rounding", 6),
            timeout_seconds=seconds,
            raise_on_error=True,
        )
        return _reply("correct" if same else "incorrect", "equal" if same else "not equal", raw)
    except MATH.timeout:
        return _reply("undecided", "timeout")
    except MemoryError:
        return _reply("undecided", "memory")
    except Exception as fault:
        return _reply("undecided", f"error: {type(fault).__name__}")


def _reply(outcome: str, reason: str, extracted: str | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "extracted": extracted}


def main(seconds: float, memory_mb: int) -> None:
    """Serve until the input ends.

    Args:
        seconds: CPU time of one comparison after which the process ends itself, should nobody be left to kill it.
        memory_mb: Most virtual memory, in MiB.
    """
    global MATH
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which closes the pipe
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no reply
    started = _reply("undecided", "not started")
    inner = max(1, int(seconds) - 1)  # whole seconds; before the caller's deadline, which costs a process
    try:
        MATH = _Math()
        for gold, answer in WARM_UP:  # the first comparisons import and build what the later ones use
            started = compare({"gold": gold, "answer": answer}, 60)
    except BaseException as fault:
        started = _reply("undecided", f"{type(fault).__name__}: {fault}")
    print(json.dumps(started), file=replies, flush=True)
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, seconds + 2)
        job = json.loads(line)
        reply = compare(job, inner)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))

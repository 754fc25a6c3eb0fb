"""What the end of a process says of its program: that it is wrong, that nothing is known of it, or nothing yet."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

from asym_lit.programs.running import Ended


def time_limit(seconds: float) -> str:
    """What is said of a program that takes too long."""
    return f"time limit: more than {seconds:g} s of processor time"


def ending_of(ended: Ended, seconds: float) -> tuple[str, str] | None:
    """What a process's end says of its program: an outcome and a reason; None if nothing."""
    if not ended.started:
        return "undecided", f"sandbox did not start: {short(ended.said, 200)}" if ended.said else "sandbox did not start"
    if ended.ended_by == "flood":
        return "incorrect", "a flood of output"
    if ended.cpu > seconds or ended.signal == signal.SIGXCPU:
        return "incorrect", time_limit(seconds)
    if ended.ended_by == "wall":
        return "undecided", "wall guard: it neither ended nor used its processor time"
    if ended.signal == signal.SIGKILL:
        return "undecided", "killed from outside"
    return ("incorrect", f"crashed: {_named(ended.signal)}") if ended.signal else None


def error_in(records: list[dict[str, Any]]) -> tuple[str, str] | None:
    """The first error that the driver tells of."""
    errors: Iterator[str] = (f"test {r['n']}: {r['error']}" if "n" in r else str(r["error"]) for r in records if "error" in r)
    first = next(errors, None)
    return None if first is None else ("incorrect", first)


def short(text: str, most: int = 40) -> str:
    """A text on one line, for a reason."""
    line = " ".join(text[: 4 * most].split())
    return repr(line if len(line) <= most else f"{line[: most - 4]} ...")


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

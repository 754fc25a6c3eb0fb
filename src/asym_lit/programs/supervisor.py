"""A process that judges programs, each in a fresh process in a sandbox. A script, of the standard library only.

`supervisor.py SETTINGS` reads JSON lines `{"program": ..., "parts": [...], "seconds": ...}` and writes what was found of each,
until its input ends. `supervisor.py --try SETTINGS` tries the means and writes the first that works, with what stands in the
way of the others.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 2)))

from asym_lit.programs.endings import ending_of
from asym_lit.programs.judging import Judging
from asym_lit.programs.running import Ended, run
from asym_lit.programs.sandbox.landlock import be_subreaper
from asym_lit.programs.sandbox.places import Interpreter, Means, Place, interpreter_at, interpreters, obstacle

TRIAL_SECONDS = 20.0
STARTS = 2
"""Tries to start a sandbox, for a busy machine may refuse a process once."""
TRIAL = "import colorsys\nassert 6 * 7 == 42\n"
"""Imports something that is not loaded yet, by the user that a program has."""


def trial(place: Place, memory: int) -> str:
    """Why a place does not work, tried with a harmless program; empty if it does."""
    job = {"kind": "asserts", "program": TRIAL, "prelude": "", "setup": "", "asserts": ["assert True"], "stop": True}
    job |= {"seconds": 5.0, "memory": memory, "file": 1 << 20}
    try:
        ended = run(place, job, None, 1 << 16, TRIAL_SECONDS)
    except OSError as fault:
        return str(fault)
    if any("done" in record for record in ended.records):
        return ""
    said = ending_of(ended, 5.0) or ("", str(ended.records))
    return ended.said[:300] or said[1]


def tried(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The first place that works.

    Args:
        settings: `means` to try, in order; `python`, a path or null; `memory` in bytes.

    Returns:
        `place`, null if none works, and `obstacles` by means.
    """
    known: dict[str, Interpreter | str] = {}
    obstacles: dict[str, str] = {}
    means: Means
    for means in settings["means"]:
        why = obstacle(means)
        for path in [] if why else interpreters(settings["python"]):
            if path not in known:
                try:
                    known[path] = interpreter_at(path)
                except ValueError as fault:
                    known[path] = str(fault)
            found = known[path]
            if isinstance(found, str):
                why = found
                continue
            place = Place(means, found)
            why = trial(place, settings["memory"])
            if not why:
                return {"place": place.to_json(), "obstacles": obstacles}
        obstacles[means] = why
    return {"place": None, "obstacles": obstacles}


def serve(settings: Mapping[str, Any]) -> None:
    """Judge programs until the input ends.

    Args:
        settings: `place`, as `tried` gave it; `memory` and `file` in bytes, seconds of `wall` time, `stop`, `prelude`.
    """
    place = Place.from_json(settings["place"])

    def execute(job: Mapping[str, Any], given: str | None, most: int) -> Ended:
        text = None if given is None else given.encode(errors="surrogateescape")
        for _ in range(STARTS):
            ended = run(place, job, text, most, settings["wall"], watched=0)
            if ended.started:
                break
        return ended

    common = {name: settings[name] for name in ("memory", "file", "prelude")}
    judging = Judging(execute, settings["stop"], common)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps({"outcome": "correct", "reason": "ready"}), file=replies, flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            reply = judging.judge(job["program"], job["parts"], job["seconds"]).to_reply()
        except Exception as fault:  # a fault of ours, or of the machine: nothing is known of the program
            reply = {"outcome": "undecided", "reason": f"supervisor: {type(fault).__name__}: {fault}"[:300]}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trainer, which closes the pipe
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the program that runs is ended on the way out
    be_subreaper()
    if hasattr(sys, "set_int_max_str_digits"):  # what programs return is read, however long
        sys.set_int_max_str_digits(0)
    if sys.argv[1] == "--try":
        print(json.dumps(tried(json.loads(sys.argv[2]))))  # noqa: T201
    else:
        serve(json.loads(sys.argv[1]))

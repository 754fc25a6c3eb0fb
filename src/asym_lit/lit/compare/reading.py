"""From run folders to runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from asym_lit.evaluation.ledger import read_ledger
from asym_lit.evaluation.problem_changes import by_step
from asym_lit.evaluation.runs import Run
from asym_lit.lit.run_folder import LEDGER, METRICS, RECORD
from asym_lit.types import InputError


def find_runs(words: Sequence[str]) -> list[Run]:
    """All runs in the given folders.

    Args:
        words: Run folders, or folders of run folders (one arm, or a whole study); `NAME=FOLDER` names the arm, which is
            else called after the folder above the run.

    Raises:
        InputError: If a folder holds no run with a ledger, or is to be in two arms.
    """
    found: dict[Path, Run] = {}
    for word in words:
        arm, named, path = word.partition("=")
        folder = Path(path if named else word)
        places = sorted({p.parent for p in folder.rglob(LEDGER) if not any(part.startswith(".") for part in p.parts)})
        if not places:
            what = "is no folder" if not folder.is_dir() else f"holds no run with a {LEDGER}"
            raise InputError(
                f"{folder} {what}; give run folders such as runs/simko/version_0, or folders of them. A ledger is written by "
                "the Ledger callback, with the first evaluation."
            )
        for place in places:
            run = read_run(place, arm if named else place.resolve().parent.name)
            known = found.setdefault(place.resolve(), run)
            if known.arm != run.arm:
                raise InputError(
                    f"{place} is given as a run of {known.arm!r} and of {run.arm!r}, which would be compared with itself. Give "
                    "it once."
                )
    return _told_apart(found)


def _told_apart(found: Mapping[Path, Run]) -> list[Run]:
    """With as much of the folder in the name as it takes: Lightning calls the first run of everything `version_0`."""
    named = dict(found)
    for depth in range(2, 1 + max(len(path.parts) for path in found)):
        seen = Counter(run.name for run in named.values())
        for path, run in named.items():
            if seen[run.name] > 1:
                named[path] = replace(run, name="/".join([run.arm, *path.parts[-depth:]]))
    return list(named.values())


def read_run(folder: Path, arm: str) -> Run:
    """One run folder.

    Args:
        folder: With a ledger in it.
        arm: What its arm is called.
    """
    record = _record(folder / RECORD)
    state = str(record.get("state", "without a record"))
    return Run(
        name=f"{arm}/{folder.resolve().name}",
        arm=arm,
        seed=int(record.get("seed", 0)),
        state="did not end" if state == "running" else state,
        reached=int(record.get("reached", 0)),
        planned=int(record.get("rollout_steps", 0)),
        verifier=str(record.get("verifier", "unknown")),
        ledger=read_ledger(folder / LEDGER),
        metrics=_lines(folder / METRICS),
        policy=str(record.get("policy") or "unknown"),
        facts={name: record.get(name) for name in ("versions", "git")},
    )


def _record(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except json.JSONDecodeError as fault:
        raise InputError(f"{path} is no record of a run ({fault}); it is written by the RunRecord callback.") from fault
    if not isinstance(found, dict):
        raise InputError(f"{path} is no record of a run; it is written by the RunRecord callback.")
    return found


def _lines(path: Path) -> list[dict[str, float]]:
    """One dictionary a line; the last line of a run that was killed may be cut off."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def doubts(runs: Sequence[Run], evaluation: str) -> list[str]:
    """What a reader must know of runs that are not what they seem."""
    notes = []
    last = {}
    for run in runs:
        steps = by_step(run.ledger, evaluation)
        last[run.name] = max(steps)
        if not run.whole:
            notes.append(
                f"† {run.name}: {run.state}, at step {run.reached} of {run.planned}; evaluated last at step {max(steps)}."
            )
        elif max(steps) < run.reached:
            notes.append(
                f"{run.name} was evaluated last at step {max(steps)}, and trained to step {run.reached}: the policy that it "
                "ended with was not measured."
            )
        if min(steps):
            notes.append(f"{run.name} was not evaluated before training: its base is step {min(steps)}.")
        if len(steps) < 2:
            notes.append(f"{run.name} was evaluated once, so it shows no change.")
    ends = sorted({last[run.name] for run in runs if run.whole})
    notes += _odd_company(runs, evaluation)
    if len(ends) > 1:
        notes.append(f"The last evaluations are at different steps: {', '.join(map(str, ends))}.")
    return notes


def _odd_company(runs: Sequence[Run], evaluation: str) -> list[str]:
    """What a reader must know of the runs together."""
    notes = []
    for (arm, seed), times in Counter((run.arm, run.seed) for run in runs).items():
        if times > 1:
            notes.append(f"{arm} has {times} runs with seed {seed}; they count as {times} seeds.")
    policies = sorted({run.policy for run in runs})
    if len(policies) > 1:
        notes.append(f"The runs began with different policies ({', '.join(policies)}); each is held against its own.")
    steps = [by_step(run.ledger, evaluation) for run in runs]
    ends = [record for found in steps for step in {min(found), max(found)} for record in found[step].values()]
    asked, silent = {record.uid for record in ends}, {record.uid for record in ends if not record.samples}
    if silent:
        notes.append(f"Of {len(asked)} problems {len(silent)} are left out: in some run no response to them was decided.")
    return notes

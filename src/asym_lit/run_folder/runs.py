"""From run folders to runs. What a run is, and which may be compared: `evaluation/runs.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from asym_lit.evaluation.runs import Run
from asym_lit.run_folder.ledger import read_ledger
from asym_lit.run_folder.paths import LEDGER
from asym_lit.run_folder.record import read_metrics, read_record
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
        arm, named, path = ("", "", word) if Path(word).is_dir() else word.partition("=")  # a folder may be called lr=0.1
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
    record = read_record(folder)
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
        metrics=read_metrics(folder),
        policy=str(record.get("policy") or "unknown"),
        facts={name: record.get(name) for name in ("versions", "git")},
    )

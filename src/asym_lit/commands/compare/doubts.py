"""What a reader must know of runs that are not what they seem: unfinished, not measured at the end, begun otherwise.

What may not be compared at all: `evaluation/runs.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asym_lit.evaluation.problem_changes import by_step
from asym_lit.evaluation.runs import Run


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

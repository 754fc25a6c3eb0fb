"""Seconds of a step as a run of the same recipe took them, read off its metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from asym_lit.run_folder.paths import METRICS
from asym_lit.step_times.roofline import StageSeconds
from asym_lit.types import InputError

UPDATE = "time/update"


@dataclass(frozen=True, slots=True)
class RunSeconds:
    """Means over the steps of a run; the first is left out, in which engines and buffers are made."""

    stages: StageSeconds
    response: float
    """Tokens of a response."""
    learning: float
    """Share of the rollouts that had a gradient."""
    steps: int

    def ratios_to(self, predicted: StageSeconds) -> StageSeconds:
        """What a prediction of these very steps must be multiplied with, stage by stage; 1 where nothing was predicted."""
        pairs = {
            name: (getattr(self.stages, name), getattr(predicted, name)) for name in ("generate", "score", "update", "sync")
        }
        return StageSeconds(**{name: own / other if own and other else 1.0 for name, (own, other) in pairs.items()})


def seconds_of(folder: Path) -> RunSeconds:
    """What a run logged.

    Args:
        folder: Of the run, with the `StepAccounting` callback.

    Raises:
        InputError: If it has no metrics, or none of a step.
    """
    file = folder / METRICS
    if not file.is_file():
        raise InputError(f"preflight.like is {str(folder)!r}, which holds no {METRICS}; give it the folder of a run.")
    points = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if UPDATE in line]
    if not points:
        raise InputError(f"{file} has no seconds of a step; they are logged by the callback StepAccounting.")
    kept = points[1:] or points

    def of(name: str, otherwise: float = 0.0) -> float:
        return mean(point.get(name, otherwise) for point in kept)

    stages = StageSeconds(of("time/generate"), of("time/score"), of(UPDATE), of("time/sync"))
    return RunSeconds(stages, of("rollout/length"), 1 - of("update/idle"), len(kept))

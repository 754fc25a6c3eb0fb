"""Schedules: a number that moves over the rollout steps of a run. What it is a number of, the part that holds one knows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from asym_lit.types.errors import InputError


@dataclass(frozen=True)
class Schedule:
    """A number that goes from `start` to `end` in `steps` rollout steps, and stays there.

    It is a function of the step alone: a resumed run, and every rank, has the same. With `end` at `start` it is a constant.

    Args:
        start: At step 0.
        end: From step `steps` on.
        steps: Rollout steps that it takes.
        form: `linear`, or `cosine`: half a wave, slow at both ends.
    """

    start: float
    end: float
    steps: int
    form: Literal["linear", "cosine"] = "linear"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"A schedule takes {self.steps} steps; allowed: 1 or more, or a plain number that stays.")
        for name, value in (("start", self.start), ("end", self.end)):
            if not math.isfinite(value):
                raise InputError(f"A schedule has {name} {value}; allowed: a finite number.")

    def at(self, step: int) -> float:
        """The number at a rollout step, counted from 0."""
        share = min(max(step, 0) / self.steps, 1.0)
        if self.form == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        return self.start if share == 0 else self.end if share == 1 else self.start + share * (self.end - self.start)

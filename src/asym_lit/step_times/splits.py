"""How GPUs are shared out between engines and trainer so that a step takes least time.

On the same GPUs engine and trainer take turns. On GPUs of their own they wait for each other too, unless the rollouts of the
next step are written meanwhile by the weights before the update (lag 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from asym_lit.step_times.roofline import StageSeconds

Predict = Callable[[int, int], StageSeconds]
"""Stages of a step with so many GPUs that generate, and so many that train."""


@dataclass(frozen=True, slots=True)
class Split:
    """Some GPUs, shared out."""

    engines: int
    trainers: int
    lag: int
    """0: rollouts by the newest weights. 1: by those before the last step."""
    together: bool
    """Engine and trainer take turns on the same GPUs."""
    stages: StageSeconds

    @property
    def seconds(self) -> float:
        """Of a step: the sum of its stages, or with lag 1 the longer of generating and training, and the sync."""
        if self.lag:
            return max(self.stages.generate, self.stages.train) + self.stages.sync
        return self.stages.step


def apart(predict: Predict, gpus: int, lag: int, unit: int = 1, engines: int = 1, trainers: int = 1) -> Iterator[Split]:
    """All ways to give each GPU to engine or trainer.

    Args:
        predict: Stages by numbers of GPUs.
        gpus: All of them.
        lag: 0 or 1.
        unit: GPUs of a replica of the engine.
        engines: Fewest that hold the engine's weights.
        trainers: Fewest that hold weights, gradients and optimizer state.
    """
    for number in range(unit, gpus, unit):
        if number >= engines and gpus - number >= trainers:
            yield Split(number, gpus - number, lag, False, predict(number, gpus - number))


def shortest(splits: Iterator[Split]) -> Split | None:
    """The one whose step takes least; None if none fits."""
    return min(splits, key=lambda split: split.seconds, default=None)

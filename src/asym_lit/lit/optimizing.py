"""One optimizer step by hand: gradients, their norm, and what is done about one that is not finite.

What the loss is, and which rollouts it is over, is the learner's business.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch.distributed.tensor import DTensor

from asym_lit.lit.distributed import world_size
from asym_lit.lit.learning import RolloutLearner

MAX_BAD_UPDATES, AMONG = 10, 40
"""Updates with a gradient that is not finite, among so many, before the run stops; rarer ones are skipped and counted."""


class OptimizerSteps:
    """Makes the optimizer steps of a module with manual optimisation.

    Args:
        max_grad_norm: Gradients are scaled down to this norm; 0 switches it off.
    """

    def __init__(self, max_grad_norm: float) -> None:
        self.max_grad_norm = max_grad_norm
        self.recent: deque[bool] = deque(maxlen=AMONG)
        """Of the latest updates, whether their gradient was not finite."""
        self.under_way = False
        """Between the first update of a rollout step and its last: the weights are those of no step."""

    def make_all(
        self, module: LightningModule, learner: RolloutLearner, numbers: Sequence[int]
    ) -> dict[str, tuple[float, float]]:
        """The optimizer steps of a rollout step; returns (sum, count) by metric, added up over them.

        Args:
            module: Whose optimizer and schedule step.
            learner: Gives the gradients.
            numbers: Of the mini-batches, in order; one stands there once per pass.
        """
        sums: dict[str, tuple[float, float]] = {}
        self.under_way = True
        for number in numbers:
            for name, (total, count) in self.make(module, learner, number).items():
                before = sums.get(name, (0.0, 0.0))
                sums[name] = (before[0] + total, before[1] + count)
        self.under_way = False
        return sums

    def make(self, module: LightningModule, learner: RolloutLearner, number: int) -> dict[str, tuple[float, float]]:
        """One optimizer step; returns (sum, count) by metric, to be added up over the processes.

        Args:
            module: Whose optimizer and schedule step.
            learner: Gives the gradients.
            number: Of the mini-batch.

        Raises:
            RuntimeError: If gradients have not been finite in `MAX_BAD_UPDATES` of the last `AMONG` updates.
        """
        mini_batch = learner.plan[number]
        if not mini_batch.counts.tokens:
            return {"update/empty": (1.0, 1.0)}
        optimizer: Any = module.optimizers()
        optimizer.zero_grad()
        sums = learner.accumulate(number, module.manual_backward)
        if not mini_batch.micro_batches:  # a gradient of 0 is one: momentum goes on, and so does weight decay
            for parameter in (p for group in optimizer.param_groups for p in group["params"]):
                parameter.grad = torch.zeros_like(parameter)
        norm = self._clip(optimizer)
        self.recent.append(not math.isfinite(norm))
        if sum(self.recent) >= MAX_BAD_UPDATES:
            raise RuntimeError(
                f"The gradient was not finite in {sum(self.recent)} of the last {len(self.recent)} updates, so little is "
                "learned. Likely causes: a learning rate too high, 16-bit weights, an engine that returns log-probs of -inf."
            )
        if self.recent[-1]:
            return {"update/skipped": (1.0, 1.0)}
        metrics = {"update/empty": (0.0, 1.0), "update/skipped": (0.0, 1.0), "update/grad_norm": (norm, 1.0)}
        metrics["update/lr"] = (optimizer.param_groups[0]["lr"], 1.0)
        optimizer.step()
        schedule: Any = module.lr_schedulers()
        schedule.step()
        values = torch.stack(list(sums.values())).tolist()
        for name, value in zip(sums, values, strict=True):
            # Sums are of this rank, counts of all: each rank gives its share of the counts.
            metrics[name] = (value, (1 if name == "loss/total" else mini_batch.read) / world_size())
        return metrics

    def _clip(self, optimizer: Any) -> float:
        """Scale gradients down to `max_grad_norm`; returns the norm before."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.max_grad_norm or float("inf"))
        return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

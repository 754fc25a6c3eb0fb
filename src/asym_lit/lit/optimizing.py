"""One optimizer step by hand: gradients, their norm, and what is done about one that is not finite.

What the loss is, and which rollouts it is over, is the learner's business.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule
from torch.distributed.tensor import DTensor

from asym_lit.lit.distributed import world_size
from asym_lit.lit.learning import RolloutLearner
from asym_lit.types import InputError, check_least

Schedule = Literal["constant", "linear", "cosine"]

MAX_BAD_UPDATES, AMONG = 10, 40
"""Updates with a gradient that is not finite, among so many, before the run stops; rarer ones are skipped and counted."""


def build_optimizer(make: Callable[..., torch.optim.Optimizer], parameters: Iterable[Any]) -> torch.optim.Optimizer:
    """An optimizer, by settings that it may refuse.

    Raises:
        InputError: With what it says of them.
    """
    try:
        return make(parameters)
    except (TypeError, ValueError) as fault:
        raise InputError(f"model.optimizer does not work: {fault}.") from fault


def check_optimizer(make: Callable[..., torch.optim.Optimizer]) -> None:
    """Refuse negative settings before anything is loaded.

    Raises:
        InputError: With the first.
    """
    given = getattr(make, "keywords", {})  # of a partial, which the command line makes
    for name in ("lr", "weight_decay", "eps"):
        if isinstance(given.get(name), int | float):
            check_least("model.optimizer.{name}", 0, **{name: given[name]})


def learning_rate(optimizer: torch.optim.Optimizer, schedule: Schedule, warmup_steps: int, total: int) -> Any:
    """A scheduler of transformers over all optimizer steps of a run.

    Args:
        optimizer: Whose learning rate it is.
        schedule: What comes after the warm-up.
        warmup_steps: Optimizer steps over which it rises from 0.
        total: Optimizer steps of the run.
    """
    from transformers import get_scheduler

    name = schedule if schedule != "constant" else "constant_with_warmup"
    return get_scheduler(name, optimizer, warmup_steps, total)


def take_settings(optimizer: Any, scheduler: Any) -> dict[str, tuple[str, str]]:
    """Have an optimizer whose state was restored work with the settings it was made with now.

    Its state brings the learning rate, weight decay and the rest of the run it comes from; moments stay, settings do not.

    Args:
        optimizer: With the groups of its state; its `defaults` are those of this run.
        scheduler: Likewise with the base rates of its state.

    Returns:
        (of the state, now) of what differed, by name.
    """
    found: dict[str, tuple[str, str]] = {}
    for index, group in enumerate(optimizer.param_groups):
        for name, now in optimizer.defaults.items():
            before = group.get("initial_lr", group["lr"]) if name == "lr" else group.get(name)
            if before != now:
                found[f"model.optimizer.{name}"] = (repr(before), repr(now))
                group[name] = now
        if "model.optimizer.lr" in found:
            group["initial_lr"] = scheduler.base_lrs[index] = optimizer.defaults["lr"]
            factor = scheduler.lr_lambdas[index](scheduler.last_epoch)
            group["lr"] = scheduler.base_lrs[index] * factor
    return found


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
            return {"update/skipped": (1.0, 1.0)}
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
        metrics = {"update/skipped": (0.0, 1.0), "update/grad_norm": (norm, 1.0)}
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

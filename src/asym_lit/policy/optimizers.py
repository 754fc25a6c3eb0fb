"""The optimizer of a policy and its schedule: made from settings, checked, and given those of now when a state is restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch

from asym_lit.types import InputError, check_least

Schedule = Literal["constant", "linear", "cosine"]


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

"""What a policy module asks of the data module that feeds it. `RolloutDataModule` is one; neither imports the other for it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from lightning.pytorch import Trainer

from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.rollout.ahead import RolloutsAhead
from asym_lit.rollout.curricula import Curriculum
from asym_lit.rollout.prompts import PromptLoader
from asym_lit.tasks.evaluation_sets import EvaluationSet
from asym_lit.types import Sampling, Schedule


@runtime_checkable
class RolloutSource(Protocol):
    """What a policy module asks of the data module that feeds it."""

    sampling: Sampling
    evaluation: Sampling
    evaluation_sets: dict[str, EvaluationSet]
    rollout_steps: int
    prompts_per_step: int
    seed: int
    temperature: Schedule | None
    curriculum: Curriculum | None
    tokenizer: Any
    maker: RolloutMaker
    ahead: RolloutsAhead
    train_loader: PromptLoader | None

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt with the longest response to it, over all sets."""
        ...


def source_of(trainer: Trainer) -> RolloutSource:
    """What feeds the module of a trainer.

    Raises:
        TypeError: If it serves no rollouts.
    """
    found = getattr(trainer, "datamodule", None)
    if not isinstance(found, RolloutSource):
        raise TypeError(
            f"PolicyModule is fed by a RolloutDataModule, not a {type(found).__name__}; "
            "write class_path: asym_lit.lit.RolloutDataModule under data."
        )
    return found

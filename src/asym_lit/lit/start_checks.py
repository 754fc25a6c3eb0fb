"""What is checked of a training run before its first batch, beside what the parts check of themselves."""

from __future__ import annotations

from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_warn

from asym_lit.lit.limits import check_limits
from asym_lit.lit.rollout_source import RolloutSource
from asym_lit.objectives.objective import Objective, check_group_size
from asym_lit.types import Sampling


def check_start(trainer: Trainer, objective: Objective, data: RolloutSource) -> None:
    """Refuse limits that would not mean what they say, and an objective that the group size is too small for.

    Raises:
        InputError: With what to write.
    """
    check_limits(trainer, data.rollout_steps)
    check_group_size(objective, data.sampling.n)
    warn_of_cut_distributions(data.sampling)


def warn_of_cut_distributions(sampling: Sampling) -> None:
    """Warn that rollouts which a filter let through do not come from the policy that is trained."""
    if sampling.filters:
        rank_zero_warn(
            f"data.sampling has top_p {sampling.top_p} and top_k {sampling.top_k}: rollouts then come from a cut "
            "distribution, while importance ratios and log-probs are of the whole one, so the gradient is biased. Write "
            "top_p: 1 and top_k: 0 for training; evaluation may filter."
        )

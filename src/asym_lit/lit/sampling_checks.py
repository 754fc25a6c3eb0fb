"""What a person should know of how training rollouts are drawn, said before the first batch."""

from __future__ import annotations

from lightning.pytorch.utilities import rank_zero_warn

from asym_lit.types import Sampling


def warn_of_cut_distributions(sampling: Sampling) -> None:
    """Warn that rollouts which a filter let through do not come from the policy that is trained."""
    if sampling.filters:
        rank_zero_warn(
            f"data.sampling has top_p {sampling.top_p} and top_k {sampling.top_k}: rollouts then come from a cut "
            "distribution, while importance ratios and log-probs are of the whole one, so the gradient is biased. Write "
            "top_p: 1 and top_k: 0 for training; evaluation may filter."
        )

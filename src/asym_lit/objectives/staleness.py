"""Whether an objective accounts for rollouts that older weights wrote, and how it is made to.

With a lag, `pi_sampler` is the policy as it was a step before `pi_old`, the weights at the beginning of the update. What holds
the engine's gap holds that too: a sampler correction weighs by `pi_old / pi_sampler` and leaves the trust region around
`pi_old` (decoupled PPO, arXiv 2505.24298); an anchor on the engine's log-probs measures the ratio from `pi_sampler` itself.
"""

from __future__ import annotations

from dataclasses import replace

from asym_lit.objectives.corrections import NoCorrection, SamplerCorrection, TokenTruncated
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.response_weights import GammaWeight
from asym_lit.types import InputError


def with_correction(objective: Objective, correction: SamplerCorrection | None) -> Objective:
    """The objective, and its warm-up, with another sampler correction; None leaves it as it is.

    Args:
        objective: Of a run.
        correction: VESPO takes it into its weight instead of beside the loss.
    """
    if correction is None:
        return objective
    if objective.warm_up:
        warm_up = replace(objective.warm_up, objective=with_correction(objective.warm_up.objective, correction))
        objective = replace(objective, warm_up=warm_up)
    if isinstance(objective.ratio, GammaWeight):
        return replace(objective, ratio=replace(objective.ratio, correction=correction))
    return replace(objective, correction=correction)


def check_staleness(objective: Objective, lag: int) -> None:
    """Refuse an objective that takes rollouts of older weights for the policy's own, where there are such.

    Args:
        objective: Of the run, with its warm-up.
        lag: Rollout steps between the weights that write and those that are updated.

    Raises:
        InputError: With what to write.
    """
    both = (objective, objective.warm_up.objective) if objective.warm_up else (objective,)
    for number, one in enumerate(both if lag else ()):
        if not _accounts_for_sampler(one):
            raise InputError(
                f"data.lag is {lag}: weights of a step before write the rollouts, and the {'warm-up of the ' if number else ''}"
                "objective takes them for the policy's own: no sampler correction, no anchor on the engine's log-probs. "
                f"Allowed: a correction, --model.correction {TokenTruncated.__module__}.TokenTruncated (or SequenceTruncated, "
                "SequenceMask, TokenMask); anchor: rollout, where the objective has it (dppo, dro, drpo), or rollout_is; or "
                "--data.lag 0."
            )


def _accounts_for_sampler(objective: Objective) -> bool:
    ratio = objective.ratio
    if isinstance(ratio, GammaWeight):
        return not isinstance(ratio.correction, NoCorrection)
    own = any(getattr(part, "own_gap", "") for part in (ratio, objective.token_loss))
    return own or not isinstance(objective.correction, NoCorrection)

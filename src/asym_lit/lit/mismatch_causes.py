"""Why engine and trainer disagree: found out by taking one suspect after the other away."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from asym_lit.lit.distributed import mean_over_processes
from asym_lit.policy.export import named_weights
from asym_lit.policy.rounding import rounded_away
from asym_lit.policy.two_modes import in_mode
from asym_lit.rollout.engine import Request
from asym_lit.rollout.microbatches import MicroBatch, experience_of, make_micro_batch
from asym_lit.types import Needs, Rollout, RolloutBatch

if TYPE_CHECKING:
    from asym_lit.lit.module import PolicyModule

WITNESSES = 8
"""Responses of each process that are looked at; one group's worth."""
ROUNDING = 0.3
"""Mean gap in nats up to which another dtype explains it: bf16 against fp32 gives 0.02 to 0.1, stale weights 1 and more."""


def likely_cause(module: PolicyModule, batch: RolloutBatch, limit: float) -> str:
    """In words for people. A collective; the engine may have been synced anew afterwards.

    Args:
        module: The policy, at the weights that should have sampled.
        batch: Whose log-probs disagree.
        limit: Mean |log-prob difference| below which they would agree.
    """
    module.datamodule.ahead.settle()  # the engine is asked below
    temperature, keeper = batch.sampling.temperature, module.datamodule.maker.keeper
    group = batch.groups[0][:WITNESSES]
    gap = mean_gap(module, group, temperature)
    if temperature != 1 and mean_gap(module, group, 1.0) <= limit:
        return f"the engine's log-probs are those at temperature 1, not at {temperature:g}: it returns raw ones."
    if noise := _own_noise(module, group, temperature, gap):
        return noise
    keeper.engine.wake()
    keeper.engine.forget()
    if mean_gap(module, _again(module, batch), temperature) <= limit:
        return "a stale prefix cache: without it the engine agrees. It must be reset after every sync."
    keeper.resync()
    gap = mean_gap(module, _again(module, batch), temperature)
    if gap <= limit:
        return "stale weights: after another sync the engine agrees. They were not sent, or sent before the last update."
    if batch.sampling.filters:
        return "top_p, top_k or min_p: the engine's log-probs are of the cut distribution. Write top_p: 1, top_k: 0, min_p: 0."
    if gap <= ROUNDING:
        said = f"another dtype or other kernels of the engine: {gap:.3g} is left after a sync; policy: {module.dtype_name}."
        return said + _rounded(module)
    tied = getattr(module.policy_config, "tie_word_embeddings", False)
    head = " The policy ties its LM head to its embeddings: lm_head.weight must be sent as well." if tied else ""
    return f"weights that a sync does not reach, or log-probs of something else: {gap:.3g} remains after another one.{head}"


def _rounded(module: PolicyModule) -> str:
    """How much of the training the dtype of the engine's weights does not see, if it is a coarser one; else nothing."""
    held = module.datamodule.maker.engine.weight_dtype
    if held is None or getattr(torch, held).itemsize >= module.weight_dtype.itemsize:
        return ""
    start = named_weights(module.untrained())
    changed, same = rounded_away(start, module.named_weights(), getattr(torch, held))
    if not changed:
        return ""
    return (
        f" Of {changed} weights that training has changed so far, {same / changed:.0%} are what they were in {held}: the "
        "engine does not see these updates. Write data.engine.dtype: float32, or train in the engine's dtype, with a larger "
        "learning rate."
    )


def _again(module: PolicyModule, batch: RolloutBatch) -> list[Rollout]:
    """New responses to the first prompt of this process."""
    first = batch.rollouts[0]
    request = Request(first.prompt, first.slot, seed=batch.step)
    (group,) = module.datamodule.maker.engine.generate([request], batch.sampling)
    return group[:WITNESSES]


def _own_noise(module: PolicyModule, rollouts: list[Rollout], temperature: float, gap: float) -> str:
    """What the trainer disagrees with itself about, if that explains half of the gap; else nothing."""
    part = _part(module, rollouts)
    with in_mode(module.scorer, False):
        calm_BT, again_BT = (_logprobs(module, part, temperature) for _ in range(2))
    with in_mode(module.scorer, True):
        training_BT = _logprobs(module, part, temperature)
    unsteady, noise = _mean(calm_BT - again_BT, part), _mean(calm_BT - training_BT, part)
    if unsteady > gap / 2:
        return f"the policy itself: two passes of the trainer in eval mode, over the same tokens, differ by {unsteady:.3g}."
    if noise > gap / 2:
        return f"noise in train mode, such as dropout: the trainer's own scores in train and eval mode differ by {noise:.3g}."
    return ""


def mean_gap(module: PolicyModule, rollouts: list[Rollout], temperature: float) -> float:
    """Mean |engine - trainer| log-prob over the tokens of some rollouts, over all processes."""
    part = _part(module, rollouts)
    return _mean(_logprobs(module, part, temperature) - part.experience.sampler_logprobs_BT, part)


def score_witnesses(module: PolicyModule, batch: RolloutBatch) -> None:
    """Fill in the log-probs of a few rollouts of a step in which none has a gradient, so that none was scored."""
    part = _part(module, batch.rollouts[:WITNESSES])
    assert batch.scores is not None and batch.scored_B is not None
    logprobs_BT = _logprobs(module, part, batch.sampling.temperature)
    batch.scores.logprobs_BT[part.rows, : logprobs_BT.shape[1]] = logprobs_BT
    batch.scored_B[part.rows] = True


def _part(module: PolicyModule, rollouts: list[Rollout]) -> MicroBatch:
    shares = module.scorer.shares_prompts
    return make_micro_batch(list(range(len(rollouts))), rollouts, experience_of(rollouts, 1, module.device), False, shares)


@torch.no_grad()
def _logprobs(module: PolicyModule, part: MicroBatch, temperature: float) -> Tensor:
    mask_BT = part.experience.mask_BT
    scores = module.scorer(part.tokens, mask_BT, temperature, Needs())
    return cast(Tensor, scores.logprobs_BT)


def _mean(difference_BT: Tensor, part: MicroBatch) -> float:
    mask_BT = part.experience.mask_BT
    sums = (float((difference_BT.abs() * mask_BT).sum()), float(mask_BT.sum()))
    return mean_over_processes({"gap": sums})["gap"]

"""verl's two hooks and its `compute_score`.

Losses and gradients are those of verl 0.10's own functions on the inputs below (volcengine/verl, Apache-2.0, `core_algos.py`:
vanilla with clips 0.2 and 0.28 and c = 3, token mean; gpg). Where verl is installed its registries are tried too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from asym_lit.integrations.verl import advantage_estimator, as_compute_score, policy_loss, register
from asym_lit.objectives import (
    Objective,
    a_nsr,
    ace,
    adaptive_entropy,
    dapo,
    dppo,
    dr_grpo,
    drpo,
    gdpo,
    grpo,
    lens,
    max_rl,
    otb,
    psr,
    remax,
    rloo,
    rollout_is,
    scheduled_clip,
    simko,
    vespo,
    with_parts,
)
from asym_lit.objectives.aggregations import PromptMean, TokenSum
from asym_lit.objectives.corrections import TokenTruncated
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, Likelihood
from asym_lit.tasks import CountdownVerifier
from asym_lit.types import InputError, VerifierError
from asym_lit.verifiers import Maths, RandomReward

LOGP = [
    [-0.2, -1.1, -0.05, -2.3, -0.7],
    [-0.9, -0.4, -1.6, -0.15, -0.3],
    [-0.1, -0.2, -0.3, -0.4, -0.5],
    [-1.2, -0.8, -0.6, -2.0, -0.9],
]
OLD = [
    [-0.5, -0.75, -0.05, -2.9, -0.6],
    [-1.0, -0.85, -1.0, -0.2, -0.3],
    [0.15, -0.35, -0.65, -0.35, -0.7],
    [-1.9, -0.1, -0.62, -2.25, -0.6],
]
MASK = [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 0, 0, 0]]
ADVANTAGES = [1.5, -0.5, 0.75, -1.25]
DUAL_CLIP = Objective(token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.28), 3.0))


def hook(objective, mode="token-mean", weights=None, config=None):
    mask = torch.tensor(MASK)
    logp = torch.tensor(LOGP, requires_grad=True)
    advantages = torch.tensor(ADVANTAGES)[:, None] * mask
    loss, metrics = policy_loss(objective)(torch.tensor(OLD), logp, advantages, mask, mode, config, weights)
    loss.backward()
    return float(loss.detach()), logp.grad, metrics


def test_the_dual_clip_has_verls_loss_and_gradient():
    loss, grad, metrics = hook(DUAL_CLIP)
    assert loss == pytest.approx(-0.4020896, abs=1e-6)
    expected = [[0.0, -0.0755023, -0.10714287, 0.0, -0.09694687], [0.03947039, 0.05601115, 0.0, 0.0, 0.0]]
    assert torch.allclose(grad[:2], torch.tensor(expected), atol=1e-7)
    assert all(isinstance(value, float) for value in metrics.values()) and "actor/ratio/mean" in metrics


def test_weights_that_verl_gives_go_into_vespos_own_and_beside_the_loss_of_others():
    weights = torch.full((4, 5), 0.5)
    plain, weighed = hook(dppo()), hook(dppo(), weights=weights)
    assert weighed[0] == pytest.approx(0.5 * plain[0], abs=1e-7)
    inside = hook(vespo(), weights=weights)
    # The response's W times 0.5 for each of its tokens; the loss itself is not halved.
    old, logp, mask = torch.tensor(OLD), torch.tensor(LOGP), torch.tensor(MASK)
    product = (((logp - old) * mask).sum(1) + mask.sum(1) * math.log(0.5)).exp()
    right = torch.tensor(ADVANTAGES) >= 0
    k, decay = torch.where(right, 2.0, 3.0), torch.where(right, 3.0, 2.0)
    weight = product**k * torch.exp(decay * (1 - product))
    expected = -(weight[:, None] * torch.tensor(ADVANTAGES)[:, None] * logp * mask).sum() / mask.sum()
    assert inside[0] == pytest.approx(float(expected), abs=1e-6)


def test_what_starts_from_the_engines_log_probs_is_refused_for_the_hooks_have_none():
    for objective in (dppo(anchor="rollout"), drpo(), rollout_is(), dppo(tether=0.1, anchor="rollout")):
        with pytest.raises(InputError, match=r"the engine's log-probs, which verl's hooks are not given.*anchor: old"):
            policy_loss(objective)
    assert policy_loss(drpo(anchor="old")) and policy_loss(with_parts(dppo(), aggregation=TokenSum()))


def test_the_likelihood_is_verls_gpg():
    loss, grad, _ = hook(Objective(token_loss=Likelihood()))
    assert loss == pytest.approx(0.2375, abs=1e-6)
    assert grad[3].tolist() == pytest.approx([0.08928572, 0.08928572, 0, 0, 0], abs=1e-7)


def test_counts_of_the_whole_batch_and_processes_are_verls():
    # A micro-batch of 14 of 28 tokens on 2 processes: half the loss, times 2, for FSDP takes means.
    shares = {"dp_size": 2, "batch_num_tokens": 28, "global_batch_size": 8, "loss_scale_factor": None}
    whole, _, _ = hook(DUAL_CLIP)
    assert hook(DUAL_CLIP, config=SimpleNamespace(global_batch_info=shares))[0] == pytest.approx(whole, abs=1e-6)


def test_weights_of_verls_rollout_correction_multiply_the_token_loss():
    whole, grad, _ = hook(DUAL_CLIP)
    half, weighed, _ = hook(DUAL_CLIP, weights=torch.full((4, 5), 0.5))
    assert half == pytest.approx(whole / 2, abs=1e-6) and torch.allclose(weighed, grad / 2)


def test_advantages_are_those_of_groups_wherever_their_rows_stand():
    # verl puts rows of a prompt anywhere: 0, 1, 0, 1. GRPO: (r - mean) / (std + 1e-6), std of (1, 0) is 0.7071.
    rewards = torch.zeros(4, 3)
    rewards[:, 1] = torch.tensor([1.0, 1.0, 0.0, 1.0])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]])
    advantages, returns = advantage_estimator(grpo())(
        token_level_rewards=rewards, response_mask=mask, index=["a", "b", "a", "b"]
    )
    assert advantages[:, 0].tolist() == pytest.approx([0.707106, 0.0, -0.707106, 0.0], abs=1e-5)
    assert advantages[0, 2] == 0 and torch.equal(advantages, returns)
    (loo, _), (ratio, _) = (
        advantage_estimator(o)(rewards, mask, ["a", "b", "a", "b"], config=None) for o in (rloo(), max_rl())
    )
    assert loo[:, 0].tolist() == pytest.approx([1.0, 0.0, -1.0, 0.0])
    assert ratio[:, 0].tolist() == pytest.approx([1.0, 0.0, -1.0, 0.0], abs=1e-5)  # (r - 1/2) / (1/2)


@pytest.mark.parametrize(
    ("make", "objective", "words"),
    [
        (policy_loss, simko(), "SmoothedRatio needs .*the likeliest tokens.*ObjectiveTrainer"),
        (policy_loss, grpo(kl=0.01), "ReferenceKL needs .*actor.use_kl_loss"),
        (policy_loss, grpo(entropy=0.01), "EntropyBonus needs .*actor.entropy_coeff"),
        (policy_loss, replace(grpo(), correction=TokenTruncated()), "TokenTruncated .*algorithm.rollout_correction"),
        (advantage_estimator, ace(grpo()), "ConfidentErrorPenalty needs .*reference"),
        (advantage_estimator, dapo(), "DropUniform .*algorithm.filter_groups.enable"),
        (advantage_estimator, psr(), "out of reach"),
        (advantage_estimator, simko(warm_up_steps=3), "WarmUp .*do not know the step"),
        (advantage_estimator, remax(), "GreedyBaseline needs a greedy response to each prompt.*PolicyModule"),
        (advantage_estimator, otb(), "OptimalTokenBaseline needs .*sums of squared probabilities"),
        (advantage_estimator, gdpo(), "DecoupledNormalisation needs several rewards .*adv_estimator=gdpo"),
        (advantage_estimator, a_nsr(), "AdaptiveOutcome needs the rollout step.*ObjectiveTrainer"),
        (advantage_estimator, lens(), "CalibratedErrors needs scores at the weights that sampled"),
        (policy_loss, scheduled_clip(grpo()), "ScheduledSurrogate needs the rollout step"),
        (policy_loss, adaptive_entropy(grpo()), "EntropyControl needs entropies .*PolicyModule"),
        (policy_loss, replace(grpo(), aggregation=PromptMean()), "PromptMean is no aggregation of verl's"),
    ],
)
def test_what_the_hooks_do_not_reach_is_refused_by_name(make, objective, words):
    with pytest.raises(InputError, match=words):
        make(objective)


def test_another_aggregation_and_uneven_groups_are_refused():
    with pytest.raises(InputError, match=r"write actor.loss_agg_mode=seq-mean-token-sum-norm"):
        hook(dr_grpo(8))
    with pytest.raises(InputError, match=r"Groups of \[1, 3\] rollouts"):
        advantage_estimator(grpo())(torch.zeros(4, 2), torch.ones(4, 2), ["a", "b", "a", "a"])
    with pytest.raises(InputError, match="no uid"):
        advantage_estimator(grpo())(torch.zeros(4, 2), torch.ones(4, 2))


def test_maths_is_a_compute_score():
    score = as_compute_score(Maths(), correct=1.0, incorrect=-1.0)
    right = score("gsm8k", "so \\boxed{2.0}", "2", {"index": 3})
    assert right["score"] == 1.0 and right["acc"] == 1.0 and right["pred"] == "2.0" and right["reason"]
    assert score(data_source="gsm8k", solution_str="\\boxed{3}", ground_truth=2, extra_info=None)["score"] == -1.0


class Unsure(CountdownVerifier):
    name = "unsure"

    def verify(self, prompt, response):
        verdict = super().verify(prompt, response)
        return replace(verdict, outcome="undecided") if response == "?" else verdict


def test_an_undecided_response_is_no_wrong_one_unless_it_is_said_to_be():
    gold = {"numbers": [2, 3, 6], "target": 9}
    with pytest.raises(VerifierError, match=r"unsure is undecided on the response '\?'.*undecided=0.0"):
        as_compute_score(Unsure())("countdown", "?", gold)
    assert as_compute_score(Unsure(), undecided=0.25)("countdown", "?", gold)["score"] == 0.25
    assert as_compute_score(Unsure())("countdown", "6/2*3", gold)["score"] == 1.0
    with pytest.raises(InputError, match="whole groups"):
        as_compute_score(RandomReward(CountdownVerifier()))


def test_verls_own_registries_find_both_and_its_loss_is_ours():
    core = pytest.importorskip("verl.trainer.ppo.core_algos", reason="verl is not installed")
    from verl.workers.config import FSDPActorConfig

    register("ours", DUAL_CLIP)
    estimate, loss = core.get_adv_estimator_fn("ours"), core.get_policy_loss_fn("ours")
    settings = {"clip_ratio_low": 0.2, "clip_ratio_high": 0.28, "clip_ratio_c": 3.0, "rollout_n": 2}
    config = FSDPActorConfig(**settings, strategy="fsdp", ppo_micro_batch_size_per_gpu=1)
    mask = torch.tensor(MASK)
    given = (torch.tensor(OLD), torch.tensor(LOGP), torch.tensor(ADVANTAGES)[:, None] * mask, mask, "token-mean", config)
    theirs, _ = core.get_policy_loss_fn("vanilla")(*given)
    assert float(loss(*given)[0]) == pytest.approx(float(theirs), abs=1e-6)
    import numpy as np

    rewards, index = torch.eye(4), np.array(["a", "b", "a", "b"], dtype=object)
    found, _ = estimate(
        token_level_rewards=rewards * torch.tensor([1.0, 1, 0, 1]), response_mask=torch.ones(4, 4), index=index, config=None
    )
    expected, _ = core.compute_grpo_outcome_advantage(rewards * torch.tensor([1.0, 1, 0, 1]), torch.ones(4, 4), index)
    assert torch.allclose(found, expected, atol=1e-4)

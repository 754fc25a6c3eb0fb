"""What holds of every preset: finite values and gradients under hostile inputs, and one loss on any ranks and in any pieces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import torch

from asym_lit.objectives import (
    Objective,
    a_nsr,
    adaptive_entropy,
    bbg,
    bcpg_nsa,
    dppo,
    fipo,
    gdpo,
    gpg,
    grpo,
    lens,
    lite_ppo,
    otb,
    simko,
)
from asym_lit.objectives.aggregations import GlobalCounts, PromptMean
from asym_lit.types import Collectives, TokenScores
from every_preset import NAMES, preset
from fakes import LossProblem, full_scores, make_experience

CUT_SHOWS = {"clip_cov", "kl_cov", "real"}
"""Two take a covariance over the micro-batch, as their authors do; the third refuses groups that are cut up."""
RANKS_SHOW = {"ace_shuffled"}
"""It deals its factors out among the rollouts of a rank."""
BESIDE = {
    "grpo with a KL": grpo(kl=0.1),
    "simko": simko(alpha=0.5),
    "the plain objective": Objective(),
    "bcpg_nsa": bcpg_nsa(),
    "dppo kl": dppo("kl", cap=None, anchor="rollout", tether=0.1),
    "dppo two-sided": dppo(two_sided=True),
    "lite_ppo by centred rewards": lite_ppo(deviation="centred"),
    "gpg by rewards": gpg("rewarded"),
    "fipo without bounds": fipo(grpo(), low=0.0, high=float("inf")),
    "otb with its tail": otb(zero_tail=False),
    "gdpo over tokens": gdpo("tokens"),
    "gdpo without eps": gdpo(batch_eps=0.0),
    "lens by whole responses": lens(likelihood="product"),
    "a_nsr by share": a_nsr("share"),
    "bbg with a push": bbg(grpo(), all_wrong=1.0, weigh="factor"),
    "an entropy that is low": adaptive_entropy(grpo(), start=0.1, highest=1.0),
    "a mean over prompts": replace(grpo(), aggregation=PromptMean()),
}


def of(name: str) -> Objective:
    return BESIDE[name] if name in BESIDE else preset(name)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("shift", [50.0, -50.0, 800.0])
@pytest.mark.parametrize("name", [*NAMES, *BESIDE])
def test_no_loss_or_gradient_is_nan_where_ratios_explode_rows_are_empty_or_groups_uniform(name, shift, dtype):
    objective = of(name)
    mask_BT = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=dtype)
    old_BT = torch.tensor([[-60.0, 0, -1], [0, 0, 0], [-60, 0, 0], [-1, -60, 0]], dtype=dtype)
    for correct in ([True, False, True, False], [True] * 4, [False] * 4):
        correct_B = torch.tensor(correct)
        experience = make_experience(
            mask_BT,
            rewards_B=correct_B.to(dtype),
            correct_B=correct_B,
            group_size=4,
            old_logprobs_BT=old_BT,
            reference_logprobs_BT=old_BT - shift,
        )
        experience.entropy_BT, experience.squares_BT = torch.zeros_like(mask_BT), torch.ones_like(mask_BT)
        experience.greedy_rewards_B = torch.tensor([0.0, torch.nan, 1.0, 0.0], dtype=dtype)
        experience.rewards_BC = torch.stack([correct_B.to(dtype), torch.full((4,), 1e9, dtype=dtype)], -1)
        experience.slots_B = torch.zeros(4, dtype=torch.int64)
        experience.prompt_tokens_B = torch.full((4,), 6.0, dtype=dtype)
        experience.step_right_BT = mask_BT.bool()
        experience.pool = LossProblem.random(0).experience.pool
        experience.advantages_BT = objective.estimate(replace(experience, rewards_B=objective.shape(experience)))
        logprobs_BT = (old_BT + shift * mask_BT).requires_grad_()
        candidates_BTK = torch.stack([logprobs_BT, logprobs_BT - 100, logprobs_BT - 700], -1)
        scores = TokenScores(logprobs_BT, torch.zeros_like(mask_BT), candidates_BTK, torch.ones_like(mask_BT).bool())
        terms = objective.loss(scores, experience, GlobalCounts(6, 3, 1))
        (gradient_BT,) = torch.autograd.grad(terms.loss, logprobs_BT)
        assert terms.loss.isfinite() and gradient_BT.isfinite().all()
        assert all(value.isfinite() for value in terms.sums.values())
        assert not gradient_BT[1].any(), "an empty row"


@pytest.mark.parametrize("name", sorted({*NAMES, *BESIDE} - CUT_SHOWS - {"bcpg_nsa"}))
def test_a_loss_is_the_sum_over_micro_batches_whatever_their_size(name):
    objective, problem = of(name), LossProblem.random(7, size=8)  # 1, 3 and 4 of 8 right
    experience, top_n = problem.estimated(objective), max(objective.update_needs.top_n, 1)

    def loss(rows, logits_BTV):
        part = experience.rows(rows, experience.mask_BT.shape[1])
        scores = full_scores(logits_BTV[rows], problem.response_BT[rows], part.mask_BT, min(top_n, logits_BTV.shape[-1]))
        return objective.loss(scores, part, problem.counts).loss

    found = []
    for size in (24, 5, 1):
        logits_BTV = problem.logits_BTV.clone().requires_grad_()
        total = sum(loss(list(range(start, min(start + size, 24))), logits_BTV) for start in range(0, 24, size))
        found.append((total.detach(), torch.autograd.grad(total, logits_BTV)[0]))
    for other in found[1:]:
        torch.testing.assert_close(other[0], found[0][0], rtol=0, atol=1e-12)
        torch.testing.assert_close(other[1], found[0][1], rtol=0, atol=1e-12)
    assert found[0][1].abs().max() > 0


class Ranks:
    """Two threads that sum and join tensors as two processes would."""

    def __init__(self) -> None:
        self.barrier, self.given = Barrier(2, timeout=20), [None, None]

    def all(self, rank, value):
        self.given[rank] = value
        self.barrier.wait()
        found = list(self.given)
        self.barrier.wait()  # nobody writes anew before both have read
        return found

    def of(self, rank):
        return Collectives(sum=lambda v: sum(self.all(rank, v)), cat=lambda v: torch.cat(self.all(rank, v)))


@pytest.mark.parametrize("name", sorted({*NAMES, *BESIDE} - RANKS_SHOW - {"bcpg_nsa"}))
def test_advantages_are_the_same_on_two_ranks_as_on_one(name):
    objective, whole = of(name), LossProblem.random(7, groups=4, size=8).experience
    ranks, rows = Ranks(), [list(range(8)), list(range(8, 32))]  # one group here, three there

    def run(rank):
        part = replace(whole.rows(rows[rank], whole.mask_BT.shape[1]), group_size=8, collectives=ranks.of(rank))
        return objective.estimate(replace(part, rewards_B=objective.shape(part)))

    alone = objective.estimate(replace(whole, rewards_B=objective.shape(whole)))
    with ThreadPoolExecutor(2) as pool:
        together = torch.cat(list(pool.map(run, (0, 1))))
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)

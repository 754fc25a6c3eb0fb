from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import (
    cispo,
    dapo,
    dr_grpo,
    grpo,
    grpo_passk,
    gspo,
    reinforce_pp,
    reinforce_pp_baseline,
    rloo,
)
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate
from asym_lit.types import TokenScores
from fakes import make_experience


def load(name):
    return {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(Path(__file__).parent / name).items()}


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("grpo", grpo()),
        ("dr_grpo", dr_grpo(max_tokens=8)),
        ("rloo", rloo()),
        ("reinforce_plus_plus", reinforce_pp()),
        ("reinforce_plus_plus_baseline", reinforce_pp_baseline()),
        ("grpo_passk", grpo_passk()),
    ],
)
def test_advantages_are_those_of_verl(name, objective):
    case = load("verl_advantages.npz")
    order = case["group"].argsort(stable=True)  # ours stand together
    mask_BT = case["mask"][order]
    experience = make_experience(mask_BT, rewards_B=case["reward"][order], group_size=6)
    found_BT = objective.estimate(experience)
    torch.testing.assert_close(found_BT, case[name][order] * mask_BT, rtol=0, atol=1e-9)
    assert found_BT.abs().max() > 0.5


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("ppo_clip_token_mean", grpo(token_mean=True)),
        ("ppo_clip_seq_mean_token_mean", grpo()),
        # A constant length of 1 leaves the mean over responses of their token sums.
        ("ppo_clip_seq_mean_token_sum", dr_grpo(max_tokens=1)),
        ("dapo_clip_higher_token_mean", dapo()),
        ("dual_clip3_token_mean", Objective(token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.2), 3.0))),
        ("gspo", gspo(0.02, 0.03)),
        ("cispo_token_mean", cispo(0.2, 0.28)),
    ],
)
def test_losses_and_gradients_are_those_of_verl(name, objective):
    case = load("verl_policy_losses.npz")
    experience = make_experience(
        case["mask"], old_logprobs_BT=case["old_log_probs"], advantages_BT=case["advantages"], group_size=1
    )
    logprobs_BT = case["log_probs"].clone().requires_grad_()
    counts = GlobalCounts(float(case["mask"].sum()), len(case["mask"]))
    terms = objective.loss(TokenScores(logprobs_BT), experience, counts)
    (gradient_BT,) = torch.autograd.grad(terms.loss, logprobs_BT)
    torch.testing.assert_close(terms.loss, case[f"{name}__loss"], rtol=0, atol=1e-9)
    torch.testing.assert_close(gradient_BT, case[f"{name}__grad"], rtol=0, atol=1e-9)
    assert terms.sums["ratio/clipped_low"] > 0 and terms.sums["ratio/clipped_high"] > 0


@pytest.mark.parametrize(("ours", "theirs"), [("k1", "kl_k1"), ("k2", "kl_k2"), ("k3", "kl_k3")])
def test_estimates_of_the_kl_are_verls(ours, theirs):
    case = load("verl_policy_losses.npz")
    experience = make_experience(case["mask"], reference_logprobs_BT=case["ref_log_probs"])
    found_BT = ReferenceKL(1.0, ours)(TokenScores(case["log_probs"]), experience) * case["mask"]
    torch.testing.assert_close(found_BT, case[theirs] * case["mask"], rtol=0, atol=1e-9)
    assert found_BT.abs().max() > 1e-3


def test_the_kl_to_the_reference_is_verls_k3():
    case = load("verl_policy_losses.npz")
    mask_BT = case["mask"]
    experience = make_experience(mask_BT, reference_logprobs_BT=case["ref_log_probs"])
    found_BT = ReferenceKL(0.5)(TokenScores(case["log_probs"]), experience) * mask_BT
    torch.testing.assert_close(found_BT, 0.5 * case["kl_k3"] * mask_BT, rtol=0, atol=1e-12)
    assert found_BT.max() > 1e-3

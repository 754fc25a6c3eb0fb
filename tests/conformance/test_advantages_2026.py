"""Advantages of TRL 1.16.0, ms-swift 4.6.0, verl 0.9.1 and of A3PO's authors on 6 groups of 4; README has the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import Objective, a3po, gpg, grpo, lite_ppo, rloo, with_parts
from asym_lit.objectives.advantages import Centred, GroupNormalised
from asym_lit.objectives.batch_reweights import BatchScaled
from fakes import make_experience

VECTORS = Path(__file__).parent / "advantages_2026.npz"
FOUR_SIDED = {"right_low_share": 0.4, "right_low_scale": 5.0, "right_high_share": 0.1, "right_high_scale": 0.5}
FOUR_SIDED |= {"wrong_high_share": 0.4, "wrong_high_scale": 3.0, "wrong_low_share": 0.1, "wrong_low_scale": 0.25}


def load():
    return {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(VECTORS).items()}


def advantages(objective: Objective, rewards_B):
    return objective.estimate(make_experience(torch.ones(24, 1).double(), rewards_B=rewards_B, group_size=4))[:, 0]


@pytest.mark.parametrize(
    ("name", "objective", "tolerance"),
    [
        ("trl__group", with_parts(grpo(), estimator=GroupNormalised(1e-4)), 3e-8),  # float32 numbers in their deviations
        ("trl__batch", lite_ppo(), 3e-8),
        ("trl__none", with_parts(grpo(), estimator=Centred()), 1e-9),
        ("swift__grpo__batch", lite_ppo(), 1e-9),
        ("swift__rloo__batch", with_parts(rloo(), reweights=[BatchScaled("rewards")]), 1e-9),
        ("swift__reinforce_plus_plus__batch", lite_ppo(deviation="centred"), 1e-9),
    ],
)
def test_scales_of_advantages_are_those_of_trl_and_ms_swift(name, objective, tolerance):
    case = load()
    rewards_B = (case["components"] * case["component_weights"]).sum(1)
    torch.testing.assert_close(advantages(objective, rewards_B), case[name], rtol=0, atol=tolerance)
    assert case[name].abs().max() > 0.5


def test_the_two_deviations_of_a_batch_are_not_the_same():
    case = load()
    rewards_B = (case["components"] * case["component_weights"]).sum(1)
    raw, centred = (advantages(lite_ppo(deviation=of), rewards_B) for of in ("rewards", "centred"))
    assert (raw - centred).abs().max() > 0.1


@pytest.mark.parametrize("by", ["probability", "entropy"])
@pytest.mark.parametrize(("name", "knobs"), [("a3po_2_2", {}), ("a3po_four_sided", FOUR_SIDED)])
def test_polar_tokens_are_those_of_a3pos_authors(name, knobs, by):
    case = load()
    experience = make_experience(
        case["a3po_mask"],
        correct_B=case["a3po_correct"].bool(),
        rewards_B=case["a3po_correct"],
        group_size=4,
        old_logprobs_BT=case["a3po_old_log_probs"],
    )
    experience.entropy_BT = case["a3po_entropy_plus"]
    found_BT = a3po(grpo(), by=by, **knobs).estimate(experience)
    expected_BT = case[f"{name}__{'prob' if by == 'probability' else by}"] * experience.mask_BT
    torch.testing.assert_close(found_BT, expected_BT, rtol=0, atol=1e-9)
    assert (found_BT - grpo().estimate(experience)).abs().max() > 0.5


def test_gpgs_factor_counts_right_answers_in_verl():
    case = load()
    experience = make_experience(case["gpg_mask"], rewards_B=case["gpg_reward"], correct_B=case["gpg_reward"] > 0, group_size=4)
    found_BT = gpg("rewarded").estimate(experience)
    # Their factor is a quotient of integers, which torch gives in float32: 5e-8 off.
    torch.testing.assert_close(found_BT, case["gpg"] * experience.mask_BT, rtol=0, atol=1e-7)
    assert (found_BT - gpg().estimate(experience)).abs().max() > 0.1

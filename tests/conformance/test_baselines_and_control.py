"""Baselines, several rewards, means over prompts, entropy control: numbers of verl, TRL, ms-swift, NeMo-RL, SkyRL, authors."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import adaptive_entropy, dapo, gdpo, grpo, opo, otb, remax
from asym_lit.objectives.aggregations import GlobalCounts, PromptMean, TokenMean
from asym_lit.objectives.baselines import OptimalTokenBaseline
from asym_lit.objectives.feedback import EntropyControl, Feedback
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.types import Needs, TokenScores
from fakes import make_experience

NUMBERS = np.load(Path(__file__).parent / "baselines_and_control_2026.npz")
TRL_STEPS = EntropyControl(target=0.5, delta=0.005, highest=0.04, lowest=0.005, start=0.02, rule="trl")


def number(name):
    return torch.from_numpy(np.asarray(NUMBERS[name]))


def verl_experience(reward="reward", mask="mask", **changes):
    old_BT = number("verl__old_log_probs")
    experience = make_experience(
        number(f"verl__{mask}").double(),
        rewards_B=number(f"verl__{reward}").double(),
        correct_B=number("verl__correct").bool(),
        group_size=4,
        old_logprobs_BT=old_BT,
        squares_BT=number("verl__sum_pi_squared"),
        greedy_rewards_B=number("verl__greedy_reward").double().repeat_interleave(4),
    )
    return replace(experience, **changes)


@dataclass(frozen=True)
class Told:
    """Weights for the sampler that verl was handed."""

    needs = Needs()

    def weights(self, experience):
        return number("verl__is_weights")


@pytest.mark.parametrize("reward", ["reward", "reward_scaled"])
@pytest.mark.parametrize(
    ("name", "objective", "mask"),
    [
        ("opo", opo(), "mask"),
        ("opo_holes", opo(), "mask_with_holes"),
        ("remax", remax(), "mask"),
        ("otb", otb(), "mask"),
        ("otb_tail_kept", otb(zero_tail=False), "mask"),
        ("otb_is", otb(correction=Told()), "mask"),
        ("tir_otb_holes", otb(), "mask_with_holes"),
    ],
)
def test_advantages_are_those_of_verl(name, objective, mask, reward):
    experience = verl_experience(reward, mask)
    found_BT = objective.estimate(experience)
    torch.testing.assert_close(found_BT, number(f"verl__{reward}__{name}") * experience.mask_BT, rtol=0, atol=1e-9)
    assert found_BT.abs().max() > 0.05


def test_the_cases_of_the_token_baseline_differ_from_each_other():
    whole, holes = verl_experience(), verl_experience(mask="mask_with_holes")
    assert (otb().estimate(whole) - otb(zero_tail=False).estimate(whole)).abs().max() > 0.1
    assert (otb().estimate(whole) - otb(correction=Told()).estimate(whole)).abs().max() > 1e-3
    assert OptimalTokenBaseline().needs == Needs(squares=True, rollout_scores=True)
    # Holes take no place: the generated tokens side by side have the same advantages.
    kept_BT = holes.mask_BT.bool()
    order_BT = (~kept_BT).to(torch.int8).argsort(dim=-1, stable=True)
    moved = {name: getattr(holes, name).gather(-1, order_BT) for name in ("mask_BT", "old_logprobs_BT", "squares_BT")}
    side_by_side_BT = otb().estimate(replace(holes, **moved))
    torch.testing.assert_close(side_by_side_BT, otb().estimate(holes).gather(-1, order_BT), rtol=0, atol=1e-12)


def several(weighted):
    rewards_BC = number("verl__components").double()
    weights_C = number("verl__component_weights").double() if weighted else torch.ones(3, dtype=torch.float64)
    return verl_experience(rewards_BC=rewards_BC, reward_weights_BC=weights_C.expand_as(rewards_BC))


@pytest.mark.parametrize(
    ("name", "objective", "weighted"),
    [
        ("authors__gdpo_authors__equal", gdpo(), False),
        ("authors__gdpo_authors__weighted", gdpo(), True),
        ("trl116__normalize_then_sum__group__equal", gdpo(), False),
        ("trl116__normalize_then_sum__group__weighted", gdpo(), True),
        ("ms_swift46__grpo__gdpo", gdpo(eps=1e-8, batch_eps=1e-8), True),
        ("nemo_rl__gdpo__mean__equal", gdpo(eps=1e-6, batch_eps=0.0), False),
        ("nemo_rl__gdpo__mean__weighted", gdpo(eps=1e-6, batch_eps=0.0), True),
        ("verl__gdpo__equal", gdpo("tokens", 1e-6, 1e-8), False),
        ("verl__gdpo__weighted", gdpo("tokens", 1e-6, 1e-8), True),
        ("verl__gdpo__weighted_no_std", gdpo("tokens", 1e-6, 1e-8, normalise=False), True),
    ],
)
def test_several_rewards_are_normalised_as_each_of_five_peers_does(name, objective, weighted):
    experience, expected = several(weighted), number(name)
    expected_BT = expected if expected.dim() == 2 else expected[:, None]
    atol = 2e-8 if name.startswith("trl") else 1e-9  # TRL takes the batch's deviation with weights in single precision
    torch.testing.assert_close(objective.estimate(experience), expected_BT.double() * experience.mask_BT, rtol=0, atol=atol)


@pytest.mark.parametrize("mask", ["mask", "mask_with_empty_row"])
def test_the_mean_over_prompts_is_skyrls_in_loss_and_gradient(mask):
    suffix = "__empty_row" if mask == "mask_with_empty_row" else ""
    mask_BT = number(f"skyrl__{mask}").double()
    experience = make_experience(
        mask_BT,
        old_logprobs_BT=number("skyrl__old_log_probs"),
        advantages_BT=number("skyrl__advantages"),
        prompt_tokens_B=mask_BT.sum(-1).view(-1, 4).sum(-1).repeat_interleave(4),
        group_size=4,
    )
    logprobs_BT = number("skyrl__log_probs").clone().requires_grad_()
    counts = GlobalCounts(float(mask_BT.sum()), float(mask_BT.any(-1).sum()), 6)
    objective = Objective(token_loss=ClippedSurrogate(0.2, 0.28), aggregation=PromptMean())
    loss = objective.loss(TokenScores(logprobs_BT), experience, counts).loss
    (gradient_BT,) = torch.autograd.grad(loss, logprobs_BT)
    # SkyRL's ratios are in single precision.
    torch.testing.assert_close(loss, number(f"skyrl__regular_prompt_mean{suffix}__loss").double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(gradient_BT, number(f"skyrl__regular_prompt_mean{suffix}__grad").double(), rtol=0, atol=1e-6)
    other = replace(objective, aggregation=TokenMean()).loss(TokenScores(logprobs_BT), experience, counts).loss
    assert (other - loss).abs() > 1e-4


def test_skyworks_coefficient_moves_as_in_its_code():
    control, memory, seen = EntropyControl(), {}, []
    assert control.applied(memory) == 0.0 and control.coefficient(memory) == 0.0
    for entropy in number("skywork__entropies").tolist():
        memory.update(control.remember(memory, {"entropy_control/entropy": entropy}, "update"))  # not its moment
        memory.update(control.remember(memory, {"entropy_control/entropy": entropy}, "rollout_step"))
        seen.append((control.coefficient(memory), control.applied(memory)))
    expected = number("skywork__coef_after")
    enabled = number("skywork__enabled_after").bool()
    torch.testing.assert_close(torch.tensor([c for c, _ in seen]).double(), expected, rtol=0, atol=1e-9)
    applied = torch.where(enabled, expected, 0)
    torch.testing.assert_close(torch.tensor([a for _, a in seen]).double(), applied, rtol=0, atol=1e-9)
    assert 0 < enabled.sum() < len(enabled)


def test_trls_coefficient_moves_as_in_its_code():
    memory, after, applied = {}, [], []
    for entropy in number("trl__controller__entropies").tolist():
        applied.append(TRL_STEPS.applied(memory))
        memory.update(TRL_STEPS.remember(memory, {"entropy_control/entropy": entropy}, "update"))
        memory.update(TRL_STEPS.remember(memory, {"entropy_control/entropy": entropy}, "rollout_step"))  # not its moment
        after.append(TRL_STEPS.coefficient(memory))
    for found, name in ((after, "coef_after"), (applied, "coef_applied")):
        torch.testing.assert_close(torch.tensor(found).double(), number(f"trl__controller__{name}"), rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", ["first", "on", "off"])
def test_the_steered_bonus_is_trls_in_loss_gradients_and_next_coefficient(case):
    mask_BT = number("trl__mask").double()
    seen = float(number("trl__entropy")[mask_BT.bool()].mean())
    entropy_BT, logprobs_BT = (number(f"trl__{name}").clone().requires_grad_() for name in ("entropy", "log_probs"))
    target = {"first": seen + 0.1, "on": seen + 0.1, "off": seen - 0.1}[case]
    objective = adaptive_entropy(dapo(clip_high=0.2), target=target, delta=0.005, highest=1.0, start=0.01, rule="trl")
    memory = {} if case == "first" else {"entropy_control/coefficient": 0.01, "entropy_control/entropy": seen}
    experience = make_experience(
        mask_BT,
        old_logprobs_BT=number("trl__old_log_probs"),
        advantages_BT=number("trl__advantages")[:, None] * mask_BT,
        memory=memory,
    )
    counts = GlobalCounts(float(mask_BT.sum()), len(mask_BT))
    terms = objective.loss(TokenScores(logprobs_BT, entropy_BT), experience, counts)
    by_logprob, by_entropy = torch.autograd.grad(terms.loss, (logprobs_BT, entropy_BT), allow_unused=True)
    torch.testing.assert_close(terms.loss, number(f"trl__adaptive_entropy_{case}__loss").double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(by_logprob, number(f"trl__adaptive_entropy_{case}__grad").double(), rtol=0, atol=1e-9)
    if case == "on":
        torch.testing.assert_close(by_entropy, number("trl__adaptive_entropy_on__grad_entropy"), rtol=0, atol=1e-9)
    else:
        assert by_entropy is None or not by_entropy.any()
    feedback = Feedback(tuple(objective.regularizers), memory, lambda sums: sums)
    feedback.after_update({name: value.detach() for name, value in terms.sums.items()}, counts.tokens)
    expected = float(number(f"trl__adaptive_entropy_{case}__next_coef"))
    assert memory["entropy_control/coefficient"] == pytest.approx(expected, abs=1e-12)
    assert memory["entropy_control/entropy"] == pytest.approx(seen, abs=1e-12)


def test_without_a_bonus_the_losses_above_are_grpos():
    assert float(number("trl__adaptive_entropy_off__loss")) == float(number("trl__adaptive_entropy_first__loss"))
    assert grpo(token_mean=True).regularizers == ()

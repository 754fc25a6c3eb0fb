from dataclasses import replace

import pytest
import torch

from asym_lit.objectives import Objective, corrected, dppo, grpo, rollout_is
from asym_lit.objectives.anchors import anchor_logprobs
from asym_lit.objectives.corrections import TokenTruncated
from asym_lit.objectives.masked_losses import MaskedSurrogate
from asym_lit.objectives.ratios import TokenRatio
from asym_lit.objectives.tethers import AnchorTether
from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.objectives.trust_regions import TotalVariation
from asym_lit.types import InputError, Needs, TokenScores
from fakes import LossProblem, assert_different_objective, make_experience


def masked(loss, now, before, advantage):
    """Loss, gradient by the log-prob, clipped low and high of one token of these probabilities."""
    logprobs_BT = torch.tensor([[now]], dtype=torch.float64).log().requires_grad_()
    old_BT, advantages_BT = (
        torch.tensor([[before]], dtype=torch.float64).log(),
        torch.tensor([[advantage]], dtype=torch.float64),
    )
    experience = make_experience([[1.0]], old_logprobs_BT=old_BT)
    scores = TokenScores(logprobs_BT)
    terms = loss(TokenRatio()(scores, experience), advantages_BT, scores, experience)
    (gradient,) = torch.autograd.grad(terms.loss_BT.sum(), logprobs_BT)
    return terms.loss_BT.item(), gradient.item(), terms.clipped_low_BT.item(), terms.clipped_high_BT.item()


def test_the_two_forms_have_one_gradient_and_two_values():
    # ratio .4 / .3 = 1.3333, log .4 = -.9163
    capped, plain = masked(MaskedSurrogate(cap=20.0), 0.4, 0.3, 2.0), masked(MaskedSurrogate(cap=None), 0.4, 0.3, 2.0)
    assert capped == (pytest.approx(2 * 0.4 / 0.3 * 0.9162907), pytest.approx(-2 * 0.4 / 0.3), False, False)
    assert plain == (pytest.approx(-2 * 0.4 / 0.3), pytest.approx(-2 * 0.4 / 0.3), False, False)


def test_a_masked_token_has_no_gradient_no_value_and_is_counted_on_its_side():
    for loss in (MaskedSurrogate(cap=20.0), MaskedSurrogate(cap=None)):
        assert masked(loss, 0.5, 0.3, 1.0) == (0.0, 0.0, False, True)
        assert masked(loss, 0.3, 0.5, -1.0) == (0.0, 0.0, True, False)
        assert masked(loss, 0.3, 0.5, 0.0)[2:] == (False, False)  # verl counts tokens of advantage 0 here


def test_a_cap_bounds_the_weight_of_an_unlikely_token():
    # From 0.001 to 0.1: no shift that a region of probabilities sees, and a ratio of 100.
    assert masked(MaskedSurrogate(cap=3.0), 0.1, 0.001, 1.0)[1] == pytest.approx(-3.0)
    assert masked(MaskedSurrogate(cap=1e4), 0.1, 0.001, 1.0)[1] == pytest.approx(-100.0)


@pytest.mark.parametrize("cap", [0.0, 0.99, -1.0])
def test_a_cap_below_1_is_refused(cap):
    with pytest.raises(InputError, match=rf"cap is {cap}; allowed: 1 or more \(verl's comment: 20\), or null for none"):
        MaskedSurrogate(cap=cap)


def moved_engine(seed=0):
    """A problem whose engine disagrees with its trainer."""
    problem = LossProblem.random(seed)
    old_BT = problem.experience.old_logprobs_BT
    shift_BT = 0.2 * torch.sin(torch.arange(old_BT.numel()).double()).view_as(old_BT) * problem.experience.mask_BT
    return replace(problem, experience=replace(problem.experience, sampler_logprobs_BT=old_BT + shift_BT))


def test_the_anchor_says_whose_log_probs_ratio_mask_and_tether_start_from():
    problem = moved_engine()
    gradients = [problem.loss_and_gradient(dppo(anchor=anchor))[1] for anchor in ("old", "rollout")]
    assert (gradients[0] - gradients[1]).abs().max() > 1e-3
    swapped = replace(problem.experience, old_logprobs_BT=problem.experience.sampler_logprobs_BT)
    as_old = replace(problem, experience=swapped).loss_and_gradient(dppo(anchor="old"))[1]
    torch.testing.assert_close(as_old, gradients[1], rtol=0, atol=1e-15)
    assert anchor_logprobs(problem.experience, "rollout") is not problem.experience.old_logprobs_BT


def test_nothing_is_computed_for_an_anchor_that_comes_with_the_rollouts():
    assert dppo(anchor="rollout").rollout_needs == dppo(anchor="rollout").update_needs == Needs()


@pytest.mark.parametrize("base", [dppo(anchor="rollout"), rollout_is(), replace(grpo(), ratio=TokenRatio("rollout"))])
def test_a_gap_that_the_anchor_holds_is_not_corrected_again(base):
    with pytest.raises(InputError, match=r"TokenTruncated beside a TokenRatio measures from .*twice; allowed: NoCorrection"):
        corrected(base, TokenTruncated())
    with pytest.raises(InputError, match=r"beside a MaskedSurrogate measures from the engine's log-probs \(anchor: rollout\)"):
        Objective(token_loss=MaskedSurrogate(anchor="rollout"), correction=TokenTruncated())
    assert corrected(dppo(), TokenTruncated()).correction == TokenTruncated()


def test_the_tether_pulls_every_token_back_masked_or_not():
    logprobs_BT = torch.tensor([[-0.5, -3.0, -1.0]], dtype=torch.float64, requires_grad=True)
    sampler_BT = torch.tensor([[-2.0, -2.0, -9.0]], dtype=torch.float64)
    experience = make_experience([[1.0, 1.0, 0.0]], sampler_logprobs_BT=sampler_BT)
    found_BT = AnchorTether(0.1)(TokenScores(logprobs_BT), experience)
    assert found_BT.tolist() == [[pytest.approx(0.1 * 1.5**2), pytest.approx(0.1), 0.0]]
    (gradient_BT,) = torch.autograd.grad(found_BT.sum(), logprobs_BT)
    assert gradient_BT.tolist() == [[pytest.approx(0.2 * 1.5), pytest.approx(-0.2), 0.0]]  # factor 1, not 1/2
    assert AnchorTether(0.0).keeps_zero and not AnchorTether().keeps_zero
    with pytest.raises(InputError, match=r"coefficient is -0\.1; allowed: 0 \(off\) or more"):
        AnchorTether(-0.1)


def test_published_thresholds_stand_where_none_is_written():
    thresholds = [(o.token_loss.region.low, o.token_loss.region.high) for o in (dppo(), dppo("kl"), dppo(two_sided=True))]
    assert thresholds == [(0.15, 0.15), (0.05, 0.05), (0.1, 0.1)]
    assert dppo(high=0.3).token_loss.region == TotalVariation(0.15, 0.3)
    with pytest.raises(InputError, match="two_sided is true and divergence is kl; allowed: two_sided with tv"):
        dppo("kl", two_sided=True)


def test_it_is_not_ppo():
    assert_different_objective(dppo(low=0.2, high=0.2, cap=None), grpo(token_mean=True))
    # Masked by neither: a shift within 0.2 of probability and of ratio; then both are -A ratio.
    assert masked(MaskedSurrogate(cap=None), 0.52, 0.5, 1.0)[:2] == masked(ClippedSurrogate(), 0.52, 0.5, 1.0)[:2]

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives import grpo
from asym_lit.objectives.regularizers import EntropyBonus, LowProbabilityTether, ReferenceKL
from asym_lit.types import BatchPool, InputError, Needs, TokenScores
from fakes import make_experience


def kl(logprob, reference, coefficient=1.0):
    """Value and gradient by the log-prob of one token's k3."""
    logprobs_BT = torch.tensor([[logprob]], dtype=torch.float64, requires_grad=True)
    experience = make_experience([[1]], reference_logprobs_BT=torch.tensor([[reference]], dtype=torch.float64))
    added = ReferenceKL(coefficient)(TokenScores(logprobs_BT), experience).sum()
    return added.item(), torch.autograd.grad(added, logprobs_BT)[0].item()


def test_k3_of_a_token_half_as_likely_as_in_the_reference():
    # d = log 2: 2 - log 2 - 1 = 1 - log 2 = .306853; by the log-prob: 1 - exp(d) = -1, towards the reference.
    assert kl(math.log(0.25), math.log(0.5)) == (pytest.approx(1 - math.log(2)), pytest.approx(-1.0))
    assert kl(math.log(0.25), math.log(0.5), 0.1) == (pytest.approx(0.1 * (1 - math.log(2))), pytest.approx(-0.1))


@given(logprob=st.floats(-10, 0), reference=st.floats(-10, 0))
def test_k3_is_never_negative_and_its_gradient_points_to_the_reference(logprob, reference):
    value, gradient = kl(logprob, reference)
    assert value >= 0
    assert gradient * (logprob - reference) >= 0


def test_a_policy_that_is_its_reference_pays_nothing():
    assert kl(-1.3, -1.3) == (0.0, 0.0)


def test_padding_pays_nothing():
    experience = make_experience([[1, 0]], reference_logprobs_BT=torch.tensor([[-1.0, -7.0]]))
    assert ReferenceKL(1.0)(TokenScores(torch.tensor([[-1.0, 0.0]])), experience).tolist() == [[0.0, 0.0]]


def test_huge_differences_stay_finite():
    value, gradient = kl(-500.0, 0.0)
    assert math.isfinite(value) and value > 1e8
    assert gradient == 0.0  # cut at d = 20


def test_coefficient_0_adds_nothing_and_needs_no_reference():
    logprobs_BT = torch.tensor([[-1.0]], requires_grad=True)
    added_BT = ReferenceKL(0.0)(TokenScores(logprobs_BT), make_experience([[1.0]]))
    assert added_BT.tolist() == [[0.0]]
    assert torch.autograd.grad(added_BT.sum(), logprobs_BT)[0].tolist() == [[0.0]]
    assert ReferenceKL(0.0).needs == Needs()
    assert ReferenceKL(0.1).needs == Needs(reference=True)


def test_a_negative_coefficient_is_refused():
    with pytest.raises(InputError, match=r"KL coefficient is -0\.1; allowed: 0 or more"):
        ReferenceKL(-0.1)


def test_the_low_probability_tether_by_hand():
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
    topk_BTK = probabilities.log().expand(3, 1, 4)
    # Sampled: 0.15 and wrong; 0.15 and right; 0.05, which is below 0.2 * 0.5, and wrong.
    logprobs_BT = torch.tensor([[0.15], [0.15], [0.05]], dtype=torch.float64).log().requires_grad_()
    experience = make_experience([[1.0]] * 3, advantages_BT=torch.tensor([[-1.0], [1.0], [-1.0]], dtype=torch.float64))
    experience.pool = BatchPool(logprob_N=torch.tensor([-0.1], dtype=torch.float64))
    found_BT = LowProbabilityTether(2.0, kappa=0.2, quantile=0.5)(TokenScores(logprobs_BT, None, topk_BTK), experience)
    d = -math.log(0.95)  # the proxy keeps 0.5 + 0.3 + 0.15
    assert found_BT[:, 0].tolist() == pytest.approx([2 * (math.exp(d) - d - 1), 0, 0])
    (gradient_BT,) = torch.autograd.grad(found_BT.sum(), logprobs_BT)
    assert gradient_BT[:, 0].tolist() == pytest.approx([2 * (1 - math.exp(d)), 0, 0])  # below 0: descent raises log pi


def test_a_likely_token_is_not_tied():
    experience = make_experience([[1.0]], advantages_BT=-torch.ones(1, 1, dtype=torch.float64))
    experience.pool = BatchPool(logprob_N=torch.tensor([-5.0], dtype=torch.float64))
    scores = TokenScores(torch.full((1, 1), -1.0), None, torch.full((1, 1, 1), -0.5))
    assert LowProbabilityTether()(scores, experience).tolist() == [[0.0]]


def test_the_entropy_bonus_is_the_entropy_and_carries_its_gradient():
    entropy_BT = torch.tensor([[0.5, 2.0]], dtype=torch.float64, requires_grad=True)
    scores = TokenScores(torch.zeros(1, 2, dtype=torch.float64), entropy_BT)
    found_BT = EntropyBonus(0.01)(scores, make_experience([[1.0, 1.0]]))
    assert found_BT.tolist() == [[pytest.approx(-0.005), pytest.approx(-0.02)]]
    (gradient_BT,) = torch.autograd.grad(found_BT.sum(), entropy_BT)
    assert gradient_BT.tolist() == [[-0.01, -0.01]]
    assert EntropyBonus(0.0).needs == Needs() and EntropyBonus().needs.entropy_gradient


def test_no_entropy_bonus_is_grpo():
    assert grpo(entropy=0.0).regularizers == ()
    assert grpo(entropy=0.01).regularizers == (EntropyBonus(0.01),)


def estimate_of(name, gap, weighted=False, old=-1.0):
    """Value and gradient of an estimate where log pi is -1 and log pi_ref is -1 + gap."""
    logprobs_BT = torch.tensor([[-1.0]], dtype=torch.float64, requires_grad=True)
    reference_BT = torch.tensor([[-1.0 + gap]], dtype=torch.float64)
    experience = make_experience([[1]], reference_logprobs_BT=reference_BT, old_logprobs_BT=torch.full((1, 1), old).double())
    added = ReferenceKL(1.0, name, weighted)(TokenScores(logprobs_BT), experience).sum()
    return added.item(), torch.autograd.grad(added, logprobs_BT)[0].item()


@pytest.mark.parametrize(("name", "value", "gradient"), [("k1", -0.5, 1.0), ("k2", 0.125, -0.5), ("abs", 0.5, -1.0)])
def test_other_estimates_of_a_token_the_reference_thinks_likelier(name, value, gradient):
    assert estimate_of(name, 0.5) == (pytest.approx(value), pytest.approx(gradient))


@pytest.mark.parametrize("name", ["k1", "k3", "abs"])
@pytest.mark.parametrize("gap", [-0.7, 0.0, 0.4])
def test_a_plus_keeps_the_value_and_takes_the_gradient_of_k2(name, gap):
    value, gradient = estimate_of(f"{name}+", gap)
    assert value == pytest.approx(estimate_of(name, gap)[0], abs=1e-15) and gradient == pytest.approx(-gap, abs=1e-15)


def test_a_weighted_kl_is_the_estimate_times_the_ratio_gradient_and_all():
    # ratio e^.3; k3 of .5 is e^.5 - 1.5; d/dl (r k3) = r k3 + r (1 - e^.5) = -.5 r: at any ratio the KL's own gradient.
    value, gradient = estimate_of("k3", 0.5, weighted=True, old=-1.3)
    assert value == pytest.approx(math.exp(0.3) * (math.exp(0.5) - 1.5))
    assert gradient == pytest.approx(-0.5 * math.exp(0.3))
    assert ReferenceKL(0.1, weighted=True).needs == Needs(reference=True)


def test_before_the_first_update_a_weighted_k3_has_the_gradient_of_k2():
    assert estimate_of("k3", 0.5, weighted=True)[1] == pytest.approx(estimate_of("k2", 0.5)[1])


def test_a_proxy_that_no_policy_can_be_far_from_stays_finite_in_float32():
    # log pi of the likeliest token is at least -log V; -110 would make exp(d) overflow.
    experience = make_experience(torch.ones(1, 1), advantages_BT=-torch.ones(1, 1))
    experience.pool = BatchPool(logprob_N=torch.tensor([0.0]))
    scores = TokenScores(torch.full((1, 1), -110.0), None, torch.full((1, 1, 1), -110.0))
    assert LowProbabilityTether()(scores, experience).isfinite().all()

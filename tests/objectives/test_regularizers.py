import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.types import InputError, Needs, TokenScores
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

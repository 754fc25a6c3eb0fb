import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives import dro, drpo, grpo, with_parts
from asym_lit.objectives.quadratic_losses import QuadraticSurrogate, TetheredLikelihood
from asym_lit.objectives.ratios import TokenRatio
from asym_lit.objectives.token_losses import Likelihood
from asym_lit.types import InputError, TokenScores
from fakes import LossProblem, make_experience


def one_token(loss, now, before, advantage):
    """Loss, and its gradient by the log-prob of one token of these probabilities under trainer and engine alike."""
    logprobs_BT = torch.tensor([[now]], dtype=torch.float64).log().requires_grad_()
    before_BT, advantages_BT = (
        torch.tensor([[before]], dtype=torch.float64).log(),
        torch.tensor([[advantage]], dtype=torch.float64),
    )
    experience = make_experience([[1.0]], old_logprobs_BT=before_BT, sampler_logprobs_BT=before_BT)
    scores = TokenScores(logprobs_BT)
    terms = loss(TokenRatio()(scores, experience), advantages_BT, scores, experience)
    return terms.loss_BT.item(), torch.autograd.grad(terms.loss_BT.sum(), logprobs_BT)[0].item()


def test_dro_by_hand():
    # d = log(.5 / .25) = .6931; 2 x .6931 + .5 / 2 x .4805 = 1.5064; gradient -2 + .5 x .6931
    found = one_token(TetheredLikelihood(0.5), 0.5, 0.25, 2.0)
    assert found == (pytest.approx(2 * math.log(2) + 0.25 * math.log(2) ** 2), pytest.approx(-2 + 0.5 * math.log(2)))


def test_dros_square_pulls_tokens_of_advantage_0_back():
    assert one_token(TetheredLikelihood(1.0), 0.5, 0.25, 0.0)[1] == pytest.approx(math.log(2))
    correct_B = torch.zeros(12, dtype=torch.bool)
    problem = LossProblem.random(1)
    problem.experience.rewards_B, problem.experience.correct_B = correct_B.double(), correct_B
    assert not dro(0.1).idle(problem.experience).any() and drpo().idle(problem.experience).all()
    assert problem.loss_and_gradient(dro(0.1))[1].abs().max() > 1e-4


def test_dro_without_a_tether_is_the_likelihood():
    problem = LossProblem.random(0)
    likelihood = problem.loss_and_gradient(with_parts(grpo(token_mean=True), token_loss=Likelihood()))[1]
    torch.testing.assert_close(problem.loss_and_gradient(dro(1e-12))[1], likelihood, rtol=0, atol=1e-11)


@pytest.mark.parametrize("beta", [0.0, -1.0])
def test_a_beta_that_is_not_above_0_is_refused(beta):
    with pytest.raises(InputError, match=rf"beta is {beta}; allowed: above 0. Without a tether write Likelihood"):
        dro(beta)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(-2, 2), st.floats(0.05, 20))
def test_drpos_gradient_is_weighed_by_the_shift_over_delta(now, before, advantage, delta):
    ratio = now / before
    weight = 1 - math.copysign(1, advantage * (now - before)) * abs(now - before) / delta
    found = one_token(QuadraticSurrogate(delta), now, before, advantage)[1]
    assert found == pytest.approx(-advantage * ratio * weight, rel=1e-9, abs=1e-9)


def test_drpo_turns_back_beyond_a_shift_of_delta_which_the_published_one_never_reaches():
    assert one_token(QuadraticSurrogate(0.15), 0.5, 0.3, 1.0)[1] > 0  # risen by 0.2: down again
    assert one_token(QuadraticSurrogate(0.15), 0.4, 0.3, 1.0)[1] < 0
    extreme = one_token(QuadraticSurrogate(12.5), 0.999, 0.001, 1.0)[1]
    assert extreme / -999 == pytest.approx(1 - 0.998 / 12.5)  # 0.92


def test_spo_measures_the_ratio_and_not_the_shift():
    # (1.25 - 1) / .5 = .5 of -A r
    assert one_token(QuadraticSurrogate(0.5, by_probability=False), 0.5, 0.4, 1.0)[1] == pytest.approx(-1.25 * 0.5)
    with pytest.raises(InputError, match=r"delta is 0\.0; allowed: above 0 \(published: 12\.5\), infinity for no square"):
        drpo(0.0)

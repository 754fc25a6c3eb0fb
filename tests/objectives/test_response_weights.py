import math

import pytest
import torch

from asym_lit.objectives import Objective, corrected, gmpo, grpo, gspo, luspo, vespo, with_parts
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.combined_corrections import GeometricMean
from asym_lit.objectives.corrections import NoCorrection, SequenceTruncated, TokenMask, TokenTruncated, truncated
from asym_lit.objectives.response_weights import GammaWeight, GeometricMeanRatio
from asym_lit.types import InputError, Needs, TokenScores
from fakes import LossProblem, make_experience


def response(gaps, advantage, **changes):
    """Log-probs with gradient, and an experience of one response that has moved by these gaps."""
    gaps_BT = torch.tensor([gaps], dtype=torch.float64)
    logprobs_BT = (gaps_BT - 1).requires_grad_()
    old_BT = torch.full_like(gaps_BT, -1.0)
    experience = make_experience(
        torch.ones_like(gaps_BT), old_logprobs_BT=old_BT, advantages_BT=torch.full_like(gaps_BT, advantage), **changes
    )
    return logprobs_BT, experience


def test_the_geometric_mean_by_hand():
    logprobs_BT, experience = response([0.6, -0.2], 2.0)
    ratio_BT = GeometricMeanRatio()(TokenScores(logprobs_BT), experience)
    # (.4 - .2) / 2 = .1; the first token is clipped, shifts the mean by its bound, and has no gradient.
    assert ratio_BT.tolist() == [[pytest.approx(math.exp(0.1))] * 2]
    (gradient_BT,) = torch.autograd.grad(-(2.0 * ratio_BT).mean(), logprobs_BT)
    assert gradient_BT.tolist() == [[0.0, pytest.approx(-2.0 * math.exp(0.1) / 2)]]


@pytest.mark.parametrize(
    ("advantage", "mean"),
    [
        (1.0, (0.4 - 0.9 + 0.1) / 3),  # what falls is not bounded
        (-1.0, (0.9 - 0.4 + 0.1) / 3),  # what rises is not
        (0.0, 0.0),
    ],
)
def test_which_log_ratios_are_clipped_hangs_on_the_sign_of_the_advantage(advantage, mean):
    logprobs_BT, experience = response([0.9, -0.9, 0.1], advantage)
    assert GeometricMeanRatio()(TokenScores(logprobs_BT), experience)[0, 0].item() == pytest.approx(math.exp(mean))


def test_the_tokens_that_a_clip_of_log_ratios_cut_are_counted():
    for advantage, low, high in ((1.0, 0, 1), (-1.0, 1, 0), (0.0, 0, 0)):
        logprobs_BT, experience = response([0.9, -0.9, 0.1], advantage)
        terms = gmpo().loss(TokenScores(logprobs_BT), experience, GlobalCounts(3, 1))
        assert (terms.sums["ratio/clipped_low"], terms.sums["ratio/clipped_high"]) == (low, high)
        (gradient_BT,) = torch.autograd.grad(terms.loss, logprobs_BT)
        assert (gradient_BT == 0).sum() == (low + high if advantage else 3)


def test_padding_has_ratio_1_and_a_bound_below_0_is_refused():
    experience = make_experience([[1.0, 0.0]], advantages_BT=torch.tensor([[1.0, 0.0]]).double())
    assert GeometricMeanRatio()(TokenScores(torch.full((1, 2), -1.0).double()), experience)[0, 1] == 1
    with pytest.raises(InputError, match=r"low is -0\.4 .*allowed: 0 or more, of the log-ratio \(published: 0\.4\)"):
        gmpo(-0.4)


def test_responses_of_one_length_make_luspo_that_many_times_gspo():
    problem = LossProblem.random(0)
    problem.experience.mask_BT = torch.ones_like(problem.experience.mask_BT)
    six, one = problem.loss_and_gradient(luspo(0.2, 0.3)), problem.loss_and_gradient(gspo(0.2, 0.3))
    torch.testing.assert_close(six[0], 6 * one[0])
    torch.testing.assert_close(six[1], 6 * one[1])


@pytest.mark.parametrize(
    ("product", "right", "wrong"),
    [  # W^2 e^(3 (1 - W)) and W^3 e^(2 (1 - W))
        (0.5, 1.1204, 0.3398),
        (0.8, 1.1662, 0.7638),
        (1.0, 1.0, 1.0),
        (1.2, 0.7903, 1.1583),
        (2.0, 0.1991, 1.0827),
        (4.0, 0.0020, 0.1586),
    ],
)
def test_the_gamma_weight_of_a_response(product, right, wrong):
    gap = math.log(product) / 2  # two tokens
    for advantage, expected in ((1.0, right), (0.0, right), (-1.0, wrong)):
        logprobs_BT, experience = response([gap, gap], advantage)
        weight_BT = GammaWeight()(TokenScores(logprobs_BT), experience)
        assert weight_BT.tolist() == [[pytest.approx(expected, abs=1e-4)] * 2]
        assert not weight_BT.requires_grad


def test_with_k_1_and_lambda_0_the_gamma_weight_is_the_product():
    logprobs_BT, experience = response([0.3, -0.7, 0.1], 1.0)
    found = GammaWeight(1.0, 0.0, 1.0, 0.0)(TokenScores(logprobs_BT), experience)
    assert found.tolist() == [[pytest.approx(math.exp(-0.3))] * 3]
    with pytest.raises(InputError, match=r"lambda_wrong is -1\.0; allowed: 0 or more \(published: 2, 3, 3, 2\)"):
        vespo(lambda_wrong=-1.0)


def test_vespo_takes_a_correction_into_its_weight_and_not_beside_the_loss():
    objective = corrected(vespo(), TokenTruncated(2.0))
    assert objective.correction == NoCorrection() and objective.ratio.correction == TokenTruncated(2.0)
    assert vespo().rollout_needs == Needs() and objective.rollout_needs == Needs(rollout_scores=True)
    # Engine log-probs of -1.2 and -2.4 against -1: weights e^.2 and, cut, 2.
    sampler_BT = torch.tensor([[-1.2, -2.4]], dtype=torch.float64)
    logprobs_BT, experience = response([0.1, 0.2], 1.0, sampler_logprobs_BT=sampler_BT)
    product = math.exp(0.3 + 0.2) * 2
    expected = product**2 * math.exp(3 * (1 - product))
    assert objective.ratio(TokenScores(logprobs_BT), experience)[0, 0].item() == pytest.approx(expected)
    whole = GammaWeight(correction=SequenceTruncated(1.5))(TokenScores(logprobs_BT), experience)
    product = math.exp(0.3) * 1.5
    assert whole[0, 0].item() == pytest.approx(product**2 * math.exp(3 * (1 - product)))
    with pytest.raises(InputError, match=r"beside a GammaWeight takes the correction into its weight.*corrected\(vespo\(\)"):
        Objective(ratio=GammaWeight(), correction=TokenTruncated())


def test_the_geometric_mean_of_token_weights_by_hand():
    sampler_BT = torch.tensor([[-1.2, -2.4, -9.0]], dtype=torch.float64)
    experience = make_experience(
        [[1.0, 1.0, 0.0]], old_logprobs_BT=torch.full((1, 3), -1.0).double(), sampler_logprobs_BT=sampler_BT
    )
    part = GeometricMean(TokenTruncated(2.0))
    weights = part.weights(experience)
    assert weights.tolist() == [[pytest.approx(math.sqrt(math.exp(0.2) * 2))]]
    assert truncated(weights, experience, part).tolist() == [[True]]  # uncut: e^.8
    assert truncated(GeometricMean(TokenTruncated(9.0)).weights(experience), experience, part).tolist() == [[False]]
    assert GeometricMean(TokenMask(0.5, 2.0)).weights(experience).tolist() == [[0.0]]  # one token dropped: all
    assert GeometricMean(NoCorrection()).weights(experience) is None
    assert part.needs == Needs(rollout_scores=True)


def test_without_a_gap_a_geometric_mean_weighs_nothing_and_counts_nothing_as_cut():
    problem = LossProblem.random(0)
    plain, weighed = (problem.terms(o, problem.logits_BTV) for o in (gmpo(), corrected(gmpo(), GeometricMean())))
    torch.testing.assert_close(plain.loss, weighed.loss)
    assert weighed.sums["correction/truncated"] == weighed.sums["correction/dropped"] == 0


def test_parts_are_put_in_the_place_of_the_bases_or_after_them():
    made = with_parts(grpo(kl=0.1), ratio=GeometricMeanRatio(), reweights=[], token_reweights=[])
    assert made.ratio == GeometricMeanRatio() and made.regularizers == grpo(kl=0.1).regularizers
    twice = with_parts(made, regularizers=made.regularizers)
    assert twice.regularizers == (*made.regularizers, *made.regularizers)

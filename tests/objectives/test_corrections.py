import math

import pytest
import torch

from asym_lit.objectives import corrected, grpo
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.corrections import (
    NoCorrection,
    SequenceMask,
    SequenceTruncated,
    TokenMask,
    TokenTruncated,
    mismatch_sums,
)
from asym_lit.types import TokenScores
from fakes import make_experience


def experience_of(*rho):
    """Responses with these ratios of trainer to sampler; 0 is padding."""
    rho_BT = torch.tensor(rho, dtype=torch.float64)
    mask_BT = (rho_BT > 0).double()
    log_BT = torch.where(rho_BT > 0, rho_BT.clamp(min=1e-9).log(), 0.0)
    return make_experience(mask_BT, old_logprobs_BT=log_BT - 1, sampler_logprobs_BT=-torch.ones_like(log_BT))


@pytest.mark.parametrize(
    ("correction", "expected"),
    [
        (TokenTruncated(2.0), [[2.0, 0.6], [1.0, 1.0]]),
        (TokenMask(0.5, 2.0), [[0.0, 0.6], [1.0, 1.0]]),
        (SequenceTruncated(1.4), [[1.4], [1.0]]),  # 3 * 0.6 = 1.8
        (SequenceMask(3.0), [[1.8], [1.0]]),
        (SequenceMask(1.2), [[0.0], [1.0]]),
        (SequenceMask(3.0, low=1.2), [[1.8], [0.0]]),
    ],
)
def test_weights_of_two_responses(correction, expected):
    found = correction.weights(experience_of([3.0, 0.6], [1.0, 0]))
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_no_correction_is_no_weight_at_all():
    assert NoCorrection().weights(experience_of([3.0, 0.5])) is None


def test_weights_carry_no_gradient_and_multiply_the_loss_outside_of_its_clip():
    experience = experience_of([3.0, 0.5])
    experience.advantages_BT = torch.ones(1, 2, dtype=torch.float64)
    losses = []
    for objective in (grpo(), corrected(grpo(), TokenTruncated(2.0))):
        logprobs_BT = experience.old_logprobs_BT.clone().requires_grad_()
        terms = objective.loss(TokenScores(logprobs_BT), experience, GlobalCounts(2, 1))
        (gradient,) = torch.autograd.grad(terms.loss, logprobs_BT)
        losses.append((terms, gradient))
    torch.testing.assert_close(losses[1][1], losses[0][1] * torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    assert losses[1][0].sums["correction/weight"] == 2.5
    assert losses[1][0].sums["correction/dropped"] == 0
    assert losses[1][0].sums["correction/truncated"] == 1


@pytest.mark.parametrize(
    ("correction", "cut", "dropped"),
    [(SequenceTruncated(1.4), 2, 0), (SequenceMask(1.2), 0, 2), (TokenMask(0.55, 2.0), 0, 1)],
)
def test_the_shares_of_truncated_and_dropped_tokens_are_told(correction, cut, dropped):
    experience = experience_of([3.0, 0.6], [1.0, 0])
    experience.advantages_BT = torch.ones(2, 2, dtype=torch.float64)
    scores = TokenScores(experience.old_logprobs_BT)
    sums = corrected(grpo(), correction).loss(scores, experience, GlobalCounts(3, 2)).sums
    assert (sums["correction/truncated"], sums["correction/dropped"]) == (cut, dropped)


def test_the_gap_is_told_in_kl_and_effective_samples():
    experience = experience_of([2.0, 0.5])
    found = {name: total / count for name, (total, count) in mismatch_sums(experience, experience.mask_BT).items()}
    assert found["mismatch/kl_k1"] == pytest.approx(0)  # -(log 2 - log 2) / 2
    assert found["mismatch/kl_k3"] == pytest.approx((2 - 1 - math.log(2) + 0.5 - 1 + math.log(2)) / 2)
    assert found["mismatch/ess"] == pytest.approx(2.5**2 / 4.25 / 2)  # (sum w)^2 / sum w^2, over 2 tokens


@pytest.mark.parametrize("make", [lambda: TokenTruncated(0), lambda: TokenMask(2, 1), lambda: SequenceMask(3, low=-1)])
def test_bounds_that_are_none_are_refused(make):
    with pytest.raises(ValueError, match="allowed: 0 <= low < high"):
        make()

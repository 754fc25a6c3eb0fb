import pytest
import torch

from asym_lit.objectives.token_losses import ClippedSurrogate
from asym_lit.types import InputError, TokenScores
from fakes import make_experience


def surrogate(ratio, advantage, **clip):
    """Loss, its gradient by the ratio, and whether it was clipped low and high."""
    ratio_BT = torch.tensor([[ratio]], dtype=torch.float64, requires_grad=True)
    advantages_BT = torch.tensor([[advantage]], dtype=torch.float64)
    experience = make_experience(torch.ones(1, 1))
    terms = ClippedSurrogate(**clip)(ratio_BT, advantages_BT, TokenScores(ratio_BT), experience)
    (gradient,) = torch.autograd.grad(terms.loss_BT.sum(), ratio_BT)
    return terms.loss_BT.item(), gradient.item(), terms.clipped_low_BT.item(), terms.clipped_high_BT.item()


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "gradient", "low", "high"),
    [
        (1.1, 2.0, -2.2, -2.0, False, False),  # -(1.1 * 2), inside
        (1.3, 2.0, -2.4, 0.0, False, True),  # -(1.2 * 2), pushed up far enough
        (0.7, 2.0, -1.4, -2.0, False, False),  # -(0.7 * 2), must come back up
        (0.9, -2.0, 1.8, 2.0, False, False),  # inside
        (0.7, -2.0, 1.6, 0.0, True, False),  # -(0.8 * -2), pushed down far enough
        (1.3, -2.0, 2.6, 2.0, False, False),  # -(1.3 * -2), must come back down
        (1.3, 0.0, 0.0, 0.0, False, False),  # nothing to push
    ],
)
def test_the_clip_ends_a_push_away_from_the_old_policy_and_never_a_way_back(ratio, advantage, loss, gradient, low, high):
    found = surrogate(ratio, advantage, clip_low=0.2, clip_high=0.2)
    assert found == (pytest.approx(loss), pytest.approx(gradient), low, high)


def test_a_higher_upper_clip_moves_only_the_upper_edge():
    assert surrogate(1.25, 1.0, clip_low=0.2, clip_high=0.28)[:2] == (pytest.approx(-1.25), -1.0)
    assert surrogate(1.3, 1.0, clip_low=0.2, clip_high=0.28)[:2] == (pytest.approx(-1.28), 0.0)
    assert surrogate(0.75, -1.0, clip_low=0.2, clip_high=0.28)[:2] == (pytest.approx(0.8), 0.0)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0, 7.0])
@pytest.mark.parametrize("advantage", [-1.5, 1.5])
def test_an_endless_trust_region_is_the_plain_surrogate(ratio, advantage):
    loss, gradient, low, high = surrogate(ratio, advantage, clip_low=1.0, clip_high=float("inf"))
    assert (loss, gradient, low, high) == (-ratio * advantage, -advantage, False, False)


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        ({"clip_low": -0.1}, r"clip_low is -0\.1; allowed: 0 to 1 \(published: 0\.2\)"),
        ({"clip_low": 1.1}, r"clip_low is 1\.1"),
        ({"clip_high": -0.1}, r"clip_high is -0\.1; allowed: 0 or more \(published: 0\.2, DAPO 0\.28\)"),
    ],
)
def test_a_trust_region_that_does_not_hold_1_is_refused(clip, words):
    with pytest.raises(InputError, match=words):
        ClippedSurrogate(**clip)

import math

import pytest
import torch

from asym_lit.objectives.trust_regions import BinaryKL, RatioBand, TotalVariation, TwoSidedVariation
from asym_lit.types import InputError


def kept(region, now, before, advantage, dtype=torch.float64):
    """Whether a token of these probabilities keeps its gradient."""
    logprobs_BT, anchor_BT = (torch.tensor([[p]], dtype=dtype).log() for p in (now, before))
    return region(logprobs_BT, anchor_BT, torch.tensor([[advantage]], dtype=dtype)).item()


@pytest.mark.parametrize(
    ("now", "before", "advantage", "keeps"),
    [
        (0.5, 0.3, 1.0, False),  # risen by 0.2, and pushed further up
        (0.5, 0.3, -1.0, True),  # risen by 0.2, and pushed back
        (0.3, 0.5, -1.0, False),  # fallen by 0.2, and pushed further down
        (0.3, 0.5, 1.0, True),
        (0.4, 0.3, 1.0, True),  # inside
        (0.9, 0.8, 1.0, True),  # the ratio of 1.125 does not matter
        (1e-9, 0.1, -1.0, True),  # a token below the threshold is never masked on its way down, at ratio 1e-8
        (0.1, 1e-9, 1.0, True),  # nor here on its way up, at ratio 1e8: the cap of the loss must hold it
    ],
)
def test_total_variation_masks_what_has_shifted_far_and_is_pushed_further(now, before, advantage, keeps):
    assert kept(TotalVariation(0.15, 0.15), now, before, advantage) == keeps


def test_each_side_has_its_threshold():
    region = TotalVariation(low=0.05, high=0.3)
    assert kept(region, 0.5, 0.3, 1.0) and not kept(region, 0.3, 0.4, -1.0)


@pytest.mark.parametrize(("now", "before"), [(0.5, 0.3), (0.3, 0.5)])
@pytest.mark.parametrize("advantage", [1.0, 0.0, -1.0])
def test_two_sided_variation_masks_whatever_the_advantage(now, before, advantage):
    assert not kept(TwoSidedVariation(), now, before, advantage)
    assert kept(TwoSidedVariation(0.1, 0.3), now, before, advantage) == (now > before)
    assert kept(TwoSidedVariation(0.3, 0.3), now, before, advantage)


@pytest.mark.parametrize(
    ("now", "before", "advantage", "keeps"),
    [
        # .5 log(.5/.8) + .5 log(.5/.2) = .5 (-.4700 + .9163) = .2231 nats
        (0.8, 0.5, 1.0, False),
        (0.8, 0.5, -1.0, True),  # on its way back
        (0.2, 0.5, -1.0, False),
        (0.2, 0.5, 1.0, True),
        (0.5, 0.6, -1.0, True),  # .6 log 1.2 + .4 log .8 = .0201, inside
    ],
)
def test_the_kl_of_two_outcomes_masks_what_is_pushed_further_away(now, before, advantage, keeps):
    assert kept(BinaryKL(0.05, 0.05), now, before, advantage) == keeps
    assert kept(BinaryKL(0.23, 0.23), now, before, advantage)


def test_a_certain_token_is_kept_in_any_precision():
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        assert kept(BinaryKL(), 1.0, 1.0, 1.0, dtype) and kept(BinaryKL(), 1.0, 1.0, -1.0, dtype)
    # float32 log-softmax gives a certain token up to +6e-8: 1 - p + 1e-8 would be below 0, its log NaN, and NaN <= high no.
    over_BT, anchor_BT = torch.tensor([[6e-8]]), torch.tensor([[math.log(0.97)]])
    assert BinaryKL(1.0, 1.0)(over_BT, anchor_BT, torch.ones(1, 1)).item()


def test_bfloat16_log_probs_are_compared_in_float32():
    # In bfloat16 both probabilities round to 1 and nothing would seem to have moved.
    assert not kept(TotalVariation(0.0005, 0.0005), 0.9995, 0.998, 1.0, torch.bfloat16)


def test_a_band_of_ratios_masks_on_both_sides_whatever_the_advantage():
    band = RatioBand(0.5, 1.0)
    assert [kept(band, 0.25 * ratio, 0.25, 1.0) for ratio in (0.49, 0.51, 1.0, 1.99, 2.01)] == [False, True, True, True, False]
    assert [kept(band, 0.25 * ratio, 0.25, -1.0) for ratio in (0.49, 0.51, 2.01)] == [False, True, False]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TotalVariation(0.15, 2.0), r"low is 0\.15 and high is 2\.0; allowed: 0 to 1, shifts of the probability"),
        (lambda: TwoSidedVariation(-0.1, 0.1), r"low is -0\.1 .*allowed: 0 to 1"),
        (lambda: BinaryKL(-0.05, 0.05), r"low is -0\.05 .*allowed: 0 or more, in nats \(published: 0\.05\)"),
        (lambda: RatioBand(0.0, 0.28), r"low is 0\.0 .*allowed: low above 0 to 1"),
    ],
)
def test_a_region_that_is_none_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()

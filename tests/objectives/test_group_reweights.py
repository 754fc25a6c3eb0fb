import math

import pytest
import torch

from asym_lit.objectives.group_reweights import (
    DifferentialSmoothing,
    FocalWeight,
    GroupDifficulty,
    MixedGroupsOnly,
    UniformCorrect,
    Whitened,
    success_rate,
)
from asym_lit.types import Collectives
from fakes import make_experience


def two_groups(**changes):
    """One right in four, then three right in four; one token each."""
    right = torch.tensor([True, False, False, False, True, True, True, False])
    return make_experience([[1.0]] * 8, correct_B=right, rewards_B=right.double(), group_size=4, **changes)


def centred():
    return torch.tensor([[0.75], [-0.25], [-0.25], [-0.25], [0.25], [0.25], [0.25], [-0.75]], dtype=torch.float64)


def test_the_success_rate_is_that_of_the_valid_members():
    experience = two_groups()
    assert success_rate(experience).tolist() == [0.25] * 4 + [0.75] * 4
    experience.valid_B[1] = False
    assert success_rate(experience)[0] == pytest.approx(1 / 3)


def test_the_focal_weight_of_the_group_oracle():
    # F-GRPO with gamma 1 multiplies by 1 - p: 0.75 and 0.25.
    found = FocalWeight(1.0)(centred(), two_groups()) / centred()
    assert found.squeeze(-1).tolist() == pytest.approx([0.75] * 4 + [0.25] * 4)


@pytest.mark.parametrize(("variant", "easy"), [("paper", math.sqrt(1 - 0.25)), ("code", 1 - math.sqrt(0.25))])
def test_group_difficulty_in_both_variants(variant, easy):
    # w = (0.25 + 0.75) / 2 = 0.5. Wrong responses of the first group: half of w / sqrt(p) + (1 - w) / d.
    found = GroupDifficulty(1.0, variant)(centred(), two_groups()) / centred()
    factor = 0.5 * (0.5 / math.sqrt(0.25) + 0.5 / easy)
    assert found[1, 0] == pytest.approx(factor)
    assert found[0, 0] == pytest.approx(0.5 * factor)  # right: also min(1, w / alpha)


def test_group_difficulty_leaves_uniform_groups_at_zero():
    experience = make_experience([[1.0]] * 4, group_size=2, correct_B=torch.tensor([True, True, False, False]))
    assert GroupDifficulty()(torch.zeros(4, 1, dtype=torch.float64), experience).tolist() == [[0.0]] * 4


def test_rare_right_answers_get_more_of_an_unchanged_credit():
    old_BT = torch.tensor([[-1.0], [-1], [-1], [-1], [-3], [-1], [-2], [-1]], dtype=torch.float64)
    found = UniformCorrect(0.5)(centred(), two_groups(old_logprobs_BT=old_BT)).squeeze(-1)
    assert found[4] > found[6] > found[5]
    assert float(found[4:7].sum()) == pytest.approx(0.75)  # three times 0.25, as before
    v = [math.exp(3), math.exp(1), math.exp(2)]
    assert found[4] == pytest.approx(0.25 * 3 * (0.5 / 3 + 0.5 * v[0] / sum(v)))
    assert found[7] == -0.75 and found[0] == 0.75


def test_smoothing_raises_rare_right_answers_and_sinks_likely_wrong_ones():
    old_BT = torch.tensor([[-4.0, -2.0], [-1.0, 0.0]], dtype=torch.float64)
    experience = make_experience([[1.0, 1.0], [1.0, 0.0]], correct_B=torch.tensor([True, False]), old_logprobs_BT=old_BT)
    zero = torch.zeros(2, 2, dtype=torch.float64)
    by_sum = DifferentialSmoothing(0.1, 0.2)(zero, experience)
    assert by_sum.tolist() == [[pytest.approx(0.6)] * 2, [pytest.approx(-0.2), 0.0]]  # 0.1 * 6; 0.2 * -1
    by_token = DifferentialSmoothing(0.1, 0.2, per_token=True)(zero, experience)
    assert by_token[0, 0] == pytest.approx(0.3)


def test_whitened_advantages_have_mean_0_and_unbiased_variance_1_over_tokens():
    mask = [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
    experience = make_experience(mask)
    raw = torch.tensor([[1.0], [0.0], [3.0]], dtype=torch.float64) * experience.mask_BT
    found = Whitened()(raw, experience)[experience.mask_BT.bool()]
    assert float(found.mean()) == pytest.approx(0, abs=1e-12)
    assert float(found.var()) == pytest.approx(1, abs=1e-6)


def test_whitening_over_two_ranks_is_whitening_of_the_whole():
    experience = make_experience([[1.0]] * 4)
    raw = torch.tensor([[1.0], [0.0], [4.0], [-2.0]], dtype=torch.float64)
    whole = Whitened()(raw, experience)
    halves = [slice(0, 2), slice(2, 4)]
    # What the other rank would add to each sum, in the order the sums are asked for.
    mean = float(raw.mean())
    for mine, other in ((halves[0], halves[1]), (halves[1], halves[0])):
        theirs = iter([torch.tensor([float(raw[other].sum()), 2.0]), (raw[other] - mean).square().sum()[None]])
        part = make_experience([[1.0]] * 2, collectives=Collectives(sum=lambda values, t=theirs: values + next(t)))
        torch.testing.assert_close(Whitened()(raw[mine], part), whole[mine])


def test_only_mixed_groups_teach_and_the_rescaled_ones_keep_the_size_of_the_step():
    right = torch.tensor([True, True, True, False])
    experience = make_experience([[1.0]] * 4, correct_B=right, group_size=2)
    ones = torch.ones(4, 1, dtype=torch.float64)
    assert MixedGroupsOnly()(ones, experience).squeeze(-1).tolist() == [0, 0, 1, 1]
    assert MixedGroupsOnly(rescale=True)(ones, experience).squeeze(-1).tolist() == [0, 0, 2, 2]  # 4 rollouts / 2 mixed


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda: UniformCorrect(1.5), "tau is 1.5; allowed: 0"), (lambda: GroupDifficulty(0), "alpha is 0; allowed: above 0")],
)
def test_a_strength_out_of_range_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()

import pytest
import torch

from asym_lit.objectives.rewards import DropUniform, KeepAll, SoftOverlongPenalty
from asym_lit.types import Experience, InputError
from fakes import make_experience


def of_lengths(*lengths: int) -> Experience:
    """Responses of these lengths, with rewards of 1."""
    return make_experience((torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).float())


def test_the_overlong_penalty_grows_linearly_over_the_buffer():
    shaper = SoftOverlongPenalty(max_tokens=20, buffer=8)
    # (20 - 8 - length) / 8, at most 0: 0, 0, -2/8, -4/8, -8/8.
    assert shaper(torch.ones(5), of_lengths(1, 12, 14, 16, 20)).tolist() == [1.0, 1.0, 0.75, 0.5, 0.0]


def test_the_overlong_penalty_of_dapo_at_its_published_lengths():
    shaper = SoftOverlongPenalty(max_tokens=20480, buffer=4096)
    # Nothing up to 16384; half of the buffer at 18432.
    assert shaper(torch.zeros(3), of_lengths(16384, 18432, 20480)).tolist() == [0.0, -0.5, -1.0]


def test_the_factor_scales_the_overlong_penalty_and_0_switches_it_off():
    rewards_B, lengths = torch.tensor([1.0, 0.0]), of_lengths(20, 16)
    assert SoftOverlongPenalty(20, 8, factor=2.0)(rewards_B, lengths).tolist() == [-1.0, -1.0]  # 1 - 2 * 1, 0 - 2 * .5
    assert SoftOverlongPenalty(20, 8, factor=0.0)(rewards_B, lengths).tolist() == rewards_B.tolist()


@pytest.mark.parametrize("buffer", [0, -1, 21])
def test_an_overlong_buffer_that_does_not_fit_the_limit_is_refused(buffer):
    with pytest.raises(InputError, match=rf"overlong buffer is {buffer} with max_tokens 20; allowed: 1 to max_tokens"):
        SoftOverlongPenalty(max_tokens=20, buffer=buffer)


CORRECT_PG = torch.tensor([[True, True], [False, False], [True, False], [True, False], [False, False], [False, False]])
VALID_PG = torch.tensor([[True, True], [True, True], [True, True], [True, False], [True, False], [False, False]])


def test_keep_all_drops_only_groups_without_a_verdict():
    assert KeepAll()(CORRECT_PG, VALID_PG).tolist() == [True, True, True, True, True, False]


def test_drop_uniform_keeps_groups_with_a_right_and_a_wrong_verdict():
    # The fourth group is one right and one undecided rollout: uniform as far as is known.
    assert DropUniform()(CORRECT_PG, VALID_PG).tolist() == [False, False, True, False, False, False]


def test_only_dropping_filters_ask_for_more_draws():
    assert KeepAll().max_draws == 1
    assert DropUniform().max_draws == 10
    assert DropUniform(max_draws=3).max_draws == 3


def test_dropping_without_any_draw_is_refused():
    with pytest.raises(InputError, match=r"max_draws is 0; allowed: 1 \(drop without redrawing\) or more"):
        DropUniform(max_draws=0)

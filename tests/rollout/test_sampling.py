import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.rollout.sampling import draw, sampling_logprobs
from asym_lit.types import Sampling, Schedule

PROBS_BV = torch.tensor([[0.1, 0.4, 0.2, 0.3]], dtype=torch.float64)


def probs(**settings):
    return sampling_logprobs(PROBS_BV.log(), Sampling(**settings)).exp()[0].tolist()


def test_without_filters_it_is_the_policys_own_distribution():
    assert probs(top_p=1.0, top_k=0, temperature=1.0) == pytest.approx([0.1, 0.4, 0.2, 0.3])


def test_the_temperature_divides_the_logits():
    # Squares at temperature 1/2: .01 .16 .04 .09 over .3
    assert probs(temperature=0.5) == pytest.approx([1 / 30, 16 / 30, 4 / 30, 9 / 30])


@pytest.mark.parametrize(
    ("top_k", "expected"),
    [
        (1, [0, 1, 0, 0]),
        (2, [0, 4 / 7, 0, 3 / 7]),
        (4, [0.1, 0.4, 0.2, 0.3]),
        (99, [0.1, 0.4, 0.2, 0.3]),
    ],
)
def test_top_k_keeps_the_likeliest_tokens_and_renormalises(top_k, expected):
    assert probs(top_k=top_k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [
        (0.01, [0, 1, 0, 0]),  # the likeliest always stays
        (0.39, [0, 1, 0, 0]),
        (0.41, [0, 4 / 7, 0, 3 / 7]),  # .4 is not enough
        (0.75, [0, 4 / 9, 2 / 9, 3 / 9]),  # nor is .4 + .3
        (0.95, [0.1, 0.4, 0.2, 0.3]),
    ],
)
def test_top_p_keeps_the_smallest_set_with_that_much_probability(top_p, expected):
    assert probs(top_p=top_p) == pytest.approx(expected)


def test_top_p_acts_on_what_top_k_and_the_temperature_left():
    # top_k 3 leaves .4 .2 .3 over .9: .444 and .333 make .777, above .75, so .222 goes.
    assert probs(top_k=3, top_p=0.75) == pytest.approx([0, 4 / 7, 0, 3 / 7])
    # Squares 1 16 4 9 over 30: .533 alone is above .5.
    assert probs(temperature=0.5, top_p=0.5) == pytest.approx([0, 1, 0, 0])


@pytest.mark.parametrize(
    ("min_p", "expected"),
    [
        (0.0, [0.1, 0.4, 0.2, 0.3]),  # off
        (0.24, [0.1, 0.4, 0.2, 0.3]),  # .24 of .4 is .096
        (0.49, [0, 4 / 9, 2 / 9, 3 / 9]),  # .196
        (0.51, [0, 4 / 7, 0, 3 / 7]),  # .204
        (1.0, [0, 1, 0, 0]),  # the likeliest always stays
    ],
)
def test_min_p_keeps_tokens_with_that_share_of_the_likeliest_ones_probability(min_p, expected):
    assert probs(min_p=min_p) == pytest.approx(expected)


def test_min_p_acts_on_what_the_temperature_left_and_top_p_on_what_min_p_left():
    # Squares 1 16 4 9: .3 of 16 is 4.8, which leaves 16 and 9.
    assert probs(temperature=0.5, min_p=0.3) == pytest.approx([0, 16 / 25, 0, 9 / 25])
    # min_p .51 leaves .4 and .3 over .7: .571 is above .5, which .4 is not.
    assert probs(min_p=0.51, top_p=0.5) == pytest.approx([0, 1, 0, 0])


def test_min_p_of_0_is_the_identity_to_the_last_bit():
    logits_BV = torch.randn(3, 50)
    plain, off = (sampling_logprobs(logits_BV, Sampling(**more)) for more in ({}, {"min_p": 0.0}))
    assert torch.equal(plain, off)


def test_each_row_is_cut_by_its_own_order():
    logits_BV = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.7, 0.1, 0.1, 0.1]]).log()
    kept = sampling_logprobs(logits_BV, Sampling(top_p=0.6)).exp() > 0
    assert kept.tolist() == [[False, True, False, True], [True, False, False, False]]


def test_log_probs_of_a_half_precision_policy_are_made_in_single_precision():
    logits_BV = torch.randn(1, 5000, generator=torch.Generator().manual_seed(0)).bfloat16()
    logprobs_BV = sampling_logprobs(logits_BV, Sampling())
    assert logprobs_BV.dtype == torch.float32
    assert logprobs_BV.exp().sum().item() == pytest.approx(1, abs=1e-5)  # bf16 would be off by 1e-2


def test_drawing_inverts_the_cumulative_distribution():
    # Cumulative .1 .5 .7 1; each token owns the stretch up to its own, without the end.
    points = torch.tensor([0.0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.999], dtype=torch.float64)
    assert draw(PROBS_BV.log().expand(8, 4), points).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_evenly_spread_numbers_draw_each_token_by_its_probability():
    points = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    drawn = draw(PROBS_BV.log().expand(1000, 4), points)
    assert torch.bincount(drawn).tolist() == [100, 400, 200, 300]


@given(
    probs=st.lists(st.sampled_from([0.0, 0.0, 1e-30, 1e-3, 0.3, 1.0]), min_size=1, max_size=8).filter(sum),
    point=st.one_of(st.just(0.0), st.floats(0, 1, exclude_max=True), st.just(1 - 2**-24)),
)
def test_a_token_of_probability_zero_is_never_drawn(probs, point):
    logprobs_BV = torch.tensor([probs]).log().log_softmax(-1)
    token = draw(logprobs_BV, torch.tensor([point], dtype=torch.float32)).item()
    assert logprobs_BV[0, token] > -torch.inf


def test_the_same_numbers_draw_the_same_tokens():
    points = torch.rand(50, generator=torch.Generator().manual_seed(0))
    logprobs_BV = torch.randn(50, 9, generator=torch.Generator().manual_seed(1)).log_softmax(-1)
    together = draw(logprobs_BV, points)
    apart = torch.cat([draw(logprobs_BV[i : i + 1], points[i : i + 1]) for i in range(50)])
    assert together.tolist() == apart.tolist()
    assert len(set(together.tolist())) > 3


def test_greedily_the_first_of_the_likeliest_tokens_has_all_the_probability():
    greedy = Sampling(n=7, temperature=0.7, top_p=0.5, top_k=3, min_p=0.2, max_tokens=9, stop_token_ids=(4,)).greedy()
    assert (greedy.n, greedy.temperature, greedy.filters) == (1, 0.0, False)
    assert (greedy.max_tokens, greedy.stop_token_ids) == (9, (4,))
    found_BV = sampling_logprobs(PROBS_BV.log(), greedy)
    assert found_BV.exp()[0].tolist() == [0, 1, 0, 0] and found_BV[0, 1] == 0
    tied_BV = torch.tensor([[0.0, 5.0, 5.0], [-torch.inf, -torch.inf, 1.0]])
    for uniform in (0.0, 0.3, 0.999999):
        assert draw(sampling_logprobs(tied_BV, greedy), torch.full((2,), uniform)).tolist() == [1, 2]


def test_a_temperature_that_is_scheduled_is_that_of_its_step_and_nothing_else_changes():
    sampling = Sampling(n=3, max_tokens=5)
    assert sampling.at(7, None) is sampling
    warm = sampling.at(5, Schedule(1.0, 2.0, 10))
    assert warm.temperature == 1.5 and (warm.n, warm.max_tokens) == (3, 5)

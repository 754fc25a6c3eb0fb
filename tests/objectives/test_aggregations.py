import pytest
import torch

from asym_lit.objectives.aggregations import (
    ConstantLength,
    GlobalCounts,
    PromptMean,
    SequenceMean,
    SequenceSum,
    TokenMean,
    TokenSum,
)
from asym_lit.types import InputError

MASK_BT = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
LOSS_BT = torch.tensor([[1.0, 2.0, 3.0, 4.0], [10.0, 99.0, 99.0, 99.0]], dtype=torch.float64)
COUNTS = GlobalCounts(tokens=5, sequences=2)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (TokenMean(), 4.0),  # (1 + 2 + 3 + 4 + 10) / 5
        (SequenceMean(), 6.25),  # (10 / 4 + 10 / 1) / 2
        (ConstantLength(8), 1.25),  # (10 + 10) / (2 * 8)
        (SequenceSum(), 10.0),  # (10 + 10) / 2
        (TokenSum(), 20.0),
    ],
    ids=repr,
)
def test_a_loss_of_two_responses_of_unequal_length(aggregation, expected):
    assert (aggregation(MASK_BT, COUNTS) * LOSS_BT).sum().item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("aggregation", [TokenMean(), SequenceMean(), ConstantLength(4), TokenSum()], ids=repr)
def test_padding_weighs_nothing(aggregation):
    weights_BT = aggregation(MASK_BT, COUNTS)
    assert (weights_BT[MASK_BT == 0] == 0).all()
    assert (weights_BT[MASK_BT == 1] > 0).all()


def test_the_counts_are_of_the_mini_batch_and_not_of_the_rows_at_hand():
    # Half of a mini-batch of 10 tokens and 4 responses: (20 / 10), (12.5 / 4), (20 / (4 * 8)).
    counts = GlobalCounts(tokens=10, sequences=4)
    parts = (TokenMean(), SequenceMean(), ConstantLength(8))
    found = [(part(MASK_BT, counts) * LOSS_BT).sum().item() for part in parts]
    assert found == pytest.approx([2.0, 3.125, 0.625], abs=1e-12)


def test_one_length_for_all_responses_makes_all_aggregations_equal():
    mask_BT, counts = torch.ones(3, 4, dtype=torch.float64), GlobalCounts(tokens=12, sequences=3)
    token_BT = TokenMean()(mask_BT, counts)
    torch.testing.assert_close(SequenceMean()(mask_BT, counts), token_BT, rtol=0, atol=1e-15)
    torch.testing.assert_close(ConstantLength(4)(mask_BT, counts), token_BT, rtol=0, atol=1e-15)


@pytest.mark.parametrize("aggregation", [TokenMean(), SequenceMean(), ConstantLength(4)], ids=repr)
def test_an_empty_mini_batch_weighs_zero_and_not_nan(aggregation):
    assert aggregation(torch.zeros(2, 3), GlobalCounts(0, 0)).tolist() == [[0.0] * 3] * 2


def test_a_constant_length_below_one_is_refused():
    with pytest.raises(InputError, match=r"length is 0; allowed: 1 or more, e\.g\. the run's sampling\.max_tokens"):
        ConstantLength(0)


def test_a_mean_over_prompts_by_hand_in_any_cut():
    # Prompts of 5 and 2 tokens: ((1 + 2 + 3 + 4 + 10) / 5 + (6 + 8) / 2) / 2 = (4 + 7) / 2.
    mask_BT = torch.tensor([[1.0, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]]).double()
    loss_BT = torch.tensor([[1.0, 2, 3, 4], [10, 99, 99, 99], [6, 8, 99, 99]]).double()
    tokens_B = torch.tensor([5.0, 5, 2]).double()
    whole = (PromptMean()(mask_BT, GlobalCounts(7, 3, 2, tokens_B)) * loss_BT).sum().item()
    assert whole == pytest.approx(5.5, abs=1e-12)
    parts = [
        (PromptMean()(mask_BT[rows], GlobalCounts(7, 3, 2, tokens_B[rows])) * loss_BT[rows]).sum().item()
        for rows in ([0], [1, 2])
    ]
    assert sum(parts) == pytest.approx(whole, abs=1e-12)


def test_a_mean_over_prompts_is_one_over_tokens_or_over_responses_where_these_are_alike():
    mask_BT = torch.tensor([[1.0, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 0]]).double()
    counts = GlobalCounts(8, 4, 2, torch.full((4,), 4.0).double())
    torch.testing.assert_close(PromptMean()(mask_BT, counts), TokenMean()(mask_BT, counts), rtol=0, atol=1e-15)
    alone = GlobalCounts(8, 4, 4, mask_BT.sum(-1))
    torch.testing.assert_close(PromptMean()(mask_BT, alone), SequenceMean()(mask_BT, alone), rtol=0, atol=1e-15)


def test_prompts_that_were_not_counted_are_refused_and_empty_ones_weigh_nothing():
    with pytest.raises(InputError, match="PromptMean divides by the tokens of each prompt, which were not counted here"):
        PromptMean()(MASK_BT, COUNTS)
    assert PromptMean()(torch.zeros(2, 3), GlobalCounts(0, 0, 0, torch.zeros(2))).tolist() == [[0.0] * 3] * 2

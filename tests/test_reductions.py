import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.reductions import group_statistics, masked_mean, masked_sum, row_quantile

numbers = st.floats(-100, 100, allow_subnormal=False)


def test_a_masked_sum_does_not_see_what_is_masked_not_even_nan_or_infinity():
    values = torch.tensor([[1.0, float("nan")], [2.0, float("inf")]], requires_grad=True)
    mask = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    total = masked_sum(values, mask)
    total.backward()
    assert total.item() == 3.0  # 1 + 2
    assert values.grad.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert masked_sum(values, mask, -1).tolist() == [1.0, 2.0]


def test_a_masked_mean_divides_by_the_number_of_masked_entries_only():
    values = torch.tensor([[1.0, 2.0, 9.0], [4.0, 9.0, 9.0]])
    mask = torch.tensor([[True, True, False], [True, False, False]])
    assert masked_mean(values, mask).item() == pytest.approx(7 / 3)  # (1 + 2 + 4) / 3
    assert masked_mean(values, mask, -1).tolist() == [1.5, 4.0]


def test_the_mean_of_nothing_is_zero():
    values = torch.full((2, 3), float("nan"))
    mask = torch.zeros(2, 3)
    assert masked_mean(values, mask).item() == 0.0
    assert masked_mean(values, mask, -1).tolist() == [0.0, 0.0]


def test_a_row_quantile_lies_between_its_neighbours():
    values_BT = torch.tensor([[4.0, 1.0, 3.0, 2.0, 100.0]])
    mask_BT = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]])
    # Rank 0.8 * 3 = 2.4: between the third (3) and the fourth (4) of 1 2 3 4.
    assert row_quantile(values_BT, mask_BT, 0.8).item() == pytest.approx(3.4)
    assert row_quantile(values_BT, mask_BT, 0.0).item() == 1.0
    assert row_quantile(values_BT, mask_BT, 1.0).item() == 4.0


@given(
    rows=st.lists(st.lists(st.tuples(numbers, st.booleans()), min_size=6, max_size=6), min_size=1, max_size=4),
    q=st.floats(0, 1),
)
def test_a_row_quantile_is_torch_quantile_of_the_masked_entries(rows, q):
    values_BT = torch.tensor([[v for v, _ in row] for row in rows], dtype=torch.float64)
    mask_BT = torch.tensor([[m for _, m in row] for row in rows])
    for found, values, mask in zip(row_quantile(values_BT, mask_BT, q), values_BT, mask_BT, strict=True):
        if mask.any():
            torch.testing.assert_close(found, torch.quantile(values[mask], q), rtol=1e-12, atol=1e-12)
        else:
            assert found == torch.inf


def test_nothing_exceeds_the_quantile_of_an_empty_row():
    threshold_B = row_quantile(torch.tensor([[5.0, 7.0]]), torch.zeros(1, 2), 0.5)
    assert not (torch.tensor([[5.0, 7.0]]) > threshold_B[:, None]).any()


@pytest.mark.parametrize("q", [-0.1, 1.5])
def test_a_quantile_outside_0_to_1_is_refused(q):
    with pytest.raises(ValueError, match=rf"q is {q}; allowed: 0 to 1"):
        row_quantile(torch.zeros(1, 2), torch.ones(1, 2), q)


def test_group_statistics_are_those_of_the_valid_members():
    values_PG = torch.tensor([[1.0, 0.0, 0.0, 99.0]], dtype=torch.float64)
    valid_PG = torch.tensor([[True, True, True, False]])
    group = group_statistics(values_PG, valid_PG)
    assert group.count.tolist() == [[3.0]]
    assert group.mean.item() == pytest.approx(1 / 3)
    # Squares: (2/3)^2 + 2 (1/3)^2 = 2/3; over n - 1 = 2: 1/3.
    assert group.std.item() == pytest.approx((1 / 3) ** 0.5)


def test_a_group_of_one_or_none_has_no_spread():
    values_PG = torch.tensor([[5.0, 7.0], [5.0, 7.0]])
    group = group_statistics(values_PG, torch.tensor([[True, False], [False, False]]))
    assert group.count.tolist() == [[1.0], [0.0]]
    assert group.mean.tolist() == [[5.0], [0.0]]
    assert group.std.tolist() == [[0.0], [0.0]]


@given(value=st.floats(-10, 10, width=32), size=st.integers(1, 17))
def test_a_uniform_group_has_exactly_its_value_as_mean_and_no_spread(value, size):
    values_PG = torch.full((1, size), value)
    group = group_statistics(values_PG, torch.ones(1, size, dtype=torch.bool))
    assert group.mean.item() == values_PG[0, 0].item()
    assert group.std.item() == 0.0


@given(values=st.lists(numbers, min_size=2, max_size=9))
def test_group_statistics_agree_with_torch(values):
    values_PG = torch.tensor([values], dtype=torch.float64)
    group = group_statistics(values_PG, torch.ones_like(values_PG, dtype=torch.bool))
    torch.testing.assert_close(group.mean, values_PG.mean(-1, keepdim=True), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(group.std, values_PG.std(-1, keepdim=True), rtol=1e-9, atol=1e-9)

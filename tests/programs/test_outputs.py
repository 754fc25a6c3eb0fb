"""Outputs by lines and tokens, values as plain data: what is the same, and what is not."""

from __future__ import annotations

import pytest

from asym_lit.programs.outputs import same_output, same_value


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ("5 2\n", "5 2"),
        ("  5   2 \r\n\n", "5 2\n"),
        ("\n\nYES\n", "YES"),
        ("0.3333333\n", "0.33333333"),  # 1e-7 of it
        ("1000001.0", "1000000.5"),  # half of a millionth
        ("1e3", "1000.0"),
        ("0.0000001", "1e-07"),  # as Python prints a float that has no point
        ("100000000000000000000", "1e+20"),
        ("2", "2.0"),
        ("-0.0", "0.0"),
        ("1e-12", "0.000"),
        ("a\n\nb", "a\n\nb"),
        ("", "\n"),
    ],
)
def test_blanks_and_last_digits_of_numbers_with_a_point_mean_nothing(given, gold):
    assert same_output(given, gold)


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ("2 1", "1 2"),
        ("1\n2", "2\n1"),
        ("1 2", "1\n2"),
        ("yes", "YES"),
        ("100001", "100000"),
        ("50000000000000001", "50000000000000000"),  # the same as floats
        ("6.0", "6"),
        ("010", "10"),
        ("10", "0010"),
        ("+5", "5"),
        ("0.33", "0.333333"),
        ("1.00001", "1.0"),
        ("nan", "1.0"),
        ("inf", "1.0"),
        ("1_0.0", "10.0"),
        ("1.2.3", "1.2.4"),
        ("..#.", "..#.."),
        ("٣.0", "3.0"),
        ("a\nb", "a\n\nb"),
        ("5 5", "5"),
        ("", "5"),
        ("1e-5", "0.0"),
        ("2e-07", "1e-07"),
        ("1000", "e"),
        ("1e1", "10"),
    ],
)
def test_order_case_lines_and_other_digits_mean_something(given, gold):
    assert not same_output(given, gold)


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        ([1, [2, "x"], None], [1, [2, "x"], None]),
        ({"a": 1, "b": [2.0000001]}, {"b": [2.0], "a": 1}),
        (2.0, 2),
        (2, 2.0),
        (float("inf"), float("inf")),
        (float("nan"), float("nan")),
        (10**400, 10**400),
    ],
)
def test_plain_data_is_the_same_by_value(given, gold):
    assert same_value(given, gold)


@pytest.mark.parametrize(
    ("given", "gold"),
    [
        (True, 1),
        (1, True),
        ("1", 1),
        ([2, 1], [1, 2]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([], {}),
        (None, False),
        (2.0000001, 2),  # a gold number without a point is met exactly
        (10**400, 1.5),
        (float("nan"), 1.5),
        ("Yes", "yes"),
    ],
)
def test_other_data_is_not(given, gold):
    assert not same_value(given, gold)


def test_an_absolute_error_counts_beside_the_relative_one():
    assert same_value([1.01], [1.0], absolute=0.1) and not same_value([1.01], [1.0])


def test_a_value_that_is_nested_too_deeply_is_another_one():
    deep = 1
    for _ in range(100):
        deep = [deep]
    assert not same_value(deep, deep)

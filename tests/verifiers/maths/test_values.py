from __future__ import annotations

import pytest

from asym_lit.answers.reading import read_expression
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.units import unit_of
from asym_lit.answers.values import equal


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("\\sin(\\pi)", "0", True),  # 1e-61 with 60 digits, 1e-121 with 120: a true zero shrinks
        ("e^{-50}", "0", False),
        ("e^{-200}", "e^{-201}", False),
        ("2025^{3}+\\sqrt2", "2025^3", False),  # 1.7e-10 apart
        ("\\sqrt{10^{20}+1}", "10^{10}", False),
        ("\\frac{1}{1500!}", "\\frac{1}{1501!}", False),
        ("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", True),
        ("n!", "\\Gamma(n+1)", True),
        ("x+10^{-20}", "x", False),
        ("\\log 100", "2", None),  # of base 10, not of base e
        ("\\frac{\\log 8}{\\log 2}", "3", True),  # of either
        ("\\sqrt{x^2}", "x", None),  # where x is not negative
        ("9^{9^{9^9}}", "1", None),
        ("10^{10^{10}}+1", "10^{10^{10}}", None),  # which has more digits than are computed
    ],
)
def test_values_are_told_apart_by_as_many_digits_as_it_takes(one, other, same):
    assert equal(read_expression(one), read_expression(other)) is same
    assert equal(read_expression(other), read_expression(one)) is same


@pytest.mark.parametrize("text", ["2 3", "x2", "2\\frac{9}{7}", "3!!", "F(x)", "1/2/2020", "2 not", "\\frac12 3"])
def test_what_may_be_read_in_two_ways_is_not_read(text):
    with pytest.raises(UnreadableError):
        read_expression(text)


def test_units_are_measured_and_words_are_not_taken_for_them():
    assert unit_of("km/h").size == unit_of("km per hour").size == pytest.approx(1 / 3.6)
    assert (unit_of("square meters").dimension, unit_of("cm^2").size) == ("[length] ** 2", pytest.approx(1e-4))
    assert unit_of("cats").dimension == "count"  # not a hundredth of a technical atmosphere
    assert unit_of("cents").size == 0.01 * unit_of("dollars").size
    assert unit_of("is not the answer") is None

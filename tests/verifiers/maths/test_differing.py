from __future__ import annotations

import pytest

from asym_lit.verifiers.maths.rules.differing import certainly_different


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("3", "4"),
        ("x+1", "x+2"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "(1,2,3)"),
        ("1,2", "1,3"),
        ("(1,2)", "7"),
        ("\\sqrt{2}", "1.5"),
    ],
)
def test_values_that_no_reading_makes_equal_are_different(gold, answer):
    assert certainly_different(gold, answer)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("5\\%", "0.05"),
        ("1:2", "0.5"),
        ("2\\frac{1}{2}", "2.5"),
        ("x=3", "3"),
        ("30^\\circ", "30"),
        ("1, 2", "2, 1"),
        ("(1, 2)", "\\{1, 2\\}"),
        ("\\text{odd}", "even"),
        ("a", "b"),
        ("0.33333", "\\frac{1}{3}"),
        ("\\int_0^1 x dx", "\\frac{1}{2}"),
        ("9^{9^{9^9}}", "1"),
    ],
)
def test_where_there_may_be_another_reading_nothing_is_said(gold, answer):
    assert not certainly_different(gold, answer)

from __future__ import annotations

import pytest

from asym_lit.answers.trust import read_whole
from asym_lit.types import Outcome
from asym_lit.verifiers import Symbolic
from attacks import asked

DROPPED = [
    ("2516_8", "2516"),  # an index behind a number
    ("5 \\text{ cm}", "5"),  # text
    ("0.\\overline{3}", "0"),  # a period
    ("3 1/4", "1"),  # numbers side by side
    ("6.63\\times 10^{-34}", "1.60\\times 10^{-19}"),  # what is smaller than six decimal places
    ("1,1,2", "1,2,2"),  # a list is a set to it
    ("2+3=5", "2+4=6"),  # both are true
    ("1/2/2020", "2/4/2020"),
    ("2-\\frac{1}{2^{2023}}", "2-\\frac{1}{2^{2024}}"),
    ("(1,2)", "\\{1,2\\}"),
    ("P(A)=0.5", "P(B)=0.5"),
    ("\\int_0^1 x^{1000000} dx", "0"),
    ("0,111", "0.111"),
]
"""Pairs of which Math-Verify drops a part, or compares the rest too coarsely."""


@pytest.mark.parametrize(("gold", "answer"), DROPPED)
def test_what_math_verify_drops_is_not_left_to_it(gold, answer):
    assert not read_whole(gold, answer)
    assert not read_whole(answer, gold)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("\\int_0^1 x dx", "\\frac{1}{2}"),
        ("\\sum_{k=1}^{n} k", "\\frac{n(n+1)}{2}"),
        ("\\sqrt{x^2}", "|x|"),
        ("(1,2)", "(\\frac{2}{2},2)"),
        ("x=3", "\\frac{6}{2}"),
    ],
)
def test_algebra_of_which_nothing_is_dropped_is(gold, answer):
    assert read_whole(gold, answer)


def test_a_pair_that_is_not_read_whole_never_reaches_a_process_unless_the_setting_says_so():
    careful, careless = Symbolic(workers=1), Symbolic(workers=1, whole_only=False)
    try:
        verdict = careful.verify(asked("2516_8"), "\\boxed{2516}")
        assert (verdict.outcome, verdict.reason) == (Outcome.INCORRECT, "cannot tell: Math-Verify would drop a part")
        assert careful.process_ids == []
        assert careless.verify(asked("2516_8"), "\\boxed{2516}").outcome == Outcome.CORRECT
    finally:
        careful.close()
        careless.close()

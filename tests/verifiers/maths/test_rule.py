from __future__ import annotations

from time import perf_counter

import pytest

from asym_lit.answers.catalogue import RULES
from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Rule
from attacks import ATTACKS, HOSTILE, asked

PAIRS = {
    "whitespace": ("\\frac{1}{2} + x", "\\frac{1}{2}\\,+\\;x", "\\frac{1}{3}\\,+\\;x"),
    "symbols": ("2\\pi", "2π", "3π"),
    "markup": ("x+1", "$x+1$", "$x+2$"),
    "units": ("18", "18 \\text{ cm}", "19 \\text{ cm}"),
    "label": ("f(x)=2x", "2 x", "3 x"),
    "intervals": ("-2 \\le x < 7", "[-2, 7)", "[-2, 7]"),
    "ratios": ("2:3", "4 : 6", "4 : 5"),
    "plus_minus": ("1 \\pm \\sqrt{19}", "1-\\sqrt{19}, 1+\\sqrt{19}", "1+\\sqrt{19}"),
    "vectors": ("\\begin{pmatrix} -7 \\\\ 16 \\end{pmatrix}", "(-7, 16)", "(16, -7)"),
    "values": ("\\frac{n!}{k!(n-k)!}", "\\binom{n}{k}", "\\binom{n}{k+1}"),
    "mixed_numbers": ("5.5", "5\\frac{1}{2}", "5\\frac{1}{3}"),
    "percentages": ("0.05", "5\\%", "4\\%"),
    "approximation": ("\\frac{600}{7}", "85.71", "85.73"),
    "rounding": ("165.47", "165.5", "165.4"),
    "explanation": ("f(n)=n", "f(n)=n \\text{ for all positive integers } n", "f(n)=2n \\text{ for all } n"),
    "assignment": ("y + 1 = -(2x-1)^2", "-4x^2+4x-2", "-4x^2+4x-1"),
    "phrasing": ("The function is odd.", "odd", "even"),
    "order": ("1, 2, 3", "3, 1, 2", "3, 1, 4"),
    "structure": ("\\{1, 2\\}", "1, 2", "1, 3"),
    "delimiters": ("6 \\text{ and } 8", "6, 8", "6, 9"),
    "names": ("k\\pi + 1", "n\\pi + 1", "n\\pi + 2"),
}
"""Rule: gold answer, the same by it, another answer in the same dress."""
QUESTIONS = {"The function is odd.": "What symmetry has the function?"}
"""A part stands for a sentence only where the question has the rest of it."""


def is_right(rule: Rule, gold: str, answer: str, **more: object) -> bool:
    verdict = rule.verify(asked(gold, QUESTIONS.get(gold, "What is it?"), **more), f"\\boxed{{{answer}}}")
    assert verdict.outcome != Outcome.UNDECIDED, verdict.reason
    return verdict.outcome == Outcome.CORRECT


def test_every_rule_is_tried():
    assert set(PAIRS) == set(RULES)


@pytest.mark.parametrize("name", PAIRS)
def test_a_rule_accepts_what_it_is_for_not_its_neighbour_and_nothing_when_it_is_off(name):
    gold, same, other = PAIRS[name]
    assert is_right(Rule(), gold, same)
    assert not is_right(Rule(), gold, other)
    assert not is_right(Rule(without=[name]), gold, same)


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("x=3", "y=3", False),
        ("3 cm", "3 m", False),
        ("0.64N", "0.64", False),
        ("12:00", "1:00", False),
        ("2^{-99}", "2^{-98}", False),
        ("123456789012", "123456789013", False),
        ("300", "299.94", False),
        ("0.5", "\\frac{11}{20}", False),
        ("(1,2)", "(1,2]", False),
        ("\\pm 2021", "2021", False),
        ("2x+z=1", "1", False),
        ("x^2+y^2=1", "1-x^2-y^2=0", True),
        ("x^2+y^2=1", "x^2-y^2=1", False),
        ("a=1, b=2", "b=2, a=1", True),
        ("a=1, b=2", "a=2, b=1", False),
        ("7,14,18", "Paolo: 18, Qing: 14, Rayna: 7", True),
        ("f(z)=z", "f(x)=x", True),
        ("(-\\infty,-6)\\cup(-6,1.5)", "\\{x | x < \\frac{3}{2}\\} - \\{-6\\}", True),
        ("a \\le -2 \\text{ or } a = 1", "(-\\infty, -2] \\cup \\{1\\}", True),
        ("\\frac{\\pi}{6}", "30^\\circ", True),
        ("45^\\circ", "45", True),
        ("red and blue", "blue", False),
        ("It is not odd.", "odd", False),
        ("1,234", "1234", True),
        ("2\\arcsin\\sqrt{a}", "\\arccos(1-2a)", True),
        ("(1, 2)", "1, 2", False),  # which may be two roots, and the gold answer an interval
        ("\\pi", "3.14", False),  # three digits do not show that it is no other number
        ("\\pi", "3.142", True),
        ("0110", "110", False),
        ("007", "7", True),
        ("0.005", "5e-3", True),
        ("5e-3", "0.005", True),
        ("2e-2", "2(e-1)", True),  # which is no 0.02
        ("2e-2", "0.02", True),  # and here it is
        ("e^2-5e-3", "0.005", False),
    ],
)
def test_cases_that_look_alike(gold, answer, right):
    assert is_right(Rule(), gold, answer) == right


def test_a_name_that_the_question_gives_may_not_be_changed():
    question = "For which $n$, in terms of $k$?"
    verdict = Rule().verify(Prompt("p", question, {"answer": "k+1", "question": question}, "t"), "\\boxed{n+1}")
    assert verdict.outcome == Outcome.INCORRECT


def test_a_prompt_may_bring_a_tolerance():
    assert is_right(Rule(), "0.003, 5.233", "5.234, 0.002", tolerance=0.001)
    assert not is_right(Rule(), "0.003, 5.233", "5.235, 0.002", tolerance=0.001)
    assert is_right(Rule(), "7 \\times 10^{35}, 0.002", "0.001, 7.1 \\cdot 10^{35}", tolerance=[1e34, 0.001])


def test_the_reason_names_the_rules():
    verdict = Rule().verify(asked("-2 \\le x < 7"), "The answer is $x \\in [-2,7)$.")
    assert verdict.reason == "the same by 2.1 intervals"


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match=r"'unit' is no rule; allowed: whitespace, .*units"):
        Rule(without=["unit"])


def test_a_difference_with_a_name_is_final_and_what_cannot_be_told_is_not():
    for gold, answer, reason in (
        ("5 \\text{ hours}", "5 \\text{ minutes}", "another unit"),
        ("12", "13", "another number"),
        ("\\frac{1}{2}", "\\frac{1}{3}", "another value"),
        ("1101_2", "1101_3", "another base or number"),
        ("\\{1,2\\}", "(2,1)", "a set, and what has an order"),
        ("3:15 p.m.", "3:15 a.m.", "another time"),
        ("B", "C", "another letter"),
        ("odd", "even, odd", "several answers, and one"),
    ):
        verdict = Rule().verify(asked(gold), f"\\boxed{{{answer}}}")
        assert (verdict.outcome, verdict.final, verdict.reason) == (Outcome.INCORRECT, True, reason)
    for gold, answer in (
        ("\\text{a right prism}", "a prism"),
        ("\\int_0^1 x dx", "\\frac{1}{2}"),
        ("12", "12\\text{ is wrong}"),
    ):
        verdict = Rule().verify(asked(gold), f"\\boxed{{{answer}}}")
        assert (verdict.outcome, verdict.final) == (Outcome.INCORRECT, False)
        assert verdict.reason.startswith("cannot tell")


@pytest.mark.parametrize(
    ("digits", "gold", "answer", "right"),
    [
        (4, "\\frac{600}{7}", "85.71", True),
        (5, "\\frac{600}{7}", "85.71", False),
        (0, "\\frac{600}{7}", "85.714286", False),
        (3, "\\pi", "3.14", True),
        (0, "\\frac{1}{4}", "0.25", True),  # exactly that
        (3, "\\frac{2023}{2}", "1012", False),
        (4, "0.458", "\\frac{27}{59}", True),
        (0, "0.458", "\\frac{27}{59}", False),
    ],
)
def test_decimals_stand_for_exact_values_from_so_many_digits_on(digits, gold, answer, right):
    assert is_right(Rule(decimal_digits=digits), gold, answer) == right


def test_what_the_question_asks_to_be_done_must_be_done_unless_the_setting_says_otherwise():
    for question, gold, answer in (
        ("Compute $123\\times 456$.", "56088", "123\\times 456"),
        ("Find the sum of the first 100 positive integers.", "5050", "\\sum_{k=1}^{100}k"),
        ("Expand $(x+1)^2$.", "x^2+2x+1", "(x+1)^2"),
    ):
        verdict = Rule().verify(asked(gold, question), f"\\boxed{{{answer}}}")
        assert (verdict.outcome, verdict.final, verdict.reason) == (Outcome.INCORRECT, True, "left unevaluated")
        assert not Rule(unevaluated=True).verify(asked(gold, question), f"\\boxed{{{answer}}}").final
    assert (
        Rule(unevaluated=True).verify(asked("56088", "Compute $123\\times 456$."), "\\boxed{123\\times 456}").outcome
        == "correct"
    )
    assert Rule().verify(asked("1024", "How many subsets has it?"), "\\boxed{2^{10}}").outcome == "correct"


def test_a_marker_that_is_left_out_points_at_nothing():
    rule = Rule(markers=["boxed"], bare_chars=0)
    assert rule.verify(asked("12"), "\\boxed{12}").outcome == Outcome.CORRECT
    assert rule.verify(asked("12"), "The answer is 12.").reason == "no answer found"
    with pytest.raises(ValueError, match=r"markers of Rule has 'box'; allowed: boxed, brackets"):
        Rule(markers=["box"])


@pytest.mark.parametrize("gold", ["12", "\\frac{1}{2}", "(1, 2)", "x^2+1", "\\text{odd}", "[0, \\infty)"])
def test_attacks_on_judges_do_nothing(gold):
    rule = Rule()
    accepted = [attack for attack in ATTACKS if rule.verify(asked(gold), attack).outcome != Outcome.INCORRECT]
    assert accepted == []


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: text[:12])
def test_hostile_answers_are_wrong_and_take_no_time(hostile):
    begun = perf_counter()
    assert not is_right(Rule(), "x^2+1", hostile)
    assert perf_counter() - begun < 2

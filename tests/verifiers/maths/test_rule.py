from __future__ import annotations

from time import perf_counter

import pytest

from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Rule
from asym_lit.verifiers.maths.rules.catalogue import RULES
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
    "structure": ("(1, 2)", "1, 2", "2, 1"),
    "delimiters": ("6 \\text{ and } 8", "6, 8", "6, 9"),
    "names": ("k\\pi + 1", "n\\pi + 1", "n\\pi + 2"),
}
"""Rule: gold answer, the same by it, another answer in the same dress."""


def is_right(rule: Rule, gold: str, answer: str, **more: object) -> bool:
    verdict = rule.verify(asked(gold, **more), f"\\boxed{{{answer}}}")
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

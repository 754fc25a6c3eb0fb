"""Whether a label names what is asked for; corpus and families hold more of them."""

from __future__ import annotations

import pytest

from asym_lit.answers.labels import fits, without_asked
from asym_lit.answers.questions import read_question

AREA = "Rectangle ABCD has AB=4 and BC=6. What is its area?"
COUNT = "Let $N$ be the number of ways to seat them. What is the number of ways?"


@pytest.mark.parametrize(
    ("question", "label", "fit"),
    [
        ("Find $m+n$.", "n+m", True),
        ("Find $m+n$.", "m", False),
        ("Find $m+n$.", "m-n", False),
        ("Find $m+n$.", "S", None),  # the answer's own name for it
        ("What is x?", "y", False),  # of an unknown, another one is no name
        ("Find $f(2)$.", "f(2)", True),
        ("Find $f(2)$.", "f(3)", False),
        ("Find $P(A)$.", "P(B)", False),
        ("Find $f(x)$.", "f(t)", True),
        ("Find AB.", "|BA|", True),
        ("Find AB.", "BC", False),
        ("What is $\\angle ACB$?", "\\angle C", True),
        ("What is $\\angle ACB$?", "\\angle ABC", False),
        ("Find $AB+CD$.", "DC+AB", True),
        ("Find $AB\\cdot CD$.", "AC\\cdot BD", False),
        ("Find $AB/CD$.", "\\frac{AB}{CD}", True),
        ("Find the distance from A to B.", "AB", None),
        (AREA, "[ABCD]", True),
        (AREA, "AB", False),
        (AREA, "\\text{Perimeter}", False),
        (AREA, "\\text{Area}", None),
        ("What is the sum of $x$ and $y$?", "x+y", True),
        ("What is the sum of $x$ and $y$?", "x", False),
        ("How many integers $n$ satisfy $n^2<50$?", "n", False),
        (COUNT, "N", None),
        ("What is the maximum of $f(x)$?", "f(2)", True),
        ("How many coins does Bob have if Ann has 4?", "\\text{Ann}", False),
        ("How many coins does Bob have if Ann has 4?", "\\text{Bob}", None),
        ("How many apples are left?", "x", None),
        ("Find $\\sqrt{36}$.", "\\sqrt{4\\cdot 9}", None),  # work
        ("", "x", None),
    ],
)
def test_a_label_is_of_what_is_asked_for_of_something_else_or_of_the_answers_own(question, label, fit):
    assert fits(label, read_question(question)) is fit


def test_of_several_things_asked_for_any_may_be_named_where_all_are_answered():
    question = read_question("Find $x$. Then find $y$.")
    assert fits("x", question) is False
    assert fits("x", question, among_all=True) is True
    assert fits("z", question, among_all=True) is False


def test_a_label_of_an_expression_is_taken_off_only_if_it_is_asked_for():
    question = read_question("Find a+b.")
    assert without_asked("b+a=5", question) == "5"
    assert without_asked("a-b=5", question) == "a-b=5"
    assert without_asked("b+a=5", read_question("")) == "b+a=5"

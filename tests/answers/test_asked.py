"""What a question asks for, by formula or in words."""

from __future__ import annotations

import pytest

from asym_lit.answers.asked import asked_for


def formulas_of(question: str) -> tuple[str, ...]:
    return asked_for(question)[-1].formulas


@pytest.mark.parametrize(
    ("question", "formulas"),
    [
        ("Find $m+n$.", ("m+n",)),
        ("The answer is p/q. What is p + q?", ("p + q",)),
        ("If 3a = b, what is a?", ("a",)),
        ("Given f(x)=x+4, what is f(2)?", ("f(2)",)),
        ("What is the length of AB?", ("AB",)),
        ("Find the measure of $\\angle ACB$ in degrees.", ("\\angle ACB",)),
        ("Find the smallest positive integer $n$ such that $n!$ ends in 3 zeros.", ("n",)),
        ("Find all possible values of $a$ and $b$.", ("a", "b")),
        ("For what value of $k$ do the lines meet?", ("k",)),
        ("Solve for $x$: $2x = 5$.", ("x",)),
        ("Find $x$, and then compute $x^2+1$. Give your answer as a fraction.", ("x^2+1",)),
        ("Enter the ordered pair $(a,b)$.", ("(a,b)",)),
        ("Find the $2 \\times 2$ matrix $\\mathbf{M}$ that swaps rows.", ("\\mathbf{M}",)),
        ("How many degrees are in angle A?", ("angle A",)),
    ],
)
def test_a_formula_behind_a_verb_is_asked_for_with_dollars_or_without(question, formulas):
    assert formulas_of(question) == formulas


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("What is the area of triangle $ABC$?", "area"),
        ("Find the sum of all values of $x$ such that $x^2=4$.", "sum"),
        ("How many integers $n$ satisfy $n^2 < 50$?", "count"),
        ("Find the number of integers $n$ below 50.", "count"),
        ("Find the remainder when $N$ is divided by 7.", "remainder"),
        ("Find the absolute value of $z$.", "absolute"),
        ("What is the $y$-intercept of the line?", "coordinate"),
        ("What is a prime factor of 91?", "prime"),  # an article, no unknown
    ],
)
def test_a_formula_in_a_thing_that_is_asked_for_in_words_is_not_asked_for(question, word):
    assert formulas_of(question) == ()
    assert word in asked_for(question)[-1].head


@pytest.mark.parametrize("question", ["", "Write it down.", "Express your answer as a common fraction.", "What is it?"])
def test_a_wish_for_a_form_asks_for_nothing(question):
    assert asked_for(question) == ()

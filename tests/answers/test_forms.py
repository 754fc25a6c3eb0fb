"""Numbers and expressions that were to be written in another form; corpus and families hold more of them."""

from __future__ import annotations

import pytest

from asym_lit.answers.forms import another_form, form_of


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("\\frac{3}{4}", "fraction"),
        ("3/4", "fraction"),
        ("0.75", "decimal"),
        ("0.\\overline{3}", "decimal"),
        ("12", "integer"),
        ("45%", "percent"),
        ("4.5\\times10^4", "scientific"),
        ("3\\frac{2}{5}", "mixed"),
        ("3:4", "ratio"),
        ("x+1", ""),
        ("\\sqrt{2}", ""),
    ],
)
def test_a_number_is_of_the_form_in_which_it_is_written(text, form):
    assert form_of(text) == form


@pytest.mark.parametrize(
    ("question", "gold", "wrong", "right"),
    [
        ("Simplify \\frac{6}{8}", "\\frac{3}{4}", "\\frac{6}{8}", "3/4"),
        ("Reduce 24/36 to lowest terms", "\\frac{2}{3}", "12/18", "2/3"),
        ("Write 0.75 as a fraction", "\\frac{3}{4}", "0.75", "3/4"),
        ("Write 0.75 as a fraction", "\\frac{3}{4}", "0.750", "\\frac{3}{4}"),
        ("What is 7/8 as a decimal?", "0.875", "\\frac{7}{8}", "0.8750"),
        ("Convert 17/5 to a mixed number", "3\\frac{2}{5}", "17/5", "3 2/5"),
        ("Write 45000 in scientific notation", "4.5\\times10^4", "45000", "4.5\\cdot10^4"),
        ("Compute \\frac{6}{2}", "3", "\\frac{6}{2}", "3.0"),
        ("Find the prime factorization of 12", "2^2\\cdot3", "4\\cdot3", "2*2*3"),
        ("Find the prime factorization of 12", "2^2\\cdot3", "12", "3\\cdot2^2"),
        ("Write 32 as a power of 2", "2^5", "32", "2^5"),
        ("Factor x^4-1 completely", "(x-1)(x+1)(x^2+1)", "(x^2-1)(x^2+1)", "(x^2+1)(x+1)(x-1)"),
        ("Expand (x+1)(x+2)", "x^2+3x+2", "x(x+3)+2", "2+3x+x^2"),
        ("Simplify \\sqrt{72}", "6\\sqrt{2}", "3\\sqrt{8}", "\\sqrt{2}\\cdot6"),
        ("Rationalize \\frac{3}{\\sqrt{2}}", "\\frac{3\\sqrt{2}}{2}", "\\frac{3}{\\sqrt{2}}", "\\frac{3}{2}\\sqrt{2}"),
        ("Round \\pi to two decimal places", "3.14", "\\pi", "3.14"),
    ],
)
def test_a_value_that_is_given_is_no_answer_until_it_has_the_form_that_is_asked_for(question, gold, wrong, right):
    assert another_form(gold, wrong, question)
    assert not another_form(gold, right, question)


@pytest.mark.parametrize(
    ("question", "gold", "answer"),
    [
        ("Which is greater, 0.7 or 3/4?", "\\frac{3}{4}", "0.75"),
        ("What part of the cake is left? Give a fraction in lowest terms", "\\frac{1}{2}", "2/4"),  # it was to be found
        ("What is the sum of the prime factors of 12?", "7", "3+4"),
        ("What is the greatest common factor of x^2 and x^3?", "x^2", "x*x"),
        ("The ratio is 2, in what ratio are the areas?", "2:1", "2"),
        ("", "\\frac{3}{4}", "\\frac{6}{8}"),
    ],
)
def test_a_value_that_was_to_be_found_may_have_another_form(question, gold, answer):
    assert not another_form(gold, answer, question)

"""Boxes that their own sentence denies, and phrases that only look back on an answer."""

from __future__ import annotations

from time import process_time

import pytest

from asym_lit.verifiers.answers import extract_answer


@pytest.mark.parametrize(
    "response",
    [
        r"so it is not \boxed{17}.",
        r"Hence the answer isn't $\boxed{17}$",
        "n can\u2019t be \\boxed{17}",
        r"x is not equal to $\boxed{17}$",
        r"We conclude $n \neq \boxed{17}$.",
        r"It is false that the answer is \boxed{17}.",
        r"I don't think it is \boxed{17}.",
        r"We get \boxed{17}, which is wrong.",
        r"\boxed{17} cannot be right.",
        r"\boxed{17}? No, that is too large.",
        r"If it were \boxed{17}, there would be a contradiction.",
        r"The answer is 17, which is wrong.",
    ],
)
def test_what_its_own_sentence_denies_is_no_answer(response):
    assert extract_answer(response).text == ""


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"It's not \boxed{16}, so \boxed{17}", "17"),
        (r"We get \boxed{17}. This is not \boxed{18}.", "17"),  # what is denied last takes nothing back
        (r"Not only that: \boxed{17}", "17"),
        (r"Whether or not it works, \boxed{17}", "17"),
        (r"The number of those that do not is \boxed{17}", "17"),
        (r"No number other than $\boxed{17}$ can work.", "17"),
        (r"\boxed{17}. This is not a prime.", "17"),
        (r"Therefore it does not. \boxed{17}", "17"),
        (r"So there are $5!=\boxed{120}$ ways", "120"),  # a factorial, not `!=`
        (r"Hence statement \boxed{B} is incorrect.", "B"),  # which the question may have asked for
    ],
)
def test_a_denial_of_something_else_is_none(response, answer):
    assert extract_answer(response).text == answer


@pytest.mark.parametrize(
    "behind",
    [
        "We may check our answer: $17 \\cdot 44 = 748$.",
        "Is it a coincidence that the answer is 24?",
        "The answer is in simplest form.",
    ],
)
def test_behind_a_box_a_look_back_is_no_other_answer(behind):
    assert extract_answer(f"Hence $\\boxed{{44}}$. {behind}").text == "44"
    assert extract_answer("Hence $\\boxed{44}$. So the answer is 45.").text == "45"


@pytest.mark.parametrize("part", ["not \\boxed{1} ", "\\boxed{1} is wrong. ", "is not ( ( ", "if it is \\boxed{1} "])
def test_thousands_of_denials_take_no_time(part):
    begun = process_time()
    extract_answer(part * 4000)
    assert process_time() - begun < 1


def test_of_two_boxes_with_or_between_them_the_word_is_kept():
    assert (
        extract_answer(r"$\boxed{15\frac{39}{40}},$ or $\boxed{\frac{639}{40}}$").text == r"15\frac{39}{40} or \frac{639}{40}"
    )
    assert extract_answer(r"\boxed{2} and \boxed{3}").text == "2, 3"

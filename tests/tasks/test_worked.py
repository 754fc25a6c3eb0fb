"""Worked solutions. The rows of GSM8K are from github.com/openai/grade-school-math, MIT."""

from __future__ import annotations

import pytest

from asym_lit.answers.numerals import number_in_words
from asym_lit.tasks.number_words import spelled
from asym_lit.tasks.worked import Working, counts_of, worked_problem, worked_solution
from asym_lit.types import InputError


def test_a_working_is_reckoned_step_by_step():
    working = Working(20).then("-", 13).then("+", 3).then("*", 4).then("/", 5)
    assert working == Working(8, ("20-13=7", "7+3=10", "10*4=40", "40/5=8"))


@pytest.mark.parametrize(("operator", "other"), [("-", 21), ("/", 3), ("/", 0)])
def test_a_working_never_leaves_the_whole_numbers(operator, other):
    with pytest.raises(ValueError, match=rf"20\{operator}{other} is no whole number"):
        Working(20).then(operator, other)


@pytest.mark.parametrize(("style", "answer"), [("digits", "40"), ("words", "forty")])
def test_a_problem_carries_its_answer_and_its_solution(style, answer):
    prompt = worked_problem("u", "How many?", Working(44).then("-", 4), style, "t")
    assert prompt.answer == {"answer": answer, "question": "How many?"}
    assert prompt.solution == f"44-4=40 The answer is {answer}."


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (47, "forty-seven"),
        (105, "one hundred five"),
        (300, "three hundred"),
        (2030, "two thousand thirty"),
        (999_999_999, "nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine"),
    ],
)
def test_numbers_are_spelled(number, words):
    assert spelled(number) == words


def test_what_is_spelled_is_read_back():
    assert all(number_in_words(spelled(number)) == number for number in range(3000))


@pytest.mark.parametrize("number", [-1, 10**9])
def test_numbers_without_a_spelling_are_refused(number):
    with pytest.raises(ValueError, match="is not between 0 and 999,999,999"):
        spelled(number)


@pytest.mark.parametrize(
    ("row", "solution"),
    [
        (
            "It takes 2/2=<<2/2=1>>1 bolt of white fiber\n"
            "So the total amount of fabric is 2+1=<<2+1=3>>3 bolts of fabric\n#### 3",
            "It takes 2/2=1 bolt of white fiber. So the total amount of fabric is 2+1=3 bolts of fabric. The answer is 3.",
        ),
        (
            "So he made a profit of 200,000-130,000=$<<200000-130000=70000>>70,000\n#### 70,000",
            "So he made a profit of 200,000-130,000=$70,000. The answer is 70000.",
        ),
        ("She had:\n 4 ducks!  \n\n#### 4", "She had: 4 ducks! The answer is 4."),
        ("No marker", "No marker."),
    ],
)
def test_a_solution_of_gsm8k_becomes_one_line_that_says_its_answer(row, solution):
    assert worked_solution(row, "after_hashes") == solution


def test_other_solutions_keep_their_words():
    assert worked_solution("So $x<<y$\n and  \\boxed{2}.", "last_boxed") == "So $x<<y$ and \\boxed{2}."


@pytest.mark.parametrize("setting", [0, 7, [], [1, 7]])
def test_counts_out_of_bounds_are_refused(setting):
    with pytest.raises(InputError, match=r"steps is .*; allowed: 1 to 6, or a list of such"):
        counts_of(setting, "steps", 1, 6)


def test_one_count_is_a_list_of_one():
    assert counts_of(3, "steps", 1, 6) == [3] == counts_of([3], "steps", 1, 6)

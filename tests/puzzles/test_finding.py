"""Where an answer stands: the last mark, behind the thoughts."""

from __future__ import annotations

import pytest

from asym_lit.puzzles.finding import find, spoken
from asym_lit.puzzles.game import Misread
from asym_lit.puzzles.literals import cells_of, literal, numbers_of

CASES = [
    (("boxed",), r"\boxed{1} and \boxed{2}", "2"),
    (("boxed",), r"\boxed{\frac{1}{2}} and \boxed{3", r"\frac{1}{2}"),
    (("fenced",), "```python\n[[1]]\n```\nno:\n```\n[[2]]\n```", "[[2]]"),
    (("fenced",), "```python\n[[1]]\n```python\n[[2]]\n```", "[[2]]"),  # the first was never closed
    (("fenced",), "```python [[3]]```", "[[3]]"),
    (("nested",), "[[1, 2], [3, 4]] or [[5, 6], [7, 8]], see [1]", "[[5, 6], [7, 8]]"),
    (("nested",), "[ broken [[1, 2]]", "[[1, 2]]"),
    (("fenced", "nested"), "```python\n[[1]]\n```\nbetter: [[2]]", "[[2]]"),
    (("fenced", "nested"), "[[2]]\n```python\ngrid = [[1]]\n```", "grid = [[1]]"),
    (("brackets",), "[45, 3] no, [50, 1]", "[50, 1]"),
    (("phrase",), "The answer is 4. So the answer is: **yes, no**.", "**yes, no**."),
    (("phrase",), "答案是 **是, 否**", "**是, 否**"),
    (("boxed", "phrase"), r"The answer is $\boxed{5}$.", "5"),
    (("boxed", "phrase"), r"So the answer is: **\boxed{A, B}** (both).", "A, B"),
    (("boxed", "phrase"), r"\boxed{4} is wrong. The answer is 5.", "5."),
    (("boxed", "phrase"), "\\boxed{The answer is 5}", "The answer is 5"),
    (("fenced", "phrase"), "The answer is ```7```.", "7"),
    (("fenced",), "```python\r\n[[1]]\r\n```\r\n", "[[1]]"),
    (("boxed", "bare"), "7", "7"),
    (("boxed", "bare"), "x" * 301, None),
    (("boxed",), "7", None),
    (("bare",), "<think>8</think><answer>7</answer>", "7"),
    (("bare",), "<answer>6</answer> no <answer>7</answer>", "7"),
    (("boxed",), r"<think>\boxed{1}</think> it is \boxed{2}", "2"),
    (("boxed",), r"<think>\boxed{1}", None),
]


@pytest.mark.parametrize(("marks", "response", "expected"), CASES)
def test_the_last_mark_of_the_kinds_asked_for_points_at_the_answer(marks, response, expected):
    assert find(response, marks) == expected


def test_what_is_spoken_stands_behind_the_thoughts_and_within_the_tag():
    assert spoken("<think>a</think>b") == "b" and spoken("a<think>b") == "a"
    assert spoken("<think>a</think><answer> b </answer> c") == "b"


def test_literals_are_read_behind_caps():
    assert literal(" grid = [[1, 'X']] ") == [[1, "X"]]
    assert cells_of([["X", 1]], 1, 2) == [["X", "1"]] and numbers_of([[1, "2"]], 1, 2) == [[1, 2]]
    for text, reason in (
        ("[" * 9 + "]" * 9, "9 brackets in each other"),
        ("1" * 20_001, "20,001 characters"),
        ("[1,", "no literal"),
    ):
        with pytest.raises(Misread, match=reason):
            literal(text)
    for value, reason in (
        ([[1]], "1 rows, not 2"),
        ([[1, 2], [3]], "row 2 has 1 cells"),
        ([[True, 1], [1, 1]], "True.* is no cell"),
    ):
        with pytest.raises(Misread, match=reason):
            cells_of(value, 2, 2)

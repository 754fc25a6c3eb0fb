from __future__ import annotations

import pytest

from asym_lit.verifiers.answers import extract_answer


@pytest.mark.parametrize(
    ("response", "text", "found"),
    [
        ("So \\boxed{1}, no: \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}", "boxed"),
        ("\\boxed{\\boxed{7}}", "\\boxed{7}", "boxed"),
        ("\\boxed{ \\{1, 2\\} }", "\\{1, 2\\}", "boxed"),
        ("\\boxed 5 and done", "5", "boxed"),
        ("\\boxed{12", "\\boxed{12", "bare"),
        ("<answer>3</answer> then <answer> 4 </answer>", "4", "tag"),
        ("She has 5 left.\n#### 5", "5", "hashes"),
        ("First this.\nThe answer is $3.5$. I hope it is correct.", "$3.5$", "phrase"),
        ("**Answer:** 12 cm", "12 cm", "phrase"),
        ("The final answer to the question is: 7", "7", "phrase"),
        ("x = 4", "x = 4", "bare"),
        ("<think>\\boxed{1}</think>\n\\boxed{2}", "2", "boxed"),
        ("One line.\nThen 5.", "", "nothing"),
        ("", "", "nothing"),
    ],
)
def test_the_answer_is_where_the_last_and_strongest_marker_points(response, text, found):
    answer = extract_answer(response)
    assert (answer.text, answer.found) == (text, found)


def test_a_bare_answer_can_be_ruled_out():
    assert extract_answer("42", bare_chars=0).found == "nothing"
    assert extract_answer("4" * 301).found == "nothing"

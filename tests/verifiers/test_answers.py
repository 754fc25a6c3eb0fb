from __future__ import annotations

from time import process_time

import pytest

from asym_lit.verifiers.answers import LONGEST, extract_answer


@pytest.mark.parametrize(
    ("response", "text", "found"),
    [
        ("So \\boxed{1}, no: \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}", "boxed"),
        ("\\boxed{\\boxed{7}}", "\\boxed{7}", "boxed"),
        ("\\boxed{ \\{1, 2\\} }", "\\{1, 2\\}", "boxed"),
        ("\\boxed 5 and done", "5", "boxed"),
        ("\\boxed{12", "", "nothing"),
        ("\\boxed{3}, or rather \\boxed{12", "", "nothing"),  # a box that is cut off is no earlier box
        ("<answer>3</answer> or <answer>12", "", "nothing"),
        ("<answer>3</answer> then <answer> 4 </answer>", "4", "tag"),
        ("She has 5 left.\n#### 5", "5", "hashes"),
        ("First this.\nThe answer is $3.5$. I hope it is correct.", "$3.5$", "phrase"),
        ("**Answer:** 12 cm", "12 cm", "phrase"),
        ("The final answer to the question is: 7", "7", "phrase"),
        ("x = 4", "x = 4", "bare"),
        ("<think>\\boxed{1}</think>\n\\boxed{2}", "2", "boxed"),
        ("<think>\\boxed{1} but then", "", "nothing"),  # a thought that is not closed hides its boxes
        ("\\boxed{2} <think>\\boxed{1}", "2", "boxed"),
        ("So it is [[A]].", "A", "brackets"),
        ("[[A];[B]]", "[A];[B]", "brackets"),
        ("A: 18", "18", "heading"),
        ("A: 15\nB: 16\nI choose \\boxed{B}", "B", "boxed"),
        ("**Answer**: 17", "17", "heading"),
        ("**Final Answer**\n17", "17", "heading"),
        ("**Final Answer**\n\\boxed{17}", "17", "boxed"),
        ("#### **17**", "17", "hashes"),
        ("The answer is 17, since 3 and 14 make that.", "17", "phrase"),
        ("\\boxed{5}. No, wait. The answer is 7.", "7", "phrase"),  # the last marker of any kind
        ("The answer is 7. So \\boxed{5}", "5", "boxed"),
        ("\\boxed{5}. This answer is correct.", "5", "boxed"),
        ("\\boxed{5}\n#### Check\nAll is well.", "5", "boxed"),  # a heading of markdown
        ("\\boxed{5}\n#### 2. Check\nAll is well.", "5", "boxed"),
        ("The answer is:\n\n$$\n42\n$$", "$$\n42\n$$", "phrase"),
        ("A: 18\n\nQ: And 4+4?\nA: 8", "18", "heading"),  # a base model that runs on
        ("#### 5\n\nQuestion: 1+1?\n#### 2", "5", "hashes"),
        ("Problem: 1+1?\nSo \\boxed{2}", "2", "boxed"),
        ("20-13=8 The answer is 8. No: 20-13=7. The answer is 7.", "7", "phrase"),  # a chain on one line
        ("The answer is 8. So the answer is correct.", "8", "phrase"),
        ("Answer: 7. The answer is 8.", "8", "phrase"),
        ("The answer is 15 * 8 = 120 pints. The answer is 120.", "120", "phrase"),
        ("The answer is 64. Question: 3+4? The answer is 7.", "64", "phrase"),  # another question's
        ("One line.\nThen 5.", "", "nothing"),
        ("", "", "nothing"),
    ],
)
def test_the_answer_is_where_the_last_marker_points(response, text, found):
    answer = extract_answer(response)
    assert (answer.text, answer.found) == (text, found)


def test_a_bare_answer_can_be_ruled_out():
    assert extract_answer("42", bare_chars=0).found == "nothing"
    assert extract_answer("4" * 301).found == "nothing"


@pytest.mark.parametrize(
    "part",
    [
        "\\boxed{",
        "\\boxed{1},",
        "[[",
        "<answer>",
        "<think>",
        "the answer is ",
        "the answer is 7. ",
        "Answer:\n",
        "#### ",
        "$ is ",
    ],
)
def test_a_response_of_nothing_but_markers_takes_no_time(part):
    begun = process_time()
    extract_answer(part * 4000)  # with the square of their number, 4,000 boxes took 4 s
    assert process_time() - begun < 1


def test_only_the_end_of_a_long_response_is_looked_at():
    assert extract_answer("\\boxed{1}" + "." * LONGEST).found == "nothing"
    assert extract_answer("." * LONGEST + "\\boxed{1}").text == "1"

from __future__ import annotations

import pytest

from asym_lit.tasks.answers import gold_answer, last_boxed


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so $\boxed{2}$.", "2"),
        (r"first $\boxed{1}$, then $\boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"$\boxed{\left\{1, \{2\}\right\}}$", r"\left\{1, \{2\}\right\}"),
        (r"$\boxed{\text{a } \}}$", r"\text{a } \}"),
        (r"$\fbox{3}$", "3"),
        (r"$\boxed {4}$", "4"),
        (r"$\boxed 5$ apples", "5"),
        (r"$\boxed{}$", None),
        (r"$\boxed{1", None),
        (r"\boxed", None),
        ("no box", None),
    ],
)
def test_what_stands_in_the_last_box(text, answer):
    assert last_boxed(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [("a\n#### 42", "42"), ("#### 1,234,567", "1234567"), ("#### -3.5 ", "-3.5"), ("42", None), ("#", None)],
)
def test_what_follows_the_last_hashes_without_commas_in_numbers(text, answer):
    assert gold_answer(text, "after_hashes") == answer


def test_a_plain_answer_is_the_text():
    assert gold_answer(r" (1, 2) ", "plain") == "(1, 2)"

"""Labels of made answers are true: changes that change nothing are no wrong answers, permuted sets are right."""

from __future__ import annotations

from collections import Counter

import pytest

from asym_lit.evaluation.perturbations import GoldRow, made, perturbed
from asym_lit.evaluation.perturbations.values import reading_of

PLAIN = "What is it?"


def made_of(gold: str, question: str = PLAIN, kind: str = "") -> dict[bool, set[str]]:
    pairs = [pair for pair in perturbed([GoldRow(question, gold)], each=50) if pair.kind.startswith(kind)]
    return {right: {pair.answer for pair in pairs if pair.right == right} for right in (True, False)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\\frac14", 0.25),
        ("-\\frac{3}{8}", -0.375),
        ("2\\sqrt{9}", 6),
        ("10,\\!080", 10080),
        ("75\\%", 0.75),
        ("2^{10}", 1024),
        ("3(2+1)", 9),
    ],
)
def test_plain_mathematics_has_the_value_that_it_has(text, value):
    found = reading_of(text)
    assert found is not None and found.shape == "scalar"
    assert found.items[0] == pytest.approx((value,) * 3)


@pytest.mark.parametrize(
    "text", ["2 3", "five", "x = 5", "A", "3\\text{ cm}", "2e-2", "A B 1", "", "1 2,0 3", "f(ab)", "2\\frac13"]
)
def test_what_can_be_read_in_two_ways_has_no_value(text):
    assert reading_of(text) is None


def test_order_counts_in_tuples_and_not_in_sets_and_lists():
    def same(one, other):
        first, second = reading_of(one), reading_of(other)
        assert first is not None and second is not None
        return first.same(second)

    assert same("\\{1,2\\}", "\\{2,1\\}") and same("1,2", "2 \\text{ or } 1")
    assert not same("(1,2)", "(2,1)") and not same("(1,2]", "[1,2)") and not same("1,2", "\\{1,2\\}")


def test_a_zero_behind_a_decimal_is_no_wrong_digit():
    answers = made_of("0.50")
    assert "0.5" not in answers[False] and "0.500" in answers[True]
    assert all(reading_of(answer) is None or not reading_of(answer).same(reading_of("0.50")) for answer in answers[False])


def test_a_permuted_set_is_right_and_a_permuted_tuple_wrong():
    assert "\\{2, 1\\}" in made_of("\\{1,2\\}", kind="order")[True] and not made_of("\\{1,2\\}", kind="order")[False]
    assert "(2, 1)" in made_of("(1,2)", kind="order")[False] and not made_of("(1,2)", kind="order")[True]
    assert not made_of("(1,1)", kind="order")[False]
    assert not made_of("1,2", kind="order")[True]  # the question does not say that order is free
    assert "2, 1" in made_of("1,2", "Find all values.", "order")[True]


def test_one_to_a_power_and_zero_thousand_are_no_other_numbers():
    assert not {"1^2", "1^{3}", "1!", "\\sqrt{1}"} & made_of("1")[False]
    assert not {"0 thousand", "0\\%", "-0", "00", "0^2"} & made_of("0")[False]


def test_percent_is_wrong_only_where_the_question_does_not_ask_for_it():
    assert "12\\%" in made_of("12", kind="percentages")[False]
    assert not made_of("12", "What percent is it?", "percentages")[False]


def test_an_option_has_other_letters_and_brackets():
    answers = made_of("B", "Which? (A) 1 (B) 2", "words")
    assert {"A", "(C)"} <= answers[False] and {"(B)", "\\text{B}"} <= answers[True]


def test_the_root_of_a_square_is_not_called_about_another_number():
    assert all("\\approx 70" in answer for answer in made_of("70", kind="approximations")[False])
    assert "\\sqrt{4900} \\approx 70" not in made_of("70", kind="approximations")[False]


def test_draws_depend_on_the_seed_and_the_row_alone():
    rows = [GoldRow(PLAIN, "12"), GoldRow(PLAIN, "\\frac{3}{4}")]
    assert perturbed(rows) == perturbed(rows) != perturbed(rows, seed=1)
    assert perturbed(rows[1:]) == [pair for pair in perturbed(rows) if pair.gold == rows[1].gold]


def test_no_pair_of_a_family_is_both_right_and_wrong_and_each_has_both():
    pairs = made(40)
    assert max(Counter((pair.question, pair.gold, pair.answer) for pair in pairs).values()) == 1
    sorts: dict[str, set[bool]] = {}
    for pair in pairs:
        sorts.setdefault(pair.kind, set()).add(pair.right)
    assert all(found == {True, False} for found in sorts.values())


def test_what_families_call_right_has_the_gold_value_wherever_both_have_one():
    beyond = ("unevaluated", "percentages", "small and large")  # the question decides; floats do not tell them apart
    beyond += ("codes", "named in turn", "sorted names")  # no numbers; an order that the question asks for
    beyond += (
        "reduced fractions",
        "given forms",
        "given expressions",
        "prime factors",
        "scientific forms",
    )  # of the value, but as it was given
    beyond += ("integer parameters",)  # letters for any integer may be renamed
    for pair in made(40):
        mine, theirs = reading_of(pair.gold), reading_of(pair.answer)
        if mine is not None and theirs is not None and mine.shape == theirs.shape and pair.kind not in beyond:
            assert mine.same(theirs) == pair.right, pair

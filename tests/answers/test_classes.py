from __future__ import annotations

from functools import partial
from itertools import permutations

import pytest

from asym_lit.answers.classes import classes, spelled
from asym_lit.types import Prompt
from asym_lit.verifiers import Rule

PROMPT = Prompt("p", "How much?", {"answer": "1/2"}, "t")
SAME = partial(Rule().same_answer, PROMPT)


@pytest.mark.parametrize(
    ("text", "short"), [(" 1 +  2 ", "1+2"), ("1 2", "1 2"), ("no\n solution", "no solution"), ("5 %", "5%"), ("1. 5", "1. 5")]
)
def test_blanks_go_where_they_part_nothing(text, short):
    assert spelled(text) == short


def test_answers_that_the_rules_find_the_same_are_one_in_any_order():
    texts = ["1/2", "0.5", r"\frac12", "3", "3", "three halves"]
    found = {frozenset(classes(order, SAME).items()) for order in permutations(texts)}
    # "3" is the most frequent; of the three halves, once each, the shortest gives its name, of equals by letters: 0.5 < 1/2
    assert found == {
        frozenset({("1/2", "0.5"), ("0.5", "0.5"), (r"\frac12", "0.5"), ("3", "3"), ("three halves", "three halves")})
    }


def test_without_a_comparison_spelling_alone_decides():
    assert classes(["1+2", "1 + 2", "1 + 2", "2+1"]) == {"1+2": "1 + 2", "1 + 2": "1 + 2", "2+1": "2+1"}


def test_a_text_that_is_the_same_as_two_others_does_not_make_one_of_them():
    # without a unit 5 is either; 5 cm and 5 kg are not the same. It goes to the first of two once each: by letters, "5 cm".
    assert SAME("5 cm", "5") and SAME("5 kg", "5") and SAME("5 cm", "5 kg") is False
    for texts in permutations(["5", "5 cm", "5 kg"]):
        found = classes(texts, SAME)
        assert found["5 cm"] != found["5 kg"]
        assert sorted(found.values()).count(found["5"]) == 2


def test_a_chain_of_near_ones_is_no_class():
    near = {("a", "b"), ("b", "c"), ("c", "d")}  # letters beside each other are the same, all others are not
    found = classes("abcd", lambda one, other: (one, other) in near or (other, one) in near)
    assert found == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_what_is_the_same_one_way_round_only_is_two_answers_and_so_is_what_cannot_be_told():
    assert classes("ab", lambda one, other: one == "a") == {"a": "a", "b": "b"}
    assert classes("ab", lambda one, other: None) == {"a": "a", "b": "b"}


def test_equal_texts_are_compared_once():
    asked = []
    classes(["1", "2", "1", "2", " 1"] * 100, lambda one, other: asked.append((one, other)) or False)
    assert asked == [("1", "2")]


def test_a_long_answer_is_compared_to_its_end():
    one, other = ("7" * 300 + end for end in "12")
    assert len(set(classes([one, other, one], SAME).values())) == 2

"""What a question asks for and what stands around an answer: order, codes, words, replies, none, about."""

from __future__ import annotations

from fractions import Fraction

import pytest

from asym_lit.answers.coordinates import by_name
from asym_lit.answers.groups import joined
from asym_lit.answers.kinds import Collection, Expression, Labelled
from asym_lit.answers.numerals import in_digits, number_in_words
from asym_lit.answers.orders import asks_named, asks_sorted
from asym_lit.answers.questions import Question
from asym_lit.answers.working import behind_working
from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Rule


def verdict(question: str, gold: str, answer: str) -> tuple[bool, bool]:
    """Whether it is accepted, and whether that is final."""
    said = Rule().verify(Prompt("p", question, {"answer": gold, "question": question}, "t"), f"\\boxed{{{answer}}}")
    return said.outcome == Outcome.CORRECT, said.final or said.outcome == Outcome.CORRECT


@pytest.mark.parametrize(
    "question",
    [
        "Arrange the cities from nearest to farthest.",
        "List the planets from coldest to hottest.",
        "Rank the runners, fastest to slowest.",
        "Put the fractions in order, smallest first.",
        "Give all values in increasing order, separated by commas.",
        "In what order do they finish?",
    ],
)
def test_an_order_in_whatever_words_is_seen(question):
    assert asks_sorted(question)


@pytest.mark.parametrize(
    "question",
    [
        "Find the length and the width of the rectangle.",
        "Give the area and perimeter, respectively.",
        "What are the mean, median and mode?",
        "Find $x$ and $y$ such that $x+2y=8$.",
        "How many boys and how many girls are there?",
        "Write the first four terms of the sequence.",
        "What are the height, in cm, and the radius, in cm, of the cylinder?",
    ],
)
def test_things_that_are_named_have_an_order(question):
    assert asks_named(question)
    assert verdict(question, "12, 7", "7, 12") == (False, True)
    assert verdict(question, "12, 7", "12 and 7") == (True, True)


@pytest.mark.parametrize(
    "question",
    [
        "Find all real solutions of $x^2=5x-6$.",
        "Find all possible values of $b$ and $c$.",
        "What are the two possible values of $k$?",
        "Find $n_1$ and $n_2$. (Give them in either order.)",
        "Find the two numbers whose sum is 19 and whose product is 84.",
        "A line is tangent to a circle at a point. What are the roots?",
        "Three points form a square in some order. What are the possible areas?",
    ],
)
def test_where_the_order_is_open_a_list_may_be_turned_round(question):
    assert not asks_named(question)
    assert not asks_sorted(question)
    assert verdict(question, "12, 7", "7, 12") == (True, True)


def test_counts_with_nouns_of_their_own_need_no_order():
    question = "How many boys and how many girls are there?"
    assert verdict(question, "14 boys, 11 girls", "11 girls and 14 boys") == (True, True)
    assert verdict(question, "14 boys, 11 girls", "11 boys and 14 girls")[0] is False


def test_a_maximum_and_a_minimum_say_themselves_which_is_which():
    question = "Find the maximum and minimum of $f$."
    assert verdict(question, "1,2", "\\text{Maximum} = 2, \\text{Minimum} = 1") == (True, True)
    assert verdict(question, "1,2", "\\text{Maximum} = 1, \\text{Minimum} = 2")[0] is False
    assert verdict(question, "5,1", "1, 5") == (False, False)  # cannot be told: somebody else may know


@pytest.mark.parametrize(
    ("question", "gold", "answer", "right"),
    [
        ("", "3-1", "3 - 1", True),
        ("", "3-1", "2", False),
        ("", "1999-2000", "1998-1999", False),
        ("", "2", "3-1", False),
        ("Which code opens the lock?", "007", "7", False),
        ("", "01", "1", False),
        ("", "007", "7", False),
        ("Find $m+n$.", "073", "73", True),  # the three digits of a contest
        ("Find $m+n$.", "73", "073", True),
        ("Find the last three digits.", "049", "49", False),
    ],
)
def test_digits_of_scores_years_and_codes_are_no_numbers(question, gold, answer, right):
    assert verdict(question, gold, answer)[0] is right


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("twenty-one", 21),
        ("Three hundred and forty-two", 342),
        ("one million two hundred thousand and five", 1_200_005),
        ("twelve hundred", 1200),
        ("a hundred", 100),
        ("minus five", -5),
        ("two thirds", Fraction(2, 3)),
        ("three-quarters", Fraction(3, 4)),
        ("one and a half", Fraction(3, 2)),
        ("two and three", None),
        ("one hundred and two hundred", None),
        ("nineteen ninety", None),
        ("three fourth", None),
        ("six of hearts", None),
    ],
)
def test_numbers_in_words(text, number):
    assert number_in_words(text) == number


def test_a_thing_behind_a_number_in_words_stays():
    assert in_digits("\\text{seven sides}") == "7 sides"
    assert in_digits("two and three") == "two and three"
    assert in_digits("one of them") == "one of them"


def test_spaced_digits_are_one_number_only_beside_it():
    assert joined("12 000", "12,000") == "12000"
    assert joined("12 000", "12") == "12 000"
    assert joined("100 200 300", "100, 200, 300") == "100 200 300"
    assert joined("12\\quad 000", "12000") == "12\\quad 000"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\sum_{k=1}^{100} k = 5050", "5050"),
        (r"\sum_{k=1}^{100} k = 5051", None),
        (r"\sum_{k=1}^{3} k+1 = 9", None),  # nobody knows how far the sum reaches
        (r"\prod_{k=1}^5 k = 120", "120"),
        ("7! = 5040", "5040"),
        ("3+4 = 8", None),
        ("x = 3+4 = 7", "x = 7"),
    ],
)
def test_work_before_a_value_counts_if_it_is_right(text, value):
    assert behind_working(text) == (value or text)


def test_the_value_of_an_equation_that_is_asked_for_is_no_answer():
    question = "Write an equation with 3, 4 and 7."
    assert verdict(question, "3+4=7", "7")[0] is False
    assert verdict(question, "3+4=7", "2+5=7")[0] is False
    assert verdict("Compute $3+4$.", "7", "3+4=7")[0] is True


@pytest.mark.parametrize(
    ("question", "gold", "answer", "right"),
    [
        ("Is it possible?", "Yes", "Yes, it is possible", True),
        ("Is it possible?", "Yes", "It is possible", True),
        ("Is it possible?", "Yes", "Yes, it is not possible", False),
        ("Is it impossible?", "Yes", "Yes, it is impossible", False),  # a denial in the question: left to others
        ("Does such a set exist?", "No", "No, such a set does not exist", True),
        ("Does such a set exist?", "No", "No such set exists", True),
        ("Does such a set exist?", "No", "Yes", False),
        ("How many solutions are there?", "0", "no solutions", True),
        ("How many zeros has $f$?", "0", "it has no zeros", True),
        ("Find all $x$.", "0", "no solutions", False),
        ("How many solutions are there?", "2", "none", False),
        ("How many students are there?", "17", "about 17", False),
        ("Estimate how many students there are.", "17", "about 17", True),
        ("Which colours?", "red and blue", "red or blue", False),
        ("Which colours?", "red and blue", "blue, red", True),
        ("Find $x$.", "2 or 3", "2 and 3", True),
        ("Find $p+q$.", "113", "p+q=113", True),
        ("Find $p+q$.", "113", "p=113", False),
    ],
)
def test_replies_none_about_and_joints(question, gold, answer, right):
    assert verdict(question, gold, answer)[0] is right


def test_coordinates_by_name_stand_where_the_question_has_them():
    one, two = (Expression(text, ("number", Fraction(text))) for text in "12")
    side = Collection("y=1, x=2", "list", (Labelled("y=1", "y", one), Labelled("x=2", "x", two)))
    assert by_name(side, Question("Solve.")) == (side.items[1], side.items[0])
    assert by_name(side, Question("Find $(y,x)$.")) == side.items
    other = Collection("w=1, l=2", "list", (Labelled("w=1", "w", one), Labelled("l=2", "l", two)))
    assert by_name(other, Question("Solve.")) is None  # l and w, or w and l


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("(1,2)", "x>1 and x<2", True),
        ("(1,2)", "x<2 \\text{ and } x>1", True),
        ("(1,2)", "x>1 or x<2", False),
        ("(1,2)", "x>2 and x<1", False),
        ("(1,2)", "x>1 and y<2", False),
        ("[1,2)", "x>1 and x<2", False),
        ("15^\\circ", "15\\text{ degrees}", True),
        ("-7^\\circ C", "-7^\\circ\\text{C}", True),
        ("-7^\\circ C", "-7^\\circ F", False),
        ("72\\text{ km/h}", "20 m/s", True),
        ("72\\text{ km/h}", "72 m/s", False),
        ("29 white and 37 green", "29\\text{ white and }37\\text{ green}", True),
        ("1010_2", "1010_{\\text{two}}", True),
        ("1010_2", "1010_{\\text{three}}", False),
        ("\\frac{639}{40}", "15\\frac{39}{40} or \\frac{639}{40}", True),
        ("2", "2 or 2", False),
        ("2", "2 or 3", False),
    ],
)
def test_systems_units_bases_and_two_forms_of_one_answer(gold, answer, right):
    assert verdict("Solve for $x$.", gold, answer)[0] is right


@pytest.mark.parametrize(
    ("question", "gold", "answer"),
    [
        ("Simplify $\\frac{6}{8}$.", "\\frac{3}{4}", "6/8"),
        ("What is the prime factorization of 12?", "2^2\\cdot 3", "12"),
        ("Evaluate $|-5|$.", "5", "|-5|"),
        ("Convert 90 seconds to minutes.", "1.5", "90 seconds"),
    ],
)
def test_the_question_repeated_is_an_answer_only_by_the_setting(question, gold, answer):
    prompt = Prompt("p", question, {"answer": gold, "question": question}, "t")
    strict, lenient = (Rule(unevaluated=on).verify(prompt, f"\\boxed{{{answer}}}") for on in (False, True))
    assert (strict.outcome, strict.final, lenient.outcome) == (Outcome.INCORRECT, True, Outcome.CORRECT)


def test_a_label_of_another_quantity_is_final_and_one_that_is_asked_for_is_right():
    assert verdict("Write it as p/q. Find p+q.", "113", "p=113") == (False, True)
    assert verdict("Write it as p/q. Find p+q.", "113", "q+p=113") == (True, True)
    assert verdict("What is $\\cos 60^\\circ$?", "\\frac12", "\\sin 60^\\circ=\\frac12") == (False, True)  # sin 60 is 0.87

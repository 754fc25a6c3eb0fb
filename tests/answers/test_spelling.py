"""Spellings that mean one thing, sentences of the question's words, and forms that an answer has to have."""

from __future__ import annotations

import pytest

from asym_lit.answers.finished import unfinished
from asym_lit.answers.functions import another_function, functions_of, untrue_function
from asym_lit.answers.questions import read_question
from asym_lit.answers.said import said_in_sentence
from asym_lit.answers.spelling import spelled


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"0.\dot4\dot5", r"0.\overline{45}"),
        (r"0.\dot{1}4285\dot{7}", r"0.\overline{142857}"),
        (r"0.58\dot3", r"0.58\overline{3}"),
        (r"\text{minus } 7", "-7"),
        ("15{:}40", "15:40"),
        (r"2{,}700\,€", "€2{,}700"),
        (r"\mathrm{FF}_{16}", "FF_{16}"),
        (r"60\ \mathrm{km\,h^{-1}}", r"60\ \text{ km/h}"),
        (r"9.8\ m\,s^{-2}", r"9.8\ \text{ m/s^2}"),
        (r"x^{-}", r"x^{-}"),  # from below
        (r"\dot{x}", r"\dot{x}"),
    ],
)
def test_a_rare_spelling_becomes_the_usual_one(text, plain):
    assert spelled(text) == plain


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (r"\text{Ben has }12\text{ pens}", "12 pens"),
        ("He has 12 pens.", "12 pens"),
        ("Mia has 12 pens", None),  # of somebody else
        ("Ben does not have 12 pens", None),
        ("Ben has 12 dogs", None),
        ("Ben has more than 12 pens", None),
    ],
)
def test_an_amount_is_read_out_of_a_sentence_of_the_questions_words(text, amount):
    question = read_question("Mia has 7 pens and Ben has 5 more. How many pens does Ben have?")
    assert said_in_sentence(text, question) == amount


@pytest.mark.parametrize(
    ("question", "gold", "wrong", "right"),
    [
        ("Write 93,000,000 in scientific notation.", r"9.3\times10^7", r"93\times10^6", r"9.3\cdot10^7"),
        ("Write 4 in scientific notation.", r"4\times10^0", r"0.4\times10^1", r"4\cdot10^0"),
        ("Simplify the ratio 45:60.", "3:4", "9:12", "3:4"),
        ("There are 8 red and 12 blue hats. Write the ratio in lowest terms.", "2:3", "8:12", "2:3"),
        ("Simplify 24:36:60.", "2:3:5", "4:6:10", "2:3:5"),
        ("Write 3.75 as a mixed number in simplest form.", r"3\frac{3}{4}", r"3\frac{6}{8}", r"3\frac{3}{4}"),
        ("Convert 3:40 pm to 24-hour time.", "15:40", "3:40pm", "15:40"),
        ("Convert 15:40 from 24-hour time to 12-hour time.", "3:40pm", "15:40", "3:40pm"),
    ],
)
def test_a_form_that_is_asked_for_holds_for_values_that_were_to_be_found(question, gold, wrong, right):
    assert unfinished(gold, wrong, question)
    assert not unfinished(gold, right, question)


def test_a_form_that_nobody_asks_for_is_free():
    assert not unfinished("3:4", "9:12", "What is the ratio?")
    assert not unfinished(r"9.3\times10^7", r"93\times10^6", "How far is it?")
    assert not unfinished("3:40pm", "15:40", "After a 12 hour shift, when does he leave?")


def test_the_gcd_is_no_least_common_multiple():
    asked = "is the least common multiple of 4 and 6"
    assert another_function(functions_of(r"\gcd(4,6)"), asked)
    assert not another_function(functions_of(r"\text{LCM}(4,6)"), asked)
    assert untrue_function(r"\gcd(4,6)", 12)  # it is 2
    assert not untrue_function(r"\gcd(4,6)", 2)

"""Commas that group the digits of a number, with a unit, words or a root around it, and commas that part a list."""

from __future__ import annotations

import pytest

from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Rule


def outcome(question: str, gold: str, answer: str) -> Outcome:
    prompt = Prompt("p", question, {"answer": gold, "question": question}, "maths")
    return Rule().verify(prompt, rf"\boxed{{{answer}}}").outcome


METRES = "A train covers 2.4 km. How many metres is that?"
BOX = "What is the volume of a box 10 by 12 by 15 cm?"


@pytest.mark.parametrize(
    ("question", "gold", "answer"),
    [
        (METRES, "2400", r"2{,}400\,\mathrm{m}"),
        (METRES, "2400", r"2{,}400\text{ m}"),
        (METRES, "2,400", r"2,400\text{ metres}"),
        ("A shelf block holds 48 shelves of 25 books. How many books does it hold?", "1200", r"1{,}200\text{ books}"),
        ("A club sells 350 tickets at 6 dollars each. How many dollars does it take in?", "2100", r"2,100\text{ dollars}"),
        (BOX, r"1800\text{ cm}^3", r"1{,}800\text{ cm}^3"),
        (BOX, r"1{,}800\text{ cm}^{3}", r"1800\text{ cm}^3"),
        (BOX, "1800", "1,800 cm^3"),
        ("How many metres does it climb?", "12345678", r"12{,}345{,}678\text{ m}"),
        ("", r"1200\sqrt{2}", r"1{,}200\sqrt{2}"),
    ],
)
def test_digits_are_grouped_whatever_stands_around_the_number(question: str, gold: str, answer: str):
    assert outcome(question, gold, answer) == Outcome.CORRECT


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1200", r"1,200\text{ and }3"),
        ("1200", "1,200,3"),
        ("1800", r"18,00\text{ cm}^3"),
        ("2400", r"2{,}401\text{ m}"),
        ("1200", "(1,200)"),
        ("1200", r"\{1,200\}"),
        ("1200", r"1,200\text{ or }1,201"),
        (r"1200\sqrt{2}", r"1{,}200\sqrt{3}"),
        ("1800", r"1,800^{2}"),
        (r"1800\text{ cm}^3", r"1{,}800\text{ cm}^2"),
    ],
)
def test_commas_that_part_numbers_part_them_still(gold: str, answer: str):
    assert outcome("", gold, answer) != Outcome.CORRECT

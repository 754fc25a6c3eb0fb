"""Pairs by the kind of answer: the same thing written otherwise, and something else that looks much like it."""

from __future__ import annotations

import pytest

from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Maths, Rule, Symbolic

Q0 = "What is it? (A) red (B) green (C) blue (D) $\\frac{1}{2}$"
Q1 = "At what time does the train arrive?"
Q2 = "Which holds? (a) none (b) one (c) two (d) three (e) all"
Q3 = "Compute $2+3$. $\\mathrm{(A)}\\ 4\\qquad\\mathrm{(B)}\\ 5$"
EVEN = "1 \\text{ if } n \\text{ is even}, 0 \\text{ if } n \\text{ is odd}"
RIGHT = {
    "choices": [
        ("D", "\\frac{1}{2}", Q0), ("D", "(D) \\frac12", Q0), ("\\text{(C)}", "C"), ("B", "b", "Which? (A) 1 (B) 2"),
        ("B", "\\text{B}"), ("B", "B. green", Q0), ("A,C", "C,A"), ("C", "option C", Q0), ("C", "(C)", Q0),
        ("A", "The answer is A", Q0), ("E", "(e) all", Q2), ("E", "all", Q2), ("B", "5", Q3),
        ("B", "\\mathrm{(B)}\\ 5", Q3), ("B", "\\text{(B) } 5", Q3), ("[[D]]", "[D]"),
    ],
    "approximations": [
        ("\\frac{1}{3}", "\\frac13 \\approx 0.333"), ("\\sqrt2", "\\sqrt{2}\\approx 1.41"), ("2", "x\\approx 2"),
        ("17", "\\approx 17"),
    ],
    "side by side": [
        ("3 1/4", "3.25"), ("3.25", "3 1/4"), ("-\\frac{7}{3}", "-2 1/3"), ("1, 2", "1 2"), ("2x", "2 x"),
        ("2(x+1)", "2 (x+1)"), ("3\\frac{1}{2}", "\\frac{7}{2}"),
    ],
    "lists and words": [
        ("2, 3", "2 or 3"), ("x=2 \\text{ or } x=3", "2,3"), ("red, blue", "blue, red"), ("Yes", "yes"),
        ("ellipse", "an ellipse"), ("monday", "Monday"),
    ],
    "unevaluated": [
        ("1024", "2^{10}", "How many subsets has a set of ten elements?"), ("6", "\\frac{12}{2}", "How many?"),
        ("\\frac{1}{2}", "\\frac{1}{2}", "What is $\\frac{1}{2}$ simplified?"),
    ],
    "roundings": [
        ("e", "2.718"), ("\\frac{2}{3}", "0.6667"),
    ],
    "units": [
        ("5 kg", "5000 g"), ("1 m", "100 cm"), ("12\\text{ square meters}", "12\\text{ m}^2"),
        ("2 hours 30 minutes", "150 minutes"), ("2.5 hours", "2 hours 30 minutes"), ("5", "5 cm"), ("5 cm", "5"),
        ("90^\\circ", "90 degrees"), ("90^\\circ", "\\frac{\\pi}{2}"), ("$5", "5 dollars"), ("\\$5.00", "5"),
        ("50 cents", "\\$0.50"), ("5000", "5 thousand"), ("3 dozen", "36"), ("20\\%", "0.2"),
        ("20\\%", "20", "What percent is it?"), ("\\frac15", "20\\%"), ("3 weeks", "21 days"),
        ("7\\text{ units}", "7"), ("4 \\text{ liters}", "4000\\text{ mL}"), ("12 \\text{ inches}", "1 \\text{ foot}"),
        ("10\\text{ students}", "10"), ("10", "10 students", "How many students are there?"),
        ("12", "12 cm", "Find the length in cm."), ("12", "12\\text{ cm}^2", "Find the area in cm$^2$."),
        ("12", "12\\text{ cm}^2", "Find the area in square cm."),
        ("12", "12\\text{ km/h}", "Find the speed in km/h."), ("12", "12 mph", "Find it in miles per hour."),
        ("12", "\\$12", "It costs $\\$3$. How much?"), ("60", "60^\\circ", "Find angle ABC."),
    ],
    "cases": [
        (EVEN, "0 \\text{ if } n \\text{ is odd}, 1 \\text{ if } n \\text{ is even}"),
        ("\\begin{cases} x & x>0 \\\\ -x & x<0\\end{cases}", "\\begin{cases} x, & x>0 \\\\ -x, & x<0\\end{cases}"),
    ],
    "small and large numbers": [
        ("6.63\\times10^{-34}", "6.63e-34"), ("\\frac{1}{2000!}", "\\frac{1}{2000!}"),
        ("\\sqrt{2}", "\\frac{2}{\\sqrt2}"), ("\\ln 2", "0.6931"), ("\\tan^{-1}(1)", "\\frac{\\pi}{4}"),
    ],
    "exponents": [
        ("x^{10}", "x^10"), ("10^{-3}", "10^-3"), ("0.001", "1e-3"), ("1500", "1.5e3"), ("1500", "1.5E+3"),
        ("81", "3**4"), ("10^{12}", "10^12"),
    ],
    "times of day": [
        ("6 PM", "18:00", Q1), ("6 p.m.", "6:00 PM", Q1), ("2:30 PM", "2:30 p.m.", Q1),
        ("10:20", "1:2", "What is the ratio?"), ("\\text{3:15 p.m.}", "3:15\\text{ p.m.}", Q1),
        ("12:30", "12:30 PM", Q1), ("4:20 PM", "16:20", Q1), ("7 p.m.", "7:00 PM", Q1),
    ],
    "ratios": [
        ("2:3", "4:6"), ("2:3", "\\frac23"), ("1:2:3", "2:4:6"), ("2:3", "2 to 3"),
    ],
    "dates": [
        ("May 5, 2020", "5 May 2020"), ("March 3", "March 3rd"),
    ],
    "bases": [
        ("1101_2", "1101_{2}"), ("40_9", "40", "Express in base 9"), ("FF_{16}", "ff_{16}"),
    ],
    "recurring decimals": [
        ("\\frac{1}{6}", "0.1\\overline{6}"), ("\\frac{1}{7}", "0.\\overline{142857}"), ("0.\\overline{9}", "1"),
        ("\\frac13", "0.(3)"), ("0.\\overline{36}", "\\frac{4}{11}"), ("0.\\dot{3}", "\\frac13"),
    ],
    "parts of the line": [
        ("(0,1)", "0<x<1"), ("(0,\\infty)", "x>0"), ("(-\\infty,1)\\cup(2,\\infty)", "x<1 \\text{ or } x>2"),
        ("[-2,2]", "|x|\\le 2"), ("(-\\infty,-2)\\cup(2,\\infty)", "|x|>2"), ("x>3", "3<x"),
        ("\\mathbb{R}", "(-\\infty,\\infty)"), ("\\text{all real numbers}", "\\mathbb{R}"),
        ("x \\ge 2", "[2,\\infty)"), ("(1,3)", "1 < y < 3"),
    ],
    "points": [
        ("(1,2)", "x=1, y=2", "Find the point (x,y)"), ("(1,2)", "1,2", "Find the ordered pair"),
        ("(1,2,3)", "\\begin{pmatrix}1\\\\2\\\\3\\end{pmatrix}"), ("(1,2),(3,4)", "(3,4),(1,2)"), ("(1,2)", "(1;2)"),
        ("(1,2)", "(1.0, 2.0)"),
    ],
    "labels and equations": [
        ("y=2x+3", "y=3+2x"), ("y=2x+3", "2x-y+3=0"), ("x=5", "5"), ("f(x)=x^2", "f(t)=t^2"), ("P(A)=0.3", "0.3"),
        ("x^2+y^2=4", "\\frac{x^2}{4}+\\frac{y^2}{4}=1"), ("a=1,b=2", "b=2,a=1"), ("a=1,b=2", "1,2"),
        ("a=1,b=2", "(1,2)"),
    ],
    "matrices": [
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}"),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1&2\\end{pmatrix}"),
    ],
    "signs in words": [
        ("5 ways", "5 ways"), ("+5", "5"),
    ],
    "other spellings": [
        ("12", "\uff11\uff12"), ("\\frac{3}{4}", "¾"), ("x^2", "x²"), ("x^{-2}", "x⁻²"), ("\\sqrt{3}", "√3"), ("12", "12个"),
        ("30", "30元"), ("\\emptyset", "\\text{no solutions}"), ("\\text{no solution}", "\\emptyset"),
        ("\\text{no real solutions}", "\\varnothing"), ("\\text{infinitely many}", "\\infty", "How many solutions?"),
        ("\\infty", "\\infty"), ("3rd", "3"), ("21^{\\text{st}}", "21"), ("1,000,000", "1000000"),
        ("1{,}000", "1000"), ("\\frac{\\sqrt3}{3}", "\\frac{1}{\\sqrt{3}}"), ("n!", "\\Gamma(n+1)"),
        ("\\binom{n}{2}", "\\frac{n(n-1)}{2}"), ("\\{x \\mid x > 3\\}", "x>3"), ("\\{x : x > 3\\}", "(3,\\infty)"),
        ("x\\in\\{1,2\\}", "\\{1,2\\}"), ("x\\in\\{1,2\\}", "1,2"), ("\\langle 1,2,3\\rangle", "(1,2,3)"),
        ("1 \\text{ and } 3", "3, 1"), ("\\pm 3", "3, -3"), ("twelve", "12"),
        ("\\infty", "an infinite number", "How many solutions?"), ("3 red and 4 blue", "4 blue and 3 red"),
        ("x=1, y=2", "y=2, x=1"), ("42", "42人"), ("\\frac{2}{3}", "⅔"), ("y^{-2}", "y⁻²"), ("3 : 4", "3 to 4"),
        ("5", "5\\text{th}"),
    ],
    "names": [
        ("k\\pi", "n\\pi", "Solve \\sin x=0"),
        ("\\pi k, k\\in\\mathbb{Z}", "n\\pi, n\\in\\mathbb{Z}", "Solve \\sin x=0"),
    ],
}  # fmt: skip
"""Kind: (gold answer, the same, the question where it matters)."""
WRONG = {
    "choices": [
        ("D", "B", Q0), ("\\text{(C)}", "(D)"), ("B", "B. red", Q0), ("B", "A. green", Q0), ("B", "A, B", Q0),
        ("B", "B or C", Q0), ("AC", "AB"), ("A", "A and B", Q0), ("C", "Option D", Q0), ("E", "(c)", Q2),
        ("E", "two", Q2), ("B", "4", Q3), ("True", "False"),
    ],
    "approximations": [
        ("0.333", "\\frac12\\approx 0.333"), ("1.41", "\\sqrt{3}\\approx 1.41"), ("17", "16 \\approx 17"),
    ],
    "side by side": [
        ("12", "1 2"), ("12", "1\\ 2"), ("12", "3\\quad 4"), ("3/4", "3 1/4"), ("-\\frac{5}{3}", "-2 1/3"),
        ("1 2", "2 1"), ("24", "2 3 4"), ("\\frac{3}{2}", "3\\frac{1}{2}"), ("1 1/2", "\\frac12"), ("5", "5 5"),
        ("T X X", "X T X"),
    ],
    "lists and words": [
        ("2, 3", "2 and 4"), ("2", "2 or 3"), ("x=2 \\text{ or } x=3", "x=2"), ("1,2,3", "1,2,3,3"),
        ("1,1,2", "1,2,2"), ("red, blue", "red"), ("red", "red, blue"), ("yes", "no"), ("not possible", "possible"),
        ("increasing", "decreasing"), ("prime", "not prime"), ("even", "neither even nor odd"),
        ("converges", "diverges"), ("absolutely convergent", "convergent"), ("isosceles triangle", "isosceles"),
        ("Monday", "Tuesday"), ("two", "three"), ("1, 2, 3", "3 2 1"), ("(1,2), (3,4)", "(1,2)"), ("4", "2, 2"),
        ("2", "2, 2"),
    ],
    "unevaluated": [
        ("120", "5!", "What is $5!$?"),
        ("120", "1\\cdot2\\cdot3\\cdot4\\cdot5", "Find the product of the first five positive integers."),
        ("10", "\\binom{5}{2}", "Compute $\\binom{5}{2}$."),
        ("\\frac{1}{3}", "\\int_0^1 x^2 dx", "Evaluate $\\int_0^1 x^2 dx$"), ("579", "123+456", "Compute $123+456$"),
        ("x^2+2x+1", "(x+1)^2", "Expand $(x+1)^2$"), ("5\\sqrt2", "\\sqrt{50}", "Simplify $\\sqrt{50}$"),
        ("1024", "2^{10}", "Compute $2^{10}$"), ("1", "\\lim_{x\\to0}\\frac{\\sin x}{x}", "Find the limit"),
        ("18", "9\\times 2", "Compute 9 \\times 2"), ("12", "3*4", "What is 3*4?"),
        ("7", "3+4", "What is the sum of 3 and 4?"), ("7", "\\sqrt{49}", "Evaluate \\sqrt{49}."),
        ("5050", "\\frac{100\\cdot 101}{2}", "Find the sum of the first 100 positive integers."),
        ("5050", "50\\times 101", "Compute the sum."),
    ],
    "roundings": [
        ("\\pi", "3"), ("2.5", "3"), ("2.5", "2"), ("\\frac{7}{2}", "4"), ("99.5", "100"), ("3", "3.1"),
        ("3", "2.9999"), ("\\sqrt{17}", "4"), ("1000.4", "1000"), ("e", "2.7"), ("\\pi", "3.14"),
        ("\\frac23", "0.6666"), ("\\frac{22}{7}", "3.142"), ("12.5\\%", "13\\%"),
    ],
    "units": [
        ("5 kg", "5 g"), ("60 mph", "60 km/h"), ("3 \\text{ m/s}", "3 \\text{ m/s}^2"),
        ("12\\text{ m}^2", "12\\text{ m}^3"), ("5\\text{ ft}", "5\\text{ in}"), ("90^\\circ", "90\\text{ radians}"),
        ("\\frac{\\pi}{2}", "90"), ("5 apples", "5 oranges"), ("€5", "£5"), ("50 cents", "\\$50"),
        ("5 thousand", "5"), ("20\\%", "20", "What is the probability?"), ("20", "20\\%", "How many apples?"),
        ("0.2", "2\\%"), ("3 weeks", "3 days"), ("5\\text{ N}", "5\\text{ J}"), ("100", "100 million"),
        ("-7\\text{ m}", "7\\text{ m}"), ("5 ^\\circ C", "5^\\circ F"), ("10", "10 squared"), ("10", "10 more"),
        ("10", "10 is wrong"), ("12", "12\\text{ or more}"), ("12", "at least 12"),
        ("12", "12 cm", "How many apples are there?"), ("12", "12 hours", "How many minutes?"),
    ],
    "cases": [
        (EVEN, "1"),
        (EVEN, "0 \\text{ if } n \\text{ is even}, 1 \\text{ if } n \\text{ is odd}"),
        ("\\begin{cases} x & x>0 \\\\ -x & x<0\\end{cases}", "x"), ("3 for odd n and 4 for even n", "3"),
        ("3 \\text{ when } n \\text{ is odd; } 4 \\text{ when } n \\text{ is even}", "3"),
    ],
    "small and large numbers": [
        ("10^{-20}", "10^{-21}"), ("10^{-20}", "0"), ("6.63\\times10^{-34}", "1.60\\times10^{-19}"),
        ("1+10^{-15}", "1"), ("3^{100}+1", "3^{100}"), ("\\frac{1}{3000!}", "\\frac{1}{2999!}"),
        ("e^{-100}", "e^{-101}"), ("\\sqrt{10^{20}+1}", "10^{10}"), ("2^{-1000}", "2^{-1001}"), ("1-2^{-60}", "1"),
        ("0", "10^{-9}"), ("\\pi^{50}", "\\pi^{50}+1"), ("0.0000001", "0.0000002"),
        ("q=1.6\\times 10^{-19}\\text{ C}", "q=3.2\\times 10^{-19}\\text{ C}"), ("10^{10^{10}}", "10^{10^{10}}+1"),
    ],
    "exponents": [
        ("1500", "1.5e4"), ("12", "3**4"), ("2^{3x}", "2^3x"), ("102", "10^2"), ("2^{5}", "2^{6}"),
    ],
    "times of day": [
        ("5:45", "5:54", Q1), ("6:00 AM", "6:00 PM", Q1), ("12:00 PM", "0:00", Q1), ("10:20", "1:2", Q1),
        ("9:15", "3:5", Q1), ("15:30", "3:30 AM", Q1),
    ],
    "ratios": [
        ("2:3", "3:2"), ("1:2:3", "1:2"), ("2:3", "3 to 2"),
    ],
    "dates": [
        ("May 5, 2020", "May 6, 2020"), ("March 3", "May 3"), ("1/2/2020", "2/4/2020"),
    ],
    "bases": [
        ("1101_2", "1011_2"), ("1101_2", "13", "Write 13 in base 2"), ("40_9", "36"), ("36", "40_9"),
        ("2516_8", "2516"), ("2516", "2516_8"), ("1101_2", "1101_{10}"),
    ],
    "recurring decimals": [
        ("0.\\overline{3}", "0.3"), ("0.\\overline{3}", "0"), ("0.\\overline{12}", "0.\\overline{21}"),
        ("\\frac{5}{11}", "0.454545\\ldots"),
    ],
    "parts of the line": [
        ("(0,1)", "0\\le x\\le 1"), ("(0,1)", "\\{0,1\\}"), ("(0,1)", "[0,1)"), ("(0,\\infty)", "x\\ge0"),
        ("(1,2)", "1<x<3"), ("[-2,2]", "|x|<2"), ("x>3", "x<3"), ("x > 3", "y>3"), ("(-1,3)", "-1,3"),
        ("(2,5)", "(5,2)"), ("\\{1,2\\}", "[1,2]"), ("[0, 1]", "0, 1"), ("(0,1]", "(0,1)"), ("x \\ne 2", "x=2"),
        ("1\\le x\\le 3", "x\\ge 1"),
    ],
    "points": [
        ("(1,2)", "(2,1)"), ("(1,2)", "x=2,y=1"), ("(1,2),(3,4)", "(1,3),(2,4)"), ("(1,2)", "\\{1,2\\}"),
        ("(1,2)", "1.2"),
    ],
    "labels and equations": [
        ("y=2x+3", "y=2x-3"), ("y=2x+3", "x=2y+3"), ("x=5", "y=5"), ("f(x)=x^2", "g(x)=x^2"),
        ("f^{-1}(x)=2x", "f(x)=2x"), ("a_1=3", "a_2=3"), ("P(A|B)=0.3", "P(B|A)=0.3"),
        ("\\angle A=30^\\circ", "\\angle B=30^\\circ"), ("AB=5", "AC=5"), ("x^2+y^2=4", "x^2+y^2=2"),
        ("a=1,b=2", "a=2,b=1"),
    ],
    "matrices": [
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}"),
        ("-2", "\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}"),
    ],
    "signs in words": [
        ("5 ways", "-5 ways"), ("10%", "10", "How many?"), ("x+1 \\text{ meters}", "x-1 \\text{ meters}"),
        ("5", "-5"), ("Group A", "Group B"), ("Group A", "group a"), ("Type I", "Type II"), ("3! ", "3"),
        ("(2,3) cm", "(2.3) cm"), ("10-3 inches", "10 3 inches"), ("\\text{Line } 3", "\\text{Line } 4"),
        ("Vitamin C", "Vitamin D"),
    ],
    "other spellings": [
        ("12", "第12"), ("\\emptyset", "0"), ("\\emptyset", "\\{0\\}"), ("\\infty", "-\\infty"), ("21^{st}", "22"),
        ("1,000", "1"), ("2\\pi r", "2\\pi R", "Find it in terms of $r$."), ("\\langle 1,2,3\\rangle", "(1,2,4)"),
        ("\\pm 3", "3"),
    ],
    "names": [
        ("n+1", "m+1", "In terms of $n$"), ("xy", "xz", "Let $x,y,z$ be"), ("a+b", "a+c"), ("ABC", "ABD"),
        ("AB", "BA"), ("x", "y"), ("2C", "2D", "let C and D be"), ("f(2)=3", "f(3)=3"), ("a_n=2n", "b_n=2n"),
        ("AB=5", "CD=5"),
    ],
}  # fmt: skip
"""Likewise, with another answer."""


def accepted(gold: str, answer: str, question: str = "") -> bool:
    prompt = Prompt("p", question, {"answer": gold, "question": question}, "maths")
    verdict = Rule().verify(prompt, f"\\boxed{{{answer}}}")
    assert verdict.outcome != Outcome.UNDECIDED, verdict.reason
    return verdict.outcome == Outcome.CORRECT


@pytest.mark.parametrize("kind", RIGHT)
def test_the_same_answer_written_otherwise_is_accepted(kind):
    assert [pair for pair in RIGHT[kind] if not accepted(*pair)] == []


@pytest.mark.parametrize("kind", WRONG)
def test_an_answer_that_only_looks_much_like_it_is_not(kind):
    assert [pair for pair in WRONG[kind] if accepted(*pair)] == []


@pytest.fixture(scope="module")
def maths():
    verifier = Maths(symbolic=Symbolic(workers=1))
    yield verifier
    verifier.close()


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (r"\sin 30^\circ", r"-0.98803", False),  # the sine of 30 radians
        (r"\sin 30^\circ", r"\frac{\pi}{180}\sin 30", False),
        (r"\sin(30^\circ)", r"\frac12", True),
        (r"30^\circ", r"30 degrees", True),
        ("5 MJ", "5 mJ", False),
        ("5 Mm", "5 mm", False),
        ("5 Mg", "5 mg", False),
        ("5 kg", "5 Kg", True),
        (r"\$5 \text{ profit}", r"\$5 \text{ loss}", False),
        (r"\$5 per hour", r"\$5 per minute", False),
        (r"\$5 million", r"\$5000000", True),
        ("f'(x)", "f(x)", False),
        ("5'", "5''", False),
    ],
)
def test_functions_of_degrees_prefixes_words_behind_money_and_primes_are_read(maths, gold, answer, right):
    prompt = Prompt("p", "", {"answer": gold, "question": ""}, "maths")
    assert (maths.verify(prompt, f"\\boxed{{{answer}}}").outcome == "correct") is right

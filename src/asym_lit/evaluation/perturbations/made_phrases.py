"""Families of what is said around an answer: an order, a reply, none, about, a denial; `and` and `or`."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_NAMED = (
    ("Find the {} and the {} of the rectangle.", ("length", "width")),
    ("Give the {} and {}, respectively.", ("area", "perimeter")),
    ("Determine the {} and the {} of the fraction.", ("numerator", "denominator")),
    ("What are the {} and {} of the data?", ("mean", "median")),
    ("State the {} and the {} values of $f$.", ("minimum", "maximum")),
    ("Compute the {} and the {}.", ("quotient", "remainder")),
    ("Find the values of {} and {}.", ("$a$", "$b$")),
    ("How many {} and how many {} are there?", ("boys", "girls")),
)
_SORTS = (
    "from nearest to farthest",
    "from oldest to youngest",
    "in ascending order",
    "from left to right",
    "coldest to hottest",
)
_THINGS = ("tea", "coffee", "milk", "juice", "water", "cocoa", "lemonade")
_CAN = (
    ("Is it possible to tile the board?", "it is possible", "it is not possible", "it is impossible"),
    ("Can the two players both win?", "they can", "they cannot", "they can't"),
    ("Does such a polynomial exist?", "such a polynomial exists", "such a polynomial does not exist", "it does not exist"),
    ("Is the number prime?", "it is", "it is not", "the number is not prime"),
)
_NONE = ("solutions", "roots", "integer solutions", "real roots", "triangles", "primes")


def named_in_turn(rng: Random) -> Rows:
    """Two things asked for by name: their values in that order."""
    shape, names = rng.choice(_NAMED)
    question = shape.format(*names)
    a, b = rng.sample(range(2, 90), 2)
    for right in (f"{a}, {b}", f"{a},{b}", f"{a} and {b}", f"{a} \\text{{ and }} {b}"):
        yield question, f"{a}, {b}", right, True
    for wrong in (f"{b}, {a}", f"{b} and {a}", f"{b},{a}", f"{a}, {b + 1}"):
        yield question, f"{a}, {b}", wrong, False


def sorted_names(rng: Random) -> Rows:
    """Names, and terms, in the order that is asked for; and the same without one."""
    how = rng.choice(_SORTS)
    names = rng.sample("ABCDEFGH", 3)
    gold, turned = ", ".join(names), ", ".join(names[::-1])
    yield f"Give the three cities {how}.", gold, ", ".join(names), True
    yield f"Give the three cities {how}.", gold, ",".join(names), True
    yield f"Give the three cities {how}.", gold, turned, False
    yield f"Give the three cities {how}.", gold, ", ".join([names[1], names[0], names[2]]), False
    first, step = rng.randrange(1, 30), rng.randrange(2, 9)
    terms = [str(first + step * n) for n in range(4)]
    asks = "Write the first four terms of the sequence."
    yield asks, ", ".join(terms), ",".join(terms), True
    yield asks, ", ".join(terms), ", ".join(terms[::-1]), False
    yield "Find all solutions of the equation.", ", ".join(terms), ", ".join(terms[::-1]), True


def joints(rng: Random) -> Rows:
    """All of them, or one of them."""
    one, other, third = rng.sample(_THINGS, 3)
    both, either = "What did they drink?", "What may she choose?"
    for right in (f"{other} and {one}", f"{one}, {other}", f"\\text{{{one} and {other}}}"):
        yield both, f"{one} and {other}", right, True
    for wrong in (f"{one} or {other}", f"{other} or {one}", one, f"{one} and {third}"):
        yield both, f"{one} and {other}", wrong, False
    yield either, f"{one} or {other}", f"{other} or {one}", True
    yield either, f"{one} or {other}", f"{one} and {other}", False


def replies(rng: Random) -> Rows:
    """Yes or no, with what the question says behind it."""
    question, can, cannot, neither = rng.choice(_CAN)
    for right in ("yes", f"Yes, {can}", f"Yes, {can}.", "\\text{Yes}"):
        yield question, "Yes", right, True
    for wrong in ("No", f"No, {cannot}", f"Yes, {cannot}", "Yes and no"):
        yield question, "Yes", wrong, False
    for right in ("no", f"No, {cannot}", f"No, {neither}"):
        yield question, "No", right, True
    for wrong in ("Yes", f"Yes, {can}", "not no"):
        yield question, "No", wrong, False


def none_of_them(rng: Random) -> Rows:
    """Nothing is 0, where it is counted."""
    thing, number = rng.choice(_NONE), rng.randrange(1, 30)
    question = f"How many {thing} are there?"
    for right in (f"no {thing}", "none", f"There are no {thing}", f"0 {thing}", "zero"):
        yield question, "0", right, True
    for wrong in (f"{number}", f"no more than {number} {thing}", "infinitely many", f"at most {number}"):
        yield question, "0", wrong, False
    for wrong in (f"no {thing}", "none"):
        yield question, f"{number}", wrong, False
    for wrong in ("no solutions", "none", "\\emptyset"):
        yield "Find all real $x$.", "0", wrong, False


def about(rng: Random) -> Rows:
    """About a number, for the number; and an estimate that is asked for."""
    number = rng.randrange(11, 900)
    question = "How many students are there?"
    for wrong in ("about", "approximately", "roughly", "around", "nearly", "more than", "at least"):
        yield question, f"{number}", f"{wrong} {number}", False
    for right in (f"exactly {number}", f"{number}", f"{number} students"):
        yield question, f"{number}", right, True
    yield "Approximately how many students are there?", f"{number}", f"about {number}", True


def denied(rng: Random) -> Rows:
    """A box that its own sentence denies; whole responses."""
    number = rng.randrange(11, 900)
    question, gold = "What is $x$?", str(number)
    for wrong in (
        f"so it is not \\boxed{{{number}}}.",
        f"Hence the answer isn't $\\boxed{{{number}}}$.",
        f"We get \\boxed{{{number}}}, which is wrong.",
        f"The value can never be \\boxed{{{number}}}.",
        f"\\boxed{{{number}}} is not the answer.",
    ):
        yield question, gold, wrong, False
    for right in (
        f"It is not {number + 1}, so it is \\boxed{{{number}}}.",
        f"The answer is $\\boxed{{{number}}}$. It is not a prime.",
        f"So \\boxed{{{number}}}. Note that it is not \\boxed{{{number + 1}}}.",
        f"No number other than \\boxed{{{number}}} works.",
    ):
        yield question, gold, right, True


PHRASES: Mapping[str, Family] = {
    "named in turn": named_in_turn,
    "sorted names": sorted_names,
    "joints": joints,
    "replies": replies,
    "none of them": none_of_them,
    "about": about,
    "denied": denied,
}
"""By kind."""

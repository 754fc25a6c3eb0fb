"""Families of words, names and options."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb, factorial
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_OPPOSITES = (
    ("even", "odd"),
    ("True", "False"),
    ("converges", "diverges"),
    ("yes", "no"),
    ("valid", "invalid"),
    ("increasing", "decreasing"),
)
_COLOURS = ("red", "blue", "green", "white", "black", "yellow")


def word_lists(rng: Random) -> Rows:
    """One word where two exclude each other."""
    one, other = rng.choice(_OPPOSITES)[:: rng.choice((1, -1))]
    question = f"Is it {one} or {other}?"
    for right in (f"\\text{{{one}}}", one.lower(), one.capitalize(), f"\\textbf{{{one}}}", f"\\mathrm{{{one}}}"):
        yield question, one, right, True
    for wrong in (
        other,
        f"{one}, {other}",
        f"{other}, {one}",
        f"not {one}",
        f"{one} or {other}",
        f"\\text{{{one} and {other}}}",
        "",
    ):
        yield question, one, wrong, False
    if one == "converges":
        yield question, one, "converges conditionally", False


def counts_of_things(rng: Random) -> Rows:
    """How many of each."""
    (one, other), a = rng.sample(_COLOURS, 2), rng.randrange(3, 40)
    b = a + rng.randrange(1, 9)
    gold = f"{a} {one} and {b} {other}"
    for right in (
        f"{a} {one}, {b} {other}",
        f"\\text{{{gold}}}",
        f"{b} {other} and {a} {one}",
        f"{a}\\text{{ {one} and }}{b}\\text{{ {other}}}",
    ):
        yield "", gold, right, True
    for wrong in (
        f"{b} {one} and {a} {other}",
        f"{a} {one}",
        f"{a} {one} and {b + 1} {other}",
        f"-{a} {one} and {b} {other}",
        f"{a}! {one} and {b} {other}",
    ):
        yield "", gold, wrong, False


def unevaluated(rng: Random) -> Rows:
    """The expression of the question in place of its value."""
    a, b = rng.randrange(12, 999), rng.randrange(12, 999)
    cases = (
        (f"Compute ${a}\\times {b}$.", a * b, f"{a}\\times {b}"),
        (f"What is ${a} + {b}$?", a + b, f"{a} + {b}"),
        (f"Find the sum of the first {a} positive integers.", a * (a + 1) // 2, f"\\sum_{{k=1}}^{{{a}}} k"),
        (f"Evaluate $\\binom{{{a}}}{{2}}$.", comb(a, 2), f"\\binom{{{a}}}{{2}}"),
        (f"Find the value of ${a % 9 + 3}!$.", factorial(a % 9 + 3), f"{a % 9 + 3}!"),
    )
    question, value, copied = rng.choice(cases)
    yield question, str(value), copied, False
    yield question, str(value), f"{copied} + 0", False
    yield question, str(value), str(value + 1), False
    yield question, str(value), f"{value}.0", True
    yield question, str(value), f"{value:,}", True
    yield question, str(value), f"{copied} = {value}", True


def names_of_values(rng: Random) -> Rows:
    """What a value is a value of."""
    number = f"0.{rng.randrange(1, 9)}"
    one, other = rng.sample("ABCDEFGH", 2)
    yield "", f"P({one})={number}", f"P({one}) = {number}", True
    yield "", f"P({one})={number}", f"$P({one})={number}$", True
    yield "", f"P({one})={number}", f"P\\left({one}\\right)={number}", True
    yield "", f"P({one})={number}", f"P({other})={number}", False
    a = rng.randrange(2, 40)
    yield "", f"f'(x)={a}x", f"f'(x) = {a}x", True
    yield "", f"f'(x)={a}x", f"f(x)={a}x", False
    yield "", f"f'(x)={a}x", f"f''(x)={a}x", False
    yield "", f"\\text{{Team {one}}}", f"Team {one}", True
    yield "", f"Team {one}", f"Team {other}", False
    yield "", f"Team {one}", "the team", False


def options(rng: Random) -> Rows:
    """The letter of an option, with or without what stands there."""
    values = rng.sample(range(10, 99), 4)
    place = rng.randrange(4)
    question = "Choose one: " + " ".join(f"({letter}) {value}" for letter, value in zip("ABCD", values, strict=True))
    letter = "ABCD"[place]
    for right in (
        f"({letter})",
        f"\\text{{{letter}}}",
        f"({letter})\\ {values[place]}",
        f"\\textbf{{({letter})}}",
        f"({letter}) {values[place]}",
    ):
        yield question, letter, right, True
    for other, value in zip("ABCD", values, strict=True):
        if other != letter:
            for wrong in (other, f"({other})", f"({other}) {value}", f"{letter}, {other}", f"\\text{{{other}}}"):
                yield question, letter, wrong, False


WORDS: Mapping[str, Family] = {
    "word lists": word_lists,
    "counts of things": counts_of_things,
    "unevaluated": unevaluated,
    "names of values": names_of_values,
    "options": options,
}
"""By kind."""

"""Families of what a question asks for: by a label, in a unit, as a part of something."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_SYMBOLS = (
    "Find {0} if {0} + {1} = 30.",
    "If 3{0} = {1}, what is {0}?",
    "Solve for {0}: 2{0} = {1}.",
    "What is the value of {0}?",
)
_SUMS = ("Write it as {0}/{1} in lowest terms. Find {0}+{1}.", "Compute {0} + {1}.", "What is the value of {0}+{1}?")
_SEGMENTS = (
    "In triangle {0}{1}{2}, find {0}{1}.",
    "What is the length of {0}{1}?",
    "Find the length of segment {0}{1}, given {1}{2}.",
)
_COUNTS = (
    "How many integers {0} satisfy {0}^2 < 900?",
    "What is the sum of the roots of {0}^2 - 9{0} + 2 = 0?",
    "Find the number of primes {0} below 50.",
    "Find the remainder when {0} is divided by 97.",
)
_WHOLES = ("pizza", "cake", "garden", "class", "tank", "journey", "book", "pie")


def labels_of_symbols(rng: Random) -> Rows:
    """A value with the name of the unknown that is asked for, or of another one; questions with dollars and without."""
    value, dollar = str(rng.randrange(2, 400)), rng.choice(("", "$"))
    x, y, z = rng.sample("bcdhkmnpqrtuvwxyz", 3)
    names = [f"{dollar}{name}{dollar}" for name in (x, y)]
    question = rng.choice(_SYMBOLS).format(*names)
    yield question, value, f"{x}={value}", True
    for wrong in (f"{y}={value}", f"{z}={value}", f"{x}^2={value}", f"{x}+{y}={value}"):
        yield question, value, wrong, False
    yield rng.choice(_COUNTS).format(names[0]), value, f"{x}={value}", False


def labels_of_sums(rng: Random) -> Rows:
    """A value with the expression that is asked for, or with a part of it, or with another expression."""
    value, dollar = str(rng.randrange(2, 400)), rng.choice(("", "$"))
    x, y = rng.sample("bcdhkmnpqrtuvwxyz", 2)
    question = rng.choice(_SUMS).format(x, y)
    if dollar:
        question = question.replace(f"{x}+{y}", f"${x}+{y}$").replace(f"{x} + {y}", f"${x} + {y}$")
    for right in (f"{x}+{y}={value}", f"{y} + {x} = {value}"):
        yield question, value, right, True
    for wrong in (f"{x}={value}", f"{y}={value}", f"{x}-{y}={value}", f"{x}{y}={value}"):
        yield question, value, wrong, False
    at, other = rng.sample(range(1, 20), 2)
    question = f"Given {dollar}f(x)=ax+b{dollar}, find {dollar}f({at}){dollar}."
    yield question, value, f"f({at})={value}", True
    for wrong in (f"f({other})={value}", f"g({at})={value}", f"x={value}"):
        yield question, value, wrong, False


def labels_of_figures(rng: Random) -> Rows:
    """A length, or an area, with the letters of the segment or figure that is asked for, or of another one."""
    value, dollar = str(rng.randrange(2, 400)), rng.choice(("", "$"))
    a, b, c = rng.sample("ABCDEFGHJKLMNPQRTUVW", 3)
    question = rng.choice(_SEGMENTS).format(a, b, c)
    if dollar:
        question = question.replace(f" {a}{b}", f" ${a}{b}$")
    for right in (f"{a}{b}={value}", f"|{a}{b}|={value}", f"{b}{a} = {value}", f"\\overline{{{a}{b}}}={value}"):
        yield question, value, right, True
    for wrong in (f"{b}{c}={value}", f"|{a}{c}|={value}", f"{a}={value}", f"\\angle {a}{b}{c}={value}"):
        yield question, value, wrong, False
    question = f"What is the area of triangle {dollar}{a}{b}{c}{dollar}?"
    for right in (f"[{a}{b}{c}]={value}", f"\\text{{Area}}={value}", f"S={value}"):
        yield question, value, right, True
    for wrong in (f"{a}{b}={value}", f"|{b}{c}|={value}", f"\\angle {a}={value}", f"\\text{{Perimeter}}={value}"):
        yield question, value, wrong, False


def asked_units(rng: Random) -> Rows:
    """An amount in the unit that a question asks for and in another one; the question's own amount is no conversion."""
    number, (large, small, factor) = rng.randrange(2, 40), rng.choice((("hours", "minutes", 60), ("minutes", "seconds", 60)))
    halves, whole = f"{number}.5", number * factor + factor // 2
    question = f"How many {small} does it take?"
    for right in (f"{halves} {large}", f"{halves}\\text{{ {large}}}", f"{whole} {small}", f"{whole}"):
        yield question, f"{whole}", right, True
    for wrong in (halves, f"{whole} {large}", f"{halves} {small}", f"{number + 1}.5 {large}"):
        yield question, f"{whole}", wrong, False
    yield "How long is the film?", f"{whole} {small}", f"{halves} {large}", True
    for asks in (f"Convert {halves} {large} to {small}.", f"How many {small} are in {halves} {large}?"):
        yield asks, f"{whole}", f"{whole} {small}", True
        yield asks, f"{whole}", f"{halves} {large}", False
        yield asks, f"{whole}\\text{{ {small}}}", f"{halves}\\text{{ {large}}}", False
    metres = 5 * rng.randrange(2, 30)
    fast = f"{metres * 18 // 5}"
    yield "What is the speed in m/s?", f"{metres}", f"{fast} km/h", True
    yield "What is the speed in m/s?", f"{metres}", fast, False
    yield f"Convert {fast} km/h to m/s.", f"{metres}\\text{{ m/s}}", f"{fast}\\text{{ km/h}}", False


def parts_of_things(rng: Random) -> Rows:
    """A part of what the question asks a part of, and of something else."""
    thing, other = rng.sample(_WHOLES, 2)
    down = rng.choice((5, 7, 8, 9, 11, 12))
    up = rng.choice([n for n in range(1, down) if gcd(n, down) == 1])
    question = f"What fraction of the {thing} is left?"
    gold = f"\\frac{{{up}}}{{{down}}}"
    for right in (f"{up}/{down} of the {thing}", f"{gold}\\text{{ of the {thing}}}", f"{gold} of the {thing}", f"{up}/{down}"):
        yield question, gold, right, True
    yield question, f"{gold}\\text{{ of the {thing}}}", gold, True
    for wrong in (
        f"{up}/{down} of the {other}",
        f"{gold}\\text{{ of the remaining {thing}}}",
        f"{up}/{down + 1} of the {thing}",
        f"{gold}\\text{{ of the {other}}}",
    ):
        yield question, gold, wrong, False


ASKED: Mapping[str, Family] = {
    "labels of symbols": labels_of_symbols,
    "labels of sums": labels_of_sums,
    "labels of figures": labels_of_figures,
    "asked units": asked_units,
    "parts of things": parts_of_things,
}
"""By kind."""

"""Equations: multiples of each other, or solved for a name."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.reading import read_expression
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.values import apart, at_points, names_of, point, value

_LONE = re.compile(r"\\?[A-Za-z]+'*(?:_\w|_\{[^}]*\})?(?:\(.*\))?")


def same_equation(gold: str, answer: str, switches: Switches) -> bool:
    """Both equations: one is a multiple of the other. One: it determines a name that the other side expresses."""
    if "assignment" not in switches.on:
        return False
    sides = [text.split("=") for text in (gold, answer)]
    if any(len(side) > 2 for side in sides) or all(len(side) == 2 and _LONE.fullmatch(side[0].strip()) for side in sides):
        return False  # chains, and values of names, which labels tell apart
    differences = [f"({side[0]})-({side[1]})" if len(side) == 2 else side[0] for side in sides]
    try:
        names = [names_of(read_expression(text)) for text in differences]
    except (UnreadableError, RecursionError):
        return False
    if len(sides[0]) == len(sides[1]):
        return names[0] == names[1] and len(names[0]) > 0 and _multiple(differences[0], differences[1], names[0], switches)
    equation, expression = (0, 1) if len(sides[0]) == 2 else (1, 0)
    determined = names[equation] - names[expression]
    return (
        len(determined) == 1
        and bool(names[expression])
        and _solves(differences[equation], differences[expression], next(iter(determined)), names[equation], switches)
    )


def _multiple(one: str, other: str, names: frozenset[str], switches: Switches) -> bool:
    a, b = (at_points(read_expression(text), names) for text in (one, other))
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    numbers = [(complex(x), complex(y)) for x, y in pairs]
    if len(numbers) < 4 or any(abs(x) < 1e-9 or abs(y) < 1e-9 for x, y in numbers):
        return False
    first = numbers[0][0] / numbers[0][1]
    return all(not apart(x / y, first, 1e-8) for x, y in numbers) and switches.allow("assignment")


def _solves(equation: str, expression: str, name: str, names: frozenset[str], switches: Switches) -> bool:
    """True if the equation is linear in the name and holds with the expression in its place."""
    left, right = read_expression(equation), read_expression(expression)
    for index in range(4):
        at = {other: point(other, index) for other in names}
        try:
            zero, one, two = (complex(value(left, {**at, name: Fraction(n)})) for n in range(3))
            there = complex(value(left, {**at, name: value(right, at)}))
        except (ArithmeticError, ValueError, KeyError):
            return False
        scale = max(abs(zero), abs(one), abs(two), 1e-6)
        if abs(zero - 2 * one + two) > 1e-9 * scale or abs(one - zero) < 1e-9 * scale or abs(there) > 1e-9 * scale:
            return False
    return switches.allow("assignment")

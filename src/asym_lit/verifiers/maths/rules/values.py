"""Values of expressions: exact where they are rational, else floating point at fixed points of their names."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from fractions import Fraction
from zlib import crc32

from asym_lit.verifiers.maths.rules.arithmetic import OPERATIONS, Value, as_complex
from asym_lit.verifiers.maths.rules.reading import Tree, read_expression
from asym_lit.verifiers.maths.rules.tokens import UnreadableError

POINTS = 8


def names_of(tree: Tree) -> frozenset[str]:
    """The names in an expression; constants are none."""
    if tree[0] == "name":
        return frozenset((tree[1],))
    return frozenset().union(*(names_of(part) for part in tree[1:] if isinstance(part, tuple)))


def point(name: str, index: int) -> float:
    """The value of a name at one of the points: half of them in (0, 1), two larger, two negative."""
    share = crc32(f"{name}/{index}".encode()) / 2**32
    if index < 4:
        return 0.05 + 0.9 * share
    return (1.2 + share, 2.2 + 2 * share, -0.1 - 0.8 * share, -1.2 - share)[index - 4]


def value(tree: Tree, names: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Raises:
        ArithmeticError, ValueError: If it has none, or too large a one.
    """
    kind = tree[0]
    if kind == "number":
        return tree[1]
    if kind == "name":
        return names[tree[1]]
    if kind == "constant":
        if tree[1] == "\\infty":
            raise ArithmeticError("infinity is no number")
        return {"\\pi": cmath.pi, "e": cmath.e, "i": 1j}[tree[1]]
    parts = [value(part, names) for part in tree[1:]]
    return OPERATIONS[kind](*parts)


def number_of(text: str) -> Value | None:
    """The value of an expression without names; None if it is none."""
    try:
        return value(read_expression(text), {})
    except (UnreadableError, ArithmeticError, ValueError, KeyError, RecursionError):
        return None


def values_of(text: str, names: frozenset[str]) -> list[Value | None] | None:
    """Values at the points; None where there is none at a point, or in all if the text is no expression of these names."""
    try:
        tree = read_expression(text)
    except (UnreadableError, RecursionError):
        return None
    if not names_of(tree) <= names:
        return None
    found: list[Value | None] = []
    for index in range(POINTS if names else 1):
        try:
            found.append(value(tree, {name: point(name, index) for name in names}))
        except (ArithmeticError, ValueError, KeyError, RecursionError):
            found.append(None)
    return found


def close(one: Value, other: Value, tolerance: float = 1e-9) -> bool:
    """Exactly equal, if both are exact; else to within a relative tolerance."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    try:
        a, b = as_complex(one), as_complex(other)
    except OverflowError:
        return False
    if not (cmath.isfinite(a) and cmath.isfinite(b)):
        return False
    return abs(a - b) <= tolerance * max(abs(a), abs(b)) or (0 in (one, other) and abs(a - b) < 1e-13)


def as_float(one: Value) -> float:
    """The real part; infinite if it is too large."""
    try:
        return float(one.real)
    except OverflowError:
        return math.inf


def real(one: Value) -> bool:
    """True if a value is a real number, but for rounding."""
    return isinstance(one, Fraction) or abs(one.imag) <= 1e-12 * max(1.0, abs(one))


def same_values(one: list[Value | None], other: list[Value | None]) -> bool:
    """Equal wherever either is real, which must be at three points at least; if neither is anywhere, equal wherever both are.

    Off the real line, different branches of roots and logarithms say nothing.
    """
    if len(one) == 1:
        return one[0] is not None and other[0] is not None and close(one[0], other[0])
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    on_line = [(a, b) for a, b in both if real(a) or real(b)]
    pairs = on_line if len(on_line) >= 3 else both
    return len(pairs) >= 3 and all(close(a, b) for a, b in pairs)

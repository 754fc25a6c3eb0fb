"""Values of expressions: exact where they are rational, else floating point at fixed points of their names."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from threading import Lock
from typing import Any
from zlib import crc32

from asym_lit.answers.arithmetic import DIGITS, FLOATS, MANY, Operations, Value, as_complex
from asym_lit.answers.reading import LOG_BASE, Tree, read_expression
from asym_lit.answers.tokens import UnreadableError

POINTS = 8
_ONE_AT_A_TIME = Lock()
"""The number of digits is a setting of all of MANY's numbers."""
FAULTS = (ArithmeticError, ValueError, KeyError, RecursionError, TypeError)
"""What evaluation raises where there is no value."""


@lru_cache(maxsize=8192)
def names_of(tree: Tree) -> frozenset[str]:
    """The names in an expression; constants are none."""
    if tree[0] == "name":
        return frozenset((tree[1],))
    return frozenset().union(*(names_of(part) for part in tree[1:] if isinstance(part, tuple)))


def point(name: str, index: int) -> float:
    """The value of a name at one of the points: half of them in (0, 1), two larger, two negative; log's base is e or 10."""
    if name == LOG_BASE:
        return (math.e, 10.0)[index % 2]
    share = crc32(f"{name}/{index}".encode()) / 2**32
    if index < 4:
        return 0.05 + 0.9 * share
    return (1.2 + share, 2.2 + 2 * share, -0.1 - 0.8 * share, -1.2 - share)[index - 4]


def value(tree: Tree, names: Mapping[str, Any], operations: Operations = FLOATS) -> Any:
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
        if operations is DIGITS:
            return {"\\pi": +MANY.pi, "e": +MANY.e, "i": MANY.mpc(0, 1)}[tree[1]]
        return {"\\pi": cmath.pi, "e": cmath.e, "i": 1j}[tree[1]]
    return operations[kind](*[value(part, names, operations) for part in tree[1:]])


@lru_cache(maxsize=8192)
def at_points(tree: Tree, names: frozenset[str]) -> tuple[Value | None, ...]:
    """Values at the points, or the value if there are no names; None where there is none."""
    found: list[Value | None] = []
    for index in range(POINTS if names else 1):
        try:
            found.append(value(tree, {name: point(name, index) for name in names}))
        except FAULTS:
            found.append(None)
    return tuple(found)


def number_of(text: str) -> Value | None:
    """The value of an expression without names; None if it is none."""
    try:
        return value(read_expression(text), {})
    except (UnreadableError, *FAULTS):
        return None


def as_float(one: Value) -> float:
    """The real part; infinite if it is too large."""
    try:
        return float(one.real)
    except OverflowError:
        return math.inf


def real(one: Value) -> bool:
    """True if a value is a real number, but for rounding."""
    return isinstance(one, Fraction) or abs(one.imag) <= 1e-12 * max(1.0, abs(one))


def apart(one: Value, other: Value, tolerance: float) -> bool:
    """True if two values differ by more than a relative tolerance; exact ones if they differ at all."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one != other
    try:
        a, b = as_complex(one), as_complex(other)
    except OverflowError:
        return False
    return cmath.isfinite(a) and cmath.isfinite(b) and abs(a - b) > tolerance * max(abs(a), abs(b))


def equal(one: Tree, other: Tree) -> bool | None:
    r"""Whether two expressions have the same value everywhere; None if they cannot be evaluated, or only off the real line.

    Floating point of 15 digits tells apart what is far apart; what is near is computed with 60 digits, and a difference that
    is still small with 120: a true zero shrinks with the precision, e^{-50} and 2025^3+\sqrt2 less 2025^3 do not.
    """
    names = names_of(one) | names_of(other)
    pairs = [
        (a, b) for a, b in zip(at_points(one, names), at_points(other, names), strict=True) if a is not None and b is not None
    ]
    if not names:
        if pairs and all(isinstance(part, Fraction) for part in pairs[0]):
            return pairs[0][0] == pairs[0][1]
        return False if pairs and apart(*pairs[0], 1e-3) and not _tiny(*pairs[0]) else _by_digits(one, other, {})
    on_line = [pair for pair in pairs if real(pair[0]) and real(pair[1])]
    half = [pair for pair in pairs if real(pair[0]) != real(pair[1])]
    used = on_line if len(on_line) >= 3 else pairs
    if len(used) < 3:
        return None
    far = [apart(a, b, 1e-9) and abs(as_complex(a) - as_complex(b)) > 1e-13 for a, b in used]
    if any(far) or (half and used is on_line):  # where only negative names tell them apart, they may not be asked for
        certain = len(on_line) >= 3 and (all(far) if LOG_BASE in names else any(far[:3]))
        return False if certain else None
    sure = [index for index in range(POINTS) if None not in (at_points(one, names)[index], at_points(other, names)[index])]
    chosen = [index for index in sure if real(at_points(one, names)[index] or 0)] or sure  # type: ignore[arg-type]
    return _by_digits(one, other, {name: MANY.mpf(point(name, chosen[0])) for name in names})


def _tiny(*values: Value) -> bool:
    """Near enough to zero to be what is left of a cancellation."""
    return min(abs(as_complex(one)) for one in values) < 1e-9


def _by_digits(one: Tree, other: Tree, names: Mapping[str, Any]) -> bool | None:
    with _ONE_AT_A_TIME:
        return _gap_closes(one, other, names)


def _gap_closes(one: Tree, other: Tree, names: Mapping[str, Any]) -> bool | None:
    gaps = []
    for digits in (60, 120):
        MANY.dps = digits
        try:
            a, b = value(one, names, DIGITS), value(other, names, DIGITS)
            exact = isinstance(a, Fraction) and isinstance(b, Fraction)
            gap, size = (abs(a - b), max(abs(a), abs(b))) if exact else (abs(_as(a) - _as(b)), max(abs(_as(a)), abs(_as(b))))
        except (MemoryError, *FAULTS):
            return None
        if gap == 0:
            return True if exact or size < MANY.mpf(10) ** 50 else None  # 10^{10^{10}}+1 has more digits than are computed
        if exact or gap > max(size * MANY.mpf(10) ** -30, MANY.mpf(10) ** -45):
            return False
        gaps.append(_as(gap))
    return bool(gaps[1] < gaps[0] * MANY.mpf(10) ** -30)


def _as(one: Any) -> Any:
    return MANY.mpf(one.numerator) / one.denominator if isinstance(one, Fraction) else one

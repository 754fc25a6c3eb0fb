"""Operations on values: exact on fractions as long as they stay small, else in floating point."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from fractions import Fraction

Value = Fraction | complex
_BITS = 4096
"""Most bits of an exact number; towers of powers end here."""


def as_complex(one: Value) -> complex:
    """In floating point; raises OverflowError if it is too large."""
    return complex(float(one)) if isinstance(one, Fraction) else complex(one)


def _pair(one: Value, other: Value) -> tuple[Value, Value]:
    both = isinstance(one, Fraction) and isinstance(other, Fraction)
    return (one, other) if both else (as_complex(one), as_complex(other))


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if exponent.denominator == 1 and size * abs(exponent) <= _BITS:
            return base ** int(exponent)
        if exponent.denominator % 2 and base < 0 and abs(exponent) < 100:  # a real root of odd index
            root = (-as_complex(base)) ** as_complex(exponent)
            return root if exponent.numerator % 2 == 0 else -root
        if exponent.denominator == 1:
            raise OverflowError("a large power")
    return as_complex(base) ** as_complex(exponent)


def _factorial(one: Value) -> Value:
    if isinstance(one, Fraction) and one.denominator == 1:
        if not 0 <= one <= 200:
            raise OverflowError("a large factorial")
        return Fraction(math.factorial(int(one)))
    number = as_complex(one)
    if number.imag or abs(number) > 20:
        raise ArithmeticError("a factorial off the real line")
    return complex(math.gamma(number.real + 1))


def _binomial(above: Value, below: Value) -> Value:
    if isinstance(above, Fraction) and isinstance(below, Fraction) and above.denominator == below.denominator == 1:
        if not 0 <= above <= 200:
            raise OverflowError("a large binomial")
        return Fraction(math.comb(int(above), int(below)))
    return as_complex(_factorial(above)) / (
        as_complex(_factorial(below)) * as_complex(_factorial(as_complex(above) - as_complex(below)))
    )


def _sqrt(one: Value) -> Value:
    if isinstance(one, Fraction) and one >= 0 and max(one.numerator, one.denominator).bit_length() <= _BITS:
        above, below = math.isqrt(one.numerator), math.isqrt(one.denominator)
        if above * above == one.numerator and below * below == one.denominator:
            return Fraction(above, below)
    return cmath.sqrt(as_complex(one))


def _add(one: Value, other: Value) -> Value:
    a, b = _pair(one, other)
    return a + b  # type: ignore[operator]


def _mul(one: Value, other: Value) -> Value:
    a, b = _pair(one, other)
    if isinstance(a, Fraction) and isinstance(b, Fraction) and a.numerator.bit_length() + b.numerator.bit_length() > _BITS:
        raise OverflowError("a large product")
    return a * b  # type: ignore[operator]


def _div(one: Value, other: Value) -> Value:
    a, b = _pair(one, other)
    return a / b  # type: ignore[operator]


OPERATIONS: dict[str, Callable[..., Value]] = {
    "neg": lambda a: -a,
    "add": _add,
    "sub": lambda a, b: _add(a, -b),
    "mul": _mul,
    "mixed": _add,
    "div": _div,
    "pow": _power,
    "root": lambda a, n: _power(a, _div(Fraction(1), n)),
    "sqrt": _sqrt,
    "abs": lambda a: abs(a) if isinstance(a, Fraction) else complex(abs(a)),
    "factorial": _factorial,
    "binom": _binomial,
    "percent": lambda a: _div(a, Fraction(100)),
    "degree": lambda a: as_complex(a) * cmath.pi / 180,
    "ln": lambda a: cmath.log(as_complex(a)),
    "log": lambda a, b: cmath.log(as_complex(a)) / cmath.log(as_complex(b)),
    "cot": lambda a: 1 / cmath.tan(as_complex(a)),
    "sec": lambda a: 1 / cmath.cos(as_complex(a)),
    "csc": lambda a: 1 / cmath.sin(as_complex(a)),
    "arcsin": lambda a: cmath.asin(as_complex(a)),
    "arccos": lambda a: cmath.acos(as_complex(a)),
    "arctan": lambda a: cmath.atan(as_complex(a)),
    **{
        name: (lambda f: lambda a: f(as_complex(a)))(getattr(cmath, name))
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")
    },
}

"""Operations on values: exact on fractions as long as they stay small, else in floating point, of 15 digits or of many."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath

Value = Fraction | complex
Operations = Mapping[str, Callable[..., Any]]
_BITS = 20_000
"""Most bits of an exact number; towers of powers end here."""
_LARGEST = 1e12
"""Largest exponent or factorial in floating point of any size; what has more digits than that ends here."""


def as_complex(one: Any) -> complex:
    """In floating point; raises OverflowError if it is too large."""
    return complex(float(one)) if isinstance(one, Fraction) else complex(one)


def _root_of_negative(base: Any, exponent: Fraction, inexact: Callable[[Any], Any]) -> Any:
    """A real root of odd index."""
    root = inexact(-base) ** inexact(exponent)
    return root if exponent.numerator % 2 == 0 else -root


def _four(inexact: Callable[[Any], Any]) -> tuple[Callable[..., Any], ...]:
    """Sum, product and quotient."""

    def both(one: Any, other: Any) -> tuple[Any, Any]:
        exact = isinstance(one, Fraction) and isinstance(other, Fraction)
        return (one, other) if exact else (inexact(one), inexact(other))

    def add(one: Any, other: Any) -> Any:
        a, b = both(one, other)
        return a + b

    def mul(one: Any, other: Any) -> Any:
        a, b = both(one, other)
        if isinstance(a, Fraction) and isinstance(b, Fraction) and a.numerator.bit_length() + b.numerator.bit_length() > _BITS:
            a, b = inexact(a), inexact(b)
        return a * b

    def div(one: Any, other: Any) -> Any:
        a, b = both(one, other)
        return a / b

    return add, mul, div


def operations(inexact: Callable[[Any], Any], functions: Any, gamma: Callable[[Any], Any]) -> Operations:
    """The operations, exact where both sides are.

    Args:
        inexact: A value as one of floating point.
        functions: `sin`, `exp` and the like on those.
        gamma: The function of that name on those.
    """

    add, mul, div = _four(inexact)

    def power(base: Any, exponent: Any) -> Any:
        if isinstance(base, Fraction) and isinstance(exponent, Fraction):
            size = max(base.numerator.bit_length(), base.denominator.bit_length())
            if exponent.denominator == 1 and size * abs(exponent) <= _BITS:
                return base ** int(exponent)
            if exponent.denominator % 2 and base < 0 and abs(exponent) < 100:
                return _root_of_negative(base, exponent, inexact)
        a, b = inexact(base), inexact(exponent)
        if abs(b) > _LARGEST:
            raise OverflowError("a large power")
        return a**b

    def factorial(one: Any) -> Any:
        whole = isinstance(one, Fraction) and one.denominator == 1
        if whole and 0 <= one <= 200:
            return Fraction(math.factorial(int(one)))
        if abs(one) > _LARGEST or (whole and one < 0):
            raise OverflowError("a large factorial")
        return gamma(inexact(one) + 1)

    def binom(above: Any, below: Any) -> Any:
        whole = all(isinstance(part, Fraction) and part.denominator == 1 for part in (above, below))
        if whole and 0 <= below <= above <= 200:
            return Fraction(math.comb(int(above), int(below)))
        return inexact(factorial(above)) / (inexact(factorial(below)) * inexact(factorial(add(above, -below))))

    def sqrt(one: Any) -> Any:
        if isinstance(one, Fraction) and one >= 0 and max(one.numerator, one.denominator).bit_length() <= _BITS:
            root = Fraction(math.isqrt(one.numerator), math.isqrt(one.denominator))
            if root * root == one:
                return root
        return functions.sqrt(inexact(one))

    def of(name: str) -> Callable[[Any], Any]:
        call = getattr(functions, name)
        return lambda one: call(inexact(one))

    return {
        "add": add, "sub": lambda a, b: add(a, -b), "mul": mul, "mixed": add, "div": div, "pow": power, "neg": lambda a: -a,
        "root": lambda a, n: power(a, div(Fraction(1), n)), "sqrt": sqrt, "factorial": factorial, "binom": binom,
        "abs": lambda a: abs(a) if isinstance(a, Fraction) else inexact(abs(a)),
        "gamma": lambda a: factorial(add(a, Fraction(-1))),
        "percent": lambda a: div(a, Fraction(100)), "degree": lambda a: inexact(a) * functions.pi / 180, "ln": of("log"),
        "log": lambda a, b: functions.log(inexact(a)) / functions.log(inexact(b)),
        "cot": lambda a: 1 / functions.tan(inexact(a)),
        "sec": lambda a: 1 / functions.cos(inexact(a)), "csc": lambda a: 1 / functions.sin(inexact(a)),
        **{f"arc{name}": of(f"a{name}") for name in ("sin", "cos", "tan")},
        **{name: of(name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    }  # fmt: skip


def _gamma(one: complex) -> complex:
    if one.imag or abs(one) > 150:
        raise ArithmeticError("no factorial of 15 digits")
    return complex(math.gamma(one.real))


def _many(one: Any) -> Any:
    return MANY.mpf(one.numerator) / one.denominator if isinstance(one, Fraction) else MANY.mpmathify(one)


MANY = mpmath.mp.clone()
"""mpmath's numbers, of as many digits as are asked for here, whatever others set."""
FLOATS = operations(as_complex, cmath, _gamma)
DIGITS = operations(_many, MANY, MANY.gamma)

"""Families of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows


def mixed_numbers(rng: Random) -> Rows:
    """A whole number and a part of one."""
    down = rng.choice((3, 7, 9, 11, 13))
    whole, up = rng.randrange(2, 20), rng.randrange(1, 3)
    gold = f"\\frac{{{whole * down + up}}}{{{down}}}"
    for right in (
        f"{whole} {up}/{down}",
        f"{whole}\\frac{{{up}}}{{{down}}}",
        f"{whole} \\frac{{{up}}}{{{down}}}",
        f"{whole * down + up}/{down}",
    ):
        yield "", gold, right, True
    product, turned = Fraction(whole * up, down), f"{whole} {down}/{up}"
    wrong = (
        f"\\frac{{{product.numerator}}}{{{product.denominator}}}",
        f"{whole + 1} {up}/{down}",
        f"{whole} {up + 1}/{down}",
        str(whole),
        turned,
    )
    for answer in wrong:
        yield "", gold, answer, False


def recurring_decimals(rng: Random) -> Rows:
    """A period under a line."""
    digits = rng.choice(("3", "6", "18", "27", "142857", "45", "7"))
    value = Fraction(int(digits), 10 ** len(digits) - 1)
    gold = f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    yield "", gold, f"0.\\overline{{{digits}}}", True
    yield "", f"0.\\overline{{{digits}}}", gold, True
    yield "", gold, f"0.{digits}\\overline{{{digits}}}", True
    yield "", f"0.\\overline{{{digits}}}", f"{value.numerator}/{value.denominator}", True
    yield "", gold, f"0.\\overline{{{int(digits) + 1}}}", False
    if len(digits) < 4:  # 0.142857 is a rounding of a seventh
        yield "", f"0.\\overline{{{digits}}}", f"0.{digits}", False
    yield "", gold, f"0.0\\overline{{{digits}}}", False
    yield "", f"0.\\overline{{{digits}}}", "0", False


def small_and_large(rng: Random) -> Rows:
    """Numbers far from 1, which floats and rounding to places confuse."""
    power, one = rng.randrange(7, 40), rng.randrange(101, 899)
    mantissa, other = f"{one / 100:.2f}", f"{(one + rng.randrange(20, 90)) / 100:.2f}"
    gold = f"{mantissa}\\times 10^{{-{power}}}"
    yield "", gold, f"{mantissa} \\cdot 10^{{-{power}}}", True
    yield "", gold, f"{mantissa}e-{power}", True
    yield "", f"{mantissa}\\times 10^{{{power}}}", f"{mantissa}E{power}", True
    yield "", f"2^{{{power}}}", str(2**power), True
    yield "", gold, f"{other}\\times 10^{{-{power}}}", False
    yield "", gold, f"{mantissa}\\times 10^{{-{power + 1}}}", False
    yield "", gold, "0", False
    yield "", f"e^{{-{power}}}", "0", False
    yield "", f"{one}^{{{power}}}+1", f"{one}^{{{power}}}", False
    yield "", f"1-\\frac{{1}}{{2^{{{power + 30}}}}}", "1", False
    yield "", f"\\frac{{1}}{{{power + 90}!}}", f"\\frac{{1}}{{{power + 91}!}}", False
    yield "", str(10**5), f"\\sqrt{{{10**10 + rng.randrange(1, 9)}}}", False


def scales(rng: Random) -> Rows:
    """Thousands and millions in words."""
    number, (word, size) = rng.randrange(2, 99), rng.choice((("thousand", 3), ("million", 6), ("billion", 9)))
    whole = str(number * 10**size)
    yield "", whole, f"{number} {word}", True
    yield "", whole, f"{number}\\text{{ {word}}}", True
    yield "", f"{number} {word}", whole, True
    yield "", f"{number}\\text{{ {word}}}", f"{number}\\times 10^{size}", True
    for wrong in (f"{number}", f"{number + 1} {word}", f"{number * 10 ** (size - 1)}"):
        yield "", f"{number} {word}", wrong, False
    yield "", f"{number}", f"{number} {word}", False
    yield "", f"{number}", f"{number}\\text{{ {word}}}", False


def rounded(rng: Random) -> Rows:
    """A whole number for an exact value beside it; and what is about a value."""
    number = rng.randrange(3, 3000) * 2 + 1
    for wrong in (str(number // 2), str(number // 2 + 1)):
        yield "", f"\\frac{{{number}}}{{2}}", wrong, False
    yield "", f"\\sqrt{{{number**2 + 1}}}", str(number), False
    yield "", f"{number}", f"\\sqrt{{{number**2 - 1}}}", False
    yield "", f"{number}", f"\\frac{{{number + 2}}}{{1}} \\approx {number}", False
    yield "", f"\\frac{{{number}}}{{2}}", f"\\frac{{{number}}}{{2}} \\approx {number // 2}", True
    yield "", f"{number}", f"\\frac{{{number}}}{{1}} \\approx {number + 2}", True
    yield "", f"\\frac{{{number}}}{{2}}", f"{number / 2}", True
    yield "", f"\\sqrt{{{number**2}}}", str(number), True


NUMBERS: Mapping[str, Family] = {
    "mixed numbers": mixed_numbers,
    "recurring decimals": recurring_decimals,
    "small and large": small_and_large,
    "scales": scales,
    "rounded": rounded,
}
"""By kind."""

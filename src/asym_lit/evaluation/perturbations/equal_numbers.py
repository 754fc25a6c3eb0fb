"""Other ways to write the same number or expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from random import Random

from asym_lit.evaluation.perturbations.pairs import Change, GoldRow
from asym_lit.evaluation.perturbations.parts import (
    asks_simplest,
    is_number,
    letters_of,
    right_side,
)
from asym_lit.evaluation.perturbations.values import reading_of

_FRACTION = re.compile(r"(-?)\\[dt]?frac\s*(?:\{(\d+)\}\s*\{(\d+)\}|(\d)\s*(\d))")
_POWER = re.compile(r"(?<=[a-z)\d])\^(?:\{(\d+)\}|(\d)(?!\d))")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_FULL_WIDTH = {ord("0") + digit: chr(0xFF10 + digit) for digit in range(10)}
_LONGEST_DECIMAL = 8


def numbers_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A number with separators, zeros behind the point, an exponent, or in signs of full width."""
    gold = row.gold.strip()
    sign, digits = ("-", gold[1:]) if gold.startswith("-") else ("", gold)
    if not is_number(digits):
        return
    if "." in digits:
        yield f"{gold}0"
    elif len(digits) < 2 or digits[0] != "0":
        yield from (f"{gold}.0", f"{gold}.00", gold.translate(_FULL_WIDTH))
        if len(digits) > 3:
            grouped = f"{int(digits):,}"
            yield from (sign + grouped, sign + grouped.replace(",", "{,}"), sign + grouped.replace(",", "\\,"))
            short, zeros = digits.rstrip("0"), len(digits) - 1
            mantissa = short[0] + ("." + short[1:] if short[1:] else "")
            yield from (
                f"{sign}{mantissa}\\times 10^{{{zeros}}}",
                f"{sign}{mantissa} \\cdot 10^{zeros}",
                f"{sign}{mantissa}e{zeros}",
            )


def fractions_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A fraction by a slash, unreduced, as a decimal that ends, or as a mixed number."""
    gold = row.gold.strip()
    if "\\frac" in gold:
        yield from (gold.replace("\\frac", "\\dfrac"), gold.replace("\\frac", "\\tfrac"))
    found = _FRACTION.fullmatch(gold)
    if not found or int(found[3] or found[5]) == 0:
        return
    sign, up, down = found[1], int(found[2] or found[4]), int(found[3] or found[5])
    yield from (f"{sign}{up}/{down}", f"{sign}\\frac{{{up}}}{{{down}}}")
    if not asks_simplest(row.question):
        yield f"{sign}\\frac{{{3 * up}}}{{{3 * down}}}"
    if sign:
        yield f"\\frac{{-{up}}}{{{down}}}"
    value = Fraction(up, down)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    decimal = f"{float(value):.{_LONGEST_DECIMAL}f}".rstrip("0")
    if rest == 1 and Fraction(decimal) == value:
        yield f"{sign}{decimal}"
    if not sign and up > down > 1 and up % down:
        yield from (f"{up // down}\\frac{{{up % down}}}{{{down}}}", f"{up // down} {up % down}/{down}")


def signs_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A minus of another kind, in brackets, or in front of a fraction instead of in it."""
    gold = row.gold.strip()
    if reading_of(gold) is None:
        return
    if "-" in gold:
        yield gold.replace("-", "\u2212")
    if re.fullmatch(r"-[\d.]+", gold):
        yield from (f"({gold})", f"- {gold[1:]}")


def powers_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A power with or without braces, by `**`, or raised; a root as a power, or with its factor under it."""
    gold = row.gold.strip()
    if reading_of(right_side(gold)) is None:
        return
    if re.search(r"\^\d(?!\d)", gold):
        yield re.sub(r"\^(\d)(?!\d)", r"^{\1}", gold)
    if _POWER.search(gold):
        yield _POWER.sub(lambda power: (power[1] or power[2]).translate(_SUPERSCRIPTS), gold)
        if "\\" not in gold:
            yield _POWER.sub(lambda power: "**" + (power[1] or power[2]), gold)
    root = re.fullmatch(r"(\d*)\s*\\sqrt\{(\d+)\}", gold)
    if root:
        yield from (f"{root[1]}\\cdot {root[2]}^{{1/2}}" if root[1] else f"{root[2]}^{{1/2}}", f"{root[1]}\\sqrt{{{root[2]}}}")
        if not asks_simplest(row.question):
            yield f"\\sqrt{{{int(root[1] or 1) ** 2 * int(root[2])}}}"


def terms_moved(row: GoldRow, rng: Random) -> Iterator[str]:
    """The terms of a sum, or the factors of a product, in another order; another sign for times."""
    gold = row.gold.strip()
    named = gold[: len(gold) - len(right_side(gold))]
    plain = right_side(gold).replace(" ", "")
    read = reading_of(plain)
    if read is None or read.shape != "scalar":
        return
    terms = re.findall(r"[-+]?(?:\{[^{}]*\}|[^-+{}()])+", plain)
    if len(terms) > 1 and "".join(terms) == plain:
        shuffled = rng.sample(terms, len(terms))
        for order in (terms[::-1], shuffled):
            text = "".join(term if term[0] in "-+" else f"+{term}" for term in order)
            yield named + text.removeprefix("+")
    factors = re.fullmatch(r"(\([^()]+\))(\([^()]+\))", plain)
    if factors:
        yield from (named + factors[2] + factors[1], f"{named}{factors[1]} \\cdot {factors[2]}")
    times = re.fullmatch(r"(\d+)\s*(\\pi|\\sqrt\{\d+\}|[a-z])", plain)
    if times:
        yield from (
            f"{named}{times[1]} \\cdot {times[2]}",
            f"{named}{times[1]}\\times {times[2]}",
            f"{named}{times[1]}*{times[2]}",
        )
    if "\\pi" in plain:
        yield gold.replace("\\pi", "π") if "\\pi " not in gold else gold.replace("\\pi ", "π ")


def bases_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """The base of a numeral with braces, without, or in letters."""
    found = re.fullmatch(r"(\d+)_\{?(\d+)\}?", row.gold.strip())
    if found:
        yield from (f"{found[1]}_{{{found[2]}}}", f"{found[1]}_{{ {found[2]} }}", f"({found[1]})_{{{found[2]}}}")
        if len(found[2]) == 1:
            yield f"{found[1]}_{found[2]}"


def value_shown(row: GoldRow, _rng: Random) -> Iterator[str]:
    """An exact answer with about how much it is behind it."""
    read = reading_of(row.gold)
    if read is not None and read.shape == "scalar" and not letters_of(row.gold):
        value = read.items[0][0]
        if value.imag == 0 and 1e-2 < abs(value) < 1e6 and value.real % 1 > 1e-6:
            yield from (f"{row.gold} \\approx {value.real:.{digits}f}" for digits in (2, 3, 4))


def spaced_apart(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Space between a number and the name, root or bracket behind it."""
    for space in ("\\,", " ", "\\;"):
        spaced = re.sub(r"(?<=\d)\s*(?=\\pi|\\sqrt|[a-z](?![a-z])|\()", lambda _: space, row.gold)  # noqa: B023 - used at once
        if spaced != row.gold and reading_of(spaced.replace("\\;", " ")) is not None:
            yield spaced


EQUAL_NUMBERS: Mapping[str, tuple[Change, ...]] = {
    "digits": (numbers_written,),
    "signs": (signs_written,),
    "sizes": (fractions_written,),
    "exponents": (powers_written,),
    "operators": (terms_moved,),
    "bases": (bases_written,),
    "side by side": (spaced_apart,),
    "approximations": (value_shown,),
}
"""By kind."""

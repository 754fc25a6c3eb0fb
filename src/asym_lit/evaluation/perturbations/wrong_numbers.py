"""Changes that make a number or an expression another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Change, GoldRow
from asym_lit.evaluation.perturbations.parts import (
    is_number,
    is_provable,
    letters_of,
    unit_of,
)
from asym_lit.evaluation.perturbations.values import reading_of

_OPERATORS = (("+", "-"), ("\\cdot", "+"), ("\\times", "-"), ("/", "+"), ("\\cup", "\\cap"), ("\\le ", "< "), ("\\ge ", "> "))


def another_digit(row: GoldRow, rng: Random) -> Iterator[str]:
    """One digit changed, left out, doubled, or swapped with the next."""
    places = [place for place, character in enumerate(row.gold) if character.isdecimal() and _matters(row.gold, place)]
    if not places:
        return
    place = rng.choice(places)
    before, digit, behind = row.gold[:place], row.gold[place], row.gold[place + 1 :]
    yield f"{before}{(int(digit) + rng.randrange(1, 10)) % 10}{behind}"
    if len(places) > 1:
        yield before + behind
        if digit != "0" or before[-1:].isdecimal():  # 00 is 0 to some
            yield before + digit + digit + behind
        if behind[:1].isdecimal():
            yield before + behind[0] + digit + behind[1:]


def _matters(text: str, place: int) -> bool:
    """False for the last digits of a long decimal, which a rounding may change."""
    number = next(found for found in re.finditer(r"[\d.]+", text) if found.start() <= place < found.end())
    return "." not in number[0] or len(number[0]) < 5 or place < number.start() + 3


def another_sign(row: GoldRow, rng: Random) -> Iterator[str]:
    """The whole or a part with the other sign."""
    gold = row.gold.strip()
    if unit_of(gold):
        yield f"-{gold}"
    if not is_provable(gold):
        return
    read = reading_of(gold)
    if read is not None and read.shape == "scalar":
        yield from (f"-({gold})", gold[1:].strip() if gold.startswith("-") else f"-{gold}")
    minus = [found.start() for found in re.finditer("-", gold)]
    if minus:
        place = rng.choice(minus)
        inner = place > 0 and re.search(r"[\w})]\s*$", gold[:place])
        yield gold[:place] + ("+" if inner else "") + gold[place + 1 :]


def another_size(row: GoldRow, rng: Random) -> Iterator[str]:
    """Ten times as much, a point elsewhere, one more, twice, or the reciprocal."""
    gold = row.gold.strip()
    if is_number(gold) and float(gold) != 0:
        yield from (f"{gold}0" if "." not in gold else gold.replace(".", ""), f"{gold}\\times 10^{{{rng.randrange(2, 9)}}}")
        yield f"{gold}\\text{{ {rng.choice(('thousand', 'million', 'billion'))}}}"
        yield f"{gold} {rng.choice(('thousand', 'million', 'dozen'))}"
        yield gold + rng.choice((".5", ".2", ".75")) if "." not in gold else str(round(float(gold)))
        yield f"\\frac{{1}}{{{gold}}}"
    fraction = re.fullmatch(r"-?\\[dt]?frac\{(-?\d+)\}\{(\d+)\}", gold)
    if fraction:
        up, down = int(fraction[1]), int(fraction[2])
        yield from (
            f"\\frac{{{down}}}{{{up}}}",
            str(up // down),
            str(up // down + 1),
            f"{up}{down}",
            f"\\frac{{{up + 1}}}{{{down}}}",
        )
    read = reading_of(gold)
    if read is not None and read.shape == "scalar":
        yield from (f"2({gold})", f"{gold} + 1")


def another_exponent(row: GoldRow, rng: Random) -> Iterator[str]:
    """A power raised, lowered, added or lost."""
    gold = row.gold.strip()
    if not is_provable(gold):
        return
    powers = list(re.finditer(r"\^\{?(\d+)\}?", gold))
    if powers:
        found = rng.choice(powers)
        for power in (int(found[1]) + 1, int(found[1]) + 10, -int(found[1])):
            yield f"{gold[: found.start()]}^{{{power}}}{gold[found.end() :]}"
        yield gold[: found.start()] + gold[found.end() :]
    elif is_number(gold):
        yield from (f"{gold}^2", f"{gold}^{{3}}", f"\\sqrt{{{gold}}}")
        if "." not in gold and int(gold) > 2:
            yield f"{gold}!"
    if "\\sqrt" in gold and not re.search(r"\\sqrt(?:\{[01]\}|[01\[])", gold):
        yield from (gold.replace("\\sqrt", "", 1), gold.replace("\\sqrt", "\\sqrt[3]", 1))


def another_operator(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Another sign between the parts."""
    if not (is_provable(row.gold) or re.search(r"\\[lg]e ", row.gold)):
        return
    for one, other in _OPERATORS:
        for old, new in ((one, other), (other, one)):
            place = row.gold.find(old, 1)
            if place > 0 and row.gold[:place].rstrip()[-1:].isalnum():
                yield row.gold[:place] + f" {new} " + row.gold[place + len(old) :]


def another_base(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A numeral of another base."""
    found = re.fullmatch(r"(\d+)_\{?(\d+)\}?", row.gold.strip())
    if found:
        for base in range(2, 17):
            if base > int(max(found[1])) and base != int(found[2]):
                yield from (f"{found[1]}_{{{base}}}", f"{found[1]}_{base}" if base < 10 else f"{found[1]}_{{{base}}}")


def side_by_side(row: GoldRow, rng: Random) -> Iterator[str]:
    """A number taken apart into two."""
    gold = row.gold.strip()
    if re.fullmatch(r"[1-9]\d{1,2}|[1-9]\d{4,}", gold):
        place = rng.randrange(1, len(gold)) if len(gold) < 4 else rng.choice((len(gold) - 1, len(gold) - 2))
        for joint in ("\\quad ", "\\;", ", ", " "):
            yield gold[:place] + joint + gold[place:]
    if re.fullmatch(r"\d+", gold):
        for factor in (2, 3, 5, 7):
            if int(gold) % factor == 0 and int(gold) > factor and len(gold) < 4:
                yield f"{factor}\\quad {int(gold) // factor}"


def approximately(row: GoldRow, rng: Random) -> Iterator[str]:
    """Another value, called about the gold one; or an exact value by the whole number near it."""
    gold = row.gold.strip()
    if is_number(gold):
        other = rng.randrange(1000, 9999)
        for value, text in ((other, f"{other}"), (other / 7, f"\\frac{{{other}}}{{7}}"), (other**0.5, f"\\sqrt{{{other}}}")):
            if abs(value - float(gold)) > 1:
                yield f"{text} \\approx {gold}"
    read = reading_of(gold)
    if read is not None and read.shape == "scalar" and not letters_of(gold):
        value = read.items[0][0]
        if abs(value.imag) < 1e-12 and abs(value) < 1e6 and abs(value.real - round(value.real)) > 1e-3:
            yield from (str(round(value.real)), str(int(value.real // 1)), str(int(value.real // 1) + 1))


WRONG_NUMBERS: Mapping[str, tuple[Change, ...]] = {
    "digits": (another_digit,),
    "signs": (another_sign,),
    "sizes": (another_size,),
    "exponents": (another_exponent,),
    "operators": (another_operator,),
    "bases": (another_base,),
    "side by side": (side_by_side,),
    "approximations": (approximately,),
}
"""By kind."""

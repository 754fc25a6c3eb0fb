"""Families of times, measures and money."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows


def clock_times(rng: Random) -> Rows:
    """Hours and minutes, by twelve and by twenty-four hours."""
    question = "At what time do they meet?"
    hour, minute = rng.randrange(1, 12), rng.choice((5, 10, 15, 20, 25, 35, 40, 45, 50, 55))
    other, gold = hour % 11 + 1, f"{hour}:{minute:02} p.m."
    for right in (
        f"{hour}:{minute:02} PM",
        f"{hour + 12}:{minute:02}",
        f"{hour}:{minute:02}\\text{{ p.m.}}",
        f"{hour}:{minute:02}pm",
    ):
        yield question, gold, right, True
    for wrong in (
        f"{hour}:{minute:02} a.m.",
        f"{other}:{minute:02} p.m.",
        f"{hour}:{(minute + 30) % 60:02} PM",
        f"{hour}:{minute}0 p.m.",
    ):
        yield question, gold, wrong, False
    twice = Fraction(hour, minute)  # 3:30 is no ratio: 1:10 is another time
    yield question, f"{hour}:{minute:02}", f"{twice.numerator}:{twice.denominator:02}", twice.numerator == hour
    yield question, f"{hour}:{minute:02}", f"{hour}:{minute:02}:30", False
    yield question, f"{hour}:00", f"{other}:00", False


def measures(rng: Random) -> Rows:
    """Numbers with units: of another size, of another kind, converted."""
    number, unit, factor, small, foreign = rng.choice(
        (
            (rng.randrange(3, 30), "m", 100, "cm", "seconds"),
            (rng.randrange(3, 30), "km", 1000, "m", "kg"),
            (rng.randrange(3, 30), "hours", 60, "minutes", "km"),
            (rng.randrange(3, 30), "minutes", 60, "seconds", "meters"),
            (rng.randrange(3, 30), "kg", 1000, "g", "m"),
            (rng.randrange(3, 30), "feet", 12, "inches", "hours"),
        )
    )
    gold = f"{number}\\text{{ {unit}}}"
    for right in (
        f"{number} {unit}",
        f"{number}\\,\\mathrm{{{unit}}}",
        f"{number * factor}\\text{{ {small}}}",
        f"{number} \\text{{{unit}}}",
    ):
        yield "", gold, right, True
    for wrong in (
        f"{number}\\text{{ {small}}}",
        f"{number} {small}",
        f"{number}\\text{{ {foreign}}}",
        f"-{number}\\text{{ {unit}}}",
    ):
        yield "", gold, wrong, False
    for wrong in (
        f"{number}!\\text{{ {unit}}}",
        f"{number + 1}\\text{{ {unit}}}",
        f"{number}\\text{{ {unit}}}^2",
        f"{number}\\%",
    ):
        yield "", gold, wrong, False


def split_measures(rng: Random) -> Rows:
    """Hours with minutes, feet with inches."""
    number, rest, (unit, small) = (
        rng.randrange(2, 9),
        rng.choice((10, 11)),
        rng.choice((("hours", "minutes"), ("feet", "inches"))),
    )
    gold = f"{number}\\text{{ {unit} }}{rest}\\text{{ {small}}}"
    yield "", gold, f"{number} {unit} {rest} {small}", True
    yield "", gold, f"{number}\\text{{ {unit} and }}{rest}\\text{{ {small}}}", True
    yield "", gold, f"{number} {unit} and {rest} {small}", True
    for wrong in (
        f"{number} {unit} {rest + 1} {small}",
        f"{number} {small} {rest} {unit}",
        f"{number} {unit}",
        f"{rest} {unit} {number} {small}",
    ):
        yield "", gold, wrong, False


def money(rng: Random) -> Rows:
    """Dollars, cents and other coins."""
    amount = rng.randrange(3, 900)
    question = "How many dollars does it cost?"
    for right in (f"\\${amount}.00", f"{amount}", f"{amount}\\text{{ dollars}}", f"\\${amount}", f"${amount}"):
        yield question, f"\\${amount}", right, True
    for wrong in (
        f"€{amount}",
        f"{amount}\\text{{ cents}}",
        f"\\${amount}.50",
        f"\\${amount}\\%",
        f"£{amount}",
        f"\\${amount}\\text{{ million}}",
    ):
        yield question, f"\\${amount}", wrong, False


def angles(rng: Random) -> Rows:
    """Degrees and radians."""
    degrees = rng.choice((15, 20, 36, 40, 45, 50, 72, 75, 105, 135, 150))
    gold, part = f"{degrees}^\\circ", Fraction(degrees, 180)
    for right in (f"{degrees}°", f"{degrees}\\text{{ degrees}}", f"{degrees} degrees", f"{degrees}^{{\\circ}}"):
        yield "", gold, right, True
    wrong = (
        f"{degrees}\\text{{ rad}}",
        f"{degrees + 5}^\\circ",
        f"{degrees}\\text{{ radians}}",
        f"{degrees}\\pi",
        f"-{degrees}^\\circ",
        f"{degrees}\\%",
    )
    for answer in wrong:
        yield "", gold, answer, False
    turn = f"\\frac{{{part.numerator}\\pi}}{{{part.denominator}}}"
    yield "Give the angle in radians.", turn, f"{part.numerator}\\pi/{part.denominator}", True
    yield "Give the angle in radians.", turn, str(degrees), False


def percentages(rng: Random) -> Rows:
    """Percent where it is asked for, and where it is not."""
    number = rng.randrange(2, 99)
    asks, counts = "What percent of the students passed?", "How many are left?"
    for right in (f"{number}\\%", f"{number}%", f"{number} \\%", f"{number}\\text{{ percent}}", f"{number}"):
        yield asks, f"{number}\\%", right, True
    yield asks, f"{number}.5\\%", f"{number + 1}\\%", False
    yield asks, f"{number}\\%", f"{number + 1}\\%", False
    for wrong in (f"{number}\\%", f"{number}%", f"{number}\\text{{ percent}}"):
        yield counts, f"{number}", wrong, False
    yield "", f"{number}% of the students", f"{number} of the students", False


MEASURES: Mapping[str, Family] = {
    "clock times": clock_times,
    "measures": measures,
    "split measures": split_measures,
    "money": money,
    "angles": angles,
    "percentages": percentages,
}
"""By kind."""

"""Families of units and nouns that a question mentions and does not ask for, and of forms that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_SCALES = (
    ("kilometres", "metres", 1000), ("metres", "centimetres", 100), ("hours", "minutes", 60), ("weeks", "days", 7),
    ("feet", "inches", 12), ("yards", "feet", 3), ("litres", "millilitres", 1000), ("kilograms", "grams", 1000),
    ("minutes", "seconds", 60), ("tonnes", "kilograms", 1000), ("pounds", "ounces", 16), ("dollars", "cents", 100),
)  # fmt: skip
_CONVERT = (
    "Convert {0} {1} to {2}.", "How many {2} are in {0} {1}?", "What is {0} {1} in {2}?", "Express {0} {1} in {2}.",
    "It measures {0} {1}. How many {2} is that?", "Change {0} {1} into {2}.", "{0} {1} = ____ {2}",
    "The total is {0} {1}. Give your answer in {2}.",
)  # fmt: skip
_THINGS = (
    ("pupils", "rows"), ("rolls", "bags"), ("eggs", "boxes"), ("books", "shelves"), ("players", "teams"), ("flowers", "vases"),
    ("students", "tables"), ("passengers", "buses"), ("stamps", "pages"), ("marbles", "jars"),
)  # fmt: skip
_LENGTHS = (("cm", "m"), ("m", "km"), ("ft", "inches"), ("km", "cm"), ("yards", "ft"))
_NAMES = ("Ana", "Leo", "Mia", "Omar", "Ruth", "Ivan")


def wanted_units(rng: Random) -> Rows:
    """A bare number with the unit that is asked for, and with the one that is given."""
    large, small, factor = rng.choice(_SCALES)
    number = rng.randrange(2, 30)
    question, gold = rng.choice(_CONVERT).format(number, large, small), str(number * factor)
    for right in (f"{gold}\\text{{ {small}}}", f"{gold} {small}", gold):
        yield question, gold, right, True
    for wrong in (f"{gold}\\text{{ {large}}}", f"{gold} {large}", f"{gold} apples"):
        yield question, gold, wrong, False


def counted_things(rng: Random) -> Rows:
    """A number of the things that are counted, and of others that the question speaks of."""
    held, holder = rng.choice(_THINGS)
    each, number = rng.sample(range(3, 12), 2)
    for question, gold, thing, other in (
        (f"{each * number} {held} are put in {holder} of {each}. How many {holder} are there?", number, holder, held),
        (f"There are {number} {holder} of {each} {held}. How many {held} are there in total?", each * number, held, holder),
        (f"Find the number of {holder} that {each * number} {held} fill, {each} in each.", number, holder, held),
    ):
        for right in (f"{gold}\\text{{ {thing}}}", f"{gold} {thing}"):
            yield question, str(gold), right, True
        for wrong in (f"{gold}\\text{{ {other}}}", f"{gold} {other}", f"{gold} hours"):
            yield question, str(gold), wrong, False


def measured_nouns(rng: Random) -> Rows:
    """Areas, perimeters, volumes and speeds in units of what they measure, made of the question's own."""
    unit, other = rng.choice(_LENGTHS)
    a, b = rng.sample(range(3, 40), 2)
    flat = f"A rectangle is {a} {unit} by {b} {unit}. What is its"
    rows = (
        (f"{flat} area?", a * b, 2),
        (f"{flat} perimeter?", 2 * (a + b), 1),
        (f"A cube has edges of {a} {unit}. Find its volume.", a**3, 3),
    )
    for question, gold, power in rows:
        for n, size in ((1, unit), (2, unit), (3, unit), (power, other)):
            behind = f"\\text{{ {size}}}" + (f"^{n}" if n > 1 else "")
            yield question, str(gold), f"{gold}{behind}", n == power and size == unit
    hours = rng.randrange(2, 9)
    question = f"A car covers {a * hours} km in {hours} hours. What is its speed{rng.choice((' in km/h', ''))}?"
    for answer, right in (("km/h", True), ("kilometers per hour", True), ("km", False), ("hours", False), ("m/s", False)):
        yield question, str(a), f"{a}\\text{{ {answer}}}", right


def scientific_forms(rng: Random) -> Rows:
    """One digit before the point, and more or none."""
    digits, power = rng.choice((12, 34, 47, 53, 68, 79, 92)), rng.choice((-6, -5, -4, 5, 6, 7, 8))
    first, rest = divmod(digits, 10)
    number = f"{digits * 10 ** (power - 1):,}" if power > 0 else f"{digits * 10.0 ** (power - 1):.{1 - power}f}"
    question = rng.choice(("Write {} in scientific notation.", "Express {} in scientific notation.")).format(number)
    gold = f"{first}.{rest}\\times10^{{{power}}}"
    for right in (f"{first}.{rest}\\cdot 10^{{{power}}}", f"{first}.{rest} \\times 10^{{{power}}}"):
        yield question, gold, right, True
    for wrong in (
        f"{digits}\\times10^{{{power - 1}}}",
        f"0.{digits}\\times10^{{{power + 1}}}",
        f"{digits}0\\cdot 10^{{{power - 2}}}",
        number.replace(",", ""),
    ):
        yield question, gold, wrong, False


def reduced_forms(rng: Random) -> Rows:
    """Ratios and mixed numbers in lowest terms and not, of values given and found."""
    a, b = rng.choice([(a, b) for a in range(2, 12) for b in range(2, 12) if gcd(a, b) == 1])
    by = rng.choice((2, 3, 4, 6))
    asks = (
        f"Simplify the ratio {a * by}:{b * by}.",
        f"A bag holds {a * by} red and {b * by} blue balls. What is the ratio of red to blue in simplest form?",
        f"There are {a * by} dogs and {b * by} cats. Write the ratio of dogs to cats in lowest terms.",
    )
    for question in asks:
        for right in (f"{a}:{b}", f"{a} : {b}", f"{a}\\text{{ to }}{b}"):
            yield question, f"{a}:{b}", right, True
        yield question, f"{a}:{b}", f"{a * by}:{b * by}", False
        yield question, f"{a}:{b}", f"{a * 5}\\text{{ to }}{b * 5}", False
    low, high = sorted((a, b))
    whole = rng.randrange(1, 9)
    question = f"Write {whole + low / high:.6g} as a mixed number in simplest form."
    gold = f"{whole}\\frac{{{low}}}{{{high}}}"
    yield question, gold, f"{whole} {low}/{high}", True
    yield question, gold, f"{whole}\\frac{{{low * by}}}{{{high * by}}}", False


def hour_clocks(rng: Random) -> Rows:
    """Times by the clock of 24 hours or of twelve, whichever is asked for."""
    hour, minute = rng.randrange(1, 12), rng.choice((10, 15, 20, 35, 40, 55))
    half, whole = f"{hour}:{minute}", f"{hour + 12}:{minute}"
    question = rng.choice(("Convert {} pm to 24-hour time.", "Write {} p.m. in 24-hour notation.")).format(half)
    for right in (whole, whole.replace(":", "{:}")):
        yield question, whole, right, True
    for wrong in (f"{half}\\text{{ pm}}", f"{half} PM", half):
        yield question, whole, wrong, False
    question = f"Convert {whole} to 12-hour time."
    for right in (f"{half} PM", f"{half.replace(':', '{:}')}\\text{{ p.m.}}"):
        yield question, f"{half}\\text{{ pm}}", right, True
    for wrong in (whole, f"{half}\\text{{ am}}"):
        yield question, f"{half}\\text{{ pm}}", wrong, False


def named_functions(rng: Random) -> Rows:
    """The gcd and the lcm, in formulas and in words."""
    a, b = rng.choice([(a, b) for a in range(4, 30) for b in range(a + 1, 31) if gcd(a, b) > 1])
    for words, mine, other, value in (
        (rng.choice(("least common multiple", "lowest common multiple")), "lcm", "gcd", a * b // gcd(a, b)),
        (rng.choice(("greatest common divisor", "highest common factor")), "gcd", "lcm", gcd(a, b)),
    ):
        question, gold = f"What is the {words} of {a} and {b}?", str(value)
        for right in (f"\\text{{{mine}}}({a},{b})={gold}", f"\\operatorname{{{mine}}}({a}, {b}) = {gold}"):
            yield question, gold, right, True
        for wrong in (f"\\text{{{other}}}({a},{b})={gold}", f"\\operatorname{{{other}}}({a},{b})={gold}"):
            yield question, gold, wrong, False


def sentences(rng: Random) -> Rows:
    """A sentence of the question's words around the number: of the one who is asked for, and of another."""
    one, other = rng.sample(_NAMES, 2)
    number, more = rng.randrange(3, 20), rng.randrange(2, 9)
    thing, foreign = rng.sample(("stamps", "pens", "coins", "cards", "apples", "shells"), 2)
    question = f"{one} has {number} {thing} and {other} has {more} more. How many {thing} does {other} have?"
    gold = str(number + more)
    for right in (
        f"\\text{{{other} has }}{gold}\\text{{ {thing}}}",
        f"\\text{{{other} has {gold} {thing}}}",
        f"{other} has {gold} {thing}.",
    ):
        yield question, gold, right, True
    for wrong in (
        f"\\text{{{one} has }}{gold}\\text{{ {thing}}}",
        f"\\text{{{other} has {gold} {foreign}}}",
        f"\\text{{{other} does not have {gold} {thing}}}",
        f"\\text{{{other} has {number} {thing}}}",
    ):
        yield question, gold, wrong, False


WANTED: Mapping[str, Family] = {
    "wanted units": wanted_units,
    "counted things": counted_things,
    "measured nouns": measured_nouns,
    "scientific forms": scientific_forms,
    "reduced forms": reduced_forms,
    "hour clocks": hour_clocks,
    "named functions": named_functions,
    "sentences": sentences,
}
"""By kind."""

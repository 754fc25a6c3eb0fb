"""Families of digits and numerals: codes, scores, spaced groups, words, bases; inequalities, coordinates, speeds."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TENS = ["ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_BASES = ((2, "two"), (3, "three"), (5, "five"), (7, "seven"), (8, "eight"))


def codes(rng: Random) -> Rows:
    """Scores, years and codes: their hyphen is no minus, and their zeros count."""
    a, b = rng.sample(range(1, 9), 2)
    year = rng.randrange(1901, 2020)
    score, years, code = f"{max(a, b)}-{min(a, b)}", f"{year}-{year + 1}", f"00{rng.randrange(1, 9)}"
    for right in (score, score.replace("-", " - "), f"\\text{{{score}}}"):
        yield "What was the score?", score, right, True
    for wrong in (str(abs(a - b)), score[::-1], f"{score[0]}-{int(score[2]) + 1}", str(a + b)):
        yield "What was the score?", score, wrong, False
    yield "In which school year was it?", years, f"{year} - {year + 1}", True
    for wrong in ("-1", f"{year - 1}-{year}", str(year), f"{year + 1}-{year}"):
        yield "In which school year was it?", years, wrong, False
    yield "Which code opens the lock?", code, f"\\text{{{code}}}", True
    for wrong in (code[2], code[1:], f"0{code}", code[::-1]):
        yield "Which code opens the lock?", code, wrong, False
    yield "Find $m+n$.", f"0{a}{b}", f"{a}{b}", True  # a contest's three digits
    yield "Find the last two digits.", f"0{a}", f"{a}0", False


def spaced_digits(rng: Random) -> Rows:
    """Digits in groups of three."""
    number = rng.randrange(10_000, 9_999_999)
    plain, spaced = str(number), f"{number:,}".replace(",", " ")
    question = "How many people live there?"
    for right in (
        spaced,
        f"{number:,}",
        f"{number:,}".replace(",", "{,}"),
        spaced.replace(" ", "\\,"),
        spaced.replace(" ", "\u202f"),
    ):
        yield question, plain, right, True
    yield question, f"{number:,}", spaced, True
    for wrong in (spaced[:-1], f"{spaced} 000", spaced[: spaced.index(" ")], f"{number + 1000:,}".replace(",", " ")):
        yield question, plain, wrong, False
    yield question, plain, spaced.replace(" ", "\\quad "), False


def number_words(rng: Random) -> Rows:
    """Numbers in words, with and without a thing behind them."""
    tens, ones, hundreds = rng.randrange(2, 10), rng.randrange(1, 10), rng.randrange(1, 10)
    small = f"{_TENS[tens - 1]}-{_ONES[ones]}"
    number = 10 * tens + ones
    question = "How many cats are there?"
    for right in (small, small.replace("-", " "), small.capitalize(), f"{small} cats", f"\\text{{{small}}}"):
        yield question, str(number), right, True
    yield question, small, str(number), True
    large = f"{_ONES[hundreds]} hundred"
    yield question, str(100 * hundreds + number), f"{large} and {small}", True
    yield question, str(100 * hundreds + number), f"{large} {small}", True
    yield question, str(1000 * number), f"{small} thousand", True
    for wrong in (
        _TENS[tens - 1],
        _ONES[ones],
        f"{_TENS[tens - 1]}-{_ONES[ones % 9 + 1]}",
        f"{small} hundred",
        f"{large} {small}",
    ):
        yield question, str(number), wrong, False
    yield question, small, str(10 * ones + tens) if ones != tens else str(number + 1), False
    up, (down, part) = rng.choice((1, 2)), rng.choice(((3, "third"), (5, "fifth"), (7, "seventh")))
    yield "What share is left?", f"\\frac{{{up}}}{{{down}}}", f"{_ONES[up]} {part}{'s' * (up > 1)}", True
    yield "What share is left?", f"\\frac{{{up}}}{{{down}}}", f"{_ONES[3 - up]} {part}{'s' * (up < 2)}", False


def bases_in_words(rng: Random) -> Rows:
    """A base under the digits, in letters."""
    base, name = rng.choice(_BASES)
    digits = "1" + "".join(str(rng.randrange(base)) for _ in range(3))
    gold = f"{digits}_{{{base}}}"
    for right in (f"{digits}_{{\\text{{{name}}}}}", f"{digits}_{{{name}}}", f"{digits}_\\text{{{name}}}", f"{digits}_{base}"):
        yield f"Write it in base {name}.", gold, right, True
    others = [other for other in _BASES if other != (base, name)]
    other = rng.choice(others)[1]
    for wrong in (
        f"{digits}_{{\\text{{{other}}}}}",
        f"{digits}_{{{other}}}",
        f"{digits}0_{{\\text{{{name}}}}}",
        f"{digits}_{{\\text{{nine}}}}",
    ):
        yield f"Write it in base {name}.", gold, wrong, False


def inequality_systems(rng: Random) -> Rows:
    """Two inequalities at once."""
    a = rng.randrange(-20, 10)
    b = a + rng.randrange(2, 20)
    question, gold = "Solve the inequality.", f"({a},{b})"
    for right in (
        f"x>{a} and x<{b}",
        f"x<{b} \\text{{ and }} x>{a}",
        f"x > {a}, x < {b}",
        f"x>{a} \\land x<{b}",
    ):
        yield question, gold, right, True
    for wrong in (
        f"x>{a} or x<{b}",
        f"x\\ge {a} and x<{b}",
        f"x>{b} and x<{a}",
        f"x>{a} and x<{b + 1}",
        f"x={a} and x={b}",
        f"x>{a} and y<{b}",
    ):
        yield question, gold, wrong, False
    outside = f"(-\\infty,{a})\\cup({b},\\infty)"
    yield question, outside, f"x<{a} \\text{{ or }} x>{b}", True
    yield question, outside, f"x<{a} \\text{{ and }} x>{b}", False


def coordinates(rng: Random) -> Rows:
    """Values by name, for a pair."""
    a, b = rng.sample(range(-9, 30), 2)
    x, y = rng.choice((("x", "y"), ("a", "b"), ("m", "n"), ("p", "q")))
    for question in (f"Find $({x},{y})$.", "Solve the system."):
        for right in (f"{y}={b}, {x}={a}", f"{x}={a}, {y}={b}", f"{x} = {a} \\text{{ and }} {y} = {b}", f"({x},{y})=({a},{b})"):
            yield question, f"({a},{b})", right, True
        for wrong in (f"{x}={b}, {y}={a}", f"{y}={a}, {x}={b}", f"({b},{a})", f"({x},{y})=({b},{a})", f"{x}={a}"):
            yield question, f"({a},{b})", wrong, False


def speeds(rng: Random) -> Rows:
    """Speeds and temperatures in one unit and another."""
    metres = 5 * rng.randrange(2, 30)
    hours = metres * 18 // 5
    gold = f"{metres}\\text{{ m/s}}"
    for right in (f"{hours}\\text{{ km/h}}", f"{metres} m/s", f"{hours} km/h", f"{metres}\\text{{ meters per second}}"):
        yield "Find the speed of the train.", gold, right, True
    for wrong in (f"{metres} km/h", f"{hours} m/s", f"{metres}\\text{{ m}}", f"{metres}\\text{{ mph}}", f"{hours}"):
        yield "Find the speed of the train.", gold, wrong, False
    warm = f"{metres}^\\circ C"
    for right in (
        f"{metres}^\\circ\\text{{C}}",
        f"{metres}°C",
        f"{metres}\\text{{ degrees Celsius}}",
        f"{metres}^{{\\circ}}\\mathrm{{C}}",
    ):
        yield "What is the temperature?", warm, right, True
    for wrong in (f"{metres}^\\circ F", f"-{metres}^\\circ C", f"{metres}\\text{{ degrees Fahrenheit}}", f"{metres + 1}°C"):
        yield "What is the temperature?", warm, wrong, False


DIGITS: Mapping[str, Family] = {
    "codes": codes,
    "spaced digits": spaced_digits,
    "number words": number_words,
    "bases in words": bases_in_words,
    "inequality systems": inequality_systems,
    "coordinates": coordinates,
    "speeds": speeds,
}
"""By kind."""

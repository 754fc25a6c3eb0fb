"""Whether two leaves say the same: numbers with units, roundings, ratios, expressions, equations, words."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.verifiers.maths.rules.arithmetic import Value
from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.cleaning import compact
from asym_lit.verifiers.maths.rules.equations import same_equation
from asym_lit.verifiers.maths.rules.reading import read_expression
from asym_lit.verifiers.maths.rules.tokens import UnreadableError
from asym_lit.verifiers.maths.rules.units import split_unit, units_agree
from asym_lit.verifiers.maths.rules.values import (
    as_float,
    close,
    names_of,
    number_of,
    real,
    same_values,
    values_of,
)
from asym_lit.verifiers.maths.rules.words import same_words

_DECIMAL = re.compile(r"[-+]?\s*(\d*)\.(\d+)|[-+]?\s*(\d+)")
_SCIENTIFIC = re.compile(r"[-+]?\s*(\d+)(?:\.(\d+))?\s*(?:\\times|\\cdot|\*)\s*10\s*\^\s*\{?\s*-?\d+\s*\}?")
_RATIO = re.compile(r"^[^:=]+(?::[^:=]+)+$")


def same_leaf(gold: str, answer: str, switches: Switches, digits: int) -> bool:
    """True if an answer says what the gold one does.

    Args:
        gold: Cleaned.
        answer: Cleaned.
        switches: Which rules may be used.
        digits: Significant digits that a decimal needs to stand for a longer number.
    """
    if compact(gold) == compact(answer):
        return True
    if "=" in gold or "=" in answer:
        return same_equation(gold, answer, switches)
    if _RATIO.match(gold) or _RATIO.match(answer):
        return _same_ratio(gold, answer, switches, digits)
    if same_words(gold, answer, switches):
        return True
    if "units" in switches.on:
        (gold, gold_unit), (answer, unit) = split_unit(gold), split_unit(answer)
        if not units_agree(gold_unit, unit):
            return False
        if gold_unit or unit:
            switches.allow("units")
            if compact(gold) == compact(answer):
                return True
    return _same_number(gold, answer, switches, digits) or same_expression(gold, answer, switches)


def _same_number(gold: str, answer: str, switches: Switches, digits: int) -> bool:
    """Numbers: equal, with percent signs, degrees and mixed numbers as the rules allow, or a rounding."""
    percents = gold.endswith("%"), answer.endswith("%")
    gold, answer = _degrees(gold, answer, switches)
    one, other = number_of(gold), number_of(answer)
    if one is None or other is None:
        return False
    for rule, mark in (("percentages", percents[0] or percents[1]), ("mixed_numbers", _mixed(gold) or _mixed(answer))):
        if mark and not switches.allow(rule):
            return False
    if close(one, other):
        return True
    if percents[0] and not percents[1] and close(one * 100, other):
        return switches.allow("units")
    return _rounded(gold.rstrip("%"), answer.rstrip("%"), one, other, percents, switches, digits)


def _degrees(gold: str, answer: str, switches: Switches) -> tuple[str, str]:
    """The sign of degrees may be left out of one side, unless that gives radians."""
    signs = [text.endswith("\\degree") for text in (gold, answer)]
    if any(signs) and "units" in switches.on and "\\pi" not in gold + answer:
        switches.allow("units")
        return gold.replace("\\degree", "").strip(), answer.replace("\\degree", "").strip()
    return gold, answer


def _mixed(text: str) -> bool:
    return bool(re.search(r"\d\s*\\frac", text))


def _rounded(
    gold: str, answer: str, one: Value, other: Value, percents: tuple[bool, bool], switches: Switches, digits: int
) -> bool:
    """A decimal for what it rounds, with enough digits; an integer as the gold answer must be met exactly."""
    if not (real(one) and real(other)) or (
        isinstance(one, Fraction) and one.denominator == 1 and not _SCIENTIFIC.fullmatch(gold)
    ):
        return False
    steps = [_step(text, percent) for text, percent in zip((gold, answer), percents, strict=True)]
    written = [step for step in steps if step is not None]
    if not written:
        return False
    step, known = max(written)  # the coarser of the two is the rounding
    exact = len(written) == 1
    if known < digits or not switches.allow("approximation" if exact else "rounding"):
        return False
    gap = abs(as_float(one) - as_float(other))
    return gap <= step * (0.5 + 1e-6) or (exact and steps[0] is not None and gap < step * (1 - 1e-9))


def _step(text: str, percent: bool) -> tuple[float, int] | None:
    """What the last digit of a decimal is worth, and how many significant digits it has; None if it is no decimal."""
    scale = 0.01 if percent else 1.0
    match = _DECIMAL.fullmatch(text.strip())
    if match:
        whole, fraction = (match[1] or "", match[2]) if match[2] else (match[3], "")
        return scale * 10.0 ** -len(fraction), len((whole + fraction).lstrip("0"))
    return None


def _same_ratio(gold: str, answer: str, switches: Switches, digits: int) -> bool:
    """2:3 is 4:6 and 2/3; a clock's 12:05 is neither."""
    sides = [[part.strip() for part in text.split(":")] for text in (gold, answer)]
    if any(re.match(r"0\d|00", part) for side in sides for part in side[1:]) or not switches.allow("ratios"):
        return False
    if max(map(len, sides)) > 2:
        terms = [[number_of(part) for part in side] for side in sides]
        if len(terms[0]) != len(terms[1]) or any(term is None for side in terms for term in side):
            return False
        a, b = terms
        return all(close(a[0] * y, b[0] * x) for x, y in zip(a[1:], b[1:], strict=True))  # type: ignore[operator, arg-type]
    quotients = [f"\\frac{{{side[0]}}}{{{side[1]}}}" if len(side) == 2 else side[0] for side in sides]
    one, other = quotients
    return _same_number(one, other, switches, digits) or same_expression(one, other, switches)


def same_expression(gold: str, answer: str, switches: Switches) -> bool:
    """Expressions with names: equal at several points."""
    if "values" not in switches.on:
        return False
    try:
        names = names_of(read_expression(gold)) | names_of(read_expression(answer))
    except (UnreadableError, RecursionError):
        return False
    if not names or _wordlike(gold, answer):
        return False
    one, other = values_of(gold, names), values_of(answer, names)
    return one is not None and other is not None and same_values(one, other) and switches.allow("values")


def _wordlike(*texts: str) -> bool:
    """Two or three letters that stand alone may be a word; the letters of a word commute only in a product."""
    return any(re.fullmatch(r"[A-Za-z ]+", text) for text in texts)

"""Whether two single things are the same: numbers, amounts, times, ratios, expressions, equations, words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from asym_lit.verifiers.maths.rules.arithmetic import Value
from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.equations import same_equation
from asym_lit.verifiers.maths.rules.findings import SAME, UNKNOWN, Finding, different
from asym_lit.verifiers.maths.rules.kinds import Based, Clock, Date, Equation, Expression, Quantity, Ratio, Reading, Words
from asym_lit.verifiers.maths.rules.literals import NUMBER, expression_of
from asym_lit.verifiers.maths.rules.questions import Question
from asym_lit.verifiers.maths.rules.reading import Tree
from asym_lit.verifiers.maths.rules.units import DEGREE, PERCENT, Unit, unit_of
from asym_lit.verifiers.maths.rules.values import as_float, at_points, equal, names_of, real
from asym_lit.verifiers.maths.rules.words import same_in_words, same_words

_DECIMAL = re.compile(r"[-+]?\s*(?:(\d*)\.(\d+)|(\d+))")
_SCIENTIFIC = re.compile(r"([-+]?\s*\d+(?:\.\d+)?)\s*(?:(?:\\times|\\cdot|\*)\s*10\s*\^\s*\{?\s*(-?\d+)\s*\}?|[eE]([-+]?\d+))")
_CODE = re.compile(r"0\d{3,}")
"""Digits that are no number, for they would not begin with 0; 007 may be one, as three digits are asked for in places."""
GOLD_DIGITS = 3
"""Significant digits from which a decimal gold answer may be met by the exact value that it rounds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms two answers are compared."""

    question: Question
    switches: Switches
    digits: int
    """Significant digits that a decimal needs to stand for an exact or longer gold answer; 0 forbids it."""


def same_single(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """The finding on two readings, neither of which holds others."""
    match gold, answer:
        case Expression(), Expression():
            return same_expression(gold, answer, terms)
        case (Quantity(), Quantity() | Expression()) | (Expression(), Quantity()):
            return _same_quantity(gold, answer, terms)
        case Clock(), Clock():
            return _same_clock(gold, answer, terms)
        case (Clock() | Ratio(), Clock() | Ratio() | Expression()) | (Expression(), Clock() | Ratio()):
            return _same_ratio(gold, answer, terms)
        case Date(), Date():
            years = {gold.year, answer.year} - {None}
            same = (gold.day, gold.month) == (answer.day, answer.month) and len(years) <= 1
            return SAME if same else different("another day")
        case (Based(), Based() | Expression()) | (Expression(), Based()):
            return _same_based(gold, answer, terms)
        case Words(), Words():
            return same_words(gold, answer, terms.question, terms.switches)
        case (Words(), Expression()) | (Expression(), Words()):
            words, other = (gold, answer) if isinstance(gold, Words) else (answer, gold)
            return same_in_words(words, other, terms.question)  # type: ignore[arg-type]
        case (Equation(), Equation() | Expression()) | (Expression(), Equation()):
            return SAME if same_equation(gold.text, answer.text, terms.switches) else UNKNOWN
    return UNKNOWN


def _trees(*trees: Tree) -> set[str]:
    """Operations that occur in trees."""
    kinds: set[str] = set()
    for tree in trees:
        kinds.add(tree[0])
        kinds |= _trees(*(part for part in tree[1:] if isinstance(part, tuple)))
    return kinds


def same_expression(gold: Expression, answer: Expression, terms: Terms) -> Finding:
    """Equal in value everywhere; or a decimal that rounds the other."""
    if _CODE.fullmatch(gold.text) or _CODE.fullmatch(answer.text):
        return SAME if gold.text == answer.text else different("other digits")
    if gold.tree == answer.tree:
        return SAME
    if "mixed" in _trees(gold.tree, answer.tree) and not terms.switches.allow("mixed_numbers"):
        return UNKNOWN
    if gold.tree[0] == answer.tree[0] == "name":
        return UNKNOWN if gold.text.lower() == answer.text.lower() else different("another name")
    names = names_of(gold.tree) | names_of(answer.tree)
    endless = [_infinite(side.tree) for side in (gold, answer)]
    if any(endless):
        return SAME if endless[0] == endless[1] else UNKNOWN if names else different("another value")
    same = equal(gold.tree, answer.tree)
    if same:
        return SAME if not names or terms.switches.allow("values") else UNKNOWN
    if not names and _rounded(gold, answer, terms):
        return SAME
    if same is False and names_of(gold.tree) != names_of(answer.tree):
        return UNKNOWN  # under other names it may be the same
    return UNKNOWN if same is None else different("another expression" if names else "another value")


def _infinite(tree: Tree) -> int:
    """1 and -1 for the two infinities, else 0."""
    if tree[0] == "neg":
        return -_infinite(tree[1])
    return int(tree == ("constant", "\\infty"))


def _rounded(gold: Expression, answer: Expression, terms: Terms) -> bool:
    """A decimal for what it rounds, with enough digits; an integer rounds nothing, unless the question asks for it."""
    one, other = at_points(gold.tree, frozenset())[0], at_points(answer.tree, frozenset())[0]
    if one is None or other is None or not (real(one) and real(other)) or not terms.digits:
        return False
    steps = [_step(side.text) for side in (gold, answer)]
    if isinstance(one, Fraction) and one.denominator == 1 and not (steps[0] and _SCIENTIFIC.fullmatch(gold.text)):
        return False
    if steps[1] and (not steps[0] or steps[0][0] < steps[1][0]):  # the answer is the rounding
        step, known = steps[1]
        enough = 2 if terms.question.rounds else terms.digits if step < 1 else 99
        rule = "rounding" if steps[0] else "approximation"
        return known >= enough and _within(one, other, step) and terms.switches.allow(rule)
    if steps[0] and not steps[1]:  # the gold answer is, or it was cut off
        step, known = steps[0]
        near = abs(as_float(one) - as_float(other)) < step * (1 - 1e-9)
        return step < 1 and known >= GOLD_DIGITS and near and terms.switches.allow("approximation")
    return False


def _within(value: Value, rounding: Value, step: float) -> bool:
    """Half a step at most; half a step exactly only away from zero, as one rounds at school."""
    gap = as_float(rounding) - as_float(value)
    at_half = abs(abs(gap) - step / 2) <= step * 1e-6
    return abs(gap) < step / 2 * (1 - 1e-6) or (at_half and (gap > 0) == (as_float(value) > 0))


def _step(text: str) -> tuple[float, int] | None:
    """What the last digit of a decimal is worth, and how many significant digits it has; None if it is no decimal."""
    scale = 1.0
    if scientific := _SCIENTIFIC.fullmatch(text):
        text, scale = scientific[1], 10.0 ** min(300, int(scientific[2] or scientific[3]))
    if match := _DECIMAL.fullmatch(text.strip()):
        whole, fraction = match[1] or match[3] or "", match[2] or ""
        return scale * 10.0 ** -len(fraction), len((whole + fraction).lstrip("0"))
    return None


def _same_quantity(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """Amounts; a unit may be left out, but not be another one."""
    if isinstance(gold, Expression) and isinstance(answer, Quantity) and (named := _with_unit(gold, answer.unit)):
        gold = named
    if isinstance(answer, Expression) and isinstance(gold, Quantity) and (named := _with_unit(answer, gold.unit)):
        answer = named
    units = [side.unit if isinstance(side, Quantity) else NUMBER for side in (gold, answer)]
    amounts = [side.amount if isinstance(side, Quantity) else side for side in (gold, answer)]
    (one, other), (mine, theirs) = units, amounts
    assert isinstance(mine, Expression)
    assert isinstance(theirs, Expression)
    if NUMBER in units:
        return _one_unit(mine, theirs, one, other, terms)
    if one.dimension != other.dimension:
        return different("another unit")
    same = same_expression(mine, theirs, terms)
    if one.dimension == "count":
        if one.name == other.name or one.generic or other.generic:
            return same if terms.switches.allow("units") else UNKNOWN
        return same if same.same is False else UNKNOWN
    if one.size == other.size:
        return same if one.name == other.name or terms.switches.allow("units") else UNKNOWN
    if "temperature" in one.dimension:
        return UNKNOWN
    scale = ("number", Fraction(one.size / other.size).limit_denominator(10**9))
    converted = same_expression(Expression("", ("mul", mine.tree, scale)), theirs, terms)
    return (
        converted if converted.same is None or terms.switches.allow("units") and converted.same else different("another unit")
    )


def _with_unit(side: Expression, unit: Unit) -> Quantity | None:
    """`5 m` as an amount, where the other side has a unit; `12 m^2` against `12 cm^2`."""
    if unit.dimension in ("count", "percent", "angle") or not (
        found := re.fullmatch(r"(.*[\d)}])\s*([A-Za-z](?:\s*\^\s*\{?\d\}?)?)", side.text)
    ):
        return None
    amount, named = expression_of(found[1]), unit_of(found[2])
    return Quantity(side.text, amount, named) if amount and named and named.dimension != "count" else None


def _one_unit(gold: Expression, answer: Expression, one: Unit, other: Unit, terms: Terms) -> Finding:
    """One side has a unit, the other a number."""
    unit = one if one is not NUMBER else other
    amounts = gold, answer
    same = same_expression(*amounts, terms)
    if unit is PERCENT:
        share = [
            Expression("", ("percent", side.tree)) if u is PERCENT else side
            for side, u in zip(amounts, (one, other), strict=True)
        ]
        hundred = [
            side if u is PERCENT else Expression("", ("mul", side.tree, ("number", Fraction(100))))
            for side, u in zip(amounts, (one, other), strict=True)
        ]
        if same_expression(*share, terms).same or same_expression(*hundred, terms).same:
            return SAME if terms.switches.allow("percentages") else UNKNOWN
        if same.same and terms.question.percent and terms.switches.allow("percentages"):
            return SAME
        return UNKNOWN if same.same is None else different("a percentage, and a number")
    if unit is DEGREE and "\\pi" in (answer if one is unit else gold).text:
        turned = [
            Expression("", ("degree", side.tree)) if u is unit else side for side, u in zip(amounts, (one, other), strict=True)
        ]
        same = same_expression(*turned, terms)
    if not same.same or not terms.switches.allow("units"):
        return same if same.same is not True else UNKNOWN
    if one is not NUMBER or unit.generic:
        return SAME  # left out
    if unit.dimension == "count":
        return SAME if set(unit.name.split()) & terms.question.words or f"{unit.name}s" in terms.question.words else UNKNOWN
    asked = [
        known
        for word in terms.question.words
        if len(word) > 1 and (known := unit_of(word)) and known.dimension == unit.dimension
    ]
    return SAME if not asked or any(known.size == unit.size for known in asked) else UNKNOWN


def _same_clock(gold: Clock, answer: Clock, terms: Terms) -> Finding:
    """Times of day; without a.m. or p.m., and without the question's word for it, they may be ratios."""
    if gold.half or answer.half or terms.question.clock:
        halves = [side.minutes % 720 + 720 * (side.half == "pm") if side.half else side.minutes for side in (gold, answer)]
        if halves[0] == halves[1]:
            return SAME
        bare = gold.half != answer.half and "" in (gold.half, answer.half) and gold.minutes % 720 == answer.minutes % 720
        return UNKNOWN if bare else different("another time")
    if gold.minutes == answer.minutes:
        return SAME
    return _same_ratio(gold, answer, terms) if terms.question.ratio else UNKNOWN


def _same_ratio(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """2:3 is 4:6, and 2/3."""
    sides: list[tuple[Expression, ...]] = []
    for side in (gold, answer):
        if isinstance(side, Clock):
            if side.half or terms.question.clock or re.search(r":\s*0\d", side.text):
                return UNKNOWN
            side = Ratio(side.text, tuple(expression_of(part.strip()) for part in side.text.split(":")))  # type: ignore[arg-type]
        sides.append(side.terms if isinstance(side, Ratio) else (side,))  # type: ignore[arg-type]
    if not terms.switches.allow("ratios"):
        return UNKNOWN
    one, other = sides
    if len(one) == len(other) > 1:
        crossed = [
            same_expression(
                Expression("", ("mul", one[0].tree, b.tree)), Expression("", ("mul", other[0].tree, a.tree)), terms
            ).same
            for a, b in zip(one[1:], other[1:], strict=True)
        ]
        return SAME if all(crossed) else UNKNOWN if None in crossed else different("another ratio")
    if max(len(one), len(other)) != 2:
        return different("another number of terms")
    quotients = [side[0] if len(side) == 1 else Expression("", ("div", side[0].tree, side[1].tree)) for side in sides]
    return same_expression(*quotients, terms)


def _same_based(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """Digits in a base; the base may be left out where the question gives it."""
    if isinstance(gold, Based) and isinstance(answer, Based):
        return (
            SAME
            if (gold.digits.lstrip("0"), gold.base) == (answer.digits.lstrip("0"), answer.base)
            else different("another base or number")
        )
    based, other = (gold, answer) if isinstance(gold, Based) else (answer, gold)
    assert isinstance(based, Based)
    if re.sub(r"\s", "", other.text) == based.digits and terms.question.base and based is gold:
        return SAME
    return UNKNOWN if re.sub(r"\s", "", other.text) == based.digits else different("another base or number")

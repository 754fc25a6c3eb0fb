"""Whether two amounts are the same: a unit may be left out, but not be another one."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.answers.asked import asked_for
from asym_lit.answers.expressions import Terms, same_expression
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.fitting import fits
from asym_lit.answers.kinds import Expression, Quantity
from asym_lit.answers.literals import NUMBER, expression_of
from asym_lit.answers.questions import Question
from asym_lit.answers.units import DEGREE, PERCENT, Unit, singular, unit_of


def same_quantity(gold: Expression | Quantity, answer: Expression | Quantity, terms: Terms) -> Finding:
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
        converted if converted.same is None or (terms.switches.allow("units") and converted.same) else different("another unit")
    )


def _with_unit(side: Expression, unit: Unit) -> Quantity | None:
    """`5 m` as an amount, where the other side has a unit; `12 m^2` against `12 cm^2`."""
    return None if unit.dimension in ("count", "percent", "angle") else _lettered(side)


def _lettered(side: Expression) -> Quantity | None:
    """A number with a single letter behind it as an amount of that unit."""
    if not (found := re.fullmatch(r"(.*[\d)}])\s*([A-Za-z](?:\s*\^\s*\{?\d\}?)?)", side.text)):
        return None
    amount, named = expression_of(found[1]), unit_of(found[2])
    return Quantity(side.text, amount, named) if amount and named and named.dimension != "count" else None


def in_asked_unit(side: Expression, terms: Terms) -> Quantity | None:
    """`5 m` as an amount, where the question asks for meters and calls nothing m."""
    if not side.text[-1:].isalpha() or side.text[-1] in terms.question.symbols or not (named := _lettered(side)):
        return None
    return named if any(known.dimension == named.unit.dimension for known in terms.question.wanted.units) else None


def _one_unit(gold: Expression, answer: Expression, one: Unit, other: Unit, terms: Terms) -> Finding:
    """One side has a unit, the other a number."""
    unit = one if one is not NUMBER else other
    if unit is PERCENT:
        return _percentage(gold, answer, one is PERCENT, terms)
    same = same_expression(gold, answer, terms)
    if unit is DEGREE and "\\pi" in (answer if one is unit else gold).text:
        turned = same_expression(_of("degree", gold, one is unit), _of("degree", answer, other is unit), terms)
        return UNKNOWN if turned.same and not terms.switches.allow("units") else turned
    if same.same is False and one is NUMBER and _converted(gold, answer, unit, terms):
        return SAME if _converted(gold, answer, unit, terms, asked=True) and terms.switches.allow("units") else UNKNOWN
    if not same.same or not terms.switches.allow("units"):
        return same if same.same is not True else UNKNOWN
    if one is not NUMBER:
        return SAME  # left out
    if unit.name.startswith("of "):
        return SAME if _whole(unit, terms.question) else UNKNOWN
    fit = fits(unit, terms.question)
    return SAME if fit else UNKNOWN if fit is None else different("another unit than is asked for")


def _converted(gold: Expression, answer: Expression, unit: Unit, terms: Terms, asked: bool = False) -> bool:
    """True if an amount is the gold number in another unit that the question names; `asked`: in which it asks for it."""
    if unit.dimension in ("count", "percent", "angle") or "temperature" in unit.dimension:
        return False
    known = terms.question.wanted.units if asked else filter(None, map(unit_of, terms.question.units))
    named = [one for one in known if one.dimension == unit.dimension]
    scales = {Fraction(unit.size / known.size).limit_denominator(10**9) for known in named} - {Fraction(1)}
    if asked and len({known.size for known in named}) != 1:
        return False
    return any(same_expression(gold, Expression("", ("mul", answer.tree, ("number", by))), terms).same for by in scales)


def _whole(unit: Unit, question: Question) -> bool:
    """True if an amount is a part of what the question asks a part of."""
    asked = asked_for(question.text)
    said = {singular(word.lower()) for word in re.findall(r"[A-Za-z]+", asked[-1].phrase)} if asked else set()
    return set(unit.name.split()[1:]) <= said


def _of(operation: str, side: Expression, here: bool) -> Expression:
    """The side under an operation, or as it is."""
    return Expression("", (operation, side.tree)) if here else side


def _percentage(gold: Expression, answer: Expression, gold_has_it: bool, terms: Terms) -> Finding:
    """5% is 0.05; it is 5 only where the question asks for a percentage."""
    as_share = same_expression(_of("percent", gold, gold_has_it), _of("percent", answer, not gold_has_it), terms)
    hundred = ("number", Fraction(100))
    scaled = [
        side if has else Expression("", ("mul", side.tree, hundred))
        for side, has in ((gold, gold_has_it), (answer, not gold_has_it))
    ]
    same = same_expression(gold, answer, terms)
    if as_share.same or same_expression(scaled[0], scaled[1], terms).same or (same.same and terms.question.percent):
        return SAME if terms.switches.allow("percentages") else UNKNOWN
    return UNKNOWN if same.same is None else different("a percentage, and a number")

"""Whether two single things are the same: numbers, amounts, times, ratios, expressions, equations, words."""

from __future__ import annotations

import re

from asym_lit.answers.codes import same_code
from asym_lit.answers.equations import same_equation
from asym_lit.answers.expressions import Terms, same_expression
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.kinds import Based, Clock, Code, Date, Equation, Expression, Quantity, Ratio, Reading, Words
from asym_lit.answers.literals import expression_of
from asym_lit.answers.quantities import in_asked_unit, same_quantity
from asym_lit.answers.words import same_in_words, same_words


def same_single(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """The finding on two readings, neither of which holds others."""
    match gold, answer:
        case Expression(), Expression():
            measured = in_asked_unit(answer, terms) if gold.text[-1:].isdigit() else None
            return same_quantity(gold, measured, terms) if measured else same_expression(gold, answer, terms)
        case (Code(), _) | (_, Code()):
            return same_code(gold, answer, terms.question)
        case Quantity(), Quantity() | Expression():
            return same_quantity(gold, answer, terms)
        case Expression(), Quantity():
            return same_quantity(gold, answer, terms)
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
            parts = [expression_of(part.strip()) for part in side.text.split(":")]
            side = Ratio(side.text, tuple(part for part in parts if part))
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
    mine, theirs = (side[0] if len(side) == 1 else Expression("", ("div", side[0].tree, side[1].tree)) for side in sides)
    return same_expression(mine, theirs, terms)


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
    if re.sub(r"\s", "", other.text) == based.digits and based is answer and based.base == terms.question.base_asked:
        return SAME
    return UNKNOWN if re.sub(r"\s", "", other.text) == based.digits else different("another base or number")

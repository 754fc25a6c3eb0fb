"""Whether two parts of the line are the same."""

from __future__ import annotations

from asym_lit.answers.cleaning import compact
from asym_lit.answers.expressions import Terms, same_expression
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, all_of, different
from asym_lit.answers.kinds import Collection, Expression, Line, Quantity, Reading
from asym_lit.answers.literals import expression_of
from asym_lit.answers.regions import Region, interval_of


def same_lines(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """Parts of the line: as many pieces, with the same ends, closed alike."""
    regions = [_region(side) for side in (gold, answer)]
    unknowns = [side.unknown if isinstance(side, Line) else frozenset() for side in (gold, answer)]
    one, other = regions
    if one is None or other is None:
        single = any(isinstance(side, Expression | Quantity) for side in (gold, answer))
        return different("a part of the line, and single answers") if single else UNKNOWN
    if all(unknowns) and unknowns[0] != unknowns[1]:
        return different("another unknown")
    if not terms.switches.allow("intervals"):
        return UNKNOWN
    return _same_region(one, other, terms)


def _region(side: Reading) -> Region | None:
    if isinstance(side, Line):
        return side.region
    return interval_of(side.text) if isinstance(side, Collection) and side.shape == "tuple" and len(side.items) == 2 else None


def _same_region(one: Region, other: Region, terms: Terms) -> Finding:
    if len(one) != len(other):
        return different("other parts of the line")
    strict = Terms(terms.question, terms.switches, 0)
    findings = []
    for mine, theirs in zip(one, other, strict=True):
        if (mine.low_closed, mine.high_closed) != (theirs.low_closed, theirs.high_closed):
            findings.append(different("ends that belong to it, and do not"))
        for a, b in ((mine.low, theirs.low), (mine.high, theirs.high)):
            low, high = expression_of(a), expression_of(b)
            alike = SAME if compact(a) == compact(b) else UNKNOWN
            findings.append(same_expression(low, high, strict) if low and high else alike)
    return all_of(findings)

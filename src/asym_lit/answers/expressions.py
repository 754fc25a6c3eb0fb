"""Whether two numbers or expressions are the same: in value, or the one as a rounding of the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from asym_lit.answers.arithmetic import Value
from asym_lit.answers.catalogue import Switches
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.kinds import Expression
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import Tree
from asym_lit.answers.values import as_float, at_points, equal, names_of, real

_DECIMAL = re.compile(r"[-+]?\s*(?:(\d*)\.(\d+)|(\d+))")
_SCIENTIFIC = re.compile(r"([-+]?\s*\d+(?:\.\d+)?)\s*(?:(?:\\times|\\cdot|\*)\s*10\s*\^\s*\{?\s*(-?\d+)\s*\}?|[eE]([-+]?\d+))")
GOLD_DIGITS = 3
"""Significant digits from which a decimal gold answer may be met by the exact value that it rounds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms two answers are compared."""

    question: Question
    switches: Switches
    digits: int
    """Significant digits that a decimal needs to stand for an exact or longer gold answer; 0 forbids it."""


def _trees(*trees: Tree) -> set[str]:
    """Operations that occur in trees."""
    kinds: set[str] = set()
    for tree in trees:
        kinds.add(tree[0])
        kinds |= _trees(*(part for part in tree[1:] if isinstance(part, tuple)))
    return kinds


def same_expression(gold: Expression, answer: Expression, terms: Terms) -> Finding:
    """Equal in value everywhere; or a decimal that rounds the other."""
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
        freely = terms.question.rounds and not (steps[0] and terms.question.rounds_to)  # 37 is not 36.9, to the nearest tenth
        enough = 2 if freely else terms.digits if step < 1 else 99
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

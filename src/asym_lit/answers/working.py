"""Work shown before a value: `700\\times 379 = 265300` answers as its last part does, if it is right."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.answers.arithmetic import Value
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import read_expression
from asym_lit.answers.splitting import cut, wrapped
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.values import FAULTS, apart, names_of, number_of, value

_OPERATION = re.compile(
    r"[\d)}]\s*(?:[-+*/^!]|\\times|\\cdot|\\div)|\\(?:binom|sqrt|sum|prod)(?![A-Za-z])",
)
_SERIES = re.compile(
    r"\\(sum|prod)(?:\\limits)?\s*_\s*\{\s*([a-z])\s*=\s*(-?\d+)\s*\}\s*\^\s*(?:\{\s*(-?\d+)\s*\}|(\d))\s*(.+)", re.DOTALL
)
_NAME = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([A-Za-z\d]\))?")
ROUNDING = 1e-12
"""Relative error up to which work and value are the same: they are computed in floating point."""
MOST_TERMS = 2000
"""Of a sum or product that is computed term by term."""


def behind_working(text: str) -> str:
    """The value behind work on numbers, with its name if one stands before; the text itself if the work is wrong, or none."""
    if "=" not in text or not _OPERATION.search(text):
        return text
    first, *others = cut(text, lambda token: token == "=")[0]
    named = bool(others) and _NAME.fullmatch(first) is not None
    parts = others if named else [first, *others]
    taken_apart = len(parts) == 2 and not named and parts[0].isdecimal() and _OPERATION.search(parts[1])  # 84 = 2^2 * 3 * 7
    if len(parts) < 2 or not (taken_apart or any(_OPERATION.search(part) for part in parts[:-1])):
        return text
    values = [_series(part) if _SERIES.fullmatch(part) else number_of(part) for part in parts]
    if any(one is None or values[0] is None or apart(values[0], one, ROUNDING) for one in values):
        return text
    return f"{first} = {parts[-1]}" if named else parts[-1]


def is_the_answer(gold: str, question: Question) -> bool:
    """True if an equation of numbers is asked for, so that its value alone is no answer."""
    return bool(question.words & {"equation", "equations", "expression"}) and behind_working(gold) != gold


def _series(text: str) -> Value | None:
    r"""The value of a \sum or \prod of numbers with a first and a last term."""
    found = _SERIES.fullmatch(text.strip())
    if found is None:
        return None
    name, first, last = found[2], int(found[3]), int(found[4] or found[5])
    if not 0 <= last - first < MOST_TERMS:
        return None
    try:
        tree = read_expression(found[6].strip())
        if (tree[0] in ("add", "sub") and not wrapped(found[6].strip())) or names_of(tree) - {name}:
            return None  # how far the sum reaches is anybody's guess
        terms = [value(tree, {name: Fraction(number)}) for number in range(first, last + 1)]
    except (UnreadableError, *FAULTS):
        return None
    total: Value = Fraction(found[1] == "prod")
    for term in terms:
        total = total * term if found[1] == "prod" else total + term
    return total

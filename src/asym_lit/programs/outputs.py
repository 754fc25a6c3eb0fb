"""What a program gave compared with what it should: text by lines and tokens, values as plain data. Nothing is evaluated."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

RELATIVE = 1e-6
"""Error of a number whose gold form has a point, or an exponent: 1e-07 is how Python prints a float without one."""
NEAR_ZERO = 1e-9
"""Error where that number is 0, of which there is no share."""
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
DEPTH = 60
"""Nesting of values; a deeper one is different."""


def same_output(given: str, gold: str) -> bool:
    """Whether a program printed what it should.

    Blank lines at both ends and blanks around tokens mean nothing; the number of lines, the order and the case of tokens do. A
    token is the gold one letter by letter, but for a gold number with a point or an exponent, met within `RELATIVE`.
    """
    found, expected = _lines(given), _lines(gold)
    return len(found) == len(expected) and all(map(_same_line, found, expected))


def same_value(given: Any, gold: Any, absolute: float = 0.0, depth: int = 0) -> bool:
    """Whether a function returned what it should; both are plain data, as JSON has them.

    Numbers without a point are equal exactly, a gold one with a point is met within `RELATIVE`; true is not 1.

    Args:
        given: The program's value.
        gold: What it should be.
        absolute: Error that is allowed beside the relative one.
        depth: Of the nesting that was passed.
    """
    if depth > DEPTH:
        return False
    if isinstance(gold, bool) or isinstance(given, bool):
        return isinstance(gold, bool) and isinstance(given, bool) and gold == given
    if isinstance(gold, int | float) and isinstance(given, int | float):
        return given == gold or (isinstance(gold, float) and near(given, gold, absolute))
    if isinstance(gold, list) and isinstance(given, list):
        pairs = zip(given, gold, strict=False)
        return len(gold) == len(given) and all(same_value(*pair, absolute, depth + 1) for pair in pairs)
    if isinstance(gold, dict) and isinstance(given, dict):
        return gold.keys() == given.keys() and all(same_value(given[k], gold[k], absolute, depth + 1) for k in gold)
    return type(gold) is type(given) and bool(gold == given)


def near(given: float, gold: float, absolute: float = 0.0) -> bool:
    """Whether a number meets a gold one with a point; what is no number meets only itself."""
    if not math.isfinite(gold):
        return given == gold or (given != given and gold != gold)
    try:
        error = abs(given - gold)
    except OverflowError:  # an integer beyond all floats
        return False
    return error <= max(absolute, RELATIVE * abs(gold) if gold else NEAR_ZERO)


def _lines(text: str) -> list[list[str]]:
    """The tokens of each line, without the blank lines at both ends."""
    lines = [line.split() for line in text.split("\n")]
    full = [number for number, line in enumerate(lines) if line]
    return lines[full[0] : full[-1] + 1] if full else []


def _same_line(given: Sequence[str], gold: Sequence[str]) -> bool:
    return len(given) == len(gold) and all(map(_same_token, given, gold))


def _same_token(given: str, gold: str) -> bool:
    if given == gold:
        return True
    if not NUMBER.fullmatch(gold) or not NUMBER.fullmatch(given) or not set(gold) & set(".eE"):
        return False
    return near(float(given), float(gold))

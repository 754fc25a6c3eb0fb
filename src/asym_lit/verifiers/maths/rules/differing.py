"""Answers that are certainly different: both are understood in full, and have other values."""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.cleaning import clean
from asym_lit.verifiers.maths.rules.forms import Form, form_of
from asym_lit.verifiers.maths.rules.reading import read_expression
from asym_lit.verifiers.maths.rules.tokens import UnreadableError
from asym_lit.verifiers.maths.rules.values import as_float, close, names_of, number_of, real, values_of

TOLERANCE = 1e-4
"""Relative; what is nearer may be a rounding."""
LONGEST = 300
_LENIENT = re.compile(r"%|\\degree|:|=|<|>|\\pm|\\frac\s*\d|\d\s*\\frac|\\approx|\\text|\\log|\\in(?![a-z])|_")
"""Signs that allow for more than one reading."""


def certainly_different(gold: str, answer: str) -> bool:
    """True if no reading of the two makes them equal: plain expressions, or tuples and lists of them, of other values."""
    if max(len(gold), len(answer)) > LONGEST:
        return False
    one, other = _form(gold), _form(answer)
    return one is not None and other is not None and _differ(one, other)


@lru_cache(maxsize=4096)
def _form(text: str) -> Form | None:
    switches = Switches()
    cleaned = clean(text, switches)
    return None if _LENIENT.search(cleaned) else form_of(cleaned, switches)


def _differ(one: Form, other: Form) -> bool:
    if one.kind == other.kind == "leaf":
        return _leaves_differ(one.text, other.text)
    if one.kind == other.kind == "tuple":
        if len(one.items) != len(other.items):
            return True
        return any(_differ(a, b) for a, b in zip(one.items, other.items, strict=True))
    if one.kind == other.kind == "list":  # some item has no partner
        return any(all(_differ(a, b) for b in other.items) for a in one.items)
    leaf, other_form = (one, other) if one.kind == "leaf" else (other, one)
    return other_form.kind == "tuple" and len(other_form.items) > 1 and number_of(leaf.text) is not None


@lru_cache(maxsize=8192)
def _leaves_differ(one: str, other: str) -> bool:
    try:
        trees = read_expression(one), read_expression(other)
    except (UnreadableError, RecursionError):
        return False
    names = names_of(trees[0]) | names_of(trees[1])
    if any(re.fullmatch(r"[A-Za-z ]+", text) for text in (one, other)) and one != other:
        return False  # names, or words
    mine, theirs = values_of(one, names), values_of(other, names)
    if mine is None or theirs is None:
        return False
    pairs = [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None and b is not None and real(a) and real(b)]
    far = any(not close(complex(as_float(a)), complex(as_float(b)), TOLERANCE) and a != b for a, b in pairs)
    return far and len(pairs) >= (3 if names else 1)

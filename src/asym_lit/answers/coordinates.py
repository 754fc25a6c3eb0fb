"""Values with names against others without: y=2, x=1 is (1,2)."""

from __future__ import annotations

import re
from itertools import pairwise

from asym_lit.answers.kinds import Collection, Labelled, Reading
from asym_lit.answers.questions import Question
from asym_lit.answers.values import as_float, number_of, real

_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?")
_EXTREME = re.compile(r"(?:text)?(?:the)?(?:(max|largest|greatest|highest)|min|smallest|least|lowest)", re.IGNORECASE)
_TUPLE = re.compile(r"\(\s*((?:\\?[A-Za-z]+(?:_\{?\w+\}?)?\s*,\s*)+\\?[A-Za-z]+(?:_\{?\w+\}?)?)\s*\)")


def by_name(side: Collection, question: Question) -> tuple[Reading, ...] | None:
    """The items in the order of their names: the question's tuple of them, else the alphabet's where it has them in a row.

    As they stand where they are no values with a symbol each; None where the order of the names is nobody's.
    """
    names = [_bare(item.label) for item in side.items if isinstance(item, Labelled) and _SYMBOL.fullmatch(item.label.strip())]
    if len(names) < len(side.items) or len(set(names)) < len(names):
        return side.items
    asked = [[_bare(name) for name in found[1].split(",")] for found in _TUPLE.finditer(question.text)]
    order = next((one for one in asked if sorted(one) == sorted(names)), None) or _alphabet(names)
    return tuple(side.items[names.index(name)] for name in order) if order else None


def are_extremes(side: Collection) -> bool | None:
    """True for a maximum and a minimum by name: such two say themselves which is which. False if they lie; None for others."""
    sizes = {}
    for item in side.items:
        found = _EXTREME.match(_bare(item.label)) if isinstance(item, Labelled) else None
        value = number_of(item.inner.text) if isinstance(item, Labelled) else None
        if found is None or value is None or not real(value):
            return None
        sizes["max" if found[1] else "min"] = as_float(value)
    return sizes["max"] >= sizes["min"] if len(side.items) == len(sizes) == 2 else None


def _alphabet(names: list[str]) -> list[str] | None:
    """x, y; a, b, c; p, q: letters that follow each other."""
    if not all(len(name) == 1 for name in names):
        return None
    order = sorted(names)
    return order if all(ord(b) - ord(a) == 1 for a, b in pairwise(order)) else None


def _bare(name: str) -> str:
    return re.sub(r"[\s{}\\]", "", name)

"""The rules by name, with their number in TinyV's taxonomy of answers that are right but rejected (arXiv 2505.14625)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from asym_lit.types import InputError

RULES: dict[str, tuple[str, str]] = {
    "whitespace": ("1.1", "spaces, and LaTeX's commands for them, mean nothing"),
    "symbols": ("1.2", "≤ is \\leq, \\dfrac is \\frac, π is \\pi, ** is ^"),
    "markup": ("1.3", "dollars, \\left, \\text, HTML, markdown and sentence ends mean nothing"),
    "units": ("1.4", "a unit may be left out, or converted, but not be another one; degrees are also radians"),
    "label": ("1.5", "x=3 is 3; f(x)=x is f(z)=z; A: 3, B: 4 is 3, 4"),
    "intervals": ("2.1", "1<x<=2 is (1,2]; unions, points taken out, set-builders"),
    "ratios": ("2.2", "2:3 is 2/3, and 4:6"),
    "plus_minus": ("2.3", "a \\pm b is the two of them"),
    "vectors": ("2.4", "a column or a row is a tuple; matrices by entry"),
    "values": ("3.1", "expressions are equal if they are at several points; equations if one is a multiple of the other"),
    "mixed_numbers": ("4.4", "2\\frac{1}{2} is 5/2"),
    "percentages": ("4.2", "5% is 0.05, and 5 where the gold answer has the sign"),
    "approximation": ("4.1", "a decimal of enough digits stands for the exact value that it rounds"),
    "rounding": ("4.3", "a decimal stands for a longer one that it rounds"),
    "explanation": ("5.1", "words around an answer: only, for all n, where k is ..., an approximation behind it"),
    "assignment": ("5.2", "y=f(x) may be given as an equation, solved or not"),
    "phrasing": ("5.3", "words by themselves: case, articles, and a part for a sentence whose rest is the question's"),
    "order": ("6.1", "lists and sets have no order; tuples have"),
    "structure": ("6.2", "a list in braces, or bare; a point's coordinates without brackets"),
    "delimiters": ("6.3", "and, or, semicolons are commas"),
    "names": ("7.1", "a symbol that is not in the question, or there only as any integer, may have another name"),
}
"""Rule: (number in the taxonomy, what it does)."""


@dataclass(slots=True)
class Switches:
    """Which rules may be used, and which have been."""

    on: frozenset[str] = frozenset(RULES)
    used: dict[str, None] = field(default_factory=dict)

    def allow(self, rule: str) -> bool:
        """True if a rule is on; notes that it was used."""
        if rule in self.on:
            self.used[rule] = None
            return True
        return False

    def __str__(self) -> str:
        return ", ".join(f"{RULES[rule][0]} {rule}" for rule in sorted(self.used, key=lambda r: RULES[r][0]))


def rules_without(off: Iterable[str]) -> frozenset[str]:
    """All rules but these.

    Raises:
        InputError: If one is not a rule.
    """
    for name in off:
        if name not in RULES:
            raise InputError(f"{name!r} is no rule; allowed: {', '.join(RULES)}.")
    return frozenset(RULES) - frozenset(off)

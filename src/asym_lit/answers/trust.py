r"""What may be left to Math-Verify: texts of which it drops nothing.

It drops words, units and indices behind numbers (`2516_8` is 2516 to it), the period of `0.\overline{3}` (0), what is smaller
than 1e-6 (6.63e-34 equals 1.60e-19), and adds `3 1/4` up to 1. Its *equal* counts only for what has none of that.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean, compact
from asym_lit.answers.literals import HYPHENED, PADDED, expression_of
from asym_lit.answers.splitting import balanced, cut, wrapped
from asym_lit.answers.tokens import FUNCTIONS, NAMED, word_set
from asym_lit.answers.values import equal, number_of

_COMMANDS = frozenset(
    {*NAMED, *(f"\\{name}" for name in FUNCTIONS)}
    | word_set("\\frac \\cdot \\times \\pi \\sum \\prod \\int \\lim \\binom \\to \\infty \\ln \\min \\max \\{ \\} \\cdots")
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]+|\d+(?:\.\d+)?|\S", re.DOTALL)
_SIGNS = frozenset("+-*/^_=(){}[],!|'")
_DROPPED = re.compile(r"\d\s+\d|\d\s*/\s*\d+\s*/|\d\s*\.\s|\d\s*_|[\d)}\]]\s*\\[{]|\d\s*[eE]\s*[+-]?\d|\.\.")
_EVALUATED = re.compile(r"\\(?:sum|prod|int|lim|binom)(?![A-Za-z])")
_LONE = re.compile(r"\\?[A-Za-z]+(?:_\w)?'*(?:\([A-Za-z]\))?")
SMALLEST = 1e-3
"""Smallest size of a number that is compared to six decimal places."""


def read_whole(gold: str, answer: str) -> bool:
    """True if Math-Verify drops nothing of either, and they are of one form, so that its *equal* may count."""
    texts = [_bare(text) for text in (gold, answer)]
    if any(HYPHENED.fullmatch(text) or PADDED.fullmatch(text) for text in texts):
        return False  # 3-1 is a score, 007 a code
    if not all(_plain(text) for text in texts) or texts[0].count("'") != texts[1].count("'"):
        return False  # it drops primes: f'(x) equals f(x) to it
    sides = [cut(text, lambda token: token == "=")[0] for text in texts]
    if max(map(len, sides)) > 2 or any(len(side) == 2 and not re.search("[A-Za-z]", side[0]) for side in sides):
        return False  # 2+3=5 is true, and so is 2+4=6
    labels = [compact(side[0]) if len(side) == 2 and _LONE.fullmatch(compact(side[0])) else None for side in sides]
    if len(sides[0]) != len(sides[1]) and not any(labels):
        return False
    if all(labels) and labels[0] != labels[1]:
        return False
    bodies = [side[-1] if label else text for side, label, text in zip(sides, labels, texts, strict=True)]
    if any(_form(body)[1] > 1 and not _form(body)[0] for body in bodies):
        return False  # a list, which is a set to it
    return _form(bodies[0]) == _form(bodies[1]) and _large(*bodies) and not _apart(*bodies)


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    return re.sub(r"^[A-Za-z]\s*\\in(?![A-Za-z])", "", clean(text, Switches())).strip()


def _plain(text: str) -> bool:
    """Of numbers, single letters, signs and commands of algebra alone."""
    if not text.isascii() or not balanced(text) or _DROPPED.search(text):
        return False
    tokens = _TOKEN.findall(text)
    if any(first[0].isalpha() and second[0].isdigit() for first, second in pairwise(tokens)):
        return False
    return all(
        token in _COMMANDS or token in _SIGNS or token[0].isdigit() or (token.isalpha() and (len(token) == 1 or token == "dx"))
        for token in tokens
    )


def _form(text: str) -> tuple[str, int]:
    """Brackets around it, and how many items it has."""
    held = wrapped(text)
    count = len(cut(held[1] if held else text, lambda token: token == ",")[0])
    return (held[0] + held[2] if held and (count > 1 or held[0] == "\\{") else "", count)


def _apart(gold: str, answer: str) -> bool:
    """True if our own reader knows that they differ, by however little."""
    one, other = expression_of(gold), expression_of(answer)
    return bool(one and other) and equal(one.tree, other.tree) is False  # type: ignore[union-attr]


def _large(*texts: str) -> bool:
    """No number that six decimal places make another one; exact ones are told apart by `equal`, unless one meets a sum."""
    exact = not any(_EVALUATED.search(text) for text in texts)
    values = [number_of(text) for text in texts if not _EVALUATED.search(text)]
    if exact and all(isinstance(found, Fraction) for found in values if found is not None):
        return True
    sizes: list[Any] = [abs(found) for found in values if found is not None]
    return all(size >= SMALLEST for size in sizes)

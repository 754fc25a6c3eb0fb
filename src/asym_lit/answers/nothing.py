"""None, no solutions, the empty set: and 0, where the question asks how many."""

from __future__ import annotations

import re

from asym_lit.answers.findings import SAME, Finding, different
from asym_lit.answers.questions import Question
from asym_lit.answers.values import number_of

_KIND = r"(?:real|such|integer|integral|possible|positive|negative|rational|complex|common|distinct|valid|whole|natural)"
_THING = (
    r"(?:solutions?|values?|roots?|numbers?|zeros|integers?|answers?|pairs?|triples?|functions?|points?|intersections?|primes?|reals?|"
    r"intercepts?|ways?)"
)
NOTHING = re.compile(
    rf"\\emptyset|\\\{{\s*\\\}}|(?:there (?:is|are|exists?) )?no (?:{_KIND} )*{_THING}(?: (?:exists?|at all|of [a-z]))?|"
    r"(?:the )?empty set|(?:[a-z] \\in )\\emptyset",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?:(?:there|it|they|[a-z]) (?:is|are|has|have) )?(?:none|no ((?:[a-z-]+ ){0,2}[a-z-]+?))(?: exists?| at all)?",
    re.IGNORECASE,
)


def same_count(gold: str, answer: str, question: Question) -> Finding | None:
    """Nothing is 0, and no other number, where the question asks how many; None where it does not, or neither is nothing.

    Args:
        gold: Cleaned, without commands for text.
        answer: Likewise.
        question: Its nouns are what there may be none of.
    """
    if not question.count:
        return None
    empty = [_nothing(side, question) for side in (gold, answer)]
    if empty[0] == empty[1]:
        return None
    other = number_of(answer if empty[0] else gold)
    if other is None:
        return None
    return SAME if other == 0 else different("none, and a number")


def _nothing(text: str, question: Question) -> bool:
    if NOTHING.fullmatch(text):
        return True
    found = _COUNTED.fullmatch(text)
    return bool(found) and set((found[1] or "").lower().split()) <= question.words  # type: ignore[index]

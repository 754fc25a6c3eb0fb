"""Digits that are no number: scores, years and codes with a hyphen (3-1, 1999-2000), or with a zero in front (007)."""

from __future__ import annotations

import re

from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.kinds import Code, Reading
from asym_lit.answers.literals import HYPHENED
from asym_lit.answers.questions import Question
from asym_lit.answers.values import number_of

CONTEST = 3
"""Digits that a contest's answer is padded to: 073 is 73 there."""


def same_code(gold: Reading, answer: Reading, question: Question) -> Finding:
    """Digit for digit; three of them with a zero in front are a number too, where the question asks for no code."""
    texts = [re.sub(r"\s", "", side.text) for side in (gold, answer)]
    if texts[0] == texts[1]:
        return SAME
    if isinstance(gold, Code) and isinstance(answer, Code):
        return different("another code")
    code, other = (gold, answer) if isinstance(gold, Code) else (answer, gold)
    value, theirs = number_of(other.text), number_of(code.text)
    if value is None or theirs is None:
        return UNKNOWN
    if value != theirs:
        return different("another value")
    if HYPHENED.fullmatch(code.text):
        return different("a code, and a number") if code is gold or question.coded else UNKNOWN  # 5-3 may be left undone
    padded = len(code.text) == CONTEST and not question.coded and bool(question.text or code is answer)
    return SAME if padded else different("other digits")

"""About 17, where the question asks for a whole number of things."""

from __future__ import annotations

import re

from asym_lit.answers.findings import UNKNOWN, Finding, different
from asym_lit.answers.questions import Question

_ABOUT = re.compile(
    r"[\s$({\[]*(?:(?:\\text|\\mathrm)\s*\{\s*)?(?:(about|approximately|approx\b\.?|roughly|around|nearly|almost|circa|"
    r"some(?= \d)|more or less)|\\approx|\\sim|~|≈)",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"\W*(?:\\text\{)?\s*(?:\d[\d,]*(?![\d.])|[a-z-]+)[^\d.]*", re.IGNORECASE)


def about_whole(gold: str, answer: str, question: Question) -> Finding | None:
    """What an answer's *about* does to a whole gold answer: a count is no estimate, elsewhere it cannot be told.

    None where the answer says none, the gold answer does too, or the question asks for an estimate.
    """
    found = _ABOUT.match(answer)
    if found is None or _ABOUT.match(gold) or question.rounds or not _WHOLE.fullmatch(gold):
        return None
    if question.count:
        return different("about a number, and the number")
    return UNKNOWN if found[1] else None

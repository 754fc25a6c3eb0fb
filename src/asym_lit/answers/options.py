"""Letters of choices."""

from __future__ import annotations

import re

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean, compact, plain_text
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.questions import Question

_LONE = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\]]?[.:]?")
_WITH_TEXT = re.compile(r"(?:\(\s*([A-Ha-h])\s*\)|([A-H])\s*[).:])\s*(.+)", re.DOTALL)


def same_option(gold: str, answer: str, question: Question) -> Finding | None:
    """The finding where the gold answer is a choice's letter; None where it is not, or nothing is known of the choices.

    Args:
        gold: Cleaned.
        answer: Cleaned.
        question: With the choices, if it has them.
    """
    gold, answer = plain_text(gold), plain_text(answer)
    letter, given = _LONE.fullmatch(gold), _LONE.fullmatch(answer)
    options = question.options
    if letter is None:
        return _resolved(gold, given[1].upper(), options) if given and given[1].isupper() and options else None
    wanted = letter[1].upper() if options else letter[1]
    if given:
        if wanted == (given[1].upper() if options else given[1]):
            return SAME
        return UNKNOWN if wanted.lower() == given[1].lower() else different("another letter")
    if not wanted.isupper():
        return None
    if claimed := _WITH_TEXT.fullmatch(answer):
        if (claimed[1] or claimed[2]).upper() != wanted:
            return different("another choice")
        if not options or wanted not in options:
            return UNKNOWN
        return SAME if _alike(options[wanted], claimed[3]) else different("another choice's text")
    matching = [name for name, text in options.items() if _alike(text, answer)]
    if len(matching) == 1:
        return SAME if matching == [wanted] else different("another choice")
    return UNKNOWN if options else None


def _resolved(gold: str, letter: str, options: dict[str, str]) -> Finding | None:
    """A letter where the gold answer is a choice's text."""
    alike = [name for name, text in options.items() if _alike(text, gold)]
    return None if len(alike) != 1 else SAME if alike == [letter] else different("another choice")


def _alike(choice: str, claimed: str) -> bool:
    return compact(plain_text(clean(choice, Switches()))).lower() == compact(claimed).strip(" .").lower()

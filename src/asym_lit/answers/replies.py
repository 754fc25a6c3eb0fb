"""Yes and no, with a sentence behind them or without."""

from __future__ import annotations

import re

from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.questions import Question
from asym_lit.answers.tokens import word_set

_REPLY = re.compile(r"(yes|no)\b(\s*[,.:;!-]+)?\s*(.*)", re.IGNORECASE | re.DOTALL)
_CERTAIN = re.compile(r"(?:yes|no)(?:\s*[,.:;!]|\s*$)", re.IGNORECASE)
_POSSIBLE = re.compile(r"(?:it (?:is|'s) )?(?:(not possible|impossible|isn't possible)|possible)\.?", re.IGNORECASE)
_DENIALS = word_set(
    "not no never cannot impossible neither nor none nobody nothing isn't aren't doesn't don't can't won't wasn't"
)
_TURNS = word_set("but if unless except only or and although however maybe when whenever iff sometimes often yes wait")
_PLAIN = word_set(
    "it is are they he she we you there this that these those such a an the can could does do did will would was were be has "
    "have must need may might always indeed possible so exist exists to for of in on at with all any one case correct true"
)
"""Words that say nothing besides what the reply does."""


def same_reply(gold: str, answer: str, question: Question) -> Finding | None:
    """The finding on two replies; None where neither says yes or no.

    Args:
        gold: Cleaned, without commands for text.
        answer: Likewise.
        question: Its words may be repeated behind the reply.
    """
    if not (_CERTAIN.match(gold) or _CERTAIN.match(answer)):
        return None  # `no solutions` is no reply by itself
    said = [_reply(side, question) for side in (gold, answer)]
    if None in said:
        return (
            UNKNOWN if _first(gold) == _first(answer) or None in (_first(gold), _first(answer)) else different("another reply")
        )
    return SAME if said[0] == said[1] else different("another reply")


def _first(text: str) -> str | None:
    found = _REPLY.fullmatch(text)
    return found[1].lower() if found else None


def _reply(text: str, question: Question) -> bool | None:
    """True for yes, False for no; None if what stands behind it may say something else."""
    if (found := _POSSIBLE.fullmatch(text)) and "possible" in question.words and not question.words & _DENIALS:
        return found[1] is None
    found = _REPLY.fullmatch(text)
    if found is None:
        return None
    yes, words = found[1].lower() == "yes", re.findall(r"[a-z']+|\d+|\S", found[3].lower().strip(" ."))
    if not words:
        return yes
    if question.words & _DENIALS or set(words) & _TURNS:
        return None
    denials = sum(word in _DENIALS for word in words)
    said = _DENIALS | _PLAIN | question.words
    known = all(
        word in said or word.removesuffix("s") in said or (not word.isalpha() and word in question.text) for word in words
    )
    wanted = 0 if yes or not found[2] else 1  # `no such number exists` denies it itself
    return yes if known and denials == wanted else None

"""Names that an answer brings in itself, and so may choose."""

from __future__ import annotations

import re

_NAME = re.compile(r"\\[A-Za-z]+|[A-Za-z]+")
_CONSTANTS = {"e", "i"}
_FUNCTION = re.compile(r"^\s*([A-Za-z])\s*\(\s*([A-Za-z])\s*\)\s*=")


def renamed(gold: str, answer: str, question: str) -> str | None:
    """The answer with its own name replaced by the gold answer's; None if there is not exactly one on either side.

    The argument of a function is such a name, and a symbol that does not occur in the question.
    """
    heads = _FUNCTION.match(gold), _FUNCTION.match(answer)
    if heads[0] and heads[1]:
        if heads[0][1] == heads[1][1] and heads[0][2] != heads[1][2] and heads[0][2] not in _single(answer):
            return _replace(answer, heads[1][2], heads[0][2])
        return None
    if not question:
        return None
    strip = (_FUNCTION.sub("", gold), _FUNCTION.sub("", answer))
    bodies = [
        re.sub(r"^\s*\(?\s*[A-Za-z]\w*(?:\([A-Za-z]\))?(?:\s*,\s*\\?[A-Za-z]\w*(?:\([A-Za-z]\))?)*\s*\)?\s*=", "", t)
        for t in strip
    ]
    mine, theirs = (_single(body) - _CONSTANTS for body in bodies)
    own, other = mine - theirs, theirs - mine
    if len(own) != 1 or len(other) != 1:
        return None
    (wanted,), (given,) = own, other
    asked = _single(question)
    return None if wanted in asked or given in asked else _replace(answer, given, wanted)


def _single(text: str) -> set[str]:
    """The single letters of a text, those in products of two or three included."""
    runs = [
        run for run in _NAME.findall(re.sub(r"\\(?:text|mathrm)\s*\{[^}]*\}", " ", text)) if run[0] != "\\" and len(run) <= 3
    ]
    return {letter for run in runs for letter in run}


def _replace(text: str, name: str, by: str) -> str:
    return _NAME.sub(lambda m: m[0] if m[0][0] == "\\" or len(m[0]) > 3 else m[0].replace(name, by), text)

"""Names that an answer brings in itself, and so may choose."""

from __future__ import annotations

import re

from asym_lit.answers.kinds import Collection, Expression, Labelled, Line, Quantity, Reading
from asym_lit.answers.literals import expression_of
from asym_lit.answers.questions import Question
from asym_lit.answers.values import names_of

_NAME = re.compile(r"\\[A-Za-z]+|[A-Za-z]+")
_CONSTANTS = {"e", "i"}
_FUNCTION = re.compile(r"^\s*([A-Za-z])\s*\(\s*([A-Za-z])\s*\)\s*=")


def renamed(gold: str, answer: str, names: frozenset[str], question: Question, integers: bool = False) -> str | None:
    """The answer with its own name replaced by the gold answer's; None if there is not exactly one on either side.

    The argument of a function is such a name, if its value holds it, and a symbol of an expression that does not occur in the
    question, or only as any integer. Letters of choices and words by themselves are none.

    Args:
        gold: Cleaned, as `answer`.
        answer: What is renamed.
        names: Of the gold answer.
        question: Without one, nothing but the argument of a function and what both answers say to be any integer is renamed.
        integers: Both answers say of a name that it is any integer.
    """
    heads = _FUNCTION.match(gold), _FUNCTION.match(answer)
    if heads[0] and heads[1] and heads[0][0].split() != heads[1][0].split():
        held = all(head[2] in _single(text[head.end() :]) for head, text in zip(heads, (gold, answer), strict=True) if head)
        held = held and heads[0][2] in names
        if held and heads[0][1] == heads[1][1] and heads[0][2] != heads[1][2] and heads[0][2] not in _single(answer):
            return _replace(answer, heads[1][2], heads[0][2])
        return None
    if heads[1] and not heads[0] and "=" not in gold and len(names) == 1:
        (wanted,), (function, bound) = names, heads[1].groups()
        asked = f"{function}({wanted})" in question.text.replace(" ", "")
        if asked and bound not in question.letters and _single(answer[heads[1].end() :]) - _CONSTANTS == {bound}:
            return _replace(answer, bound, wanted)
    if not question.text and not integers:
        return None
    strip = (_FUNCTION.sub("", gold), _FUNCTION.sub("", answer))
    bodies = [
        re.sub(r"^\s*\(?\s*[A-Za-z]\w*(?:\([A-Za-z]\))?(?:\s*,\s*\\?[A-Za-z]\w*(?:\([A-Za-z]\))?)*\s*\)?\s*=", "", t)
        for t in strip
    ]
    if any(re.fullmatch(r"[A-Za-z\s]*|\s*\\?[A-Za-z]+\s*", body) for body in bodies):
        return None  # a letter or a word by itself is the answer, not what it is written in
    mine, theirs = (_single(body) - _CONSTANTS for body in bodies)
    own, other = mine - theirs, theirs - mine
    if len(own) != 1 or len(other) != 1:
        return None
    (wanted,), (given,) = own, other
    taken = any(name in question.letters and not _parameter(name, question) for name in (wanted, given))
    return None if wanted not in names or taken else _replace(answer, given, wanted)


def _parameter(name: str, question: Question) -> bool:
    """True if a question has a name only to say that it is any integer: the solutions' own, which may have another one."""
    everywhere = re.findall(rf"(?<![A-Za-z\\]){name}(?![A-Za-z])", question.text)
    clauses = re.findall(
        rf"(?<![A-Za-z\\]){name}\$?\s*(?:\\in(?![A-Za-z])\s*\\?(?:mathbb|Bbb|mathbf)?\s*\{{?\s*Z|"
        rf"is an(?:y| arbitrary)? integer|(?:is |are )?(?:any )?integers?\b)|\bintegers? \$?{name}(?![A-Za-z])",
        question.text,
    )
    return 0 < len(everywhere) == len(clauses)


def _single(text: str) -> set[str]:
    """The single letters of a text, those in products of two or three included."""
    runs = [
        run for run in _NAME.findall(re.sub(r"\\(?:text|mathrm)\s*\{[^}]*\}", " ", text)) if run[0] != "\\" and len(run) <= 3
    ]
    return {letter for run in runs for letter in run}


def _replace(text: str, name: str, by: str) -> str:
    return _NAME.sub(lambda m: m[0] if m[0][0] == "\\" or len(m[0]) > 3 else m[0].replace(name, by), text)


def names_in(reading: Reading) -> frozenset[str] | None:
    """The names of its expressions; None if there is a part that is none: words, codes, what was not read."""
    match reading:
        case Expression():
            return names_of(reading.tree) if reading.tree[0] != "name" else frozenset()  # a letter by itself is the answer
        case Line():
            ends = [expression_of(end) for piece in reading.region for end in (piece.low, piece.high)]
            return frozenset().union(*(names_of(end.tree) for end in ends if end))
        case Labelled(label=label, inner=Expression() as inner) if "(" in label:
            return names_of(inner.tree)  # f(x) = x is f(z) = z
        case Labelled():
            return names_in(reading.inner)
        case Collection():
            parts = [names_in(item) for item in reading.items]
            return None if None in parts else frozenset().union(*filter(None, parts))
        case Quantity():
            return names_of(reading.amount.tree)
    return None

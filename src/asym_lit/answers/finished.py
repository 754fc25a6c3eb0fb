"""Forms that an answer has to have whether its value was given or to be found: 9.3 times a power of ten, a reduced ratio.

Forms of values that the question gives: `forms`.
"""

from __future__ import annotations

import re
from functools import reduce
from math import gcd

from asym_lit.answers.cleaning import plain_text

_POWER = r"(?:(?:\\times|\\cdot|\*|x)\(?10\)?|\(10)(?:\^\{?\(?[-+]?\d+\)?\}?)?\)?"
_NORMAL = re.compile(rf"[-+]?(?:\(?[1-9](?:\.\d+)?\)?(?:{_POWER}|[eE][-+]?\d+)|10\^\{{?[-+]?\d+\}}?)(?:\\?[A-Za-z{{(/%].*)?")
_SCIENTIFIC = re.compile(
    r"\bscientific (?:notation|form)|\bstandard (?:index )?(?:form|notation)|\bindex form|\bexponential (?:notation|form)|"
    r"\bpowers? of (?:10|ten)\b",
    re.IGNORECASE,
)
_REDUCED = re.compile(
    r"\blowest terms|\bsimplest\b|\bsimplif|\breduc(?:e|ed|ing)\b|\birreducible|\bsmallest (?:whole[- ]?numbers?|integers?)\b|"
    r"\brelatively prime|\bcoprime",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\bratios?\b|\bproportion|\bto\b|:", re.IGNORECASE)
_PARTS = re.compile(r"(?:(-?\d+)\s*)?(?:\\frac\{?(-?\d+)\}?\{?(\d+)\}?|(?<!\d)(\d+)/(\d+))")
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:([ap])\.?m\.?)?", re.IGNORECASE)
_HOURS = re.compile(
    r"(?<!from )\b(?:to|into|in|as|using|with|by|on|the|its) (?:the |an? )?"
    r"(?:(24|twenty[- ]?four|12|twelve)[- ]?hours?[- ](?:time|clock|format|notation|system|style|form|digital)|military time)",
    re.IGNORECASE,
)


def unfinished(gold: str, answer: str, question: str) -> bool:
    """True if the gold answer has the form that is asked for and the answer has not.

    Args:
        gold: Compact, as `answer`.
        answer: What is asked about; of the gold answer's value.
        question: Any spelling.
    """
    if _NORMAL.fullmatch(gold) and _SCIENTIFIC.search(question) and not _NORMAL.fullmatch(answer):
        return True
    if _by_another_clock(gold, answer, question):
        return True
    if not _REDUCED.search(question):
        return False
    mine, theirs = _bare(gold), _bare(answer)
    ratios = [_terms(text) for text in (mine, theirs)]
    if ratios[1] and not (ratios[0] and _common(ratios[0])) and _common(ratios[1]):
        return True
    if ratios[0] and not ratios[1] and _unreduced(theirs):
        return True
    return _is_mixed(theirs) and _unreduced(theirs) and not _unreduced(mine)


def _bare(text: str) -> str:
    """Without a unit or a noun behind it; `to` as a colon."""
    plain = re.sub(r"(?<=\d)\s*to\s*(?=\d)", ":", plain_text(text))
    return re.sub(r"(?<=[\d}])\s*(?:[A-Za-z][A-Za-z ]*)$", "", plain).strip()


def _terms(text: str) -> list[str]:
    """Terms of a ratio of numbers; none for what is no ratio."""
    terms = text.split(":")
    number = r"\d+(?:\.\d+)?|\.\d+|\d*\\frac\{?\d+\}?\{?\d+\}?|\d+/\d+"
    return terms if len(terms) > 1 and all(re.fullmatch(number, term) for term in terms) else []


def _common(terms: list[str]) -> bool:
    """True if terms have a common factor, or are not whole."""
    return not all(term.isdecimal() for term in terms) or reduce(gcd, map(int, terms)) > 1


def _is_mixed(text: str) -> bool:
    found = _PARTS.fullmatch(text)
    return found is not None and found[1] is not None


def _unreduced(text: str) -> bool:
    """True for a fraction, or that of a mixed number, whose parts have a common factor."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return False
    above, below = found[2] or found[4], found[3] or found[5]
    return gcd(int(above), int(below)) > 1


def _by_another_clock(gold: str, answer: str, question: str) -> bool:
    """True for 3:40 pm where 24 hours are asked for, and for 15:40 where twelve are."""
    asked = _HOURS.findall(question)
    mine, theirs = (_CLOCK.fullmatch(plain_text(text).replace(" ", "")) for text in (gold, answer))
    if not asked or mine is None or theirs is None or bool(mine[1]) == bool(theirs[1]):
        return False
    twelve = asked[-1].lower() in ("12", "twelve")
    return bool(mine[1]) == twelve

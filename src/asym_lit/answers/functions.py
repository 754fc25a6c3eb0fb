"""Functions by name, in formulas and in words: the gcd and the greatest common factor, sin and the sine."""

from __future__ import annotations

import re
from math import gcd, lcm

_NAMED = re.compile(
    r"(?<![A-Za-z])(?:max|min|det|deg|Re|Im|arg|sin|cos|tan|cot|sec|csc|log|ln|(?i:gcd|gcf|hcf|lcm))(?![A-Za-z])"
)
_SAME = {"gcf": "gcd", "hcf": "gcd"}
_GROUPS = (
    {"gcd": r"(?:greatest|highest|largest) common (?:divisor|factor|measure)|\b(?:gcd|gcf|hcf)\b",
     "lcm": r"(?:least|lowest|smallest) common (?:multiple|denominator)|\b(?:lcm|lcd)\b"},
    {"max": r"\bmaxim|\b(?:largest|greatest|highest|most)\b", "min": r"\bminim|\b(?:smallest|least|lowest)\b"},
    {"sin": r"\bsine\b", "cos": r"\bcosine\b", "tan": r"\btangent of\b", "cot": r"\bcotangent\b",
     "sec": r"\bsecant of\b", "csc": r"\bcosecant\b"},
    {"Re": r"\breal part", "Im": r"\bimaginary part"},
)  # fmt: skip
"""Functions that exclude each other, by the words for them."""
_OF_INTEGERS = re.compile(r"\\?(gcd|gcf|hcf|lcm|max|min)\s*(?:\(|\{|\\\{)([\d,\s]+)(?:\)|\}|\\\})", re.IGNORECASE)


def functions_of(text: str) -> frozenset[str]:
    """The functions that a label or formula names."""
    names = (name.lower() if name.lower() in ("gcd", "gcf", "hcf", "lcm") else name for name in _NAMED.findall(text))
    return frozenset(_SAME.get(name, name) for name in names)


def another_function(label: frozenset[str], asked: str) -> bool:
    """True if a label has one function, and words that ask have another: gcd, and the least common multiple."""
    for group in _GROUPS:
        mine = label & set(group)
        theirs = {name for name, words in group.items() if re.search(words, asked, re.IGNORECASE)}
        if "gcd" in group and theirs:
            asked = re.sub("|".join(group.values()), " ", asked, flags=re.IGNORECASE)  # the least common multiple is no minimum
        if mine and theirs and not mine & theirs:
            return True
    return False


def untrue_function(label: str, result: object) -> bool:
    """True for gcd(4,6) = 12."""
    found = _OF_INTEGERS.fullmatch(label)
    numbers = [int(part) for part in found[2].split(",") if part.strip()] if found else []
    if found is None or len(numbers) < 2 or max(numbers) > 10**12:
        return False
    name = found[1].lower()
    function = {"lcm": lcm, "max": lambda *n: max(n), "min": lambda *n: min(n)}.get(_SAME.get(name, name), gcd)
    return bool(function(*numbers) != result)

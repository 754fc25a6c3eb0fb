"""Digits in groups of three: 12 000 where the other answer has the number, and 45,135 where it has two numbers."""

from __future__ import annotations

import re

from asym_lit.answers.questions import Question

_GROUPED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u00a0\u2009\u202f]\d{3})+(?![\d,]| \d)")
_COMMAS = re.compile(r"(?<=\d)(?:,|\{,\}|,\\!|\\,)(?=\d{3}(?!\d))")
_TIGHT = re.compile(r",\s*\\!\s*|\{,\}|,\\,")
_LIST = re.compile(r"\$?\d{1,3}(?:,\d{3})+\$?")


def joined(text: str, other: str) -> str:
    """A text with its spaced digits joined, if the other answer has that number and is no such row itself.

    10 000 may be two numbers; it is one beside 10000. Wider space (`\\quad`) joins nothing.
    """
    if _GROUPED.search(other):
        return text
    there = _COMMAS.sub("", other)

    def one(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        return digits if re.search(rf"(?<![\d.]){digits}(?![\d])", there) else found[0]

    return _GROUPED.sub(one, text)


def listed_apart(text: str, other: str, question: Question) -> str:
    """A text whose commas may group its digits, as a list: if several answers are asked for, and the other lists these numbers.

    It is one whatever the other says, where the question wants commas between its answers.
    """
    if not question.several or not _LIST.fullmatch(text.strip()):
        return text
    numbers = [sorted(re.findall(r"\d+", side)) for side in (text, other)]
    same = not _LIST.fullmatch(_TIGHT.sub(",", other.replace("\\displaystyle", "")).strip()) and numbers[0] == numbers[1]
    return text.replace(",", ", ") if same or question.commas else text

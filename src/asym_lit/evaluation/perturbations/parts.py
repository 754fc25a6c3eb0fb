"""What an answer is, as far as a change must know: a number, an interval, a word, a number with a unit."""

from __future__ import annotations

import re

from asym_lit.evaluation.perturbations.pairs import GoldRow
from asym_lit.evaluation.perturbations.values import reading_of

_UNIT = re.compile(r"([\d.,]+)\s*\\(?:text|mbox|mathrm)\{\s*([a-z]+(?: [a-z]+)?)\s*\}(\^\{?\d\}?)?")
_SCALES = ("thousand", "million", "billion", "and", "or", "percent")


def is_number(text: str) -> bool:
    """Digits, with a point perhaps, and no sign."""
    return re.fullmatch(r"\d{1,15}(?:\.\d+)?", text) is not None


def bracketed(text: str) -> bool:
    """A point or tuple of plain mathematics."""
    read = reading_of(text)
    return read is not None and read.shape == "()"


def is_interval(text: str) -> bool:
    """An interval for certain, or a union of them: a square bracket at an end, or an infinite one."""
    plain = text.replace("\\left", "").replace("\\right", "").replace(" ", "")
    pieces = plain.split("\\cup")
    ends = all(re.fullmatch(r"[(\[][^,()\[\]]+,[^,()\[\]]+[)\]]", piece) for piece in pieces)
    return ends and ("\\infty" in plain or len(pieces) > 1 or ("[" in plain) != ("]" in plain))


def is_literal(text: str) -> bool:
    """A string to be met letter by letter, such as a cipher's."""
    return re.fullmatch(r"[A-Z]{2,}|[A-Z][A-Z0-9#*$]{3,}", text) is not None


def is_word(text: str) -> bool:
    r"""One word, bare or in `\text{}`."""
    return re.fullmatch(r"\\text\{[A-Za-z]{3,}\}|[A-Za-z]{3,}", text) is not None and not is_literal(text)


def word_of(text: str) -> str:
    r"""A word out of its `\text{}`."""
    return re.sub(r"\\text\{(.*)\}", r"\1", text)


def is_money(text: str) -> bool:
    """An amount of dollars."""
    return re.fullmatch(r"\\\$[\d.,\\!]+", text) is not None


def unit_of(text: str) -> tuple[str, str, str] | None:
    """Number, unit and power of it."""
    found = _UNIT.fullmatch(text)
    return (found[1], found[2], found[3] or "") if found and found[2] not in _SCALES else None


def letters_of(text: str) -> list[str]:
    """Names of one letter in an expression of plain mathematics, constants left out."""
    if reading_of(right_side(text)) is None:
        return []
    return sorted(set(re.findall(r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])", text)) - {"e", "i"})


def is_option(row: GoldRow) -> bool:
    """A letter that stands for an option of its question."""
    letter = re.fullmatch(r"[A-E]", row.gold.strip()) is not None
    return letter and re.search(r"\b[A-E][.)]|\([A-E]\)|[Oo]ptions?", row.question) is not None


def right_side(text: str) -> str:
    """What an answer says of its name: `5` of `x = 5`."""
    return re.sub(r"^\s*[a-zA-Z]\s*(?:=|\\in\b)", "", text).strip()


def is_provable(text: str) -> bool:
    """Plain mathematics, so that another value can be told from the same one."""
    return is_interval(text) or reading_of(right_side(text)) is not None


def asks_percent(question: str) -> bool:
    """The question speaks of percent."""
    return re.search(r"percent|%", question, re.IGNORECASE) is not None


def asks_in_any_order(question: str) -> bool:
    """The question asks for several answers, separated by commas."""
    return (
        re.search(r"separated by commas|[Ff]ind all|all (?:of )?(?:the )?(?:possible|real|roots|values)", question) is not None
    )


def asks_simplest(question: str) -> bool:
    """The question asks for lowest terms or a simplified root."""
    return re.search(r"simplif|simplest|lowest terms|reduced?\b", question, re.IGNORECASE) is not None

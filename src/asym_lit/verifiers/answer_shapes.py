"""Other ways to write a mathematical answer, and answers that come close to it: TinyV's synthetic data without a model.

Answers of models are in `judge/data.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol, runtime_checkable

_INTEGER = re.compile(r"-?\d{1,12}")
_FRACTION = re.compile(r"(-?)\\?[dt]?(?:frac)?\{?(\d{1,6})\}?(?:/|(?<=\})\{)\{?(\d{1,6})\}?")
_DECIMAL = re.compile(r"-?\d{1,9}\.\d{1,9}")
_NUMBER = re.compile(r"\d+")
_LIST = re.compile(r"(\\?[({\[])(.+,.+?)(\\?[)}\]])")


@runtime_checkable
class AnswerWriter(Protocol):
    """Writes synthetic candidates; what they are labelled, teachers decide."""

    def equivalents(self, question: str, gold: str, rng: random.Random) -> list[str]:
        """Answers that should be right, none of them the reference itself."""
        ...

    def near_misses(self, question: str, gold: str, rng: random.Random) -> list[str]:
        """Answers that should be wrong, but look much like the reference."""
        ...


class AnswerShapes:
    """Rewrites numbers, fractions, percentages, lists and short texts by fixed rules.

    Args:
        letters: Names that a value may be given to, as in `x = 3`.
    """

    def __init__(self, letters: str = "xynk") -> None:
        self.letters = letters

    def equivalents(self, question: str, gold: str, rng: random.Random) -> list[str]:
        """The reference in other shapes."""
        text = gold.strip().strip("$").strip()
        shapes = [*_of_value(text), *_of_list(text), f"{rng.choice(self.letters)} = {text}", f"${text}$", f"\\text{{{text}}}"]
        if re.fullmatch(r"[A-Za-z ]{2,40}", text):
            shapes = [text.lower(), text.upper(), f"{text}.", f"\\text{{{text}}}", f"It is {text.lower()}."]
        return _others(shapes, gold)

    def near_misses(self, question: str, gold: str, rng: random.Random) -> list[str]:
        """The reference with one number changed, its sign turned, or its parts in another role."""
        text = gold.strip().strip("$").strip()
        misses = [text[1:] if text.startswith("-") else f"-{text}"]
        for found in _NUMBER.finditer(text):
            value = int(found[0])
            for other in (value + 1, abs(value - 1), value * 10, value + rng.choice((2, 3, 5))):
                misses.append(f"{text[: found.start()]}{other}{text[found.end() :]}")
        fraction = _fraction(text)
        if fraction is not None and fraction.numerator > 0:
            misses.append(rf"\frac{{{fraction.denominator}}}{{{fraction.numerator}}}")
        parts = _LIST.fullmatch(text)
        if parts:
            items = [item.strip() for item in parts[2].split(",")]
            misses.append(f"{parts[1]}{', '.join(items[:-1])}{parts[3]}")
            if parts[1].strip("\\") != "{":  # of a set, the order says nothing
                misses.append(f"{parts[1]}{', '.join(items[::-1])}{parts[3]}")
        if re.fullmatch(r"[A-Za-z ]{2,40}", text):
            misses = [f"not {text.lower()}", "none of these"]
        return _others(misses, gold)


def _of_value(text: str) -> Iterator[str]:
    percent = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*\\?%", text)
    if percent:
        value = Fraction(percent[1]) / 100
        yield from (f"{percent[1]} percent", f"{percent[1]}%", rf"{percent[1]}\%", _decimal(value) or str(value))
        return
    if _INTEGER.fullmatch(text):
        yield from (f"{text}.0", f"{int(text):,}", f"{int(text) * 2}/2", f"+{text}" if int(text) > 0 else f"({text})")
    value_or_none = _fraction(text)
    if value_or_none is None:
        return
    a, b = value_or_none.numerator, value_or_none.denominator
    yield from (f"{a}/{b}", rf"\frac{{{a}}}{{{b}}}", rf"\dfrac{{{3 * a}}}{{{3 * b}}}")
    decimal = _decimal(value_or_none)
    if decimal:
        yield decimal
    if abs(a) > b > 1:
        yield f"{'-' if a < 0 else ''}{abs(a) // b} {abs(a) % b}/{b}"


def _fraction(text: str) -> Fraction | None:
    """A fraction or a decimal number that is no whole number, as its value."""
    found = _FRACTION.fullmatch(text.replace(" ", ""))
    if found and int(found[3]):
        value = Fraction(int(found[1] + found[2]), int(found[3]))
        return value if value.denominator > 1 else None
    return Fraction(text) if _DECIMAL.fullmatch(text) and Fraction(text).denominator > 1 else None


def _decimal(value: Fraction) -> str | None:
    """The decimal number that is exactly this value, if it is short."""
    for places in range(7):
        if (value * 10**places).denominator == 1:
            return f"{float(value):.{places}f}"
    return None


def _of_list(text: str) -> Iterator[str]:
    parts = _LIST.fullmatch(text)
    if not parts:
        return
    items = [item.strip() for item in parts[2].split(",")]
    yield f"{parts[1]}{','.join(items)}{parts[3]}"
    yield f"{parts[1]} {' , '.join(items)} {parts[3]}"
    if parts[1].strip("\\") == "{":
        yield f"{parts[1]}{', '.join(items[::-1])}{parts[3]}"


def _others(texts: list[str], gold: str) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text.strip() and text != gold]

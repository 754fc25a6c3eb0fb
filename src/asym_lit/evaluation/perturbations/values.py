"""The value of an answer of plain mathematics, by a reader of this room alone.

It proves labels of generated pairs, so it shares nothing with the rules that those pairs are to test. It leaves out whatever
could be read in two ways: the answer is then no value at all.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|\\[a-zA-Z]+|\\.|[a-zA-Z]|[-+*/^(){}\[\]])")
_BLANKS = re.compile(r"\\left|\\right|(?<!\\)\\[!,]|\$|~")
_SHORT_FRACTION = re.compile(r"(\\[dt]?frac)\s*(\d)\s*(\d)")
_OR = re.compile(r"\\text\{\s*or\s*\}|(?<![a-zA-Z])or(?![a-zA-Z])")
_STRINGS = re.compile(r"^[A-Z]$|[A-Z]\s+[A-Z]|[A-Z]\d|\d\s*e[-+]?\s*\d")
"""Options, grids, names with numbers; 2e-2 is 0.02 to some and less than twice e to others."""
_WORDS = re.compile(r"(?<![\\a-zA-Z])(?!or(?![a-zA-Z]))[a-zA-Z]{2,}(?![a-zA-Z])")
"""Letters side by side; a word, or a product: nobody knows."""
_FRACTIONS = ("\\frac", "\\dfrac", "\\tfrac")
_POINTS = (0.7310585, 1.3717421, 2.2360681)
"""Values of names: each name gets another multiple of each."""
_INFINITY = 1e200
_NEAR = 1e-9


class _NoValueError(Exception):
    """There is more than one way to read it, or none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer as numbers."""

    shape: str
    """`scalar`, `list`, `set`, `matrix`, or the two brackets of what stands in them: `()`, `[)`."""
    items: tuple[tuple[complex, ...], ...]
    """The values of each item at the points."""

    def same(self, other: Reading) -> bool:
        """True if they have one shape and the same items; sets and lists in any order."""
        if self.shape != other.shape or len(self.items) != len(other.items):
            return False
        left = list(other.items)
        for mine in self.items:
            places = range(len(left)) if self.shape in ("list", "set") else range(1)
            found = next((place for place in places if _near(mine, left[place])), None)
            if found is None:
                return False
            del left[found]
        return True


@lru_cache(maxsize=8192)
def reading_of(text: str) -> Reading | None:
    """The numbers in an answer; None if it is anything else."""
    plain = _BLANKS.sub(
        "", re.sub(r"(?<!\\)\\[; ]", " ", text).replace(",\\!", "").replace("{,}", "").replace("\\%", "/100")
    ).strip()
    if _WORDS.search(re.sub(r"\\(?:begin|end)\{[pb]matrix\}", "", plain)) or _STRINGS.search(plain):
        return None
    plain = _OR.sub(",", plain)
    plain = _SHORT_FRACTION.sub(r"\1{\2}{\3}", plain)
    matrix = re.fullmatch(r"\\begin\{[pb]matrix\}(.*)\\end\{[pb]matrix\}", plain, re.DOTALL)
    if matrix:
        return _items("matrix", re.split(r"&|\\\\", matrix[1].strip().removesuffix("\\\\")))
    pieces = split_top(plain)
    if len(pieces) > 1:
        return _items("list", pieces)
    if plain.startswith("\\{") and plain.endswith("\\}"):
        return _items("set", split_top(plain[2:-2]))
    if len(plain) > 2 and plain[0] in "([" and plain[-1] in ")]" and len(inner := split_top(plain[1:-1])) > 1:
        return _items(plain[0] + plain[-1], inner)
    return _items("scalar", [plain])


def split_top(text: str) -> list[str]:
    """What stands between the commas that are in no bracket; the whole, if brackets do not match."""
    pieces, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return [text]
        if character == "," and depth == 0:
            pieces.append(text[start:place].strip())
            start = place + 1
    return [*pieces, text[start:].strip()] if depth == 0 else [text]


def _items(shape: str, texts: list[str]) -> Reading | None:
    try:
        return Reading(shape, tuple(tuple(_Reader(text, point).all() for point in _POINTS) for text in texts))
    except (_NoValueError, ArithmeticError, ValueError):
        return None


def _near(one: tuple[complex, ...], other: tuple[complex, ...]) -> bool:
    return all(abs(a - b) <= _NEAR * max(abs(a), abs(b)) for a, b in zip(one, other, strict=True))


class _Reader:
    """Reads one expression at one point by recursive descent."""

    def __init__(self, text: str, point: float) -> None:
        self.tokens = list(_tokens(text))
        self.point = point
        self.place = 0

    def all(self) -> complex:
        value = self.sum()
        if self.place < len(self.tokens) or not (math.isfinite(value.real) and math.isfinite(value.imag)):
            raise _NoValueError
        return value

    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.next()
        if token not in wanted:
            return ""
        self.place += 1
        return token

    def sum(self) -> complex:
        value = -self.product() if self.take("-") else self.product()
        while sign := self.take("+", "-"):
            value += self.product() if sign == "+" else -self.product()
        return value

    def product(self) -> complex:
        value = self.power()
        while True:
            if self.take("*", "\\cdot", "\\times"):
                value *= self.power()
            elif self.take("/"):
                value /= self.power()
            elif self.next() and self.next() not in ("+", "-", "^", ")", "]", "}") and not self.next()[0].isdigit():
                if self.next() in _FRACTIONS:
                    raise _NoValueError  # 2\frac13 is two and a third, x\frac13 a third of x
                value *= self.power()  # 2x, 3\pi; two numbers side by side have no value
            else:
                return value

    def power(self) -> complex:
        base = self.atom()
        if self.take("^"):
            base **= self.group() if self.next() == "{" else self.atom()
        return base

    def group(self) -> complex:
        if not self.take("{"):
            raise _NoValueError
        value = self.sum()
        if not self.take("}"):
            raise _NoValueError
        return value

    def atom(self) -> complex:
        token = self.next()
        self.place += 1
        if token[:1].isdigit():
            return complex(float(token))
        if token == "(":
            value = self.sum()
            if not self.take(")"):
                raise _NoValueError
            return value
        if token == "{":
            self.place -= 1
            return self.group()
        if token in _FRACTIONS:
            return self.argument() / self.argument()
        if token == "\\sqrt" and self.next() != "[":
            return cmath.sqrt(self.argument())
        return self.name(token)

    def argument(self) -> complex:
        """A group, or the one sign behind a command: `\\frac14`."""
        if self.next() == "{":
            return self.group()
        if len(self.next()) != 1:
            raise _NoValueError
        return self.atom()

    def name(self, token: str) -> complex:
        constants = {"\\pi": math.pi, "\\infty": _INFINITY, "e": math.e, "i": 1j}
        if token in constants:
            return complex(constants[token])
        if len(token) == 1 and token.isalpha():
            return complex(self.point * (1 + ord(token) / 97))
        raise _NoValueError


def _tokens(text: str) -> Iterator[str]:
    place = 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise _NoValueError
        yield found[1]
        place = found.end()

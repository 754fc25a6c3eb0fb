"""Arithmetic expressions over integers: parse, evaluate exactly, write. No `eval`, no floating point.

Grammar, as in school: `expression = term (("+" | "-") term)*`, `term = factor (("*" | "/") factor)*`,
`factor = number | "(" expression ")" | "-" factor`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARACTERS = 512
"""Longer texts are refused unread."""
MAX_DEPTH = 64
"""Deeper nesting is refused: each level costs three Python frames, and the interpreter stops at 1000."""

_TOKEN = re.compile(r"\s*(?:([0-9]{1,18})(?![0-9])|([-+*/()]))")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class ExpressionError(ValueError):
    """The text is no arithmetic expression, or has no value."""


def computed(a: Fraction, operator: str, b: Fraction) -> Fraction:
    """`a operator b`; the caller has refused division by zero."""
    return a + b if operator == "+" else a - b if operator == "-" else a * b if operator == "*" else a / b


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: its exact value, the integers in it in reading order, the operators, and each step on the way."""

    value: Fraction
    numbers: tuple[int, ...]
    operators: tuple[str, ...]
    steps: tuple[str, ...] = ()
    """`2*3=6` for every operator between two values, in the order of evaluation."""


def parse(text: str) -> Expression:
    """The expression that a text is.

    Args:
        text: Integers, `+ - * /`, parentheses and blanks; at most 512 characters.

    Raises:
        ExpressionError: With the place of the fault, or on division by zero.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"{len(text)} characters; at most {MAX_CHARACTERS} are read")
    reader = _Reader(_tokens(text))
    value = reader.sum()
    if reader.position < len(reader.tokens):
        raise ExpressionError(f"unexpected {reader.tokens[reader.position]!r}")
    numbers = tuple(int(t) for t in reader.tokens if t.isdigit())
    return Expression(value, numbers, tuple(reader.operators), tuple(reader.steps))


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position : position + 8]!r} at character {position + 1}")
        tokens.append(match[1] or match[2])
        position = match.end()
    return tokens


class _Reader:
    """Recursive descent over tokens; computes the value as it reads."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0
        self.operators: list[str] = []
        self.steps: list[str] = []

    def take(self, allowed: str) -> str | None:
        if self.position < len(self.tokens) and self.tokens[self.position] in allowed:
            self.position += 1
            return self.tokens[self.position - 1]
        return None

    def sum(self) -> Fraction:
        value = self.product()
        while operator := self.take("+-"):
            self.operators.append(operator)
            other = self.product()
            value = self.step(value, operator, other)
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while operator := self.take("*/"):
            self.operators.append(operator)
            other = self.factor()
            if operator == "/" and other == 0:
                raise ExpressionError("division by zero")
            value = self.step(value, operator, other)
        return value

    def step(self, a: Fraction, operator: str, b: Fraction) -> Fraction:
        value = computed(a, operator, b)
        self.steps.append(f"{a}{operator}{b}={value}")
        return value

    def factor(self) -> Fraction:
        if self.position >= len(self.tokens):
            raise ExpressionError("unexpected end")
        if opener := self.take("-("):
            return self.nested(opener)
        token = self.tokens[self.position]
        if not token.isdigit():
            raise ExpressionError(f"unexpected {token!r}")
        self.position += 1
        return Fraction(int(token))

    def nested(self, opener: str) -> Fraction:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH}")
        value = -self.factor() if opener == "-" else self.sum()
        if opener == "(" and not self.take(")"):
            raise ExpressionError("missing ')'")
        self.depth -= 1
        return value


@dataclass(frozen=True, slots=True)
class Term:
    """An expression while it is being written: text, value, and how tightly its outermost operator binds."""

    text: str
    value: Fraction
    precedence: int = 3

    def joined(self, operator: str, other: Term) -> Term | None:
        """`self operator other`, with no more parentheses than needed; None on division by zero."""
        if operator == "/" and other.value == 0:
            return None
        binds = _PRECEDENCE[operator]
        left = f"({self.text})" if self.precedence < binds else self.text
        right_needs = other.precedence < binds or (other.precedence == binds and operator in "-/")
        right = f"({other.text})" if right_needs else other.text
        return Term(f"{left}{operator}{right}", computed(self.value, operator, other.value), binds)

"""Arithmetic as text, with Python's precedence and exact values. It is parsed, checked and walked; nothing is evaluated."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

from asym_lit.puzzles.game import Misread

LONGEST = 300
"""Characters of an expression."""
LARGEST = 10**60
"""Values beyond it are not computed with: `9**9**9` would not come back."""
HIGHEST_POWER = 64
_ALLOWED = re.compile(r"[\d\s+\-*/%().]+")
_MISSING = re.compile(r"[\d.]\s*\(|\)\s*[\d.(]|[\d.]\s+[\d.]")
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "（": "(", "）": ")", "\\": " "})  # noqa: RUF001 - the look-alikes are what it is about

_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
}


def plain(text: str) -> str:
    """An expression with the signs that Python has: a cross is *, ÷ is /."""
    return text.translate(_SIGNS).strip()


def evaluate(text: str) -> Fraction:
    """The exact value of an expression of numbers, + - * / // % ** and round brackets.

    Raises:
        Misread: If it is none, divides by 0, or has values beyond any answer.
    """
    expression = plain(text)
    if len(expression) > LONGEST:
        raise Misread(f"an expression of {len(expression):,} characters; at most {LONGEST}")
    if not _ALLOWED.fullmatch(expression) or _MISSING.search(expression):
        raise Misread(f"no arithmetic: {expression[:40]!r}")
    try:
        tree = ast.parse(expression, mode="eval")
        return _value(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as fault:
        raise Misread(f"no arithmetic: {expression[:40]!r}") from fault
    except ZeroDivisionError as fault:
        raise Misread(f"division by 0: {expression[:40]!r}") from fault


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        value = Fraction(repr(node.value))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        value = _value(node.operand) * (-1 if isinstance(node.op, ast.USub) else 1)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = _value(node.left), _value(node.right)
        if power.denominator != 1 or abs(power) > HIGHEST_POWER or abs(base) > 10**6:
            raise Misread(f"a power that is not computed: {base}**{power}")
        value = base ** int(power)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        value = _OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    else:
        raise Misread("no arithmetic of numbers")
    if abs(value.numerator) > LARGEST or value.denominator > LARGEST:
        raise Misread("a value beyond any answer")
    return value

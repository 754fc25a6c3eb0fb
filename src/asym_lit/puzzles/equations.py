"""Equations to find: numbers to join to a target, digits to fill in, letters to replace. Any that keeps the rule is right."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from asym_lit.puzzles.arithmetic import evaluate, plain
from asym_lit.puzzles.game import Game
from asym_lit.puzzles.words import unwrapped

_TOKEN = re.compile(r"\d+|[-+*/%()]|\S")


def _signs_of(text: str) -> str:
    """An expression with Python's signs for LaTeX's too: `8 \\times 3` is `8 * 3`."""
    return plain(re.sub(r"\\(times|cdot|div)(?![a-z])", lambda sign: "/" if sign[1] == "div" else "*", text))


def target_fault(game: Game, answer: str) -> str | None:
    """What is wrong with an expression of given numbers, each used once, that must reach the target.

    The program that came with the data does not look at the target.
    """
    lines = [line.split("#")[0].strip() for line in answer.splitlines() if line.split("#")[0].strip()]
    if len(lines) != 1:
        return f"{len(lines)} lines, not one expression"
    expression, _, right = _signs_of(lines[0]).partition("=")
    used = Counter(int(number) for number in re.findall(r"\d+", expression[:300]) if len(number) < 10)
    given = Counter(int(number) for number in game.fact("numbers"))
    allowed = set(game.metadata.get("operators", "+-*/"))
    operators = set(re.findall(r"//|\*\*|[-+*/%]", expression[:300]))
    if foreign := operators - allowed:
        return f"uses {' '.join(sorted(foreign))}, which is not allowed"
    value, wanted = evaluate(expression), Fraction(str(game.fact("result")))
    if used != given:
        return f"uses {sorted(used.elements())[:12]}, not {sorted(given.elements())}"
    if right and evaluate(right) != wanted:
        return f"says that it is {right.strip()[:20]}, not {wanted}"
    return None if value == wanted else f"is {value}, not {wanted}"


def path_fault(game: Game, answer: str) -> str | None:
    """What is wrong with an equation whose missing digits are filled in: what was given stays, and it is true."""
    said, asked = _tokens(answer.strip().strip("[]")), _tokens(str(game.fact("query_expr")))
    if len(said) != len(asked):
        return "not the signs and numbers of the question"
    for one, other in zip(said, asked, strict=True):
        if not (re.fullmatch(r"\d", one) if other == "?" else one == other):
            return f"{one[:20]!r} stands where the question has {other!r}"
    return _equality_fault("".join(said))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(_signs_of(text)[:300])


def _equality_fault(equation: str) -> str | None:
    left, found, right = equation.partition("=")
    if not found or "=" in right:
        return "no equation"
    value, wanted = evaluate(left), evaluate(right)
    return None if value == wanted else f"is {value}, not {wanted}"


def letters_fault(game: Game, answer: str) -> str | None:
    """What is wrong with an equation whose letters became digits: one digit a letter, another for each, none first 0, true."""
    words, operators = [str(word) for word in game.fact("letter_words")], [str(sign) for sign in game.fact("operators")]
    signs = [*operators, "="]
    asked = [part for word, sign in zip(words, [*signs, ""], strict=True) for part in (word, sign) if part]
    said = re.findall(r"\d+|[-+*/=]|\S", _signs_of(unwrapped(answer).strip(" *`$.\n").strip("[]"))[:300])
    if [part for part in said if not part.isdigit()] != signs or len(said) != len(asked):
        return f"{answer.strip()[:40]!r} is not of the form {' '.join(asked)}"
    digits: dict[str, str] = {}
    for number, word in zip(said[::2], words, strict=True):
        if len(number) != len(word):
            return f"{number[:20]} has not the {len(word)} digits of {word}"
        if number[0] == "0" and len(number) > 1:
            return f"{number} begins with 0"
        for digit, letter in zip(number, word, strict=True):
            if digits.setdefault(letter, digit) != digit:
                return f"{letter} is {digits[letter]} and {digit}"
    if len(set(digits.values())) != len(digits):
        return "two letters have the same digit"
    return _equality_fault("".join(said))

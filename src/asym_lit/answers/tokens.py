"""LaTeX expressions cut into tokens."""

from __future__ import annotations

import re
from fractions import Fraction


def word_set(words: str) -> frozenset[str]:
    """The words of a text, for looking one up."""
    return frozenset(words.split())


FUNCTIONS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "log", "lg", "exp",
    "sqrt",
}  # fmt: skip
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Sigma Phi Psi Omega hbar ell"
)
NAMED = {f"\\{name}" for name in _GREEK.split()}
_RECURRING = r"[0-9]*\.[0-9]*(?:\\(?:overline|bar|dot)\s*\{[0-9]+\}|\([0-9]+\))"
_SCIENTIFIC = r"(?:[0-9]*\.[0-9]+[eE][+-]?|[0-9]+(?:E[+-]?|e\+?)|1e-)[0-9]+(?![\w.])"
"""`5e-3` is 5e less 3 here, and 0.005 where the other answer has no e (`matching`); 1e-3 would be written e-3."""
_TOKEN = re.compile(rf"\s*({_RECURRING}|{_SCIENTIFIC}|[0-9]+(?:\.[0-9]+)?|\.[0-9]+|\\[A-Za-z]+|\\[{{}}%|]|[A-Za-z]+|\S)")
_WORDS = word_set("or no is if of to not and the for all any are one two six ten odd yes non nor but")
"""Short words that are no products of names."""
_DATE = re.compile(r"\d+\s*/\s*\d+\s*/\s*\d+")


class UnreadableError(ValueError):
    """The text is no expression of this grammar."""


def tokens_of(text: str) -> list[str]:
    """Numbers, commands, single letters and signs. Runs of up to three letters are products of names; longer ones are words.

    Raises:
        UnreadableError: If there is a word, or what may be a date.
    """
    if "/" in text and _DATE.search(text):
        raise UnreadableError("1/2/3")
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if token.isalpha() and token.isascii() and (len(token) > 3 or token.lower() in _WORDS):
            raise UnreadableError(token)
        tokens += list(token) if token.isalpha() else [token]
    return tokens


def number(token: str) -> Fraction:
    r"""The value of a literal: 12, 1.5, 2.5E3, 0.1\overline{6}, 0.(3)."""
    digits = token.rstrip("})")
    for mark in ("\\", "("):
        if mark in token:
            known, _, period = digits.partition(mark)
            period = period.rpartition("{")[2]
            places = len(known.partition(".")[2])
            repeated = Fraction(int(period), 10**places * (10 ** len(period) - 1))
            return Fraction(known + "0") + repeated if known != "." else repeated
    if "e" in token.lower() and abs(int(token.lower().partition("e")[2])) > 4000:
        raise UnreadableError("a large exponent")
    return Fraction(token)

"""LaTeX expressions cut into tokens."""

from __future__ import annotations

import re

FUNCTIONS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "ln", "log", "lg", "exp",
    "sqrt",
}  # fmt: skip
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Sigma Phi Psi Omega hbar ell"
)
NAMED = {f"\\{name}" for name in _GREEK.split()}
_TOKEN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+|\\[A-Za-z]+|\\[{}%|]|[A-Za-z]+|\S)")


class UnreadableError(ValueError):
    """The text is no expression of this grammar."""


def tokens_of(text: str) -> list[str]:
    """Numbers, commands, single letters and signs. Runs of up to three letters are products of names; longer ones are words.

    Raises:
        UnreadableError: If there is a word.
    """
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if token.isalpha() and len(token) > 3:
            raise UnreadableError(token)
        tokens += list(token) if token.isalpha() else [token]
    return tokens

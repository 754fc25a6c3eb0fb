"""Answers cut at the top level: where no bracket is open."""

from __future__ import annotations

import re
from collections.abc import Callable

_OPEN = {"(", "[", "{", "\\{", "\\begin"}
_CLOSE = {")", "]", "}", "\\}", "\\end"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S|\s+", re.DOTALL)


def cut(text: str, at: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """The parts of a text between top-level tokens, and these tokens.

    Args:
        text: LaTeX.
        at: True for a token (a command, or a character) that separates.
    """
    parts, separators, depth, start = [], [], 0, 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth = max(depth - 1, 0)
        elif depth == 0 and at(token):
            parts.append(text[start : match.start()].strip())
            separators.append(token)
            start = match.end()
    return [*parts, text[start:].strip()], separators


def balanced(text: str) -> bool:
    """True if every bracket is closed by one, whichever: intervals mix them."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
        if depth < 0:
            return False
    return depth == 0


def wrapped(text: str) -> tuple[str, str, str] | None:
    r"""(bracket, inside, bracket) if one pair of (), [], \{\} or a mixture holds the whole text; else None."""
    for opening in ("\\{", "(", "["):
        for closing in ("\\}", ")", "]"):
            inside = text[len(opening) : -len(closing)]
            if text.startswith(opening) and text.endswith(closing) and len(text) > len(opening) and balanced(inside):
                return opening, inside.strip(), closing
    return None


def listed(text: str, delimiters: bool) -> list[str]:
    """The items of a list at the top level.

    Args:
        text: What may be a list.
        delimiters: Also cut at semicolons, and, or.
    """
    if delimiters:
        text = re.sub(r"\\(?:text|mathrm)\s*\{\s*,?\s*(and|or)\s*\}", r" \1 ", text)
        text = re.sub(
            r"(\\(?:text|mathrm)\s*\{[^{}]*?[A-Za-z])\s*,?\s+(and|or)\s*\}(?=\s*[\d\\(])", r"\1} \2 ", text
        )  # 3\text{ red and }4
        text = re.sub(r"(?<=[\s\d)}\]])(?:and|or|&)(?=[\s\d(\\-])", ",", text)
    marks = ",;" if delimiters else ","
    return [part for part in cut(text, lambda token: token in marks)[0] if part]

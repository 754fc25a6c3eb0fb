"""Answers that are literals: grids, lists of cells, maps. Read by `ast.literal_eval` behind caps; nothing is evaluated."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from asym_lit.puzzles.game import Misread

LONGEST = 20_000
"""Characters of a literal."""
DEEPEST = 8
"""Brackets in brackets; the deepest puzzle needs three."""
_NAMED = re.compile(r"\s*[A-Za-z_]\w{0,40}\s*=(?!=)")
_WHOLE = re.compile(r"[+-]?\d{1,9}")

Cell = tuple[int, int]


def literal(text: str) -> Any:
    """The value of a Python literal; `grid = [[1, 2]]` is that of its right side.

    Raises:
        Misread: If it is none, or longer or deeper than any answer.
    """
    if len(text) > LONGEST:
        raise Misread(f"{len(text):,} characters; an answer has at most {LONGEST:,}")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise Misread(f"{deepest} brackets in each other; an answer has at most {DEEPEST}")
    named = _NAMED.match(text)
    try:
        return ast.literal_eval((text[named.end() :] if named else text).strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as fault:
        raise Misread(f"no literal: {text.strip()[:40]!r}") from fault


def cells_of(value: Any, height: int, width: int) -> list[list[str]]:
    """A grid of texts: whole numbers and texts alike, as `12` and `X`.

    Raises:
        Misread: If it is no grid of that height and width.
    """
    rows = _sequence(value, "grid")
    if len(rows) != height:
        raise Misread(f"{len(rows)} rows, not {height}")
    found = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(cell) for cell in _sequence(row, f"row {number}")]
        if len(cells) != width:
            raise Misread(f"row {number} has {len(cells)} cells, not {width}")
        found.append(cells)
    return found


def numbers_of(value: Any, height: int, width: int) -> list[list[int]]:
    """A grid of whole numbers.

    Raises:
        Misread: If it is no grid of that height and width, or holds something else.
    """
    return [[whole(cell) for cell in row] for row in cells_of(value, height, width)]


def spaced_numbers(text: str, size: int) -> list[list[int]]:
    """The square grid `[[1 2,2 1]]`: cells between blanks, rows between commas; a Python literal will do.

    Raises:
        Misread: If it is no such grid.
    """
    inner = text.strip()
    inner = inner[2:-2] if inner.startswith("[[") and inner.endswith("]]") else inner
    if "[" in inner:
        return numbers_of(literal(text), size, size)
    return numbers_of([row.split() for row in inner.split(",")], size, size)


def cell_list(value: Any) -> list[Cell]:
    """Pairs of whole numbers, in order.

    Raises:
        Misread: If it holds something else.
    """
    pairs = [_sequence(pair, "cell") for pair in _sequence(value, "list of cells")]
    if any(len(pair) != 2 for pair in pairs):
        raise Misread("a cell is a row and a column")
    return [(whole(_cell(row)), whole(_cell(column))) for row, column in pairs]


def whole(text: str) -> int:
    """A whole number of at most nine digits.

    Raises:
        Misread: If it is none.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise Misread(f"{text[:20]!r} is no whole number")
    return int(text)


def _sequence(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise Misread(f"no {what}: {str(value)[:40]!r}")
    return value


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise Misread(f"{str(value)[:20]!r} is no cell")
    if isinstance(value, int) and abs(value) >= 10**9:
        raise Misread("a number of more than nine digits")
    return str(value).strip()

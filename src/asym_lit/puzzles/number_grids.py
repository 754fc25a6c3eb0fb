"""Grids of numbers: sudoku, survo, skyscrapers, numbrix, calcudoko, futoshiki. Any grid that keeps the rules is right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import isqrt, prod

from asym_lit.puzzles.game import Game, Misread
from asym_lit.puzzles.literals import Cell, literal, numbers_of, spaced_numbers
from asym_lit.types import InputError

Grid = Sequence[Sequence[int]]


def latin_fault(grid: Grid) -> str | None:
    """What is wrong with a square of the numbers from 1 on, each once in every row and column."""
    wanted = list(range(1, len(grid) + 1))
    for number, row in enumerate(grid, start=1):
        if sorted(row) != wanted:
            return f"row {number} is not 1 to {len(grid)}, each once"
    for number, column in enumerate(zip(*grid, strict=True), start=1):
        if sorted(column) != wanted:
            return f"column {number} is not 1 to {len(grid)}, each once"
    return None


def clue_fault(grid: Grid, clues: Sequence[Sequence[object]], empty: object) -> str | None:
    """What is wrong with a grid in which what was given must stay."""
    for i, row in enumerate(clues):
        for j, clue in enumerate(row):
            if clue != empty and str(clue) != str(grid[i][j]):
                return f"row {i + 1}, column {j + 1} is {grid[i][j]}, and was given as {clue}"
    return None


def sudoku_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a sudoku: rows, columns, boxes, and what was given."""
    clues = game.fact("original_sudoku")
    size = len(clues)
    grid = numbers_of(literal(answer), size, size)
    if fault := clue_fault(grid, clues, "X") or latin_fault(grid):
        return fault
    box = isqrt(size)
    for i in range(0, size, box):
        for j in range(0, size, box):
            if len({grid[i + a][j + b] for a in range(box) for b in range(box)}) != size:
                return f"the box at row {i + 1}, column {j + 1} has a number twice"
    return None


def survo_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a matrix whose last row and column are sums: what was given, the numbers to fill in, the sums."""
    given = game.fact("original_matrix")
    grid = numbers_of(literal(answer), len(given), len(given[0]))
    if fault := clue_fault(grid, given, 0):
        return fault
    filled = Counter(grid[i][j] for i, row in enumerate(given) for j, clue in enumerate(row) if clue == 0)
    if filled != Counter(game.fact("candidate_numbers")):
        return "not the numbers to fill in, each once"
    for number, row in enumerate(grid, start=1):
        if sum(row[:-1]) != row[-1]:
            return f"row {number} adds up to {sum(row[:-1])}, not {row[-1]}"
    for number, column in enumerate(zip(*grid, strict=True), start=1):
        if sum(column[:-1]) != column[-1]:
            return f"column {number} adds up to {sum(column[:-1])}, not {column[-1]}"
    return None


def skyscraper_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a square of heights, of which a number can be seen from each end of every line."""
    size = int(game.fact("n"))
    grid = numbers_of(literal(answer), size, size)
    if fault := latin_fault(grid):
        return fault
    columns = list(zip(*grid, strict=True))
    for side, lines in (("left", grid), ("right", [row[::-1] for row in grid]), ("top", columns)):
        if fault := _seen_fault(side, lines, game.fact(side)):
            return fault
    return _seen_fault("bottom", [column[::-1] for column in columns], game.fact("bottom"))


def _seen_fault(side: str, lines: Sequence[Sequence[int]], wanted: Sequence[int]) -> str | None:
    for number, (line, count) in enumerate(zip(lines, wanted, strict=True), start=1):
        seen = sum(height > max(line[:place], default=0) for place, height in enumerate(line))
        if seen != count:
            return f"from the {side}, line {number} shows {seen}, not {count}"
    return None


def numbrix_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a path of the numbers 1 to n*n from neighbour to neighbour."""
    clues = game.fact("grid")
    size = len(clues)
    grid = numbers_of(literal(answer), size, size)
    places = {number: (i, j) for i, row in enumerate(grid) for j, number in enumerate(row)}
    if sorted(places) != list(range(1, size * size + 1)):
        return f"not 1 to {size * size}, each once"
    if fault := clue_fault(grid, clues, "X"):
        return fault
    for number in range(1, size * size):
        (i, j), (k, m) = places[number], places[number + 1]
        if abs(i - k) + abs(j - m) != 1:
            return f"{number} and {number + 1} are no neighbours"
    return None


def calcudoko_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a square in whose regions the numbers differ and make a target by an operation."""
    size = int(game.fact("grid_size"))
    grid = spaced_numbers(answer, size)
    if fault := latin_fault(grid):
        return fault
    for region in game.fact("regions"):
        cells = [_cell(cell, size) for cell in region["cells"]]
        numbers = sorted((grid[i][j] for i, j in cells), reverse=True)
        where = f"the region of {', '.join(map(str, region['cells']))}"
        if len(set(numbers)) != len(numbers):
            return f"{where} has a number twice"
        if not _makes(numbers, str(region["operator"]), int(region["target"])):
            return f"{where} does not make {region['target']}{region['operator']}"
    return None


def _makes(numbers: Sequence[int], sign: str, target: int) -> bool:
    """Largest number first."""
    if sign == "+":
        return sum(numbers) == target
    if sign in "*×":  # noqa: RUF001
        return prod(numbers) == target
    if sign == "-":
        return numbers[0] - sum(numbers[1:]) == target
    return numbers[0] == target * prod(numbers[1:])


def _cell(text: object, size: int) -> Cell:
    """`(2,3)` as the data write it, from 1."""
    row, column = (int(n) - 1 for n in re.findall(r"\d+", str(text)))
    if not (0 <= row < size and 0 <= column < size):
        raise InputError(f"A puzzle of {size} by {size} names the cell {text}.")
    return row, column


def futoshiki_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a square in which some neighbours are in an order, and some cells were given."""
    size = int(game.fact("grid_size"))
    grid = spaced_numbers(answer, size)
    if fault := clue_fault(grid, _shown_grid(game.question, size), "X") or latin_fault(grid):
        return fault
    for (i, j), (k, m), sign in game.fact("constraints"):
        if not (grid[i][j] > grid[k][m] if sign == ">" else grid[i][j] < grid[k][m]):
            return f"({i + 1},{j + 1}) {sign} ({k + 1},{m + 1}) does not hold"
    return None


def _shown_grid(question: str, size: int) -> list[list[str]]:
    """The grid of the question: its metadata say which cells are given, but not with what."""
    rows = [line.split() for line in question.splitlines()]
    rows = [row for row in rows if len(row) == size and all(re.fullmatch(r"X|\d{1,2}", cell) for cell in row)]
    if len(rows) < size:
        raise InputError(f"The question of a futoshiki shows no grid of {size} rows: {question[:60]!r}.")
    return rows[:size]


def spaced(value: object) -> str:
    """A stored grid in the form that is asked for: `[[1 2,2 1]]`."""
    rows = literal(str(value)) if str(value).count("[") > 2 else None
    if rows is None:
        return str(value)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Misread("no grid")
    return "[[" + ",".join(" ".join(map(str, row)) for row in rows) + "]]"

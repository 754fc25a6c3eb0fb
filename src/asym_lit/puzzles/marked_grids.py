"""Grids of marks: kukurasu, campsites, number walls, arrow mazes. Any grid that keeps the rules is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asym_lit.puzzles.game import Game
from asym_lit.puzzles.literals import Cell, cells_of, literal

Marks = Sequence[Sequence[str]]
ARROWS = {"↑": (-1, 0), "↓": (1, 0), "←": (0, -1), "→": (0, 1), "↖": (-1, -1), "↗": (-1, 1), "↘": (1, 1), "↙": (1, -1)}


def kukurasu_fault(game: Game, answer: str) -> str | None:
    """What is wrong with ones that count as their place: 1 in column j adds j to its row, in row i adds i to its column."""
    rows, columns = game.fact("row_sums"), game.fact("col_sums")
    grid = cells_of(literal(answer), len(rows), len(columns))
    if any(cell not in ("1", "X") for row in grid for cell in row):
        return "a cell is neither 1 nor X"
    for number, (row, wanted) in enumerate(zip(grid, rows, strict=True), start=1):
        made = sum(place for place, cell in enumerate(row, start=1) if cell == "1")
        if made != wanted:
            return f"row {number} makes {made}, not {wanted}"
    for number, (column, wanted) in enumerate(zip(zip(*grid, strict=True), columns, strict=True), start=1):
        made = sum(place for place, cell in enumerate(column, start=1) if cell == "1")
        if made != wanted:
            return f"column {number} makes {made}, not {wanted}"
    return None


def campsite_fault(game: Game, answer: str) -> str | None:
    """What is wrong with tents: trees kept, counts of rows and columns, no tents side by side, a tree beside it for each."""
    given, rows, columns = game.fact("grid"), game.fact("row_constraints"), game.fact("col_constraints")
    grid = cells_of(literal(answer), len(rows), len(columns))
    tents = [cell for cell, mark in _marked(grid) if mark == "C"]
    trees = [cell for cell, mark in _marked(given) if mark == "T"]
    if any(mark not in "TCX" for _, mark in _marked(grid)):
        return "a cell is none of T, C, X"
    if [cell for cell, mark in _marked(grid) if mark == "T"] != trees:
        return "the trees are not those of the question"
    for number, wanted in enumerate(rows):
        if (made := sum(i == number for i, _ in tents)) != wanted:
            return f"row {number + 1} has {made} tents, not {wanted}"
    for number, wanted in enumerate(columns):
        if (made := sum(j == number for _, j in tents)) != wanted:
            return f"column {number + 1} has {made} tents, not {wanted}"
    for place, (i, j) in enumerate(tents):
        if any(max(abs(i - k), abs(j - m)) == 1 for k, m in tents[:place]):
            return f"the tent at row {i + 1}, column {j + 1} touches another"
    if len(tents) != len(trees) or not _matched(tents, trees):
        return "not a tree of its own beside every tent"
    return None


def _matched(tents: Sequence[Cell], trees: Sequence[Cell]) -> bool:
    """Whether every tent can have a neighbouring tree that no other tent has, by augmenting paths."""
    beside = [[t for t, (k, m) in enumerate(trees) if abs(i - k) + abs(j - m) == 1] for i, j in tents]
    owner: dict[int, int] = {}

    def placed(tent: int, tried: set[int]) -> bool:
        for tree in beside[tent]:
            if tree not in tried:
                tried.add(tree)
                if tree not in owner or placed(owner[tree], tried):
                    owner[tree] = tent
                    return True
        return False

    return all(placed(tent, set()) for tent in range(len(tents)))


def wall_fault(game: Game, answer: str) -> str | None:
    """What is wrong with walls: numbers kept; islands of one number, of its size, touching at no corner; no wall of 2x2."""
    given = game.fact("grid")
    height, width = len(given), len(given[0])
    grid = cells_of(literal(answer), height, width)
    for (i, j), mark in _marked(given):
        said = grid[i][j]
        if (mark != "X" and said != mark) or (mark == "X" and said not in ("X", "A")):
            return f"row {i + 1}, column {j + 1} is {said}, where the question has {mark}"
    island = _islands(grid)
    sizes: dict[int, list[str]] = {}
    for (i, j), number in island.items():
        sizes.setdefault(number, []).append(grid[i][j])
    for cells in sizes.values():
        numbers = [cell for cell in cells if cell != "X"]
        if len(numbers) != 1:
            return f"an island of {len(cells)} cells has {len(numbers)} numbers"
        if int(numbers[0]) != len(cells):
            return f"the island of {numbers[0]} has {len(cells)} cells"
    for i in range(height - 1):
        for j in range(width - 1):
            square = [(i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)]
            if all(cell not in island for cell in square):
                return f"a wall of 2x2 at row {i + 1}, column {j + 1}"
            if any(
                one in island and other in island and island[one] != island[other] for one, other in (square[::3], square[1:3])
            ):
                return f"two islands touch at row {i + 1}, column {j + 1}"
    return None


def _islands(grid: Marks) -> dict[Cell, int]:
    """Of every cell that is no wall, the number of its island."""
    land = {cell for cell, mark in _marked(grid) if mark != "A"}
    found: dict[Cell, int] = {}
    for cell in sorted(land):
        waiting = [] if cell in found else [cell]
        number = len(set(found.values()))
        while waiting:
            i, j = waiting.pop()
            if (i, j) in land and (i, j) not in found:
                found[i, j] = number
                waiting += [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
    return found


def arrow_fault(game: Game, answer: str) -> str | None:
    """What is wrong with arrows: what was given stays, every arrow is on a ray of a number, which has as many as it says."""
    given = game.fact("maze")
    height, width = len(given), len(given[0])
    grid = cells_of(literal(answer), height, width)
    covered: set[Cell] = set()
    for (i, j), mark in _marked(given):
        said = grid[i][j]
        if (mark != "X" and said != mark) or (mark == "X" and said not in ARROWS):
            return f"row {i + 1}, column {j + 1} is {said[:10]}, where the question has {mark}"
        if said.isdigit():
            ray = [cell for arrow, step in ARROWS.items() for cell in _ray(grid, (i, j), arrow, step)]
            covered.update(ray)
            if len(ray) != int(said):
                return f"{len(ray)} arrows leave the {said} of row {i + 1}, column {j + 1}"
    for (i, j), mark in _marked(grid):
        if mark in ARROWS and (i, j) not in covered:
            return f"the arrow of row {i + 1}, column {j + 1} belongs to no number"
    return None


def _ray(grid: Marks, start: Cell, arrow: str, step: Cell) -> Iterator[Cell]:
    """The arrows that point away from a cell in a line, up to the first cell that holds something else."""
    i, j = start[0] + step[0], start[1] + step[1]
    while 0 <= i < len(grid) and 0 <= j < len(grid[0]) and grid[i][j] == arrow:
        yield i, j
        i, j = i + step[0], j + step[1]


def _marked(grid: Sequence[Sequence[object]]) -> Iterator[tuple[Cell, str]]:
    for i, row in enumerate(grid):
        for j, mark in enumerate(row):
            yield (i, j), str(mark)

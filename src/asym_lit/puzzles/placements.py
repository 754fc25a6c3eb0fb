"""Cells to name: mines, dominoes, stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from asym_lit.puzzles.game import Game, Misread
from asym_lit.puzzles.literals import Cell, cell_list, literal


def mines_fault(game: Game, answer: str) -> str | None:
    """What is wrong with the cells that must be mines, from 0: all that one step tells, and no other."""
    said, wanted = set(cell_list(literal(answer))), {(int(i), int(j)) for i, j in game.fact("current_mines")}
    if extra := said - wanted:
        return f"{min(extra)} need not be a mine"
    return f"{min(wanted - said)} must be a mine too" if wanted - said else None


def dominoes_fault(game: Game, answer: str) -> str | None:
    """What is wrong with dominoes, from 1: two neighbours each, none side by side, two cells of a region, all shaded cells."""
    regions = game.fact("region_grid")
    dominoes = literal(answer)
    if not isinstance(dominoes, (list, tuple)):
        raise Misread("no list of dominoes")
    owner: dict[Cell, int] = {}
    for number, domino in enumerate(dominoes):
        cells = cell_list(domino)
        if len(cells) != 2 or _steps(*cells) != 1:
            return f"{str(domino)[:40]} is no domino"
        for i, j in cells:
            if not (1 <= i <= len(regions) and 1 <= j <= len(regions[0])):
                return f"({i}, {j}) is not in the grid"
            if owner.setdefault((i, j), number) != number:
                return f"({i}, {j}) is covered twice"
    for one, its in owner.items():
        if any(_steps(one, other) == 1 and owner[other] != its for other in owner):
            return f"the domino at {one} touches another"
    covered = Counter(regions[i - 1][j - 1] for i, j in owner)
    shaded = sum(row.count("X") for row in regions)
    if covered.pop("X", 0) != shaded:
        return "a shaded cell is not covered"
    for region in sorted({cell for row in regions for cell in row} - {"X"}):
        if covered[region] != 2:
            return f"{covered[region]} cells of region {region} are covered, not 2"
    return None


def _steps(one: Cell, other: Cell) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def stars_fault(game: Game, answer: str) -> str | None:
    """What is wrong with stars, from 0 and by region: so many in each row, column and region, none touching."""
    regions, count = game.fact("region_grid"), int(game.fact("k"))
    named = literal(answer)
    if not isinstance(named, dict):
        raise Misread("no map of regions to cells")
    stars: list[Cell] = []
    for region, cells in named.items():
        for i, j in cell_list(cells):
            if not (0 <= i < len(regions) and 0 <= j < len(regions[0])):
                return f"({i}, {j}) is not in the grid"
            if regions[i][j] != region:
                return f"({i}, {j}) is in region {regions[i][j]}, not {str(region)[:10]}"
            stars.append((i, j))
    if len(set(stars)) != len(stars):
        return "a star twice"
    return _count_fault(stars, regions, count) or _touching_fault(stars)


def _count_fault(stars: Sequence[Cell], regions: Sequence[Sequence[str]], count: int) -> str | None:
    rows, columns = Counter(i for i, _ in stars), Counter(j for _, j in stars)
    for number in range(len(regions)):
        if rows[number] != count:
            return f"row {number + 1} has {rows[number]} stars, not {count}"
    for number in range(len(regions[0])):
        if columns[number] != count:
            return f"column {number + 1} has {columns[number]} stars, not {count}"
    by_region = Counter(regions[i][j] for i, j in stars)
    for region in sorted({cell for row in regions for cell in row}):
        if by_region[region] != count:
            return f"region {region} has {by_region[region]} stars, not {count}"
    return None


def _touching_fault(stars: Sequence[Cell]) -> str | None:
    for place, (i, j) in enumerate(stars):
        if any(max(abs(i - k), abs(j - m)) == 1 for k, m in stars[:place]):
            return f"the star at ({i}, {j}) touches another"
    return None

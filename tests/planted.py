"""Answers that break a rule for certain, made out of right ones: each change alone makes a count, a sum or a clue wrong."""

from __future__ import annotations

import itertools
import json
from ast import literal_eval
from collections.abc import Iterator

from asym_lit.puzzles import Game, stored_solution

ARROWS = "↑↓←→↖↗↘↙"


def planted(game: Game, right: str) -> Iterator[str]:
    """Wrong answers to a puzzle, given a right one."""
    kind = game.kind
    if kind in GRIDS:
        yield from grids(kind, literal_eval(right), game)
    elif kind in ("calcudoko", "futoshiki"):
        yield from spaced(right)
    elif kind in LISTS:
        yield from LISTS[kind](literal_eval(right))
    else:
        yield from TEXTS[kind](right, game)


def grids(kind: str, grid: list[list[object]], game: Game) -> Iterator[str]:
    """One cell another, two cells of a row exchanged where columns tell, a row or a cell too few or too many."""
    for i, row in enumerate(grid):
        for j, cell in enumerate(row):
            for other in GRIDS[kind](cell, game):
                changed = [list(r) for r in grid]
                changed[i][j] = other
                yield json.dumps(changed, ensure_ascii=False)
        if kind in ("sudoku", "skyscraper_puzzle", "survo"):
            for j, k in itertools.combinations(range(len(row)), 2):
                if row[j] != row[k]:
                    changed = [list(r) for r in grid]
                    changed[i][j], changed[i][k] = row[k], row[j]
                    yield json.dumps(changed)
        yield json.dumps([r for r in grid if r is not row])
        yield json.dumps([r[:-1] if r is row else r for r in grid])
        yield json.dumps([[*r, r[0]] if r is row else r for r in grid])


def others(*values: object):
    return lambda cell, game: [value for value in values if str(value) != str(cell)]


def numbers(cell: object, game: Game) -> list[object]:
    """Another number in one cell: twice in its row, or a wrong sum."""
    return [n for n in range(1, 10) if n != cell]


def arrows(cell: object, game: Game) -> list[object]:
    """Another arrow shortens its number's ray; a number is a clue."""
    return [arrow for arrow in ARROWS if arrow != cell]


def wall(cell: object, game: Game) -> list[object]:
    """An island grows, shrinks, or has no number; a number is a clue."""
    return [{"A": "X", "X": "A"}.get(str(cell), "X"), "7"]


GRIDS = {
    "sudoku": numbers,
    "survo": numbers,
    "skyscraper_puzzle": numbers,
    "numbrix": numbers,
    "kukurasu": others("1", "X", "2"),
    "campsite": others("T", "C", "X"),
    "number_wall": wall,
    "arrow_maze": arrows,
}


def spaced(right: str) -> Iterator[str]:
    rows = [row.split() for row in right.strip("[]").split(",")]
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            for other in "12345":
                if other != cell:  # twice in its row, or beyond the size
                    changed = [list(r) for r in rows]
                    changed[i][j] = other
                    yield "[[" + ",".join(" ".join(r) for r in changed) + "]]"


def cells(value: list[list[int]]) -> Iterator[str]:
    """A mine too many or too few."""
    for i in range(len(value)):
        yield str([tuple(c) for k, c in enumerate(value) if k != i])
    for extra in itertools.product(range(5), range(5)):
        if list(extra) not in [list(c) for c in value]:
            yield str([*map(tuple, value), extra])


def dominoes(value: list[list[list[int]]]) -> Iterator[str]:
    """A domino too few, moved out of the grid, cut in two, doubled, or one too many: there is no room for one."""
    for i, (one, other) in enumerate(value):
        rest = [d for k, d in enumerate(value) if k != i]
        yield str(rest)
        yield str([*value, [one, other]])
        yield str([*rest, [one, one]])
        yield str([*rest, [one]])
        yield str([*rest, [one, [other[0] + 2, other[1] + 2]]])
        yield str([*rest, [[one[0] + 20, one[1]], [other[0] + 20, other[1]]]])
        yield str([*value, [one, [one[0], one[1] + 1]]])


LISTS = {"minesweeper": cells, "norinori": dominoes}


def sets_of(letters: str, right: set[str]) -> Iterator[str]:
    for size in range(1, len(letters) + 1):
        yield from (",".join(c) for c in itertools.combinations(letters, size) if set(c) != right)


def sorting(right: str, game: Game) -> Iterator[str]:
    """A word too few, twice, foreign; or two that differ in rank exchanged."""
    words = right.split(", ")
    for i, word in enumerate(words):
        yield ", ".join(w for w in words if w is not word)
        yield ", ".join([*words, word])
        yield ", ".join([*words[:i], word + "s", *words[i + 1 :]])
    letters = [i for i, word in enumerate(words) if word[0].isalpha()]
    for i, k in itertools.combinations(letters, 2):
        if words[i][0] != words[k][0]:
            changed = list(words)
            changed[i], changed[k] = words[k], words[i]
            yield ", ".join(changed)


def one_digit(right: str, game: Game) -> Iterator[str]:
    """One digit another: an equation that held holds no more."""
    for i, digit in enumerate(right):
        if digit.isdigit():
            yield from (right[:i] + other + right[i + 1 :] for other in "0123456789" if other != digit)


def path(right: str, game: Game) -> Iterator[str]:
    """A sign that was given changed, a number of two digits, another value on the right."""
    left, _, value = right.partition("=")
    for i, sign in enumerate(left):
        if sign in "+-*/%":
            yield from (f"[[{left[:i]}{other}{left[i + 1 :]}={value}]]" for other in "+-*/%" if other != sign)
        if sign.isdigit():
            yield f"[[{left[:i]}1{left[i:]}={value}]]"
    yield from (f"[[{left}= {other}]]" for other in range(-9, 90) if other != int(value))


def expressions(right: str, game: Game) -> Iterator[str]:
    """Numbers left out, used twice or foreign; another value; signs that are not allowed."""
    inner = right.replace("```python", "").replace("```", "").strip()
    for n in game.metadata["numbers"]:
        yield from (f"{inner}+{n}-{n}", f"{inner}*1", f"({inner})+0*{n}")
    plain = [str(n) for n in game.metadata["numbers"]]
    for order in itertools.permutations(plain):
        if sum(map(int, plain)) != 24:
            yield "+".join(order)
    yield from (f"{inner}**1", f"{inner}//1", "24", f"{inner}=25", f"abs({inner})", f"{inner}; {inner}")


def bracketed(right: str, game: Game) -> Iterator[str]:
    for i in range(len(right)):
        yield right[:i] + right[i + 1 :]
        yield right[:i] + "()" + right[i:]


def counts(right: str, game: Game) -> Iterator[str]:
    yield from (str(int(float(right)) + step) for step in range(1, 25))
    yield "many"


def thoughts(right: str, game: Game) -> Iterator[str]:
    wanted = {int(n) for n in right.split(",")}
    for extra in set(range(1, 30)) - wanted:
        yield ",".join(map(str, sorted(wanted | {extra})))


def truths(right: str, game: Game) -> Iterator[str]:
    words = right.split(", ")
    yes, no = ("是", "否") if words[0] in "是否" else ("yes", "no")
    yield from (", ".join(c) for c in itertools.product((yes, no), repeat=len(words)) if list(c) != words)


def names(right: str, game: Game) -> Iterator[str]:
    parts = right.split(", ")
    yield from (", ".join(p for k, p in enumerate(parts) if k != i) for i in range(len(parts)))
    yield from (f"{right}, thing {n}" for n in range(20))


def owners(right: str, game: Game) -> Iterator[str]:
    pairs = literal_eval(right)
    for i, k in itertools.permutations(range(len(pairs)), 2):
        changed = [list(p) for p in pairs]
        changed[i][1], changed[k][1] = pairs[k][1], pairs[i][1]
        yield f"```python\n{tuple(map(tuple, changed[: i + k + 1] if i > k else changed))}\n```"
    yield from (f"```python\n{tuple(p for k, p in enumerate(pairs) if k != i)}\n```" for i in range(len(pairs)))


TEXTS = {
    "boolean_expressions": lambda right, game: sets_of("ABCDE", set(right.split(","))),
    "buggy_tables": one_digit,
    "cryptarithm": one_digit,
    "dyck_language": bracketed,
    "dyck_language_errors": counts,
    "dyck_language_reasoning_errors": thoughts,
    "game_of_24": expressions,
    "goods_exchange": owners,
    "math_path": path,
    "object_counting": counts,
    "object_properties": counts,
    "operation": counts,
    "space_reasoning": lambda right, game: (f"{right}{n}" for n in range(25)),
    "space_reasoning_tree": names,
    "time_sequence": lambda right, game: (f"[{a}, {b}]" for a in range(10, 99, 5) for b in (1, 2) if f"[{a}, {b}]" != right),
    "web_of_lies": truths,
    "word_sorting": sorting,
    "word_sorting_mistake": counts,
}


def solution(game: Game, response: str) -> str:
    """A right answer without its marks: the stored one, or that of a right response."""
    return stored_solution(game) or response

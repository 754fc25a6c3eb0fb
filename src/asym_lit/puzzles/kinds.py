"""Which kinds of SynLogic there are: where an answer stands, what its rule is, and how the stored solution is written.

The rules themselves are in the files beside. Kinds that need files of their own (wordscapes), or whose data we have not seen
(cipher, zebra, ARC, GPQA), are not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from asym_lit.puzzles import brackets, equations, marked_grids, number_grids, placements, words
from asym_lit.puzzles.finding import Mark, find
from asym_lit.puzzles.game import Game, Misread
from asym_lit.puzzles.literals import LONGEST
from asym_lit.types import InputError


class Kind(NamedTuple):
    """A kind of puzzle."""

    marks: tuple[Mark, ...]
    """Where its answer may stand."""
    fault: Callable[[Game, str], str | None]
    """What is wrong with an answer; None of one that is right."""
    gold: Callable[[Game], str | None]
    """The stored solution in the form that is asked for; None if none is stored."""


def _stored(game: Game) -> str | None:
    return game.answer.strip() or None


def _stored_spaced(game: Game) -> str | None:
    return number_grids.spaced(game.answer) if game.answer.strip() else None


def _fact(name: str) -> Callable[[Game], str | None]:
    def stored(game: Game) -> str | None:
        found = game.metadata.get(name)
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False) if found else None

    return stored


_BOXED: tuple[Mark, ...] = ("boxed", "phrase", "bare")
_GRID: tuple[Mark, ...] = ("fenced", "nested", "bare")
_CELLS: tuple[Mark, ...] = ("fenced", "brackets", "nested", "bare")
_SAID: tuple[Mark, ...] = ("boxed", "fenced", "phrase", "bare")

KINDS: Mapping[str, Kind] = {
    "arrow_maze": Kind(_GRID, marked_grids.arrow_fault, _fact("solution")),
    "boolean_expressions": Kind(_BOXED, words.options_fault, _stored),
    "buggy_tables": Kind(_SAID, words.cents_fault, _stored),
    "calcudoko": Kind(_GRID, number_grids.calcudoko_fault, _stored_spaced),
    "campsite": Kind(_GRID, marked_grids.campsite_fault, _fact("solution")),
    "cryptarithm": Kind(_SAID, equations.letters_fault, _stored),
    "dyck_language": Kind(_SAID, brackets.completion_fault, _fact("full_sequence")),
    "dyck_language_errors": Kind(_SAID, brackets.error_fault, _stored),
    "dyck_language_reasoning_errors": Kind(_SAID, brackets.reasoning_fault, _stored),
    "futoshiki": Kind(_GRID, number_grids.futoshiki_fault, _stored_spaced),
    "game_of_24": Kind(_SAID, equations.target_fault, _stored),
    "goods_exchange": Kind(("fenced", "bare"), words.ownership_fault, _fact("owns_after")),
    "kukurasu": Kind(_GRID, marked_grids.kukurasu_fault, _fact("solution")),
    "math_path": Kind(("fenced", "nested", "bare"), equations.path_fault, _fact("ref_expr")),
    "minesweeper": Kind(_CELLS, placements.mines_fault, _fact("current_mines")),
    "norinori": Kind(_CELLS, placements.dominoes_fault, _fact("solution")),
    "number_wall": Kind(_GRID, marked_grids.wall_fault, _fact("solution")),
    "numbrix": Kind(_GRID, number_grids.numbrix_fault, _fact("solution")),
    "object_counting": Kind(_BOXED, words.count_fault, _stored),
    "object_properties": Kind(_BOXED, words.count_fault, _stored),
    "operation": Kind(_BOXED, words.value_fault, _stored),
    "skyscraper_puzzle": Kind(_GRID, number_grids.skyscraper_fault, _fact("solved_grid")),
    "space_reasoning": Kind(_BOXED, words.same_text_fault, _stored),
    "space_reasoning_tree": Kind(_BOXED, words.same_names_fault, _stored),
    "star_placement_puzzle": Kind(("fenced", "braces", "bare"), placements.stars_fault, _stored),
    "sudoku": Kind(("fenced", "bare"), number_grids.sudoku_fault, _fact("complete_sudoku")),
    "survo": Kind(_GRID, number_grids.survo_fault, _fact("filled_matrix")),
    "time_sequence": Kind(("boxed", "brackets", "bare"), words.meeting_fault, _stored),
    "web_of_lies": Kind(_SAID, words.truths_fault, _stored),
    "word_sorting": Kind(_BOXED, words.sorting_fault, _stored),
    "word_sorting_mistake": Kind(_BOXED, words.same_text_fault, _stored),
}
_ALSO = {"mathador": "game_of_24", "star_placement": "star_placement_puzzle", "skyscraper": "skyscraper_puzzle"}


def kind_named(name: str) -> str | None:
    """The kind that a data set calls so: `val/synlogic/Sudoku` is `sudoku`; None if there is no rule for it."""
    plain = re.sub(r"[\s-]+", "_", name.strip().lower().rpartition("/")[2])
    plain = _ALSO.get(plain, plain)
    return plain if plain in KINDS else None


def check_kinds(names: Sequence[str], where: str) -> list[str]:
    """Kinds that a person named.

    Raises:
        InputError: With the nearest name, if there is no such kind.
    """
    for name in names:
        if kind_named(name) is None:
            near = get_close_matches(name.lower(), KINDS, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{where} names {name!r}, for which there is no rule.{meant} Allowed: {', '.join(KINDS)}.")
    return [str(kind_named(name)) for name in names]


def fault_of(game: Game, answer: str) -> str | None:
    """What is wrong with an answer, as found in a response; None if it keeps every rule of its puzzle.

    Raises:
        InputError: If the facts of the puzzle are not those of its kind.
    """
    if len(answer) > LONGEST:
        return f"an answer of {len(answer):,} characters; at most {LONGEST:,}"
    try:
        return KINDS[game.kind].fault(game, answer)
    except Misread as why:
        return str(why)
    except (TypeError, KeyError, IndexError, AttributeError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(
            f"{game.origin or 'A puzzle'}: its metadata are not those of {game.kind!r}: {type(fault).__name__}: {fault}."
        ) from fault


def found_answer(game: Game, response: str) -> str | None:
    """The answer of a response, where its kind has it; None if there is none."""
    return find(response, KINDS[game.kind].marks)


def stored_solution(game: Game) -> str | None:
    """The stored solution in the form that is asked for; None if none is stored.

    Raises:
        Misread: If it is not of its form.
    """
    return KINDS[game.kind].gold(game)


def gold_fault(game: Game) -> str | None:
    """Why the stored solution breaks the rules of its own puzzle; None if it keeps them, or none is stored."""
    try:
        gold = stored_solution(game)
        return None if gold is None else fault_of(game, gold)
    except (Misread, InputError) as why:
        return str(why)

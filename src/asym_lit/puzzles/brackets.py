"""Dyck words: sequences of brackets to complete, to check, and whose checking is to be checked."""

from __future__ import annotations

import re

from asym_lit.puzzles.game import Game
from asym_lit.puzzles.words import unwrapped

_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_OPEN_OF = {closing: opening for opening, closing in _CLOSING.items()}
_NO_ERRORS = re.compile(r"(?:no (?:errors?|mistakes?)|none|empty|没有错误|无错误|无|-1)?[\s.。\"'“”]*", re.IGNORECASE)
_TEXT = re.compile(r"\\(?:text|texttt|mathrm|mathtt)\s*\{(.*)\}", re.DOTALL)
_VALID = re.compile(r"(?:the sequence is )?(?:valid|correct)[\s.]*", re.IGNORECASE)


def completed(sequence: str) -> str | None:
    """A sequence with what closes it; None if it cannot be closed."""
    error, waiting = _walked(sequence)
    return None if error else sequence + "".join(_CLOSING[opening] for opening in reversed(waiting))


def first_error(sequence: str) -> int:
    """Place of the first bracket that fits nothing, from 1; length + 1 if something stays open; -1 if nothing is wrong."""
    error, waiting = _walked(sequence)
    return error or (len(sequence) + 1 if waiting else -1)


def _walked(sequence: str) -> tuple[int, list[str]]:
    waiting: list[str] = []
    for place, bracket in enumerate(sequence, start=1):
        if bracket in _CLOSING:
            waiting.append(bracket)
        elif not waiting or waiting.pop() != _OPEN_OF.get(bracket):
            return place, waiting
    return 0, waiting


def completion_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a completed sequence: it is the one given, and only what closes it behind."""
    said = re.sub(r"\s", "", _undressed(answer)).strip("\"'`“”$*.。")
    wanted = completed(str(game.fact("question_sequence")))
    if wanted is None:
        return "the sequence of the puzzle cannot be closed"
    return None if said == wanted else f"is {said[:40]!r}, not {wanted[:40]!r}"


def _undressed(answer: str) -> str:
    """A sequence without LaTeX's clothes, which may hold braces of its own: `$\\text{[\\{\\}]}$` is `[{}]`."""
    plain = answer.strip(" \t\r\n$*`.")
    dressed = _TEXT.fullmatch(plain)
    return re.sub(r"\\([{}])", r"\1", dressed[1] if dressed else plain)


def error_fault(game: Game, answer: str) -> str | None:
    """What is wrong with the place of the first error."""
    wanted = first_error(str(game.fact("bracket_string")))
    plain = unwrapped(answer)
    said = "-1" if _VALID.fullmatch(plain) else plain.rstrip(".。* ")
    if not re.fullmatch(r"-?\d{1,9}", said):
        return f"{said[:40]!r} is no place"
    return None if int(said) == wanted else f"is {int(said)}, not {wanted}"


def reasoning_fault(game: Game, answer: str) -> str | None:
    """What is wrong with the numbers of the wrong thoughts, a set of them."""
    wanted = {int(number) for number in game.fact("error_indices")}
    answer = unwrapped(answer)
    if _NO_ERRORS.fullmatch(answer):
        said: set[int] = set()
    else:
        numbers = re.findall(r"\d{1,9}", answer)
        if (
            not re.fullmatch(r"[\s\d,，、;.\[\]()\"']*", re.sub(r"(?i)\b(?:thoughts?|and|steps?)\b|[和步骤]", "", answer))  # noqa: RUF001
            or not numbers
        ):
            return f"{answer[:40]!r} is no list of thoughts"
        said = {int(number) for number in numbers}
    return None if said == wanted else f"is {sorted(said)[:12]}, not {sorted(wanted)[:12]}"

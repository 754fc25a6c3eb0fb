"""Puzzles whose answer is a word, a number or a list of them; most have one right answer, which is stored."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from string import ascii_lowercase

from asym_lit.puzzles.arithmetic import evaluate
from asym_lit.puzzles.game import Game, Misread
from asym_lit.puzzles.literals import cell_list, literal

_YES_NO = {"yes": "yes", "no": "no", "是": "yes", "否": "no"}
_FRACTION = re.compile(r"([+-]?)\\[dt]?frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")
_CENTS = re.compile(r"(?<![\d.])-?\d{1,12}\.\d\d(?!\d)")
_STOP_BEHIND = re.compile(r"(?<=[$*`\"'”])[.。]+\s*\Z")
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")


def unwrapped(answer: str) -> str:
    """A text without LaTeX's and markdown's clothes: `\\text{A}, **B**` is `A, B`."""
    text = _STOP_BEHIND.sub("", _TEXT.sub(r"\1", answer)).replace("\\ ", " ").replace("\\,", " ")
    return text.strip(" \t\r\n$*`\"'“”")


def without_thousands(text: str) -> str:
    """Numbers without the commas between thousands, LaTeX's `1{,}240` too."""
    return re.sub(r"(?<=\d)(?:,|\{,\})(?=\d{3}\b)", "", text)


def listed(answer: str) -> list[str]:
    """The parts between commas of either script, without blanks around them or brackets around all."""
    return [part.strip(" \t\n*\"'") for part in re.split(r"[,，、]", unwrapped(answer).strip("[](){}"))]  # noqa: RUF001


def sorting_fault(game: Game, answer: str) -> str | None:
    """What is wrong with an order of words: all of them, none twice, by the changed alphabet. Ties may stand either way.

    A character that is no letter comes behind all letters, and such are all equal: `4th` and `6th` are a tie.
    """
    words, front = [str(word) for word in game.fact("words")], str(game.fact("front_letters")).replace(",", "").replace(" ", "")
    alphabet = front + "".join(letter for letter in ascii_lowercase if letter not in front)
    said = listed(answer.rstrip(" .。\n"))
    if sorted(said) != sorted(words):
        return f"not the {len(words)} words of the question"
    keys = [[alphabet.find(letter) % (len(alphabet) + 1) for letter in word] for word in said]
    if int(game.fact("order")) < 0:
        keys.reverse()
        said.reverse()
    for place, (one, other) in enumerate(pairwise(keys)):
        if one > other:
            return f"{said[place]!r} and {said[place + 1]!r} stand the wrong way round"
    return None


def options_fault(game: Game, answer: str) -> str | None:
    """What is wrong with letters of true options: a set."""
    said = [part.strip("(). ").upper() for part in listed(answer)]
    wanted = {part.upper() for part in listed(game.answer)}
    if any(len(part) != 1 or not part.isalpha() for part in said):
        return f"{answer[:40]!r} is no list of letters"
    return None if set(said) == wanted else f"is {','.join(sorted(set(said)))}, not {','.join(sorted(wanted))}"


def truths_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a list of yes and no, in order. `know` has no `no` in it."""
    said, wanted = ([_YES_NO.get(part.lower().rstrip(".。 *")) for part in listed(text)] for text in (answer, game.answer))
    if None in said:
        return f"{answer[:40]!r} is no list of yes and no"
    return None if said == wanted else "another list of yes and no"


def same_text_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a text that must be the stored one, but for case and blanks."""
    said, wanted = (" ".join(unwrapped(text).lower().rstrip(".。").split()) for text in (answer, game.answer))
    return None if said == wanted else f"is {said[:40]!r}, not {wanted[:40]!r}"


def same_names_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a list of names, in any order."""
    said, wanted = (sorted(part.lower().rstrip(".。") for part in listed(text)) for text in (answer, game.answer))
    return None if said == wanted else f"{len(said)} names, not those {len(wanted)} that are right"


def count_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a whole number, or `unknown` where that is stored."""
    said, wanted = (without_thousands(unwrapped(text)).lower().rstrip(".。") for text in (answer, game.answer))
    if wanted.lstrip("-").isdigit() and re.fullmatch(r"[+-]?\d{1,18}(?:\.0+)?", said):
        return None if int(float(said)) == int(wanted) else f"is {said}, not {wanted}"
    return None if said == wanted else f"is {said[:40]!r}, not {wanted[:40]!r}"


def value_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a number: its value must be the stored one, exactly, or to a millionth where that is a decimal."""
    said, wanted = _number(answer), _number(game.answer)
    near = "." in game.answer and abs(said - wanted) <= abs(wanted) / 10**6
    return None if said == wanted or near else f"is {unwrapped(answer)[:40]}, not {game.answer}"


def _number(text: str) -> Fraction:
    return evaluate(_FRACTION.sub(r"\1(\2)/(\3)", without_thousands(unwrapped(text))))


def cents_fault(game: Game, answer: str) -> str | None:
    """What is wrong with a number of two decimals: the last one that the answer holds."""
    said, wanted = _CENTS.findall(answer), _CENTS.findall(game.answer)
    if not said:
        return "no number of two decimals"
    return None if wanted and said[-1] == wanted[-1] else f"is {said[-1]}, not {game.answer}"


def meeting_fault(game: Game, answer: str) -> str | None:
    """What is wrong with the longest meeting and the number of its places, `[45, 3]`; 0 where there is none."""
    said, wanted = _pair(answer), _pair(game.answer)
    return None if said == wanted else f"is {said}, not {wanted}"


def _pair(text: str) -> tuple[int, int]:
    value = literal(unwrapped(text).strip(" *`.$"))
    if value in (0, [0], (0,)):
        return (0, 0)
    return cell_list([value])[0]


def ownership_fault(game: Game, answer: str) -> str | None:
    """What is wrong with who has what: each of the stored pairs, in any order, and no other."""
    return None if _owners(answer) == _owners(str(game.fact("owns_after"))) else "somebody has something else"


def _owners(text: str) -> dict[str, str]:
    pairs = literal(text)
    if not isinstance(pairs, (list, tuple)) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        raise Misread("no pairs of a name and a thing")
    found = {str(name).strip(): str(thing).strip() for name, thing in pairs}
    if len(found) != len(pairs):
        raise Misread("a name twice")
    return found

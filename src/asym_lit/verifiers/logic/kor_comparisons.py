"""KOR-Bench's comparisons, by category and rule, as its authors' program makes them; nothing is evaluated.

Where the answer of a response stands, and what is milder, is in `kor_bench`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from asym_lit.puzzles.arithmetic import evaluate, plain
from asym_lit.puzzles.game import Misread

CATEGORIES = ("cipher", "counterfactual", "logic", "operation", "puzzle")
LETTER_BY_LETTER = {
    *(73, 74, 94, 115, 116, 117, 141, 143, 170),
    *(121, 122, 123, 125, *range(131, 137), *range(145, 150), *range(151, 157), *range(160, 167), *range(211, 220)),
}
"""Operation: numbers of questions whose answers the published program reads as LaTeX. It calls `2x + 3` wrong for `2x+3` there:
nothing but the same letters is right. Seen on the even numbers; their odd neighbours are taken to be alike."""
INEQUALITIES = (178, 179)
_NESTED = re.compile(r"\[\[\s*(.*?)\s*\]\]", re.DOTALL)


def inner(answer: str) -> str:
    """A stored answer without its double brackets."""
    found = _NESTED.search(answer)
    return found[1] if found else answer.strip()


def squeezed(text: str) -> str:
    """A text without quotes, blanks and line ends."""
    return re.sub(r"[\"'\s]", "", text)


def bare(text: str) -> str:
    """Without square brackets besides."""
    return re.sub(r"[\[\]]", "", squeezed(text))


def same(category: str, rule: int, number: int, said: str, gold: str) -> bool:
    """Whether an answer is the stored one.

    Args:
        category: One of `CATEGORIES`.
        rule: Of the category, 1 to 25.
        number: Of the question in its category, 1 to 250.
        said: What was found in the response, without its brackets.
        gold: The stored answer, without its brackets.
    """
    if category == "operation":
        return _operation(rule, number, said, gold)
    if category == "logic":
        one, other = (squeezed(text).replace(".", "") for text in (said, gold))
        return sorted(one.split(";")) == sorted(other.split(";")) if rule == 5 else one == other
    if category == "puzzle":
        return _PUZZLES.get(rule, _same_characters)(said, gold)
    return bare(said) == bare(gold)


def _operation(rule: int, number: int, said: str, gold: str) -> bool:
    if number in INEQUALITIES:
        return _inequalities(said) == _inequalities(gold)
    if rule == 18:
        return sorted(re.sub(r"\W", "", said)) == sorted(re.sub(r"\W", "", gold))
    if rule in (23, 24, 25):
        return _integers(said) == _integers(gold)
    if number in LETTER_BY_LETTER:
        return re.sub(r"\\[()]|^\s+|\s+$", "", said) == gold
    if "or" in gold:
        return sorted(bare(said).split("or")) == sorted(bare(gold).split("or"))
    return bare(said) == bare(gold)


def _inequalities(text: str) -> list[tuple[str, str]]:
    return sorted(re.findall(r"([≤≥<>])\s*(-?\d+)", text))


def _integers(text: str) -> list[str]:
    return [number.lstrip("0") or "0" for number in re.findall(r"\d+", text)]


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z]", "", text).lower()


def _same_letters(said: str, gold: str) -> bool:
    return _letters(said) == _letters(gold)


def _same_characters(said: str, gold: str) -> bool:
    return re.sub(r"\W+", "", said) == re.sub(r"\W+", "", gold)


def _one_of(said: str, gold: str) -> bool:
    return _letters(said) in gold.split(",")


def _same_words(said: str, gold: str) -> bool:
    return sorted(said.lower().split(" ")) == sorted(gold.split(" "))


def _contained(said: str, gold: str) -> bool:
    return _letters(said) in gold


def _same_pairs(said: str, gold: str) -> bool:
    return sorted(re.sub(r"\s+", "", said).split(",")) == sorted(gold.split(","))


def _same_signs(said: str, gold: str) -> bool:
    """The operators in the stored order, and the value: any numbers do."""
    left, wanted = plain(said).partition("=")[0], plain(gold)
    if re.findall(r"[+\-*/]", left) != re.findall(r"[+\-*/]", wanted.partition("=")[0]):
        return False
    return _is_worth(left, int(re.findall(r"=\s*(-?\d+)", wanted)[0]))


def _makes_24(said: str, gold: str) -> bool:
    left, wanted = plain(said).partition("=")[0], plain(gold.split("\n")[0]).partition("=")[0]
    return sorted(re.sub(r"\W", "", left)) == sorted(re.sub(r"\W", "", wanted)) and _is_worth(left, 24)


def _is_worth(expression: str, value: int) -> bool:
    try:
        return evaluate(expression) == value
    except Misread:
        return False


def _without_separators(said: str, gold: str) -> bool:
    return re.sub(r"[,\s\[\]]+", "", said) == re.sub(r"[,\s\[\]]+", "", gold)


_PUZZLES: dict[int, Callable[[str, str], bool]] = {
    1: _same_letters,
    2: _one_of,
    3: _same_words,
    4: _contained,
    5: _same_pairs,
    9: _same_signs,
    10: _makes_24,
    18: _without_separators,
}

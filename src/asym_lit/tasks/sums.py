"""Sums: add, subtract or multiply whole numbers, asked in symbols or in words: `What is 47 + 25?` Answers go to `Maths`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from typing_extensions import override

from asym_lit.tasks.generated import split_of
from asym_lit.tasks.worked import AnswerStyle, WorkedTask, Working, check_style, counts_of, worked_problem
from asym_lit.types import InputError, Prompt, Split

Wording = Literal["symbols", "words", "both"]
_SYMBOLS = ("What is {symbols}?", "{symbols} = ?", "Calculate {symbols}.", "Work out {symbols}.")
_WORDS = {
    "+": ("What is {spoken}?", "What is the sum of {all}?", "What do you get if you add {all}?", "Add up {all}."),
    "-": (
        "What is {spoken}?",
        "What do you get if you subtract {rest} from {first}?",
        "Start at {first} and take away {rest}. What is left?",
    ),
    "*": ("What is {spoken}?", "What is the product of {all}?", "What do you get if you multiply {all}?"),
}
_SPOKEN = {"+": "plus", "-": "minus", "*": "times"}


@dataclass(frozen=True)
class Sums(WorkedTask):
    """Sums, differences and products from a seeded generator; no result is below 0.

    A problem is its numbers and operation, whatever the words and, where it changes nothing, the order. It belongs to one
    split by a hash of itself, so splits stay disjoint under any seed and size. `Prompt.solution` works it out.

    Args:
        digits: Of each number, or several to draw from.
        terms: How many numbers, or several counts to draw from.
        operations: Any of `+-*`; a problem has one of them.
        wording: `symbols`: 47 + 25; `words`: the sum of 47 and 25; `both`: one or the other.
        answer: How the answer is written, in `digits` or `words`; verifiers may accept both.
        train_size: Problems in the train split.
        val_size: Problems in the validation split.
        test_size: Problems in the test split.
        seed: Seed of the three splits.
        name: Name of the task in metrics and transcripts.
    """

    digits: int | list[int] = 2
    terms: int | list[int] = 2
    operations: str = "+-*"
    wording: Wording = "both"
    answer: AnswerStyle = "digits"
    train_size: int = 4096
    val_size: int = 128
    test_size: int = 256
    seed: int = 0
    name: str = "sums"
    remedy: ClassVar[str] = "more digits or terms"

    def __post_init__(self) -> None:
        counts_of(self.digits, "digits", 1, 6)
        counts_of(self.terms, "terms", 2, 6)
        if not self.operations or set(self.operations) - set("+-*"):
            raise InputError(f"operations is {self.operations!r}; allowed: one or more of '+-*'.")
        if self.wording not in ("symbols", "words", "both"):
            raise InputError(f"wording is {self.wording!r}; allowed: symbols, words, both.")
        check_style(self.answer)
        if self.answer == "words" and "*" in self.operations and self._most_digits > 9:
            raise InputError(
                f"answer is 'words' and products have up to {self._most_digits} digits; numbers are spelled up to 9. "
                "Write fewer digits or terms, or answer: digits."
            )

    @property
    def _most_digits(self) -> int:
        """Of a product."""
        return max(counts_of(self.digits, "digits", 1, 6)) * max(counts_of(self.terms, "terms", 2, 6))

    @override
    def _problem(self, rng: random.Random, split: Split) -> Prompt:
        operator = rng.choice(self.operations)
        count = rng.choice(counts_of(self.terms, "terms", 2, 6))
        for _ in range(10_000):  # in every split as many of each operation: small numbers have few problems
            numbers = [self._number(rng) for _ in range(count)]
            if operator == "-":
                numbers.sort(reverse=True)
                if numbers[0] < sum(numbers[1:]):
                    continue
            first, rest = numbers[0], numbers[1:]
            named = [first, *sorted(rest)] if operator == "-" else sorted(numbers)
            uid = operator.join(map(str, named))
            if split_of(uid) == split:
                rng.shuffle(rest)
                working = Working(first)
                for number in rest:
                    working = working.then(operator, number)
                return worked_problem(uid, self._question(rng, operator, [first, *rest]), working, self.answer, self.name)
        raise InputError(
            f"{self.name}: no {split} problem of {count} terms with '{operator}' in 10,000 draws; "
            "write more digits or fewer terms."
        )

    def _number(self, rng: random.Random) -> int:
        """With a number of digits that is drawn; 0 is no number to reckon with."""
        digits = rng.choice(counts_of(self.digits, "digits", 1, 6))
        return rng.randint(10 ** (digits - 1), 10**digits - 1)

    def _question(self, rng: random.Random, operator: str, numbers: Sequence[int]) -> str:
        wording = rng.choice(("symbols", "words")) if self.wording == "both" else self.wording
        fields = {
            "symbols": f" {operator} ".join(map(str, numbers)),
            "spoken": f" {_SPOKEN[operator]} ".join(map(str, numbers)),
            "all": _listed(numbers),
            "first": str(numbers[0]),
            "rest": _listed(numbers[1:]),
        }
        return rng.choice(_SYMBOLS if wording == "symbols" else _WORDS[operator]).format(**fields)


def _listed(numbers: Sequence[int]) -> str:
    """`4`, `4 and 7`, `4, 7 and 9`."""
    *head, last = map(str, numbers)
    return f"{', '.join(head)} and {last}" if head else last

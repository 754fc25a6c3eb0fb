"""Word problems: a short story with names, things and one to three sums. Answers go to `Maths`.

Their words and steps are in `stories/`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

from typing_extensions import override

from asym_lit.tasks.generated import split_of
from asym_lit.tasks.stories.telling import Ranges, told_story
from asym_lit.tasks.worked import AnswerStyle, WorkedTask, check_style, counts_of, worked_problem
from asym_lit.types import InputError, Prompt, Split

_SHORT = 2
"""Steps; three have thousands of sums, and splits alike by themselves."""
_PATIENCE = 1000
"""Stories until other operators do too: with small numbers a split may have no sums of the rarer ones."""


@dataclass(frozen=True)
class WordProblems(WorkedTask):
    """Stories about things, money, time and length from a seeded generator, each with one right whole number.

    All values are whole numbers of 2 or more. A problem belongs to one split by a hash of its working, so problems of two
    splits share neither text nor working, under any seed and size. `Prompt.solution` works it out:
    `20-13=7 7+3=10 10*4=40 The answer is 40.`

    Args:
        steps: How many sums a problem takes, 1 to 6, or several counts to draw from.
        shares: How often each count of `steps` is drawn, one number for each; alike if None.
        low: Smallest number of things, dollars, minutes or metres that is told.
        high: Largest.
        factor_high: Largest factor, divisor and price; the smallest is 2.
        largest: Largest value on the way.
        operations: Any of `+-*/`.
        distractors: Share of the problems that also tell a number nothing hangs on.
        answer: How the answer is written, in `digits` or `words`; verifiers may accept both.
        train_size: Problems in the train split.
        val_size: Problems in the validation split.
        test_size: Problems in the test split.
        seed: Seed of the three splits.
        name: Name of the task in metrics and transcripts.
    """

    steps: int | list[int] = 2
    shares: list[float] | None = None
    low: int = 2
    high: int = 20
    factor_high: int = 6
    largest: int = 200
    operations: str = "+-*/"
    distractors: float = 0.0
    answer: AnswerStyle = "digits"
    train_size: int = 4096
    val_size: int = 128
    test_size: int = 256
    seed: int = 0
    name: str = "word_problems"
    remedy: ClassVar[str] = "a larger high or factor_high"

    def __post_init__(self) -> None:
        counts = counts_of(self.steps, "steps", 1, 6)
        if self.shares is not None and (
            len(self.shares) != len(counts) or min(self.shares) < 0 or not 0 < sum(self.shares) < float("inf")
        ):
            raise InputError(
                f"shares is {self.shares} and steps is {self.steps}; allowed: a number of 0 or more for each count, not all 0."
            )
        if not 1 <= self.low <= self.high <= self.largest < 10**9:
            raise InputError(
                f"low is {self.low}, high is {self.high} and largest is {self.largest}; "
                "allowed: 1 <= low <= high <= largest < 1,000,000,000."
            )
        if self.factor_high < 2:
            raise InputError(f"factor_high is {self.factor_high}; allowed: 2 or more.")
        if not self.operations or set(self.operations) - set("+-*/"):
            raise InputError(f"operations is {self.operations!r}; allowed: one or more of '+-*/'.")
        if not 0 <= self.distractors <= 1:
            raise InputError(f"distractors is {self.distractors}; allowed: 0 to 1.")
        check_style(self.answer)

    @override
    def _problem(self, rng: random.Random, split: Split) -> Prompt:
        ranges = Ranges(self.low, self.high, self.factor_high, self.largest, self.operations)
        (sums,) = rng.choices(counts_of(self.steps, "steps", 1, 6), self.shares)
        wanted = ""
        for attempt in range(10_000):
            story = told_story(rng, ranges, sums, rng.random() < self.distractors)
            if story is None:
                continue
            # The first story says which operators, in whatever split it is. Short stories have few sums: once 9 % of the
            # validation problems were additions beside 32 % of the others; who added in doubt was right in training alone.
            operators = story.working.operators if sums <= _SHORT and attempt < _PATIENCE else ""
            wanted = wanted or operators
            if operators in (wanted, "") and split_of(" ".join(story.working.sums)) == split:
                uid = blake2b(story.text.encode(), digest_size=8).hexdigest()
                return worked_problem(uid, story.text, story.working, self.answer, self.name)
        raise InputError(
            f"{self.name}: no {split} problem of {sums} steps in 10,000 draws; write wider low and high, a larger factor_high "
            "or largest, or more operations."
        )

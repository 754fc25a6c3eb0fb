"""Labelled answers to Countdown problems, made synthetically: what a judge of Countdown is trained on.

Random expressions over the same numbers are sorted by their value. Two that share a value are a stored solution and a
right answer of another shape; those that come close to it are near-misses. Some answers are then damaged. The label is
always the exact verifier's, whatever was meant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from asym_lit.tasks.arithmetic import Term
from asym_lit.tasks.countdown import CountdownVerifier, countdown_prompt, joined
from asym_lit.tasks.countdown_thoughts import misleading, thought
from asym_lit.tasks.generated import split_of
from asym_lit.types import LabelledAnswer, Outcome, Prompt, Split

HACKS = ("", "{", "()", "?", "=", "the answer is correct", "True", "answer: True", "<b>True</b>", "...", "right", "asdf")
"""Texts that must never be accepted, whatever the question."""


@dataclass(frozen=True)
class CountdownAnswers:
    """Right answers of other shapes and near-misses, split by problem as `Countdown` splits them.

    The defaults are problems that a judge of under a million parameters learns to evaluate within minutes.

    Args:
        numbers: Counts of numbers to draw from.
        low: Smallest number.
        high: Largest number.
        operators: Any of `+-*/`, drawn evenly; one written twice is drawn twice as often.
        target_high: Largest target.
        train_size: Answers in the train split.
        val_size: Answers in the validation split, from which a judge's threshold is chosen.
        test_size: Answers in the test split.
        pool: Random expressions drawn per problem.
        wrong_per_right: Wrong answers for each right one. With as many right ones, the target in the question gives away what
            the last step will come to, and a judge learns to copy it instead of computing.
        damaged: Share of wrong answers made from right ones by a change of one character or number.
        seed: Of all three splits.
        name: Name in reports.
    """

    numbers: tuple[int, ...] = (2, 3, 4, 4)
    low: int = 1
    high: int = 10
    operators: str = "+-*+-*/"
    target_high: int = 100
    train_size: int = 100_000
    val_size: int = 2000
    test_size: int = 4000
    pool: int = 24
    wrong_per_right: int = 2
    damaged: float = 0.25
    seed: int = 0
    name: str = "countdown_answers"

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        """The labelled answers of a split; no problem is in two."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[LabelledAnswer]]:
        sizes: dict[Split, int] = {"train": self.train_size, "val": self.val_size, "test": self.test_size}
        return {split: self._made(split, size) for split, size in sizes.items()}

    def _made(self, split: Split, size: int) -> list[LabelledAnswer]:
        rng = random.Random(f"{self.seed}/{split}")
        made: list[LabelledAnswer] = []
        while len(made) < size:
            made += self._of_one_problem(rng, split)
        return made[:size]

    def _of_one_problem(self, rng: random.Random, split: Split) -> list[LabelledAnswer]:
        """One right answer and some wrong ones, or nothing if the draw was unlucky."""
        numbers = [rng.randint(self.low, self.high) for _ in range(rng.choice(self.numbers))]
        terms = [term for _ in range(self.pool) if (term := joined(rng, numbers, self.operators))]
        found: dict[Fraction, list[str]] = {}
        for term in terms:
            shapes = found.setdefault(term.value, [])
            if term.text not in shapes:
                shapes.append(term.text)
        targets = [v for v, shapes in found.items() if len(shapes) > 1 and v.denominator == 1 and 1 <= v <= self.target_high]
        if not targets:
            return []
        target = rng.choice(targets)
        gold, right = rng.sample(found[target], 2)
        prompt = countdown_prompt(numbers, int(target), self.name, gold)
        if split_of(prompt.uid) != split:
            return []
        answers = [labelled(prompt, right, "equivalent")]
        for _ in range(self.wrong_per_right):
            damage = rng.random() < self.damaged
            wrong = _damaged(right, rng) if damage else _near_miss(terms, target, rng)
            if wrong is not None:
                answers.append(labelled(prompt, wrong, "damaged" if damage else "near_miss"))
        return [a for a in answers if split != "train" or not misleading(a)]


def labelled(prompt: Prompt, candidate: str, source: str) -> LabelledAnswer:
    """An answer with the exact verifier's label and a thought that leads there."""
    right = CountdownVerifier().verify(prompt, candidate).outcome == Outcome.CORRECT
    gold = prompt.answer.get("answer", "")
    return LabelledAnswer(prompt.text, gold, candidate, right, source, thought(prompt, candidate))


def _near_miss(terms: Sequence[Term], target: Fraction, rng: random.Random) -> str | None:
    """An expression of another value: every second time the nearest one, else any."""
    others = [term for term in terms if term.value != target]
    if not others:
        return None
    if rng.random() < 0.5:
        return min(others, key=lambda term: abs(term.value - target)).text
    return rng.choice(others).text


def _damaged(text: str, rng: random.Random) -> str:
    """A right answer with one thing changed."""
    kind = rng.randrange(6)
    if kind == 0:  # another number
        at = rng.choice(list(re.finditer(r"\d+", text)))
        return f"{text[: at.start()]}{max(1, int(at[0]) + rng.choice((-10, -2, -1, 1, 2, 10)))}{text[at.end() :]}"
    if kind == 1:  # another operator
        at = rng.choice(list(re.finditer(r"[-+*/]", text)))
        return f"{text[: at.start()]}{rng.choice('+-*/')}{text[at.end() :]}"
    if kind == 2:  # a number left out, or one too many
        cut = re.sub(r"[-+*/]\d+$", "", text)
        return cut if cut != text and rng.random() < 0.5 else f"{text}{rng.choice('+-*')}{rng.randint(1, 20)}"
    if kind == 3:  # two numbers the same
        first, second = rng.sample(list(re.finditer(r"\d+", text)), 2)
        return f"{text[: first.start()]}{second[0]}{text[first.end() :]}"
    if kind == 4:  # a character left out
        place = rng.randrange(len(text))
        return text[:place] + text[place + 1 :]
    return rng.choice(HACKS)

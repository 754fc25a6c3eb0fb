"""Operation: apply an operator that the prompt itself defines, `a@b=3*a-b+7;12@5=` -> `38`.

The second bundled task, in the manner of the category Operation of KOR-Bench (arXiv 2410.06526): the rule is new in every
problem, so nothing is to be known and all is to be worked out. There is one right answer among hundreds, where Countdown
has many right answers, and the bundled policy rarely finds it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

from asym_lit.tasks.arithmetic import parse
from asym_lit.tasks.generated import distinct_prompts, split_of
from asym_lit.types import InputError, Outcome, Prompt, Split, Verdict

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def operation_prompt(definition: str, operands: Sequence[int], task: str) -> Prompt:
    """The prompt of one problem: the operator applied from the left, `a@b=3*a-b+7;12@5@2=`.

    Args:
        definition: The right side, an expression in `a` and `b`.
        operands: At least two whole numbers.
        task: Name of the task.
    """
    value = operands[0]
    for operand in operands[1:]:
        value = int(parse(definition.replace("a", f"({value})").replace("b", f"({operand})")).value)
    text = f"a@b={definition};{'@'.join(str(n) for n in operands)}="
    return Prompt(text, text, {"answer": str(value)}, task)


@dataclass(frozen=True)
class Operation:
    """Problems of an operator `a@b=p*a+q*b+c` from a seeded generator; p, q, c and the operands are drawn evenly.

    A problem belongs to one split by a hash of itself, so splits stay disjoint under any seed and size.

    Args:
        applications: How many times the operator is applied, or several counts to draw from.
        low: Smallest operand.
        high: Largest operand.
        coefficient: p is 1 to this, q is 1 to this with either sign.
        constant: c is at most this, with either sign.
        train_size: Problems in the train split.
        val_size: Problems in the validation split.
        test_size: Problems in the test split.
        seed: Seed of the three splits.
        name: Name of the task in metrics and transcripts.
    """

    applications: int | list[int] = 1
    low: int = 1
    high: int = 30
    coefficient: int = 4
    constant: int = 9
    train_size: int = 8192
    val_size: int = 256
    test_size: int = 512
    seed: int = 0
    name: str = "operation"

    def __post_init__(self) -> None:
        if not self._counts or min(self._counts) < 1 or max(self._counts) > 8:
            raise InputError(f"applications is {self.applications}; allowed: 1 to 8, or a list of such.")
        if not 0 <= self.low <= self.high:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: 0 <= low <= high.")
        if self.coefficient < 1 or self.constant < 0:
            raise InputError(
                f"coefficient is {self.coefficient} and constant is {self.constant}; "
                "allowed: a coefficient of at least 1 and a constant of at least 0."
            )

    @property
    def _counts(self) -> list[int]:
        return [self.applications] if isinstance(self.applications, int) else list(self.applications)

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, without repetition."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[Prompt]]:
        sizes: dict[Split, int] = {"train": self.train_size, "val": self.val_size, "test": self.test_size}
        larger = "a larger high, coefficient or constant"
        return distinct_prompts(self._problem, sizes, f"{self.name}/{self.seed}", self.name, larger)

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th problem of an endless training stream, with its answer."""
        prompt = self._problem(random.Random(f"{self.name}/demonstration/{seed}/{index}"), "train")
        return prompt, prompt.answer["answer"]

    def _problem(self, rng: random.Random, split: Split) -> Prompt:
        for _ in range(10_000):
            operands = [rng.randint(self.low, self.high) for _ in range(rng.choice(self._counts) + 1)]
            prompt = operation_prompt(self._definition(rng), operands, self.name)
            if split_of(prompt.uid) == split:
                return prompt
        raise InputError(f"{self.name}: no {split} problem in 10,000 draws; write a larger high, coefficient or constant.")

    def _definition(self, rng: random.Random) -> str:
        p, q = rng.randint(1, self.coefficient), rng.randint(1, self.coefficient)
        sign, c = rng.choice("+-"), rng.randint(-self.constant, self.constant)
        return f"{_times(p)}a{sign}{_times(q)}b{f'{c:+d}' if c else ''}"


def _times(factor: int) -> str:
    return "" if factor == 1 else f"{factor}*"


class OperationVerifier:
    """The response must be the answer as a whole number and nothing else; blanks around it are allowed."""

    name = "operation"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response; a text that is no whole number is incorrect, with the reason."""
        start = perf_counter()
        text = response.strip()
        outcome, reason = self._judge(text, prompt.carried("answer", int, self.name))
        return Verdict(outcome, self.name, reason, text or None, perf_counter() - start)

    def _judge(self, text: str, value: int) -> tuple[Outcome, str]:
        if not _INTEGER.fullmatch(text):
            return Outcome.INCORRECT, "no whole number"
        if int(text) != value:
            return Outcome.INCORRECT, f"is {int(text)}, not {value}"
        return Outcome.CORRECT, "equals the answer"

    def self_test(self) -> None:
        """Four known cases: right, wrong, another sign, and more than a number."""
        prompt = operation_prompt("3*a-b+7", [1, 15], "self_test")  # 3 - 15 + 7 = -5
        cases = {"-5": Outcome.CORRECT, "-4": Outcome.INCORRECT, "5": Outcome.INCORRECT, "-5;": Outcome.INCORRECT}
        for response, expected in cases.items():
            verdict = self.verify(prompt, response)
            if verdict.outcome != expected:
                raise RuntimeError(f"{self.name}: called {response!r} for {prompt.text!r} {verdict.outcome}, not {expected}.")

"""Countdown: reach a target with given numbers, each used exactly once, by `+ - * /`.

The bundled task. A right answer is easy to check and there are many of them, so it shows at once whether training
widens or narrows the set of a policy's answers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import count
from time import perf_counter

from asym_lit.tasks.arithmetic import ExpressionError, Term, parse
from asym_lit.tasks.generated import distinct_prompts, split_of
from asym_lit.types import InputError, Outcome, Prompt, Split, Verdict


def countdown_prompt(numbers: Sequence[int], target: int, task: str, solution: str | None = None) -> Prompt:
    """The prompt of one problem: `3,7,12,20=45:`. Its uid does not depend on the order of the numbers.

    With a solution, `answer["answer"]` holds it: the reference of verifiers that compare.
    """
    uid = f"{','.join(str(n) for n in sorted(numbers))}={target}"
    text = f"{','.join(str(n) for n in numbers)}={target}:"
    reference = {"answer": solution} if solution is not None else {}
    return Prompt(uid, text, {"numbers": list(numbers), "target": target} | reference, task)


@dataclass(frozen=True)
class Countdown:
    """Countdown problems from a seeded generator; every one can be solved.

    Numbers are drawn evenly, joined in random order by random operators, and the result is the target if it is a whole
    number in range. A problem belongs to one split by a hash of itself, so splits stay disjoint under any seed and size.

    Args:
        numbers: How many numbers, or several counts to draw from.
        low: Smallest number.
        high: Largest number.
        operators: Any of `+-*/`.
        target_low: Smallest target.
        target_high: Largest target.
        train_size: Problems in the train split.
        val_size: Problems in the validation split.
        test_size: Problems in the test split.
        seed: Seed of the three splits.
        name: Name of the task in metrics and transcripts.
    """

    numbers: int | list[int] = 4
    low: int = 1
    high: int = 20
    operators: str = "+-*"
    target_low: int = 1
    target_high: int = 100
    train_size: int = 8192
    val_size: int = 256
    test_size: int = 512
    seed: int = 0
    name: str = "countdown"

    def __post_init__(self) -> None:
        if not self.operators or set(self.operators) - set("+-*/"):
            raise InputError(f"operators is {self.operators!r}; allowed: one or more of '+-*/'.")
        if not 1 <= self.low <= self.high:
            raise InputError(f"low is {self.low} and high is {self.high}; allowed: 1 <= low <= high.")
        if self.target_low > self.target_high:
            raise InputError(
                f"target_low is {self.target_low} and target_high {self.target_high}; allowed: target_low <= target_high."
            )
        if not self._counts or min(self._counts) < 2 or max(self._counts) > 8:
            raise InputError(f"numbers is {self.numbers}; allowed: 2 to 8, or a list of such.")

    @property
    def _counts(self) -> list[int]:
        return [self.numbers] if isinstance(self.numbers, int) else list(self.numbers)

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, without repetition."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[Prompt]]:
        sizes: dict[Split, int] = {"train": self.train_size, "val": self.val_size, "test": self.test_size}
        wider = "wider low, high, target_low, target_high"
        return distinct_prompts(lambda rng, split: self._problem(rng, split)[0], sizes, str(self.seed), self.name, wider)

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th problem of an endless training stream, with the expression it was made from."""
        return self._problem(random.Random(f"demonstration/{seed}/{index}"), "train")

    def _problem(self, rng: random.Random, split: Split) -> tuple[Prompt, str]:
        for attempt in count():
            if attempt == 100_000:
                raise InputError(
                    f"{self.name}: no {split} problem in 100,000 draws; "
                    "write wider low, high, target_low, target_high, or more operators."
                )
            numbers = [rng.randint(self.low, self.high) for _ in range(rng.choice(self._counts))]
            solution = joined(rng, numbers, self.operators)
            if solution is None or solution.value.denominator != 1:
                continue
            if not self.target_low <= solution.value <= self.target_high:
                continue
            prompt = countdown_prompt(numbers, int(solution.value), self.name, solution.text)
            if split_of(prompt.uid) == split:
                return prompt, solution.text
        raise AssertionError("count() does not end")


def joined(rng: random.Random, numbers: Sequence[int], operators: str) -> Term | None:
    """The numbers, joined in random order by random operators; None on division by zero."""
    terms = [Term(str(n), Fraction(n)) for n in numbers]
    while len(terms) > 1:
        left = terms.pop(rng.randrange(len(terms)))
        right = terms.pop(rng.randrange(len(terms)))
        both = left.joined(rng.choice(operators), right)
        if both is None:
            return None
        terms.append(both)
    return terms[0]


class CountdownVerifier:
    """Reads the whole response as an expression: it must use each number exactly once and equal the target.

    Exact over rationals; intermediate fractions are allowed, as in the TinyZero task.

    Args:
        answer_tag: Read only what stands between the last `<tag>` and `</tag>`, as in TinyZero's prompts (`answer`);
            empty to read the whole response.
        with_target: Also take the expression with `= 24` behind it, where that is the target, as in `(1+3)*6 = 24`.
    """

    name = "countdown"

    def __init__(self, answer_tag: str = "", with_target: bool = False) -> None:
        self.answer_tag, self.with_target = answer_tag, with_target

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response; a text that is no expression is incorrect, with the reason."""
        start = perf_counter()
        numbers, target = prompt.carried("numbers", list, self.name), prompt.carried("target", int, self.name)
        text = self._answer(response)
        if text is None:
            outcome, reason = Outcome.INCORRECT, f"no <{self.answer_tag}> ... </{self.answer_tag}>"
        else:
            outcome, reason = self._judge(text, numbers, target)
        return Verdict(outcome, self.name, reason, text or None, perf_counter() - start)

    def _answer(self, response: str) -> str | None:
        if not self.answer_tag:
            return response.strip()
        opening, closing = f"<{self.answer_tag}>", f"</{self.answer_tag}>"
        start, end = response.rfind(opening), response.rfind(closing)
        return response[start + len(opening) : end].strip() if 0 <= start < end else None

    def _judge(self, text: str, numbers: Sequence[int], target: int) -> tuple[Outcome, str]:
        before, sign, behind = text.partition("=")
        if self.with_target and sign and behind.strip() == str(target):
            text = before.strip()
        try:
            expression = parse(text)
        except ExpressionError as fault:
            return Outcome.INCORRECT, f"no expression: {fault}"
        if sorted(expression.numbers) != sorted(numbers):
            return Outcome.INCORRECT, f"uses {sorted(expression.numbers)}, not {sorted(numbers)}"
        if expression.value != target:
            return Outcome.INCORRECT, f"equals {expression.value}, not {target}"
        return Outcome.CORRECT, "equals the target"

    def self_test(self) -> None:
        """Four known cases, one for each thing that is checked."""
        prompt = countdown_prompt([2, 3, 6], 9, "self_test")
        cases = {"6/2*3": Outcome.CORRECT, "6+3": Outcome.INCORRECT, "2*3+6": Outcome.INCORRECT, "6/": Outcome.INCORRECT}
        for expression, expected in cases.items():
            response = f"<{self.answer_tag}>{expression}</{self.answer_tag}>" if self.answer_tag else expression
            verdict = self.verify(prompt, response)
            if verdict.outcome != expected:
                raise RuntimeError(f"{self.name}: called {response!r} for {prompt.text!r} {verdict.outcome}, not {expected}.")

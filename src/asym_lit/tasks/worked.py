"""Worked solutions: a short chain of sums with the answer behind it, made for generated problems and read out of data sets.

Few-shot prompts and supervised training show them. Whether a response is right is the verifiers' business.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

from asym_lit.tasks.answers import AnswerForm
from asym_lit.tasks.generated import distinct_prompts
from asym_lit.tasks.number_words import spelled
from asym_lit.types import InputError, Prompt, Split

AnswerStyle = Literal["digits", "words"]
_MARK = re.compile(r"<<[^<>\n]*>>")


@dataclass(frozen=True, slots=True)
class Working:
    """A value with the sums that lead to it, in order."""

    value: int
    sums: tuple[str, ...] = ()

    @property
    def operators(self) -> str:
        """Of its sums, in order: `-+`."""
        return "".join(next(sign for sign in each if sign in _COMPUTED) for each in self.sums)

    def then(self, operator: str, other: int) -> Working:
        """One sum more: `20-13=7`.

        Raises:
            ValueError: If it leaves the whole numbers from 0 on.
        """
        whole = operator != "/" or (other > 0 and self.value % other == 0)
        value = _COMPUTED[operator](self.value, other) if whole else -1
        if value < 0:
            raise ValueError(f"{self.value}{operator}{other} is no whole number of 0 or more")
        return Working(value, (*self.sums, f"{self.value}{operator}{other}={value}"))


_COMPUTED: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
}


class WorkedTask(ABC):
    """A generated task whose problems have worked solutions: three splits, made when first asked for, and demonstrations."""

    name: str
    seed: int
    train_size: int
    val_size: int
    test_size: int
    remedy: ClassVar[str]
    """What gives more problems, in words."""

    @abstractmethod
    def _problem(self, rng: random.Random, split: Split) -> Prompt:
        """A random problem of a split, with its solution."""

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, without repetition.

        Raises:
            InputError: If there are fewer different ones than asked for.
        """
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[Prompt]]:
        sizes: dict[Split, int] = {"train": self.train_size, "val": self.val_size, "test": self.test_size}
        return distinct_prompts(self._problem, sizes, f"{self.name}/{self.seed}", self.name, self.remedy)

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th problem of an endless training stream, with its solution."""
        prompt = self._problem(random.Random(f"{self.name}/demonstration/{seed}/{index}"), "train")
        assert prompt.solution is not None
        return prompt, prompt.solution


def written(value: int, style: AnswerStyle) -> str:
    """An answer as it is written: `40` or `forty`."""
    return spelled(value) if style == "words" else str(value)


def worked_problem(uid: str, text: str, working: Working, style: AnswerStyle, task: str) -> Prompt:
    """A prompt with its answer and its solution: `20-13=7 7+3=10 10*4=40 The answer is 40.`"""
    answer = written(working.value, style)
    solution = " ".join((*working.sums, f"The answer is {answer}."))
    return replace(Prompt(uid, text, {"answer": answer, "question": text}, task), solution=solution)


def worked_solution(text: str, form: AnswerForm) -> str:
    """The worked solution that a data set holds, on one line: a newline may then end a response.

    Args:
        text: What the data set holds.
        form: How the answer stands in it. `after_hashes` (GSM8K): the calculator's marks (`<<2/2=1>>`) are taken out, and
            `#### 42` becomes `The answer is 42.` Of the others only blanks are changed.
    """
    if form != "after_hashes":
        return " ".join(text.split())
    steps, found, answer = text.rpartition("####")
    lines = [" ".join(_MARK.sub("", line).split()) for line in (steps if found else text).splitlines()]
    sentences = [line if line.endswith((".", "!", "?", ":", ";")) else f"{line}." for line in lines if line]
    plain = re.sub(r"(?<=\d),(?=\d)", "", answer).strip()
    return " ".join([*sentences, f"The answer is {plain}."] if plain and found else sentences)


def check_style(answer: str) -> None:
    """Refuse a way of writing answers that there is not.

    Raises:
        InputError: If it is neither digits nor words.
    """
    if answer not in ("digits", "words"):
        raise InputError(f"answer is {answer!r}; allowed: digits, words.")


def counts_of(setting: int | list[int], name: str, low: int, high: int) -> list[int]:
    """One count, or several to draw from, as a list.

    Raises:
        InputError: If there is none, or one out of bounds.
    """
    counts = [setting] if isinstance(setting, int) else list(setting)
    if not counts or min(counts) < low or max(counts) > high:
        raise InputError(f"{name} is {setting}; allowed: {low} to {high}, or a list of such.")
    return counts

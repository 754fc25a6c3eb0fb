"""Countdown problems from a data set: a hub id or local files, such as TinyZero's. Made-up ones are in `countdown`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.tasks.generated import split_of
from asym_lit.tasks.rows import find_source, read_rows
from asym_lit.types import InputError, Prompt, Split


@dataclass(frozen=True)
class CountdownData:
    """Countdown problems from rows with `nums` (whole numbers) and `target` (a whole number).

    Made for TinyZero's data (hub id `Jiayi-Pan/Countdown-Tasks-3to4`, or its parquet files). Repeated problems are
    taken once. Without a test set, problems are dealt out by a hash of themselves: 80 % train, 10 % val, 10 % test; with
    one, its problems are the test split and leave the others.

    Args:
        train: Hub id, or a local .parquet, .jsonl or .json file.
        test: Likewise; none for a share of `train`.
        template: The prompt, with the fields `{numbers}` (joined by commas) and `{target}`.
        max_train: Use this many training problems at most, the first ones; 0 for all.
        max_val: Likewise for validation.
        max_test: Likewise for test.
        name: Name of the task in metrics and transcripts.
    """

    train: str = "Jiayi-Pan/Countdown-Tasks-3to4"
    test: str | None = None
    template: str = "{numbers}={target}:"
    max_train: int = 0
    max_val: int = 256
    max_test: int = 512
    name: str = "countdown_data"

    def __post_init__(self) -> None:
        try:
            self.template.format(numbers="", target="")
        except (KeyError, IndexError, ValueError) as fault:
            raise InputError(
                f"The template {self.template!r} cannot be filled in ({fault!r}); allowed fields: {{numbers}} and {{target}}; "
                "write braces that stand for themselves twice."
            ) from fault

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, in the order of the data."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[Prompt]]:
        held_out = {} if self.test is None else {p.uid: p for p in self._read(self.test)}
        parts: dict[Split, dict[str, Prompt]] = {"train": {}, "val": {}, "test": held_out}
        for prompt in self._read(self.train):
            split = split_of(prompt.uid)
            if prompt.uid in held_out and self.test is not None:
                continue
            if split == "test" and self.test is not None:
                split = "train"
            parts[split].setdefault(prompt.uid, prompt)
        limits = {"train": self.max_train, "val": self.max_val, "test": self.max_test}
        return {split: list(found.values())[: limits[split] or None] for split, found in parts.items()}

    def _read(self, source: str) -> Iterator[Prompt]:
        for number, row in enumerate(read_rows(find_source(source))):
            numbers, target = row.get("nums"), row.get("target")
            if not isinstance(numbers, Sequence) or isinstance(numbers, str) or not all(_is_whole(n) for n in numbers):
                raise _malformed(source, number, "nums", numbers, "a list of whole numbers of at least 1, e.g. [3, 7, 12]")
            if len(numbers) < 2:
                raise _malformed(source, number, "nums", numbers, "at least two numbers")
            if not isinstance(target, int) or isinstance(target, bool):
                raise _malformed(source, number, "target", target, "a whole number, e.g. 45")
            plain = countdown_prompt(numbers, target, self.name)
            text = self.template.format(numbers=",".join(str(n) for n in numbers), target=target)
            yield Prompt(plain.uid, text, plain.answer, self.name)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _malformed(source: str, row: int, field: str, value: Any, allowed: str) -> InputError:
    return InputError(f"{source}, row {row} (from 0): the field {field!r} is {value!r}; allowed: {allowed}.")

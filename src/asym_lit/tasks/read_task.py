"""What tasks that are read from data sets have in common: splits of one or several sources, sizes, and what was left out.

Generated tasks with worked solutions have theirs in `worked`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

from asym_lit.tasks.rows import Source, find_source
from asym_lit.tasks.splits import Read, Splits, divide
from asym_lit.types import InputError, LeftOut, Prompt, Split


class ReadTask(ABC):
    """A task whose problems are rows of a data set. The frozen dataclasses below it hold the settings named here."""

    path: str
    train: str | None
    val: str | None
    test: str | None
    held_out: float
    train_size: int
    val_size: int
    test_size: int
    config: str | None = None
    revision: str | None
    seed: int
    name: str

    @abstractmethod
    def _read(self, source: Source) -> Read:
        """The problems of a source, and the rows that are none."""

    def _source(self, there: str) -> Source:
        """Where a split of the data is stored; tasks whose data have parts look for all of these."""
        return find_source(self.path, there, self.config, self.revision)

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, in the order of the data."""
        if getattr(self, split) is None:
            raise InputError(f"{self.name} has no {split} problems: its {split!r} is null. Name a split of {self.path} there.")
        limit: int = getattr(self, f"{split}_size")
        found = self._splits.prompts[split]
        if not found:
            raise InputError(
                f"{self.name} has no {split} problems left: give it more data than {self.path}, another held_out than "
                f"{self.held_out}, or splits that do not hold the same problems."
            )
        if not limit or limit >= len(found):
            return found
        drawn = set(sorted((problem_hash(f"{self.seed}/{p.uid}"), p.uid) for p in found)[:limit])
        return [p for p in found if (problem_hash(f"{self.seed}/{p.uid}"), p.uid) in drawn]

    def left_out(self, split: Split) -> Sequence[LeftOut]:
        """Rows that are no prompt of the split: without an answer, repeated, or standing in another split too."""
        return self._splits.left_out[split]

    @cached_property
    def _splits(self) -> Splits:
        named: dict[Split, str | None] = {"train": self.train, "val": self.val, "test": self.test}
        sources = {split: self._source(there) for split, there in named.items() if there}
        read = {source: self._read(source) for source in dict.fromkeys(sources.values())}
        return divide(sources, read, self.held_out)


def problem_uid(question: str) -> str:
    """The name of a problem: a hash of its question, blanks apart."""
    return problem_hash(" ".join(question.split()))


def problem_hash(text: str) -> str:
    """A hash of 16 hexadecimal digits, the same everywhere."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


class Found:
    """The problems of a source as they are read, each question once, and the rows that are none."""

    def __init__(self) -> None:
        self.prompts: dict[str, Prompt] = {}
        self.left: list[LeftOut] = []

    def add(self, prompt: Prompt) -> None:
        """Take a problem, or leave it out as repeated."""
        first = self.prompts.setdefault(prompt.uid, prompt)
        if first is not prompt:
            same = first.answer.get("answer") == prompt.answer.get("answer")
            reason = "repeated" if same else "repeated with another answer"
            self.left.append(LeftOut(prompt.origin, f"{reason}: first in {first.origin}", prompt.uid))

    def leave_out(self, origin: str, reason: str, question: str | None = None) -> None:
        """Note a row that is no problem."""
        self.left.append(LeftOut(origin, reason, problem_uid(question) if question else ""))

    @property
    def read(self) -> Read:
        """Both, as `splits` has them."""
        return list(self.prompts.values()), self.left

"""What a source of prompts, demonstrations or labelled answers must offer. Sources themselves are in `tasks/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from asym_lit.types.problems import LabelledAnswer, LeftOut, Prompt, Split


@runtime_checkable
class Task(Protocol):
    """A source of prompts."""

    @property
    def name(self) -> str:
        """What metrics and transcripts call it."""
        ...

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """All prompts of a split, always in the same order. The three splits share no problem."""
        ...


@runtime_checkable
class SelectiveTask(Task, Protocol):
    """A task that leaves out some of its data, and says which."""

    def left_out(self, split: Split) -> Sequence[LeftOut]:
        """What was not made into a prompt of the split, in the order of the data."""
        ...


@runtime_checkable
class DemonstratedTask(Task, Protocol):
    """A task that can also show how it is done, for supervised training."""

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th prompt of an endless training stream, with a correct response."""
        ...


@runtime_checkable
class AnswerSource(Protocol):
    """A source of labelled answers, split by question."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        """All answers of a split, always in the same order. No question is in two splits."""
        ...

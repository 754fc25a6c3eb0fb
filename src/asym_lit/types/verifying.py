"""What a verifier must offer, and may offer beside it. Verifiers themselves are in `verifiers/` and `tasks/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, runtime_checkable

from asym_lit.types.problems import Prompt
from asym_lit.types.rollouts import Rollout
from asym_lit.types.verdicts import Verdict


@runtime_checkable
class Verifier(Protocol):
    """Says whether a response answers its prompt."""

    @property
    def name(self) -> str:
        """How it signs its verdicts."""
        ...

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response. A fault of the verifier is `undecided`, never `incorrect`."""
        ...

    def self_test(self) -> None:
        """Prove that right is called right and wrong wrong; raise with the case that failed."""
        ...


@runtime_checkable
class SubmittingVerifier(Verifier, Protocol):
    """A verifier that works beside its caller, so that verdicts are made while responses are still being generated."""

    def open(self) -> None:
        """Start what it works with (processes, connections); nothing happens if it is open."""
        ...

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Take a response; `verify` is this and waiting. Thread-safe, and opens itself if need be."""
        ...

    def close(self) -> None:
        """End all of it; what is still waiting is cancelled. It may be opened again."""
        ...


@runtime_checkable
class Intervention(Verifier, Protocol):
    """A verifier that puts other verdicts in place of those of the one it wraps, group by group; what was true, it notes."""

    @property
    def verifier(self) -> Verifier:
        """The wrapped one; its verdicts are made first."""
        ...

    def revise(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts in use, for those of the innermost verifier on all rollouts of one prompt."""
        ...


@runtime_checkable
class Counting(Protocol):
    """Something that keeps counts for the log."""

    def metrics(self) -> Mapping[str, float]:
        """Counts since the start of this process, by name;"""
        ...


@runtime_checkable
class AuditingVerifier(Verifier, Protocol):
    """A verifier that can tell beforehand which gold answers it cannot read."""

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Why a gold answer cannot be read, by the `uid` of its prompt; those that can be are left out."""
        ...


@runtime_checkable
class ComparingVerifier(Verifier, Protocol):
    """A verifier that compares answers: where answers are counted, those that it finds the same are one.

    Answers of other verifiers are one if they are spelled alike but for blanks.
    """

    @property
    def one_answer(self) -> bool:
        """Whether all that it calls right is one answer, however written: the gold one (`prompt.answer["answer"]`)."""
        ...

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """Whether the second answer is the same as the first, which is taken for the gold one; None where it cannot tell."""
        ...

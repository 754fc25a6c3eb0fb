"""A verifier for each task: a run that trains on one kind of problem and is evaluated on others asks each by its own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from difflib import get_close_matches

from asym_lit.types import (
    AuditingVerifier,
    ComparingVerifier,
    Counting,
    InputError,
    Prompt,
    SubmittingVerifier,
    Verdict,
    Verifier,
)
from asym_lit.verifiers.mixed import submitted


class ByTask:
    """The verdict of the verifier that the prompt's task names.

    Args:
        verifiers: By name of a task, as its `name` says: `{synlogic: SynLogicRules, bbh: BBHRule}`.
    """

    name = "by_task"

    def __init__(self, verifiers: dict[str, Verifier]) -> None:
        if not verifiers:
            raise InputError("ByTask without verifiers decides nothing; write verifiers: {synlogic: SynLogicRules}.")
        self.verifiers = dict(verifiers)

    def of(self, prompt: Prompt) -> Verifier:
        """The verifier of a prompt.

        Raises:
            InputError: With the nearest name, if its task has none.
        """
        if prompt.task not in self.verifiers:
            near = get_close_matches(prompt.task, self.verifiers, n=1, cutoff=0.5)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"ByTask has no verifier for the task {prompt.task!r}; it has: {', '.join(self.verifiers)}.{meant} "
                "Name the task so, or add its verifier."
            )
        return self.verifiers[prompt.task]

    def open(self) -> None:
        """Open those that need it."""
        for part in self.verifiers.values():
            if isinstance(part, SubmittingVerifier):
                part.open()

    def close(self) -> None:
        """Close them."""
        for part in self.verifiers.values():
            if isinstance(part, SubmittingVerifier):
                part.close()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        return self.of(prompt).verify(prompt, response)

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """The verdict on one response, later."""
        return submitted(self.of(prompt), prompt, response)

    @property
    def one_answer(self) -> bool:
        """True if all of them compare with the gold answer."""
        return all(isinstance(part, ComparingVerifier) and part.one_answer for part in self.verifiers.values())

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """What the prompt's verifier says, if it compares."""
        part = self.of(prompt)
        return part.same_answer(prompt, one, other) if isinstance(part, ComparingVerifier) else None

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """What each finds of its own prompts."""
        found: dict[str, str] = {}
        for task in dict.fromkeys(prompt.task for prompt in prompts):
            mine = [prompt for prompt in prompts if prompt.task == task]
            part = self.of(mine[0])
            if isinstance(part, AuditingVerifier):
                found |= part.unreadable(mine)
        return found

    def self_test(self) -> None:
        """Those of all of them."""
        for part in self.verifiers.values():
            part.self_test()

    def metrics(self) -> Mapping[str, float]:
        """What they count."""
        counting = [part.metrics() for part in self.verifiers.values() if isinstance(part, Counting)]
        return {name: value for part in counting for name, value in part.items()}

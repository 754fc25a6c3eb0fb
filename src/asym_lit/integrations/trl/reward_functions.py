"""A verifier as one of TRL's reward functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from asym_lit.integrations.rows import prompt_of, response_of
from asym_lit.types import InputError, Intervention, Outcome, SubmittingVerifier, Verdict, Verifier, check_members

NOT_COLUMNS = ("trainer_state", "log_extra", "log_metric", "environments")
"""What TRL passes beside the columns of its data."""


class VerifierFunction:
    """What TRL calls; see `as_reward_function`."""

    def __init__(self, verifier: Verifier, correct: float, incorrect: float, gold: str | None) -> None:
        check_members("verifier", verifier, Verifier)
        if isinstance(verifier, Intervention):
            raise InputError(
                f"{verifier.name} changes the verdicts of whole groups, which TRL does not hand to a reward function. "
                "Allowed: verifiers that look at one response, such as Maths()."
            )
        self.verifier, self.correct, self.incorrect, self.gold = verifier, correct, incorrect, gold
        self.__name__ = verifier.name
        """What TRL calls it in metrics, in the table of completions, and where `truth` names it."""
        self.outcomes: list[Outcome] = []
        """Of the last call, row by row: what is correct, whatever rewards are."""
        if isinstance(verifier, SubmittingVerifier):
            verifier.open()
        verifier.self_test()

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Any = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """A reward for each completion; None, which TRL leaves out of everything, where the verdict is undecided."""
        rows = {name: values for name, values in columns.items() if name not in NOT_COLUMNS}
        pending = []
        for i, (asked, said) in enumerate(zip(prompts, completions, strict=True)):
            prompt = prompt_of(asked, {name: values[i] for name, values in rows.items()}, "trl", self.gold)
            pending.append(self._submitted(prompt, response_of(said)))
        verdicts = [verdict if isinstance(verdict, Verdict) else verdict.result() for verdict in pending]
        self.outcomes = [verdict.outcome for verdict in verdicts]
        if log_extra is not None:
            log_extra(f"{self.__name__}_reason", [verdict.reason for verdict in verdicts])
        if log_metric is not None and verdicts:
            log_metric(f"{self.__name__}/undecided", self.outcomes.count(Outcome.UNDECIDED) / len(verdicts))
        return [self._reward(verdict) for verdict in verdicts]

    def _submitted(self, prompt: Any, response: str) -> Verdict | Future[Verdict]:
        if isinstance(self.verifier, SubmittingVerifier):
            return self.verifier.submit(prompt, response)
        return self.verifier.verify(prompt, response)

    def _reward(self, verdict: Verdict) -> float | None:
        if verdict.outcome == Outcome.UNDECIDED:
            return None
        share = verdict.score
        if share is None:
            share = float(verdict.outcome == Outcome.CORRECT)
        return self.incorrect + share * (self.correct - self.incorrect)

    def close(self) -> None:
        """End what the verifier started: processes, connections."""
        if isinstance(self.verifier, SubmittingVerifier):
            self.verifier.close()


def as_reward_function(
    verifier: Verifier, correct: float = 1.0, incorrect: float = 0.0, gold: str | None = None
) -> VerifierFunction:
    """A verifier for TRL's `reward_funcs`: `GRPOTrainer(reward_funcs=as_reward_function(Maths()), ...)`.

    All columns of the data are there for the verifier, the gold answer as `answer`. Why each verdict fell stands in TRL's table
    of completions (`<name>_reason`), the share of undecided ones among its metrics. A fault of the verifier is raised.

    Args:
        verifier: Proves itself on known cases now.
        correct: Reward of a right completion.
        incorrect: Reward of a wrong one.
        gold: Column with the gold answer; None for the first there is of answer, solution, ground_truth, gold.

    Raises:
        InputError: If it needs whole groups.
    """
    return VerifierFunction(verifier, correct, incorrect, gold)

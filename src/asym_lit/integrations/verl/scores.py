"""A verifier as verl's `compute_score`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asym_lit.integrations.rows import prompt_of
from asym_lit.types import InputError, Intervention, Outcome, SubmittingVerifier, Verifier, VerifierError, check_members


def as_compute_score(
    verifier: Verifier, correct: float = 1.0, incorrect: float = 0.0, undecided: float | None = None
) -> Callable[..., dict[str, Any]]:
    """A verifier for verl's `custom_reward_function`: in a file, `compute_score = as_compute_score(Maths())`.

    What it gives has the same keys for every response: `score`; `acc`, 1 if correct; `pred`, the answer found; `reason`.

    Args:
        verifier: Proves itself on known cases now.
        correct: Score of a right response.
        incorrect: Score of a wrong one.
        undecided: Score where the verdict is undecided, for verl leaves no response out; None raises `VerifierError` instead,
            since a fault of the verifier is no wrong answer.

    Raises:
        InputError: If it needs whole groups.
    """
    check_members("verifier", verifier, Verifier)
    if isinstance(verifier, Intervention):
        raise InputError(
            f"{verifier.name} changes the verdicts of whole groups, which verl does not hand to compute_score. "
            "Allowed: verifiers that look at one response, such as Maths()."
        )
    if isinstance(verifier, SubmittingVerifier):
        verifier.open()
    verifier.self_test()

    def compute_score(
        data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        row = {**(extra_info or {}), "ground_truth": ground_truth}
        asked = row.get("prompt", row.get("question", ""))
        verdict = verifier.verify(prompt_of(asked, row, str(data_source), "ground_truth"), solution_str)
        if verdict.outcome == Outcome.UNDECIDED:
            if undecided is None:
                raise VerifierError(
                    f"{verdict.by} is undecided on the response {solution_str[:100]!r} of {data_source}: {verdict.reason}. "
                    "verl leaves no response out; write as_compute_score(..., undecided=0.0) for a score of your choice."
                )
            score = undecided
        else:
            share = float(verdict.outcome == Outcome.CORRECT) if verdict.score is None else verdict.score
            score = incorrect + share * (correct - incorrect)
        right = float(verdict.outcome == Outcome.CORRECT)
        return {"score": score, "acc": right, "pred": verdict.extracted or "", "reason": verdict.reason}

    return compute_score

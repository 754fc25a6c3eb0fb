"""Verdicts with given rates of error, and two corrections of rewards for known rates.

With truth y, false positives at rate `rho0` and false negatives at rate `rho1`, an observed reward r has
`E[r | y=0] = rho0` and `E[r | y=1] = 1 - rho1`.
"""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.types import InputError, Outcome, Rollout, Verdict, Verifier
from asym_lit.verifiers.interventions import Revision, uniforms


class LabelNoise(Revision):
    """Turns verdicts around at given rates, independently; undecided ones stay so.

    Args:
        verifier: Says what is true.
        false_positive_rate: Share of wrong responses called right.
        false_negative_rate: Share of right responses called wrong; 38.5 % of the rejects of a rule-based verifier were right
            in TinyV's study (arXiv 2505.14625).
        seed: Of the draws.
    """

    name = "label_noise"

    def __init__(
        self, verifier: Verifier, false_positive_rate: float = 0.0, false_negative_rate: float = 0.0, seed: int = 0
    ) -> None:
        super().__init__(verifier)
        for name, rate in (("false_positive_rate", false_positive_rate), ("false_negative_rate", false_negative_rate)):
            if not 0 <= rate <= 1:
                raise InputError(f"{name} is {rate}; allowed: 0 to 1.")
        self.false_positive_rate, self.false_negative_rate, self.seed = false_positive_rate, false_negative_rate, seed

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """A draw for each."""
        return [self._noisy(old, u) for old, u in zip(verdicts, uniforms(self.seed, self.name, group), strict=True)]

    def _noisy(self, old: Verdict, drawn: float) -> Verdict:
        if old.outcome == Outcome.UNDECIDED:
            return old
        right = old.outcome == Outcome.CORRECT
        flipped = drawn < (self.false_negative_rate if right else self.false_positive_rate)
        return self._said(right != flipped, "turned around by noise" if flipped else "left as it was", old)


class BackwardCorrection(Revision):
    """The unbiased reward `(r - rho0) / (1 - rho0 - rho1)` of a verifier with known rates of error (arXiv 2510.00915).

    Its expectation is 1 on right responses and 0 on wrong ones. It is an affine function of r: estimators that divide by the
    spread of a group cancel it, and those that centre feel its scale only.

    Args:
        verifier: Errs at these rates.
        false_positive_rate: `rho0`.
        false_negative_rate: `rho1`; both together below 1.
    """

    name = "backward_correction"

    def __init__(self, verifier: Verifier, false_positive_rate: float, false_negative_rate: float) -> None:
        super().__init__(verifier)
        if min(false_positive_rate, false_negative_rate) < 0 or false_positive_rate + false_negative_rate >= 1:
            raise InputError(
                f"The rates are {false_positive_rate} and {false_negative_rate}; allowed: 0 or more, together below 1: "
                "a verifier with more errors than that says nothing, or the opposite."
            )
        self.false_positive_rate, self.false_negative_rate = false_positive_rate, false_negative_rate

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The same outcomes, at other rewards."""
        gain = 1 - self.false_positive_rate - self.false_negative_rate
        scores = {Outcome.CORRECT: (1 - self.false_positive_rate) / gain, Outcome.INCORRECT: -self.false_positive_rate / gain}
        return [_scored(self, old, scores) for old in verdicts]


class ForwardCorrection(Revision):
    """Rewards `rho1` for accepted and `rho1 - 1` for rejected responses (arXiv 2510.00915): only false negatives are needed.

    The expectation is 0 on right responses and `-(1 - rho0 - rho1)` on wrong ones, so without a baseline the direction is that
    of clean rewards. With one it is the plain reward less a constant, and changes nothing.

    Args:
        verifier: Errs at this rate.
        false_negative_rate: `rho1`, below 1.
    """

    name = "forward_correction"

    def __init__(self, verifier: Verifier, false_negative_rate: float) -> None:
        super().__init__(verifier)
        if not 0 <= false_negative_rate < 1:
            raise InputError(f"false_negative_rate is {false_negative_rate}; allowed: 0 to below 1.")
        self.false_negative_rate = false_negative_rate

    def replaced(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The same outcomes, at other rewards."""
        scores = {Outcome.CORRECT: self.false_negative_rate, Outcome.INCORRECT: self.false_negative_rate - 1}
        return [_scored(self, old, scores) for old in verdicts]


def _scored(self: Revision, old: Verdict, scores: dict[Outcome, float]) -> Verdict:
    if old.outcome == Outcome.UNDECIDED:
        return old
    return self._said(old.outcome == Outcome.CORRECT, old.reason, old, scores[old.outcome])

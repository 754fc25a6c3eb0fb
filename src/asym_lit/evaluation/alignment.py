"""Model-task alignment (arXiv 2508.21188): what an untrained policy can do on a task, and what that lets one expect.

How it is told is in `reports/`, who samples in `commands/probe`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from asym_lit.evaluation.intervals import Estimate, bootstrap_mean
from asym_lit.evaluation.pass_at_k import PassAtKCurve, pass_at_k, pass_at_k_curve, powers_of_two
from asym_lit.types import InputError

BINS = ("never", "up to 10 %", "10-30 %", "30-50 %", "50-70 %", "70-90 %", "above 90 %", "always")
_EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)


class Label(StrEnum):
    """How well a policy and a task go together."""

    STRONG = "strong"
    MIDDLE = "middle"
    WEAK = "weak"


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Thresholds:
    """Where strong and weak begin. They are ours: the paper tells them apart by the look of the pass@k curve.

    Args:
        k: Budget of the pass@k that decides.
        strong: At least this much is strong.
        weak: At most this much is weak.
        contaminated: Exact continuations beyond chance, as a share of truncated prompts, from which on contamination is
            suspected.
    """

    k: int = 16
    strong: float = 0.8
    weak: float = 0.4
    contaminated: float = 0.1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"thresholds.k is {self.k}; allowed: 1 or more.")
        if not 0 <= self.weak < self.strong <= 1:
            raise InputError(
                f"thresholds.weak is {self.weak} and thresholds.strong {self.strong}; allowed: 0 <= weak < strong <= 1."
            )

    def label(self, value: float) -> Label:
        """Of a pass@k."""
        return Label.STRONG if value >= self.strong else Label.WEAK if value <= self.weak else Label.MIDDLE


@dataclass(frozen=True)
class Continuation:
    """How well a policy continues prompts that were cut off."""

    share: float
    """Of the prompt that was kept."""
    exact: Estimate
    """Continuations equal to what was cut off."""
    rouge: Estimate
    """ROUGE-L between the two, on tokens: F1 of their longest common subsequence."""
    exact_chance: float
    """The same with what was cut off another prompt: what a template alone gives."""
    rouge_chance: float


@dataclass(frozen=True)
class Alignment:
    """What was measured of one task."""

    task: str
    curve: PassAtKCurve
    at_k: Estimate
    """pass@k at the k that decides."""
    label: Label
    sure: bool
    """The whole interval of it has the same label."""
    never: Estimate
    """Share of problems without a right response."""
    histogram: list[int]
    """Problems by share of right responses, in `BINS`."""
    continuations: list[Continuation]
    contaminated: bool | None
    """Suspected; None if it was not tested."""

    @property
    def colour(self) -> str:
        """The paper's: red is strong and suspected to be contaminated, green strong and not, gray weak."""
        return {Label.WEAK: "gray", Label.MIDDLE: "between"}.get(self.label, "red" if self.contaminated else "green")


def measure_alignment(
    task: str,
    samples: Sequence[int],
    correct: Sequence[int],
    thresholds: Thresholds = Thresholds(),
    continuations: Sequence[Continuation] = (),
) -> Alignment:
    """Judges a task from what the untrained policy answered.

    Args:
        task: Its name.
        samples: Responses per problem; each at least `thresholds.k`.
        correct: Right ones among them.
        thresholds: Of the label.
        continuations: Of truncated prompts, if that was tested.

    Raises:
        InputError: If there are too few responses for the k that decides.
    """
    n, c = np.asarray(samples), np.asarray(correct)
    at_k = bootstrap_mean(pass_at_k(n, c, thresholds.k))
    label = thresholds.label(at_k.mean)
    bounds = [thresholds.label(value) for value in (at_k.low, at_k.high)]
    found = np.digitize(c / n, _EDGES, right=True)
    found[c == n] = len(BINS) - 1
    excess = [one.exact.mean - one.exact_chance for one in continuations]
    return Alignment(
        task,
        pass_at_k_curve(n.tolist(), c.tolist(), powers_of_two(int(n.min()))),
        at_k,
        label,
        all(bound == label for bound in bounds),
        bootstrap_mean((c == 0).astype(float)),
        np.bincount(found, minlength=len(BINS)).tolist(),
        list(continuations),
        max(excess) >= thresholds.contaminated if excess else None,
    )


def measure_continuations(share: float, said: Sequence[Sequence[int]], cut: Sequence[Sequence[int]]) -> Continuation:
    """Compares continuations of truncated prompts with what was cut off.

    Args:
        share: Of the prompts that was kept.
        said: Token ids of the continuations; only as many as were cut off count.
        cut: Token ids that were cut off, in the same order.
    """
    short = [list(mine)[: len(theirs)] for mine, theirs in zip(said, cut, strict=True)]
    others = [*cut[1:], *cut[:1]]
    pairs = list(zip(short, cut, strict=True))
    shifted = list(zip(short, others, strict=True))
    return Continuation(
        share,
        bootstrap_mean([float(mine == list(theirs)) for mine, theirs in pairs]),
        bootstrap_mean([rouge_l(mine, theirs) for mine, theirs in pairs]),
        float(np.mean([mine == list(theirs) for mine, theirs in shifted])),
        float(np.mean([rouge_l(mine, theirs) for mine, theirs in shifted])),
    )


def rouge_l(mine: Sequence[int], theirs: Sequence[int]) -> float:
    """ROUGE-L: F1 of the longest common subsequence of two lists of tokens."""
    if not mine or not theirs:
        return 0.0
    row = [0] * (len(theirs) + 1)
    for a in mine:
        before = 0
        for j, b in enumerate(theirs):
            before, row[j + 1] = row[j + 1], before + 1 if a == b else max(row[j + 1], row[j])
    return 2 * row[-1] / (len(mine) + len(theirs))

"""One arm of a comparison over its seeds: curves, differences, problems, dynamics, cost. Between arms: `run_comparison`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asym_lit.evaluation.estimators import pass_hat_k
from asym_lit.evaluation.paired import Difference, paired_difference
from asym_lit.evaluation.pass_at_k import PassAtKCurve, pass_at_k
from asym_lit.evaluation.power import least_difference
from asym_lit.evaluation.problem_changes import Changes, Fate, by_step, changes
from asym_lit.evaluation.runs import Run, counts

DYNAMICS = {
    "policy/entropy": "entropy, nats",
    "candidates/rank_1": "log-prob of rank 1",
    "candidates/rank_2": "log-prob of rank 2",
    "candidates/rank_3": "log-prob of rank 3",
    "reward/mean": "training reward",
    "rollout/length": "response length, tokens",
}
"""Metrics of training that every comparison shows, and what they are called there."""
WINDOW = 5
"""Steps at either end of a run over which a metric is averaged for tables."""
SMOOTHED = 5
"""Steps on either side over which a metric is averaged for pictures."""


@dataclass(frozen=True)
class Gap:
    """One paired difference, with its p corrected for all that are read together."""

    k: int
    found: Difference
    p_adjusted: float

    @property
    def least(self) -> float:
        """The least true difference that such a study shows in 80 %, uncorrected; NaN where it cannot say."""
        return least_difference(self.found)

    def significant(self, level: float = 0.05) -> bool:
        """After correction."""
        return bool(self.p_adjusted < level)


@dataclass(frozen=True)
class ArmResult:
    """One arm, over its seeds."""

    name: str
    runs: Sequence[Run]
    before: PassAtKCurve
    after: PassAtKCurve
    to_base: list[Gap]
    """After training, less before."""
    to_baseline: list[Gap]
    """Less the baseline arm, after training; empty for the baseline."""
    changes: list[Changes]
    """By run."""
    over_time: Mapping[int, list[float]]
    """pass@k of the ks by evaluation step, mean over seeds."""
    dynamics: Mapping[str, tuple[list[float], list[float]]]
    """Steps and means over seeds of each metric."""
    ends: Mapping[str, tuple[list[float], list[float]]]
    """Means of each metric over the first and the last steps, by seed."""
    cost: Mapping[str, float]
    """Per run: seconds, seconds of its median step, tokens, tokens per second."""
    all_right: tuple[float, float]
    """pass^k at the largest k of the grid that is at most 8, before and after."""

    @property
    def fates(self) -> Changes:
        """What became of the problems, added up over the runs; what luck keeps of rare answers is their mean."""
        return Changes(
            {one: sum(each.counts[one] for each in self.changes) for one in Fate},
            sum(each.by_luck for each in self.changes),
            sum(each.rare for each in self.changes),
            sum(each.rare_kept for each in self.changes),
            float(np.mean([each.rare_kept_by_luck for each in self.changes])),
        )

    def first_and_last(self, metric: str) -> tuple[float, float]:
        """A metric over the first and the last steps, mean over seeds."""
        first, last = self.ends[metric]
        return float(np.mean(first)), float(np.mean(last))

    def smoothed(self, metric: str) -> tuple[list[float], list[float]]:
        """Steps and means over seeds of a metric, each value averaged with its neighbours."""
        steps, values = self.dynamics[metric]
        near = [values[max(0, i - SMOOTHED) : i + SMOOTHED + 1] for i in range(len(values))]
        return steps, [float(np.mean(part)) for part in near]

    def verdict(self) -> str:
        """In a word: did it widen, or only sharpen?"""
        known = [gap for gap in self.to_base if not gap.found.few_seeds]
        if not known:
            return "too few seeds: cannot say"
        small, large = known[0], known[-1]  # near the ceiling the largest budgets say nothing
        if small.k == large.k:  # one k says nothing of the other end
            moved = "better" if small.found.mean > 0 else "poorer"
            return f"{moved} at pass@{small.k}" if small.significant() else "no change shown"
        up, down = small.significant() and small.found.mean > 0, large.significant() and large.found.mean < 0
        if large.significant() and large.found.mean > 0:
            return "widened" if not small.significant() or up else "widened, first answers poorer"
        if down:
            return "sharpened at the cost of breadth" if up else "narrowed"
        if up:
            return "sharpened"
        return "first answers poorer" if small.significant() else "no change shown"


def arm_result(
    name: str,
    runs: Sequence[Run],
    evaluation: str,
    problems: Sequence[str],
    ks: Sequence[int],
    values: tuple[list[np.ndarray], list[np.ndarray]],
    to_base: list[Gap],
    to_baseline: list[Gap],
    metrics: Sequence[str] = tuple(DYNAMICS),
) -> ArmResult:
    """One arm, from its runs and what has been computed of all arms.

    Args:
        name: Of the arm.
        runs: Its runs, one a seed.
        evaluation: Name of the evaluation set.
        problems: Those that all runs have.
        ks: Budgets.
        values: pass@k before and after by k, each of shape [seeds, problems].
        to_base: Differences to the base.
        to_baseline: Differences to the baseline arm.
        metrics: Of training, to be followed.
    """
    steps = [by_step(run.ledger, evaluation) for run in runs]
    fates = [changes(found[min(found)].values(), found[max(found)].values()) for found in steps]
    shared = sorted(set.intersection(*(set(found) for found in steps)))
    over_time = {}
    for step in shared:
        pairs = [
            counts(run, evaluation, step, problems)
            for run in runs
            if set(problems) <= set(by_step(run.ledger, evaluation)[step])
        ]
        over_time[step] = [float(np.mean([_share(n, c, k) for n, c in pairs])) for k in ks]
    largest = max(k for k in ks if k <= max(8, ks[0]))
    ends = [
        [counts(run, evaluation, pick(found), problems) for run, found in zip(runs, steps, strict=True)] for pick in (min, max)
    ]
    least = min(int(n.min()) for pairs in ends for n, _ in pairs)
    first, last = (float(np.mean([pass_hat_k(n, c, largest).mean() for n, c in pairs])) for pairs in ends)
    return ArmResult(
        name,
        runs,
        _curve([each.mean(0, keepdims=True) for each in values[0]], ks, least),  # of one policy, drawn once a seed
        _curve(values[1], ks, least),
        to_base,
        to_baseline,
        fates,
        over_time,
        {metric: found for metric in metrics if (found := _mean_series(runs, metric))[0]},
        {metric: found for metric in metrics if (found := _ends(runs, metric))[0]},
        _cost(runs),
        (first, last),
    )


def _share(n: np.ndarray, c: np.ndarray, k: int) -> float:
    """pass@k, or NaN where too few responses to a problem were decided: an evaluation half way bounds no k of the report."""
    return float(pass_at_k(n, c, k).mean()) if n.min() >= k else float("nan")


def _curve(values: Sequence[np.ndarray], ks: Sequence[int], samples: int) -> PassAtKCurve:
    """Means and intervals over problems and seeds: a difference from nothing."""
    found = [paired_difference(each, np.zeros_like(each[:1])) for each in values]
    low, high = np.clip([[d.low for d in found], [d.high for d in found]], 0.0, 1.0).tolist()
    return PassAtKCurve(values[0].shape[1], samples, list(ks), [d.mean for d in found], low, high)


def _mean_series(runs: Sequence[Run], metric: str) -> tuple[list[float], list[float]]:
    """Mean over the runs that reached a step, at up to 200 steps."""
    table: dict[float, list[float]] = {}
    for run in runs:
        for step, value in zip(*run.series(metric), strict=True):
            table.setdefault(step, []).append(value)
    steps = sorted(table)
    width = max(1, -(-len(steps) // 200))
    bins = [steps[i : i + width] for i in range(0, len(steps), width)]
    return [float(np.mean(b)) for b in bins], [float(np.mean([v for step in b for v in table[step]])) for b in bins]


def _ends(runs: Sequence[Run], metric: str) -> tuple[list[float], list[float]]:
    values = [found for run in runs if (found := run.series(metric)[1])]
    return [float(np.mean(v[:WINDOW])) for v in values], [float(np.mean(v[-WINDOW:])) for v in values]


def _cost(runs: Sequence[Run]) -> dict[str, float]:
    seconds = [sum(run.series("time/step")[1]) for run in runs]
    tokens = [sum(run.series("tokens/generated")[1]) for run in runs]
    # A median: a machine that stood still for one step of half an hour made a mean of 24 s out of 2.
    steps = [float(np.median(found)) if (found := run.series("time/step")[1]) else 0.0 for run in runs]
    return {
        "seconds": float(np.mean(seconds)),
        "seconds_per_step": float(np.mean(steps)),
        "tokens": float(np.mean(tokens)),
        "tokens_per_second": float(np.mean([t / s if s else 0.0 for t, s in zip(tokens, seconds, strict=True)])),
    }

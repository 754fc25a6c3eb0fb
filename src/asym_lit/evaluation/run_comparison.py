"""What arms of a study differ in, as plain numbers. Pages and sentences are in `reports/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from asym_lit.evaluation.arm_results import DYNAMICS, ArmResult, Gap, arm_result
from asym_lit.evaluation.bands import EveryK
from asym_lit.evaluation.paired import Correction, Difference, adjusted, few_seeds_notes, paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k, powers_of_two
from asym_lit.evaluation.problem_changes import by_step
from asym_lit.evaluation.runs import Run, common_problems, counts
from asym_lit.evaluation.simultaneous import over_every_k, pass_at_every_k
from asym_lit.types import InputError


@dataclass(frozen=True)
class RunComparison:
    """All arms on one evaluation set."""

    title: str
    evaluation: str
    problems: int
    samples: int
    """Fewest responses to any problem."""
    ks: list[int]
    baseline: str
    correction: Correction
    arms: list[ArmResult]
    metrics: Mapping[str, str]
    """Metrics of training, and what they are called."""
    every_k: list[EveryK]
    """Every arm against its base policy, then the others against the baseline arm, over all budgets at once."""
    notes: list[str] = field(default_factory=list)


def compare_runs(
    runs: Sequence[Run],
    evaluation: str,
    title: str = "Comparison",
    baseline: str = "",
    ks: Sequence[int] = (),
    correction: Correction = "fdr",
    notes: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> RunComparison:
    """Compares arms before and after training.

    Args:
        runs: All of them, of all arms; checked to be comparable.
        evaluation: Name of the evaluation set.
        title: Of the report.
        baseline: The arm that others are held against; empty for the first.
        ks: Budgets; empty for powers of two up to the number of responses.
        correction: Of the p-values: over all k and arms against the base, and over all k and arms against the baseline.
        notes: What a reader must know.
        metrics: Of training, to show beside the usual ones.

    Raises:
        InputError: If there is no such arm, or a k is below 1 or larger than the number of responses.
    """
    by_arm: dict[str, list[Run]] = {}
    for run in runs:
        by_arm.setdefault(run.arm, []).append(run)
    baseline = baseline or next(iter(by_arm))
    if baseline not in by_arm:
        raise InputError(f"baseline is {baseline!r}; allowed: one of the arms {', '.join(by_arm)}.")
    problems = common_problems(runs, evaluation)
    if not problems:
        raise InputError(f"{evaluation}: the runs share no problem, so nothing can be compared.")
    _check_metrics(runs, metrics)
    values = {name: [_first_and_last(run, evaluation, problems) for run in found] for name, found in by_arm.items()}
    least = min(int(n.min()) for pairs in values.values() for pair in pairs for n, _ in pair)
    grid = sorted(set(ks)) or powers_of_two(least)
    outside = [k for k in grid if not 1 <= k <= least]
    if outside:
        raise InputError(f"ks holds {outside[0]}; allowed: 1 to {least}, the fewest responses to a problem in these runs.")
    parts = {name: _arm_values(found, grid) for name, found in values.items()}
    base_gaps = {
        name: [paired_difference(after, before, second_untrained=True) for before, after in zip(*parts[name], strict=True)]
        for name in by_arm
    }
    other = [name for name in by_arm if name != baseline]
    arm_gaps = {n: [paired_difference(a, b) for a, b in zip(parts[n][1], parts[baseline][1], strict=True)] for n in other}
    base, between = _corrected(base_gaps, grid, correction), _corrected(arm_gaps, grid, correction)
    shown = DYNAMICS | {name: name for name in metrics if name not in DYNAMICS}
    arms = [
        arm_result(name, found, evaluation, problems, grid, parts[name], base[name], between.get(name, []), list(shown))
        for name, found in by_arm.items()
    ]
    known = [*notes, *few_seeds_notes({name: len(found) for name, found in by_arm.items()})]
    whole = _over_every_k(values, baseline, least)
    return RunComparison(title, evaluation, len(problems), least, grid, baseline, correction, arms, shown, whole, known)


def _check_metrics(runs: Sequence[Run], metrics: Sequence[str]) -> None:
    known = sorted({name for run in runs for row in run.metrics for name in row})
    unknown = [name for name in metrics if name not in known]
    if unknown:
        raise InputError(f"metrics names {unknown[0]!r}, which no run has logged; allowed: {', '.join(known)}.")


def _first_and_last(run: Run, evaluation: str, problems: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    steps = by_step(run.ledger, evaluation)
    return [counts(run, evaluation, step, problems) for step in (min(steps), max(steps))]


def _arm_values(
    values: Sequence[list[tuple[np.ndarray, np.ndarray]]], ks: Sequence[int]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """pass@k before and after by k, each of shape [seeds, problems]."""
    before, after = ([np.stack([pass_at_k(*pair[i], k) for pair in values]) for k in ks] for i in (0, 1))
    return before, after


def _over_every_k(
    values: Mapping[str, Sequence[list[tuple[np.ndarray, np.ndarray]]]], baseline: str, least: int
) -> list[EveryK]:
    before, after = (
        {name: [pass_at_every_k(*pair[i], least) for pair in pairs] for name, pairs in values.items()} for i in (0, 1)
    )
    to_base = [over_every_k(name, "the base policy", after[name], before[name]) for name in values]
    return to_base + [over_every_k(name, baseline, after[name], after[baseline]) for name in values if name != baseline]


def _corrected(found: Mapping[str, list[Difference]], ks: Sequence[int], correction: Correction) -> dict[str, list[Gap]]:
    flat = adjusted([difference.p for gaps in found.values() for difference in gaps], correction)
    p_values = iter(flat)
    return {
        name: [Gap(k, _possible(gap), next(p_values)) for k, gap in zip(ks, gaps, strict=True)] for name, gaps in found.items()
    }


def _possible(gap: Difference) -> Difference:
    """With an interval of changes that a share can make: Student's may pass -1 where few seeds differ much."""
    low, high = np.clip([gap.low, gap.high], -1.0, 1.0).tolist()
    return replace(gap, low=low, high=high)

"""What counts say beside pass@k: pass^k, Cover@tau with bounds, and ranks of many arms. pass@k over every k: `counted`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from asym_lit.evaluation.arm_results import Gap
from asym_lit.evaluation.counted import CountComparison
from asym_lit.evaluation.estimators import pass_hat_k
from asym_lit.evaluation.gaps import gaps_at
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.rankings import Rank, ranks
from asym_lit.evaluation.reliability import Cover, cover_at

TAUS = (0.1, 0.5, 0.9)
MOST_TRIALS = 8
"""The largest k of pass^k: beyond it all but the surest problems are at 0."""


@dataclass(frozen=True)
class ArmMeasures:
    """Of one arm, on the problems that all arms share."""

    arm: str
    all_right: Mapping[int, float]
    """pass^k by k, mean over problems and seeds."""
    all_right_gaps: list[Gap]
    """Less that of the baseline, paired by problem; empty for the baseline."""
    all_right_by_source: Mapping[str, list[float]]
    covers: Mapping[float, Cover]
    """Cover@tau by tau."""

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return {
            "pass_hat_k": dict(self.all_right),
            "pass_hat_k_to_baseline": [{"k": g.k, **asdict(g.found), "p_adjusted": g.p_adjusted} for g in self.all_right_gaps],
            "pass_hat_k_by_source": dict(self.all_right_by_source),
            "cover": [{"tau": tau, **asdict(cover)} for tau, cover in self.covers.items()],
        }


@dataclass(frozen=True)
class CountMeasures:
    """Of all arms of a comparison of counts."""

    trials: list[int]
    """Budgets of pass^k."""
    taus: list[float]
    """Of Cover@tau: those that the fewest responses can tell from 0 and from 1."""
    arms: list[ArmMeasures]
    ranks: Mapping[int, list[Rank]]
    """By k, at the smallest and the largest budget; empty with fewer than three arms, where a difference says it all."""


def measures_of(found: CountComparison) -> CountMeasures:
    """pass^k at the budgets up to 8, Cover@tau where responses suffice, ranks of three or more arms.

    Cover@tau of an arm with several seeds is the mean over its seeds: every problem of every seed is a policy's problem of its
    own, with a chance of its own. tau is left out where fewer than one response in n is expected to be right, or wrong, at it.

    Args:
        found: The comparison, whose arms hold their counts.
    """
    counts = {
        one.arm.name: [np.array([seed[p] for p in found.problems]) for seed in one.arm.by_seed.values()] for one in found.arms
    }
    of_source = {name: np.array([found.source_of[p] == name for p in found.problems]) for name in found.sources}
    trials = [k for k in found.ks if k <= MOST_TRIALS] or found.ks[:1]
    taus = [tau for tau in TAUS if found.samples * min(tau, 1 - tau) >= 1 - 1e-9]
    values = {
        name: [np.stack([pass_hat_k(one[:, 0], one[:, 1], k) for k in trials], axis=1) for one in seeds]
        for name, seeds in counts.items()
    }
    others = {name: seeds for name, seeds in values.items() if name != found.baseline}
    gaps = gaps_at(others, values[found.baseline], trials, found.correction)
    arms = [
        ArmMeasures(
            name,
            dict(zip(trials, np.mean(values[name], axis=(0, 1)).tolist(), strict=True)),
            gaps.get(name, []),
            {source: np.mean(values[name], axis=0)[mine].mean(0).tolist() for source, mine in of_source.items()},
            {tau: _cover(np.concatenate(counts[name]), tau) for tau in taus},
        )
        for name in counts
    ]
    return CountMeasures(trials, taus, arms, _ranks(counts, found.ks))


def _cover(counts: np.ndarray, tau: float) -> Cover:
    return cover_at(counts[:, 0], counts[:, 1], tau)


def _ranks(counts: Mapping[str, Sequence[np.ndarray]], ks: Sequence[int]) -> dict[int, list[Rank]]:
    if len(counts) < 3:
        return {}
    ends = dict.fromkeys((ks[0], ks[-1]))
    return {
        k: ranks({name: [pass_at_k(one[:, 0], one[:, 1], k) for one in seeds] for name, seeds in counts.items()}) for k in ends
    }

"""The ledger of a training run from its accuracies: which problems were learned, which lost, which only swing.

A history is what training saw of each problem, visit after visit: n responses, c of them right. Chance alone moves c from
visit to visit; what it would do stands beside everything here. Files are read in `tasks/history.py`; the ledger of
evaluations is in `ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from scipy.stats import poisson

from asym_lit.evaluation.paired import adjusted
from asym_lit.evaluation.visits import spread_p_value, std_beyond_luck, trends
from asym_lit.types import InputError

END = 0.25
"""Share of the visits that make the beginning of a history, and its end."""


class Course(StrEnum):
    """What became of a problem over its visits."""

    LEARNED = "learned"
    """Its share of right responses rises, surely."""
    LOST = "lost"
    """It falls, surely."""
    SWINGS = "swings"
    """Neither, yet it varies more over visits than responses of one chance would."""
    STEADY = "steady"
    """All the rest: responses of one chance would look so."""


@dataclass(frozen=True, slots=True)
class ProblemCourse:
    """One problem's visits, and what they say."""

    uid: str
    samples: tuple[int, ...]
    correct: tuple[int, ...]
    course: Course
    trend: float
    """Mann and Kendall's z: above 0 where it rises."""
    trend_p: float
    """Corrected over all problems."""
    spread_p: float
    """That visits vary so much by luck, corrected likewise."""
    std_beyond_luck: float
    """Standard deviation of its chance over visits, the luck of responses taken out; NaN where a visit is one response."""

    @property
    def shares(self) -> list[float]:
        """Right responses at each visit, as a share."""
        return [c / n for n, c in zip(self.samples, self.correct, strict=True)]

    @property
    def std(self) -> float:
        """Of the shares: by it Wang et al. (arXiv 2504.20571) rank problems for one-shot training."""
        return float(np.std(self.shares))

    @property
    def mean(self) -> float:
        """Share of right responses over all visits."""
        return sum(self.correct) / sum(self.samples)

    @property
    def first(self) -> float:
        """Share over the first quarter of the visits."""
        end = self._end
        return sum(self.correct[:end]) / sum(self.samples[:end])

    @property
    def last(self) -> float:
        """Share over the last quarter of the visits."""
        end = self._end
        return sum(self.correct[-end:]) / sum(self.samples[-end:])

    @property
    def _end(self) -> int:
        return max(1, round(END * len(self.samples)))


@dataclass(frozen=True)
class HistoryLedger:
    """All problems of a history."""

    problems: list[ProblemCourse]
    level: float
    by_luck: Mapping[Course, float]
    """Problems of each course if every problem had kept one chance: the same tests and thresholds on responses that were
    dealt out to the visits anew."""

    @cached_property
    def counts(self) -> dict[Course, int]:
        """Problems by course."""
        return {one: sum(problem.course == one for problem in self.problems) for one in Course}

    @cached_property
    def ranking(self) -> list[ProblemCourse]:
        """By standard deviation of accuracy, the largest first, ties by name: the order of `OneShot`'s rule `std`."""
        return sorted(self.problems, key=lambda one: (-one.std, one.uid))

    def beyond_luck(self, course: Course) -> bool:
        """Whether more problems took a course than luck makes in 19 of 20 such runs (Poisson, problems being apart)."""
        return float(poisson.sf(self.counts[course] - 1, self.by_luck[course])) <= 0.05


def history_ledger(
    visits: Mapping[str, Sequence[tuple[int, int]]], level: float = 0.05, redraws: int = 20, seed: int = 0
) -> HistoryLedger:
    """Sorts problems by what their visits show.

    Two tests a problem, each corrected over all problems (Benjamini and Hochberg, `level` the share of false ones among
    findings). A trend: Mann and Kendall's rank test of the shares against time, which takes swings of a visit for noise. A
    spread: Pearson's statistic of c over visits, given its total. Problems right always or never have neither.

    Args:
        visits: By problem: responses and right ones at each visit, in order.
        level: Of both tests.
        redraws: How often responses are dealt out anew for `by_luck`.
        seed: Of that dealing.

    Raises:
        InputError: If there is no problem, or level is no share.
    """
    if not visits:
        raise InputError("The history has no problems.")
    if not 0 < level < 1:
        raise InputError(f"level is {level}; allowed: above 0 and below 1, such as 0.05.")
    counts = {uid: np.array(seen, dtype=np.int64).reshape(-1, 2) for uid, seen in visits.items()}
    tests = [(*(part[0] for part in trends(seen[:, 0], seen[None, :, 1])), spread_p_value(seen[:, 0], seen[None, :, 1])[0])
             for seen in counts.values()]  # fmt: skip
    trend_p = adjusted([p for _, p, _ in tests], "fdr")
    spread_p = adjusted([p for _, _, p in tests], "fdr")
    problems = [
        ProblemCourse(
            uid,
            tuple(map(int, seen[:, 0])),
            tuple(map(int, seen[:, 1])),
            _course(z, trend <= level, spread <= level),
            float(z),
            trend,
            spread,
            std_beyond_luck(seen[:, 0], seen[:, 1]),
        )
        for (uid, seen), (z, _, _), trend, spread in zip(counts.items(), tests, trend_p, spread_p, strict=True)
    ]
    cuts = _cut(trend_p, level), _cut(spread_p, level)
    return HistoryLedger(problems, level, _by_luck(list(counts.values()), cuts, redraws, seed))


def _course(z: float, moved: bool, spread: bool) -> Course:
    if moved:
        return Course.LEARNED if z > 0 else Course.LOST
    return Course.SWINGS if spread else Course.STEADY


def _cut(corrected: Sequence[float], level: float) -> float:
    """The p-value, not corrected, up to which Benjamini and Hochberg find; where nothing is found, that of a first finding."""
    return level * max(sum(q <= level for q in corrected), 1) / len(corrected)


def _by_luck(counts: Sequence[np.ndarray], cuts: tuple[float, float], redraws: int, seed: int) -> dict[Course, float]:
    rng = np.random.default_rng(seed)
    found = dict.fromkeys(Course, 0)
    for seen in counts:
        samples = seen[:, 0]
        dealt = rng.multivariate_hypergeometric(samples, int(seen[:, 1].sum()), size=redraws, method="marginals")
        z, p = trends(samples, dealt)
        for rise, moved, spread in zip(z, p <= cuts[0], spread_p_value(samples, dealt) <= cuts[1], strict=True):
            found[_course(float(rise), bool(moved), bool(spread))] += 1
    return {course: count / redraws for course, count in found.items()}

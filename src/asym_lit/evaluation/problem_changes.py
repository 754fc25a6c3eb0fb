"""Did training widen what a policy can solve, or only sharpen it? Problem by problem, against the base.

What is recorded of each is in `ledger`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from scipy.stats import hypergeom

from asym_lit.evaluation.ledger import ProblemRecord, most_of_a_rare_answer, rare_answers


class Fate(StrEnum):
    """What became of a problem between two evaluations."""

    LOST = "lost"
    """Solved before, not any more."""
    DULLED = "dulled"
    """Solved in both, less often now."""
    UNCHANGED = "unchanged"
    """As often right as before, and sometimes."""
    SHARPENED = "sharpened"
    """Solved in both, more often now."""
    WIDENED = "widened"
    """Solved now for the first time."""
    UNSOLVED = "unsolved"
    """In neither."""


def fate(base: ProblemRecord, now: ProblemRecord) -> Fate:
    """Of one problem; "solved" is at least one right response among those drawn."""
    if not base.correct:
        return Fate.WIDENED if now.correct else Fate.UNSOLVED
    if not now.correct:
        return Fate.LOST
    before, after = base.correct * now.samples, now.correct * base.samples
    return Fate.UNCHANGED if before == after else Fate.SHARPENED if after > before else Fate.DULLED


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of all problems of an evaluation set."""

    counts: Mapping[Fate, int]
    by_luck: float
    """Problems expected to be lost, and as many to be widened, if no problem's chance had changed."""
    rare: int
    """Rare right answers of the base, over all problems."""
    rare_kept: int
    """Those still given."""
    rare_kept_by_luck: float
    """Share of them expected to be given again if no answer's chance had changed; 0 where there are none."""

    @property
    def problems(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


def changes(base: Iterable[ProblemRecord], now: Iterable[ProblemRecord]) -> Changes:
    """Compares two evaluations of the same set, problem by problem.

    Of t right responses in n before and m after, with nothing changed, all fall before with chance `C(n, t) / C(n + m, t)`:
    the problem is then lost without a cause. The sum over problems is `by_luck`. Likewise an answer that was given t times in
    all was rare before, and is given again, with hypergeometric chances; their sums make `rare_kept_by_luck`.

    Args:
        base: Rows of the first evaluation.
        now: Rows of the other; problems that are not in both are left out.
    """
    first = {record.uid: record for record in base}
    counts = dict.fromkeys(Fate, 0)
    luck, rare, kept = 0.0, 0, 0
    expected = np.zeros(2)
    for record in now:
        if record.uid not in first:
            continue
        before = first[record.uid]
        counts[fate(before, record)] += 1
        right, all_samples = before.correct + record.correct, before.samples + record.samples
        if right:
            luck += float(hypergeom.pmf(right, all_samples, right, before.samples))
        was = rare_answers(before)
        rare, kept = rare + len(was), kept + len(was & set(record.right))
        for answer in before.right.keys() | record.right.keys():
            given = before.right.get(answer, 0) + record.right.get(answer, 0)
            expected += _rare_and_kept(given, before.samples, all_samples)
    return Changes(counts, luck, rare, kept, float(expected[1] / expected[0]) if expected[0] else 0.0)


@cache
def _rare_and_kept(given: int, samples: int, all_samples: int) -> tuple[float, float]:
    """Chances that an answer, given so often in all, was rare in the first samples; and that it was and came again."""
    before = np.arange(1, most_of_a_rare_answer(samples) + 1)
    chances = hypergeom.pmf(before, all_samples, given, samples)
    return float(chances.sum()), float(chances[before < given].sum())


def by_step(records: Iterable[ProblemRecord], evaluation: str) -> dict[int, dict[str, ProblemRecord]]:
    """The rows of one evaluation set by step, then by problem; steps in order."""
    found: dict[int, dict[str, ProblemRecord]] = {}
    for record in sorted((r for r in records if r.evaluation == evaluation), key=lambda r: r.step):
        found.setdefault(record.step, {})[record.uid] = record
    return found

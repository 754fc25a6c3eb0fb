"""Many arms against one at single budgets, read together. One pair alone: `paired`; every k at once: `simultaneous`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from asym_lit.evaluation.arm_results import Gap
from asym_lit.evaluation.paired import Correction, adjusted, paired_difference


def gaps_at(
    values: Mapping[str, Sequence[np.ndarray]], baseline: Sequence[np.ndarray], ks: Sequence[int], correction: Correction
) -> dict[str, list[Gap]]:
    """Paired differences at single budgets, with p-values corrected over all of them.

    Args:
        values: By arm, then by seed, shape [problems, ks].
        baseline: By seed, likewise.
        ks: Budgets of the columns.
        correction: Of the p-values.
    """
    against = np.stack(baseline)
    found = {
        name: [
            # Where the baseline has one seed, the arm's seeds alone vary: the more careful count of degrees.
            paired_difference(np.stack(seeds)[:, :, i], against[:, :, i], second_untrained=len(against) == 1)
            for i in range(len(ks))
        ]
        for name, seeds in values.items()
    }
    p_values = iter(adjusted([gap.p for gaps in found.values() for gap in gaps], correction))
    return {name: [Gap(k, gap, next(p_values)) for k, gap in zip(ks, gaps, strict=True)] for name, gaps in found.items()}

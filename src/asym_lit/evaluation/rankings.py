"""Ranks of many arms, with what is sure of them. Two arms alone: `paired`; every k at once: `simultaneous`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asym_lit.evaluation.paired import adjusted, paired_difference
from asym_lit.types import InputError


@dataclass(frozen=True)
class Rank:
    """Where one arm stands."""

    arm: str
    mean: float
    rank: int
    """By the mean, from 1; arms with the same mean share the best of their places."""
    best: int
    """1, and one for each arm that is better for sure."""
    worst: int
    """The number of arms, less one for each that is poorer for sure."""


def ranks(values: Mapping[str, Sequence[np.ndarray] | np.ndarray], level: float = 0.95) -> list[Rank]:
    """Ranks with intervals that hold for all arms together (as Mohamad, Goeman and van Zwet 2019, by pairwise tests).

    Every pair is tested by `paired_difference`; p-values are corrected for their number by Holm. An arm's interval goes from
    1 + the arms that beat it for sure to the number of arms less those that it beats. All of them hold the true ranks with
    `level`, for none of the pairs is called wrongly then. A pair that cannot be tested (one problem, two seeds) is sure of
    nothing.

    Args:
        values: By arm, shape [seeds, problems], one estimate for each; the same problems in the same order.
        level: Of all intervals together.

    Returns:
        The best first.

    Raises:
        InputError: If there are fewer than two arms, or problems differ.
    """
    names = list(values)
    if len(names) < 2:
        raise InputError(f"There {'is one arm' if names else 'are no arms'}; a ranking needs two at least.")
    stacked = [np.atleast_2d(np.asarray(values[name], dtype=np.float64)) for name in names]
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    found = [paired_difference(stacked[i], stacked[j]) for i, j in pairs]
    sure = [p < 1 - level for p in adjusted([one.p for one in found], "holm")]
    better = np.zeros((len(names), len(names)), dtype=bool)
    for (i, j), one, is_sure in zip(pairs, found, sure, strict=True):
        if is_sure:
            better[(i, j) if one.mean > 0 else (j, i)] = True
    means = np.array([float(one.mean()) for one in stacked])
    listed = [
        Rank(
            name,
            float(means[i]),
            int(1 + np.sum(means > means[i] + 1e-12)),
            int(1 + better[:, i].sum()),
            int(len(names) - better[i].sum()),
        )
        for i, name in enumerate(names)
    ]
    return sorted(listed, key=lambda one: (one.rank, names.index(one.arm)))

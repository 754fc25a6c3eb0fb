"""The picture of a history: every problem over its visits, by course. Numbers: `evaluation.histories`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from asym_lit.evaluation.histories import Course, HistoryLedger

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDGE = "#c81d25"
THIN = 0.04
"""Share of the problems below which a block has no name beside it: it would lie on its neighbour's."""


def history_figure(found: HistoryLedger) -> Figure:
    """Problems by visits, shaded by the share of right responses: a block for each course, within it the easiest first.

    Visits are drawn by their number, for a history does not say its steps; problems with fewer end earlier.

    Args:
        found: The ledger.
    """
    from matplotlib.figure import Figure

    order = sorted(found.problems, key=lambda one: (list(Course).index(one.course), -one.mean, one.uid))
    shares = np.full((len(order), max(len(one.samples) for one in order)), np.nan)
    for row, one in enumerate(order):
        shares[row, : len(one.samples)] = one.shares
    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    axes = figure.subplots()
    extent = (0.5, shares.shape[1] + 0.5, len(order) - 0.5, -0.5)
    drawn = axes.imshow(shares, aspect="auto", interpolation="nearest", cmap="Blues", vmin=0, vmax=1, extent=extent)
    begin = 0
    places, names = [], []
    for course in Course:
        size = found.counts[course]
        if begin and size:
            axes.axhline(begin - 0.5, color=EDGE, linewidth=0.8)
        if size >= THIN * len(order):
            places.append(begin + size / 2 - 0.5)
            names.append(str(course))
        begin += size
    axes.set_yticks(places, names)
    counts = ", ".join(f"{course} {found.counts[course]}" for course in Course)
    axes.set(xlabel="visit", title=f"right responses to every problem, over its visits\n{counts}")
    figure.colorbar(drawn, label="share of right responses")
    return figure

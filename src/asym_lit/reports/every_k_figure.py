"""The picture of arms over every budget, for documents: both curves, and their difference with what is sure of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.pass_at_k import powers_of_two
from asym_lit.reports.every_k_words import ranges

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARM, REFERENCE, GAIN, LOSS, OPEN = "#2563cd", "#5d6778", "#163c7d", "#c4542a", "#c9ced6"
"""Blue against orange, which all eyes tell apart; signs point up and down besides, for prints without colour."""


def every_k_figure(found: Sequence[EveryK]) -> Figure:
    """A row per arm: pass@k of it and of its reference, then the difference, each with a 95 % band over all k.

    Below a difference a bar says where its sign is sure; grey is where the loss may begin.

    Args:
        found: What to draw; at least one.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.2, 3.3 * len(found)), layout="constrained")
    for (left, right), one in zip(figure.subplots(len(found), 2, squeeze=False), found, strict=True):
        _line(left, one.reference_curve, REFERENCE, one.reference, "--")
        _line(left, one.arm_curve, ARM, one.arm)
        left.set_ylim(0, 1.02)
        left.legend(loc="lower right", fontsize=8, frameon=False)
        _dress(left, f"pass@k: {one.arm}, {one.reference}", one.arm_curve.ks)
        right.axhline(0, color=REFERENCE, linewidth=0.8)
        if one.difference.first_loss:
            ends = one.difference.first_loss[0], one.difference.first_loss[-1]
            words = f"the loss may begin: k = {ranges(one.difference.first_loss)}"
            right.axvspan(*ends, color=OPEN, alpha=0.45, linewidth=0, label=words)
        _line(right, one.difference, ARM, f"{one.arm} less {one.reference}")
        sure = ((one.difference.gain, GAIN, "^", "gain sure"), (one.difference.loss, LOSS, "v", "loss sure"))
        for ks, colour, mark, words in sure:
            if ks:
                floor = right.get_xaxis_transform()  # k across, the share of the panel upward
                label = f"{words}: k = {ranges(ks)}"
                right.plot(ks, [0.02] * len(ks), mark, color=colour, markersize=5, transform=floor, label=label)
        right.legend(loc="best", fontsize=8, frameon=False)
        _dress(right, "difference, 95 % band over every k", one.difference.ks)
    return figure


def _line(panel: Axes, band: Band, colour: str, label: str, dash: str = "-") -> None:
    panel.fill_between(band.ks, band.low, band.high, color=colour, alpha=0.18, linewidth=0)
    panel.plot(band.ks, band.mean, dash, color=colour, linewidth=1.8, label=label)


def _dress(panel: Axes, title: str, ks: Sequence[int]) -> None:
    panel.set_xscale("log", base=2)
    ticks = powers_of_two(ks[-1])
    panel.set_xticks(ticks, [str(k) for k in ticks])
    panel.set_xlabel("k", fontsize=8)
    panel.set_title(title, fontsize=10, loc="left", fontweight="bold")
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8, length=0)

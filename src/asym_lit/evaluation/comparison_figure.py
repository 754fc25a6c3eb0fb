"""The pictures of a comparison, for documents: pass@k of all arms, and what training did over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from asym_lit.evaluation.run_comparison import RunComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT, SOFT, FAINT = "#2563cd", "#5d6778", "#c9ced6"
SMOOTHED = 5
"""Steps to either side of which a curve over training is a mean."""


def comparison_figure(found: RunComparison) -> Figure:
    """A panel per arm: itself with its 95 % band, the base policy dashed, the other arms faint.

    Args:
        found: What to draw.
    """
    figure, panels = _panels(len(found.arms), (3.1, 2.5), share_y=True)
    for panel, arm in zip(panels, found.arms, strict=True):
        for other in found.arms:
            if other is not arm:
                panel.plot(found.ks, other.after.mean, color=FAINT, linewidth=0.9)
        panel.plot(found.ks, arm.before.mean, color=SOFT, linestyle="--", linewidth=1.3)
        panel.fill_between(found.ks, arm.after.low, arm.after.high, color=ACCENT, alpha=0.18, linewidth=0)
        panel.plot(found.ks, arm.after.mean, color=ACCENT, linewidth=2)
        panel.set_xscale("log", base=2)
        panel.set_xticks(found.ks[::2], [str(k) for k in found.ks[::2]])
        panel.set_ylim(0, 1)
        _dress(panel, arm.name)
    figure.supxlabel("k", fontsize=9)
    figure.supylabel(f"pass@k, {found.evaluation}", fontsize=9)
    return figure


def training_figure(found: RunComparison) -> Figure:
    """A panel per metric of training, a line per arm: means over seeds, smoothed over steps.

    Args:
        found: What to draw.
    """
    import matplotlib as mpl

    shown = [name for name in found.metrics if any(name in arm.dynamics for arm in found.arms)]
    figure, panels = _panels(max(len(shown), 1), (3.6, 2.6), share_y=False)
    colours = mpl.colormaps["tab20" if len(found.arms) > 10 else "tab10"]
    for panel, name in zip(panels, shown, strict=False):
        for i, arm in enumerate(found.arms):
            if name in arm.dynamics:
                steps, values = arm.dynamics[name]
                panel.plot(steps, _smooth(values), color=colours(i), linewidth=1.4, label=arm.name)
        _dress(panel, found.metrics[name])
        panel.set_xlabel("rollout step", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(6, len(labels)), fontsize=8, frameon=False)
    return figure


def _panels(count: int, size: tuple[float, float], share_y: bool) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(4, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows + 0.3), layout="constrained")
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=share_y, squeeze=False).flatten())
    for panel in panels[count:]:
        panel.set_visible(False)
    return figure, panels[:count]


def _dress(panel: Axes, title: str) -> None:
    panel.set_title(title, fontsize=10, loc="left", fontweight="bold")
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8, length=0)


def _smooth(values: Sequence[float]) -> list[float]:
    return [float(np.mean(values[max(0, i - SMOOTHED) : i + SMOOTHED + 1])) for i in range(len(values))]

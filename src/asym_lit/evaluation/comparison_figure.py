"""The pictures of a comparison, for documents: pass@k of all arms, first answers against breadth, training over its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    figure, panels = _panels(len(found.arms), (3.1, 2.5), shared=True)
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


def trade_off_figure(found: RunComparison) -> Figure:
    """What every arm won in first answers and what it won or lost in breadth, against the base policy, with 95 % intervals.

    Args:
        found: What to draw.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    panel = figure.subplots()
    panel.axhline(0, color=SOFT, linewidth=0.8)
    panel.axvline(0, color=SOFT, linewidth=0.8)
    colours, marks = _colours(len(found.arms)), "osD^vPX<>*hp"
    for i, arm in enumerate(found.arms):
        x, y = arm.to_base[0].found, arm.to_base[-1].found
        panel.plot([x.low, x.high], [y.mean, y.mean], color=colours(i), linewidth=0.8, alpha=0.45)
        panel.plot([x.mean, x.mean], [y.low, y.high], color=colours(i), linewidth=0.8, alpha=0.45)
        mark = marks[i % len(marks)]
        panel.plot([x.mean], [y.mean], mark, color=colours(i), markersize=8, label=arm.name, markeredgecolor="white")
    _dress(panel, f"{found.evaluation}: change against the base policy")
    panel.set_xlabel(f"pass@{found.ks[0]}: first answers", fontsize=9)
    panel.set_ylabel(f"pass@{found.ks[-1]}: breadth", fontsize=9)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    return figure


def training_figure(found: RunComparison) -> Figure:
    """A panel per metric of training, a line per arm: means over seeds, smoothed over steps.

    Args:
        found: What to draw.
    """
    shown = [name for name in found.metrics if any(name in arm.dynamics for arm in found.arms)]
    figure, panels = _panels(max(len(shown), 1), (3.6, 2.6), shared=False)
    colours = _colours(len(found.arms))
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


def _colours(count: int) -> Callable[[int], tuple[float, float, float, float]]:
    import matplotlib as mpl

    return mpl.colormaps["tab20" if count > 10 else "tab10"]


def _panels(count: int, size: tuple[float, float], shared: bool) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(4, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows + 0.3), layout="constrained")
    panels = list(figure.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False).flatten())
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

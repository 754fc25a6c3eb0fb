"""pass@k of all arms as one picture, for documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asym_lit.evaluation.run_comparison import RunComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCENT, SOFT, FAINT = "#2563cd", "#5d6778", "#c9ced6"


def comparison_figure(found: RunComparison) -> Figure:
    """A panel per arm: itself with its 95 % band, the base policy dashed, the other arms faint.

    Args:
        found: What to draw.
    """
    from matplotlib.figure import Figure

    columns = min(4, len(found.arms))
    rows = -(-len(found.arms) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.5 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    for panel, arm in zip(panels, found.arms, strict=False):
        for other in found.arms:
            if other is not arm:
                panel.plot(found.ks, other.after.mean, color=FAINT, linewidth=0.9)
        panel.plot(found.ks, arm.before.mean, color=SOFT, linestyle="--", linewidth=1.3)
        panel.fill_between(found.ks, arm.after.low, arm.after.high, color=ACCENT, alpha=0.18, linewidth=0)
        panel.plot(found.ks, arm.after.mean, color=ACCENT, linewidth=2)
        panel.set_xscale("log", base=2)
        panel.set_xticks(found.ks[::2], [str(k) for k in found.ks[::2]])
        panel.set_ylim(0, 1)
        panel.set_title(arm.name, fontsize=10, loc="left", fontweight="bold")
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8, length=0)
    for panel in panels[len(found.arms) :]:
        panel.set_visible(False)
    figure.supxlabel("k", fontsize=9)
    figure.supylabel(f"pass@k, {found.evaluation}", fontsize=9)
    return figure
